/* post.c - a webhook, through the HTTP helper. Its URL is handled as the secret that it may be. */
#include "notify/ways.h"

#include "policy/schema.h"

#include <ibcred/file.h>
#include <ibcred/http.h>
#include <inttypes.h>

enum { URL_FILE_MAX = 4096 /* bytes */ };

/* The helper's own time-outs end a request just after this side has given up on it. */
enum { HELPER_EXTRA_MS = 1000 };

/* The first line, without the blanks that an editor may have left at its end. */
static struct ibc_view first_line(struct ibc_view content) {
    struct ibc_view line = {.bytes = content.bytes, .size = 0};
    while (line.size < content.size && content.bytes[line.size] != '\n') {
        line.size++;
    }
    while (line.size > 0 && strchr(" \t\r", line.bytes[line.size - 1]) &&
           line.bytes[line.size - 1] != '\0') {
        line.size--;
    }
    return line;
}

static enum ibc_status read_url(const char *path, struct ibc_secret *out, struct ibc_error *err) {
    ibc_auto_fd fd = -1;
    ibc_auto_secret content = {0}, url = {0};
    enum ibc_status status = ibc_file_open_trusted(path, "webhook_file", &fd, err);
    if (status == IBC_OK) {
        status = ibc_file_read_all(fd, path, URL_FILE_MAX, &content, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    const struct ibc_view line = first_line(ibc_secret_view(&content));
    status = ibc_secret_alloc(&url, line.size + 1, err);
    if (status != IBC_OK) {
        return status;
    }
    if (line.size > 0) {
        memcpy(url.bytes, line.bytes, line.size);
    }
    const char *text = (const char *)url.bytes;
    if (line.size >= IBC_NOTIFY_TEXT_MAX || strlen(text) != line.size ||
        !ibc_policy_is_webhook(text)) {
        return ibc_fail(err, IBC_ERR_DATA,
                        "webhook_file '%s' does not begin with a line that is an http:// or "
                        "https:// URL of at most %d bytes; write one there",
                        path, IBC_NOTIFY_TEXT_MAX - 1);
    }
    *out = ibc_secret_steal(&url);
    return IBC_OK;
}

/* IBC_ERR_WAIT: no final status before `deadline_ms`. */
static enum ibc_status await_code(struct ibc_http *http, int64_t deadline_ms, int *code,
                                  struct ibc_error *err) {
    for (;;) {
        const int64_t left_ms = deadline_ms - notify_now_ms();
        if (left_ms <= 0) {
            return IBC_ERR_WAIT;
        }
        struct ibc_http_event event;
        enum ibc_status status = ibc_http_next(http, left_ms, &event, err);
        if (status == IBC_OK && event.part == IBC_HTTP_HEAD && event.code >= 200) {
            *code = event.code;
            return IBC_OK;
        }
        if (status != IBC_OK && status != IBC_ERR_WAIT) {
            return status;
        }
    }
}

static enum ibc_status exchange(const char *url, const char *body, int64_t deadline_ms, int *code,
                                struct ibc_error *err) {
    ibc_auto_http *http = NULL;
    enum ibc_status status = ibc_http_open(&http, err);
    if (status != IBC_OK) {
        return status;
    }
    const int64_t left_ms = deadline_ms - notify_now_ms();
    const int64_t helper_ms = (left_ms > 0 ? left_ms : 0) + HELPER_EXTRA_MS;
    const struct ibc_http_request request = {
        .method = "POST",
        .url = url,
        .headers = {"Content-Type: application/json"},
        .body = ibc_view_of(body),
        .connect_timeout_ms = helper_ms,
        .total_timeout_ms = helper_ms,
    };
    status = ibc_http_send(http, &request, err);
    if (status == IBC_OK) {
        status = await_code(http, deadline_ms, code, err);
    }
    if (status == IBC_OK || status == IBC_ERR_WAIT) {
        return status;
    }
    /* In words of our own: those of the helper may name what it was to connect to. */
    return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                    "its webhook cannot be reached or does not speak HTTP; try its URL with curl");
}

static enum ibc_status judge(int code, struct ibc_error *err) {
    if (code >= 200 && code <= 299) {
        return IBC_OK;
    }
    return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                    "its webhook answered with HTTP status %d rather than 200; see that its URL "
                    "and its format are what the service asks for",
                    code);
}

enum ibc_status notify_post(const struct ibc_notify_target *target, const struct message *message,
                            struct ibc_error *err) {
    const int64_t deadline_ms = notify_now_ms() + target->timeout * 1000;
    ibc_auto_secret url = {0};
    if (target->way == IBC_NOTIFY_WEBHOOK_FILE) {
        enum ibc_status status = read_url(target->text, &url, err);
        if (status != IBC_OK) {
            return status;
        }
    }
    IBC_CLEANUP(ibc_free) char *body = message_json(message, target->slack);
    if (!body) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for what its webhook is told");
    }
    int code = 0;
    enum ibc_status status = exchange(url.size > 0 ? (const char *)url.bytes : target->text, body,
                                      deadline_ms, &code, err);
    if (status == IBC_ERR_WAIT) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                        "its webhook did not answer within %" PRId64 " s; see that it is there, or "
                        "make its timeout longer",
                        target->timeout);
    }
    return status == IBC_OK ? judge(code, err) : status;
}
