/* transfer.c - one request after another through libcurl, and what to say when one fails. */
#include "http/helper/transfer.h"

#include "http/helper/channel.h"
#include "http/helper/memory.h"
#include "http/helper/request.h"

#include <errno.h>
#include <poll.h>

enum {
    ORIGIN_MAX = 300,           /* bytes of "https://host:port" in a sentence, with its NUL */
    LONGEST_PAUSE_MS = 3600000, /* nothing happens then but another pause */
    CONNECTIONS_KEPT = 1,
    SMALL_PIECE = 4096, /* bytes */
    QUICK_SUCCESSION_MS = 60,
    GATHER_MS = 40,
};

bool transfer_start(struct transfer *transfer) {
    *transfer = (struct transfer){.multi = curl_multi_init(), .easy = curl_easy_init()};
    return transfer->multi && transfer->easy &&
           curl_multi_setopt(transfer->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT) ==
               CURLM_OK;
}

/* --- sentences --- */

/* Where the request went: not all of its URL, which may have a token in it. */
static void describe_origin(const struct ibc_http_request *request, char out[static ORIGIN_MAX]) {
    if (request->unix_socket) {
        snprintf(out, ORIGIN_MAX, "%s", request->unix_socket);
        return;
    }
    char *scheme = NULL, *host = NULL, *port = NULL;
    CURLU *url = curl_url();
    if (url && curl_url_set(url, CURLUPART_URL, request->url, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
        snprintf(out, ORIGIN_MAX, "%s://%s:%s", scheme, host, port);
    } else {
        snprintf(out, ORIGIN_MAX, "the server");
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(url);
}

/* What a failure of libcurl is to the caller. */
static enum ibc_status status_of(CURLcode code) {
    switch (code) {
    case CURLE_URL_MALFORMAT:
        return IBC_ERR_USAGE;
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9 among others */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_FILESIZE_EXCEEDED:
        return IBC_ERR_DATA;
    case CURLE_OUT_OF_MEMORY:
        return IBC_ERR_INTERNAL;
    default:
        return IBC_ERR_UNAVAILABLE;
    }
}

static enum ibc_status explain_no_connection(const struct transfer *transfer,
                                             const struct ibc_http_request *request,
                                             const char *origin, struct ibc_error *err) {
    long reason = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &reason);
    if (reason == 0) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE, "%s cannot be reached: %s", origin,
                        transfer->libcurl_says);
    }
    const bool forbidden = request->unix_socket && (reason == EACCES || reason == EPERM);
    return ibc_fail_errno(err, forbidden ? IBC_ERR_REFUSED : IBC_ERR_UNAVAILABLE, (int)reason,
                          "%s cannot be reached", origin);
}

static enum ibc_status explain(const struct transfer *transfer,
                               const struct ibc_http_request *request, CURLcode code,
                               struct ibc_error *err) {
    char origin[ORIGIN_MAX];
    describe_origin(request, origin);
    if (transfer->response.too_large) {
        return ibc_fail(err, IBC_ERR_DATA, "%s: the response is larger than %llu bytes", origin,
                        (unsigned long long)transfer->response.limit);
    }
    if (transfer->response.bad_head) {
        return ibc_fail(err, IBC_ERR_DATA, "%s: the response has more than %d bytes of headers",
                        origin, RESPONSE_HEAD_MAX);
    }
    if (code == CURLE_COULDNT_CONNECT) {
        return explain_no_connection(transfer, request, origin, err);
    }
    const char *says =
        transfer->libcurl_says[0] ? transfer->libcurl_says : curl_easy_strerror(code);
    return ibc_fail(err, status_of(code), "%s: %s", origin, says);
}

/* --- running --- */

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Who follows a log gets its lines one by one, each at the price of waking two processes. When
 * small pieces come in quick succession, the next one may therefore wait a moment for others: a
 * line by itself is passed on at once, and what fills libcurl's buffer is not held up.
 */
static void gather(struct transfer *transfer, uint64_t received) {
    if (received == 0 || received >= SMALL_PIECE) {
        return;
    }
    /* A short answer is one piece; this is a stream, and may last. */
    if (++transfer->small_pieces == 2) {
        memory_let_go_of_code();
    }
    if (now_ms() - transfer->last_piece_ms < QUICK_SUCCESSION_MS) {
        struct pollfd parent = {.fd = channel_fd(), .events = POLLIN};
        if (poll(&parent, 1, GATHER_MS) > 0) {
            channel_end();
        }
    }
    transfer->last_piece_ms = now_ms();
}

/* Wait until something happens. False: libcurl cannot. */
static bool wait_for_network(struct transfer *transfer) {
    struct curl_waitfd parent = {.fd = channel_fd(), .events = CURL_WAIT_POLLIN};
    const CURLMcode code = curl_multi_poll(transfer->multi, &parent, 1, LONGEST_PAUSE_MS, NULL);
    if (parent.revents != 0) {
        channel_end();
    }
    return code == CURLM_OK;
}

/* Until the request has ended, one way or the other. */
static CURLcode drive(struct transfer *transfer) {
    struct response *response = &transfer->response;
    transfer->last_piece_ms = 0;
    transfer->small_pieces = 0;
    for (;;) {
        const uint64_t before = response->size;
        int running = 0;
        if (curl_multi_perform(transfer->multi, &running) != CURLM_OK) {
            return CURLE_OUT_OF_MEMORY;
        }
        response_flush(response);
        if (running == 0) {
            break;
        }
        gather(transfer, response->size - before);
        if (response->size == before && !wait_for_network(transfer)) {
            return CURLE_OUT_OF_MEMORY;
        }
    }
    int left = 0;
    const CURLMsg *message = curl_multi_info_read(transfer->multi, &left);
    return message && message->msg == CURLMSG_DONE ? message->data.result : CURLE_OUT_OF_MEMORY;
}

static enum ibc_status run_prepared(struct transfer *transfer,
                                    const struct ibc_http_request *request, struct ibc_error *err) {
    transfer->libcurl_says[0] = '\0';
    if (curl_easy_setopt(transfer->easy, CURLOPT_ERRORBUFFER, transfer->libcurl_says) != CURLE_OK ||
        !response_begin(&transfer->response, transfer->easy, request->response_max) ||
        curl_multi_add_handle(transfer->multi, transfer->easy) != CURLM_OK) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "libcurl does not take a request");
    }
    const CURLcode code = drive(transfer);
    enum ibc_status status = IBC_OK;
    if (code == CURLE_OK) {
        response_finish(&transfer->response);
    } else {
        status = explain(transfer, request, code, err);
    }
    curl_multi_remove_handle(transfer->multi, transfer->easy);
    return status;
}

enum ibc_status transfer_run(struct transfer *transfer, const struct ibc_http_request *request,
                             struct ibc_error *err) {
    struct curl_slist *headers = NULL;
    enum ibc_status status = request_prepare(transfer->easy, request, &headers, err);
    if (status == IBC_OK) {
        status = run_prepared(transfer, request, err);
    }
    /* Nothing of the request is left in here; the connection may be used again. */
    curl_easy_reset(transfer->easy);
    curl_slist_free_all(headers);
    return status;
}
