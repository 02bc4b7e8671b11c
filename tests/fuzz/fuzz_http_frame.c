/*
 * fuzz_http_frame.c - any bytes as what the helper says, and as each message of both sides.
 *
 * The first byte chooses. What the client makes of a stream keeps to the order of a response and
 * to its limits; a message that is accepted comes back the same when it is written again.
 */
#include "base/secret_heap.h"
#include "http/connection.h"
#include "http/message.h"

#include <ibcred/input.h>
#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct ibc_http_request request = {
    .method = "GET", .url = "http://h/", .response_max = 10000};

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

/* The parts must be a head, data, an end; and after a failure nothing more. */
static void check_parts(struct ibc_http *http) {
    enum ibc_http_part last = 0;
    uint64_t sum = 0;
    for (;;) {
        struct ibc_http_event event;
        struct ibc_error err = {0};
        const enum ibc_status status = ibc_http_next(http, 0, &event, &err);
        if (status != IBC_OK) {
            require(status != IBC_ERR_WAIT && err.status == status);
            require(ibc_http_usable(http) == (http->stage == STAGE_IDLE));
            return;
        }
        if (event.part == IBC_HTTP_END) {
            require(last != 0 && ibc_http_usable(http));
            return;
        }
        require((event.part == IBC_HTTP_HEAD) == (last == 0));
        require(event.part != IBC_HTTP_HEAD || (event.code >= 100 && event.code <= 999));
        require(event.part != IBC_HTTP_DATA || event.data.size > 0);
        sum += event.data.size;
        require(sum <= request.response_max && event.data.size <= IBC_HTTP_CHUNK_MAX);
        require(!ibc_http_header(http, "no header is called so"));
        last = event.part;
    }
}

static void check_stream(struct ibc_view bytes) {
    int sockets[2];
    ibc_auto_http *http = NULL;
    struct ibc_error err;
    require(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    require(connection_adopt(sockets[0], 0, &http, &err) == IBC_OK);
    http->stage = STAGE_IDLE;
    require(ibc_http_send(http, &request, &err) == IBC_OK);
    (void)send(sockets[1], bytes.bytes, bytes.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(sockets[1], SHUT_WR);
    check_parts(http);
    close(sockets[1]);
}

static void check_request(struct ibc_view json) {
    struct message_request read, again;
    ibc_auto_secret written = {0};
    struct ibc_error err = {0};
    if (message_read_request(json, &read, &err) == IBC_OK) {
        struct ibc_http_request with_body = read.request;
        with_body.body.size = read.body_size;
        require(message_write_request(&with_body, &written, &err) == IBC_OK);
        require(message_read_request(ibc_secret_view(&written), &again, &err) == IBC_OK);
        require(strcmp(read.request.url, again.request.url) == 0);
        require(read.request.response_max == again.request.response_max);
        require(read.body_size == again.body_size);
        message_request_free(&again);
    } else {
        require(err.status == IBC_ERR_DATA || err.status == IBC_ERR_USAGE);
    }
    message_request_free(&read);
}

static void check_head(struct ibc_view json) {
    ibc_auto_secret headers = {0}, written = {0}, again = {0};
    struct ibc_error err;
    int code = 0, code_again = 0;
    if (message_read_head(json, &code, &headers, &err) == IBC_OK &&
        message_write_head(code, ibc_secret_view(&headers), &written, &err) == IBC_OK) {
        require(message_read_head(ibc_secret_view(&written), &code_again, &again, &err) == IBC_OK);
        require(code == code_again);
        require(ibc_view_equal(ibc_secret_view(&headers), ibc_secret_view(&again)));
    }
}

static void check_end(struct ibc_view json) {
    enum ibc_status ended;
    char text[IBC_HTTP_TEXT_MAX];
    struct ibc_error err;
    if (message_read_end(json, &ended, text, &err) == IBC_OK) {
        require(strlen(text) < sizeof text && ended <= IBC_ERR_MISMATCH);
    }
}

/* Header lines as the helper collects them: any bytes with NULs between. */
static void check_collected(struct ibc_view headers) {
    ibc_auto_secret written = {0}, read = {0};
    struct ibc_error err;
    int code = 0;
    if (headers.size > MESSAGE_HEADERS_BYTES_MAX) {
        return;
    }
    require(message_write_head(200, headers, &written, &err) == IBC_OK);
    require(message_read_head(ibc_secret_view(&written), &code, &read, &err) == IBC_OK);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    ibc_json_use_secret_memory();
    return sodium_init() < 0 ? -1 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const checks[])(struct ibc_view) = {check_stream, check_request, check_head,
                                                      check_end, check_collected};
    if (size > 0) {
        checks[data[0] % IBC_ARRAY_SIZE(checks)]((struct ibc_view){data + 1, size - 1});
        require(secret_heap_live() == 0);
    }
    return 0;
}
