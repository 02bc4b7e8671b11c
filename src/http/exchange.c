/* exchange.c - a request and the parts of its response, in the order that there must be. */
#include "http/connection.h"
#include "http/message.h"

#include <strings.h>

enum {
    GRACE_MS = 5000, /* beyond a total time-out, which is the helper's to keep */
    LOOK_MS = 100,   /* how often somebody is asked whether to go on */
};

enum ibc_status ibc_http_send(struct ibc_http *http, const struct ibc_http_request *request,
                              struct ibc_error *err) {
    ibc_auto_secret json = {0};
    enum ibc_status status = message_check_request(request, err);
    if (status != IBC_OK) {
        return status;
    }
    if (http->stage == STAGE_BROKEN) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE, "ibcred-http is gone; try again");
    }
    if (http->stage != STAGE_IDLE) {
        return ibc_fail(err, IBC_ERR_USAGE, "the last response was not yet taken to its end");
    }
    status = message_write_request(request, &json, err);
    if (status == IBC_OK) {
        ibc_secret_free(&http->headers);
        http->response_max = request->response_max;
        http->response_size = 0;
        status = connection_send(http, FRAME_REQUEST, ibc_secret_view(&json), err);
    }
    if (status == IBC_OK && request->body.size > 0) {
        status = connection_send(http, FRAME_BODY, request->body, err);
    }
    if (status == IBC_OK) {
        http->stage = STAGE_HEAD;
    }
    return status;
}

/* What does not belong here: the helper is not one, and nothing it says counts any more. */
static enum ibc_status out_of_order(struct ibc_http *http, struct ibc_error *err) {
    http->stage = STAGE_BROKEN;
    return ibc_fail(err, IBC_ERR_DATA, "ibcred-http answered out of order");
}

static enum ibc_status take_head(struct ibc_http *http, struct ibc_view json,
                                 struct ibc_http_event *out, struct ibc_error *err) {
    enum ibc_status status = message_read_head(json, &out->code, &http->headers, err);
    out->part = IBC_HTTP_HEAD;
    http->stage = status == IBC_OK ? STAGE_BODY : STAGE_BROKEN;
    return status;
}

/* The helper keeps to the limit; that it does is not relied on. */
static enum ibc_status take_data(struct ibc_http *http, struct ibc_view data,
                                 struct ibc_http_event *out, struct ibc_error *err) {
    http->response_size += data.size;
    if (http->response_max > 0 && http->response_size > http->response_max) {
        return out_of_order(http, err);
    }
    out->part = IBC_HTTP_DATA;
    out->data = data;
    return IBC_OK;
}

static enum ibc_status take_end(struct ibc_http *http, struct ibc_view json,
                                struct ibc_http_event *out, struct ibc_error *err) {
    enum ibc_status ended = IBC_OK;
    char text[IBC_HTTP_TEXT_MAX];
    enum ibc_status status = message_read_end(json, &ended, text, err);
    if (status != IBC_OK || (ended == IBC_OK && http->stage != STAGE_BODY)) {
        return out_of_order(http, err);
    }
    http->stage = STAGE_IDLE;
    out->part = IBC_HTTP_END;
    return ended == IBC_OK ? IBC_OK : ibc_fail(err, ended, "%s", text);
}

enum ibc_status ibc_http_next(struct ibc_http *http, int64_t timeout_ms, struct ibc_http_event *out,
                              struct ibc_error *err) {
    *out = (struct ibc_http_event){0};
    if (http->stage == STAGE_BROKEN) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE, "ibcred-http is gone; try again");
    }
    if (http->stage != STAGE_HEAD && http->stage != STAGE_BODY) {
        return ibc_fail(err, IBC_ERR_USAGE, "no response is under way");
    }
    struct frame_header frame;
    struct ibc_view payload;
    enum ibc_status status = connection_receive(http, timeout_ms, &frame, &payload, err);
    if (status != IBC_OK) {
        return status;
    }
    if (frame.type == FRAME_HEAD && http->stage == STAGE_HEAD) {
        return take_head(http, payload, out, err);
    }
    if (frame.type == FRAME_DATA && http->stage == STAGE_BODY && payload.size > 0) {
        return take_data(http, payload, out, err);
    }
    if (frame.type == FRAME_END) {
        return take_end(http, payload, out, err);
    }
    return out_of_order(http, err);
}

bool ibc_http_usable(const struct ibc_http *http) {
    return http->stage == STAGE_IDLE;
}

const char *ibc_http_header(const struct ibc_http *http, const char *name) {
    const char *at = (const char *)http->headers.bytes;
    const char *end = at + http->headers.size;
    while (at < end) {
        const char *value = at + strlen(at) + 1;
        if (strcasecmp(at, name) == 0) {
            return value;
        }
        at = value + strlen(value) + 1;
    }
    return NULL;
}

int ibc_http_fd(const struct ibc_http *http) {
    return http->fd;
}

void ibc_http_response_free(struct ibc_http_response *response) {
    ibc_secret_free(&response->body);
    *response = (struct ibc_http_response){0};
}

/* How long to wait at a time, of what is `left`. A signal may come before the wait begins, so that
 * nobody who wants to be asked can rely on its ending one. */
static int64_t one_wait(const struct ibc_http_request *request, int64_t deadline, int64_t left) {
    const int64_t wait = deadline < 0 ? -1 : left > 0 ? left : 0;
    return request->give_up && (wait < 0 || wait > LOOK_MS) ? LOOK_MS : wait;
}

/* As ibc_http_next(), through signals; `deadline` on connection_now_ms()'s clock, -1: none. */
static enum ibc_status next_until(struct ibc_http *http, const struct ibc_http_request *request,
                                  int64_t deadline, struct ibc_http_event *event,
                                  struct ibc_error *err) {
    for (;;) {
        const int64_t left = deadline - connection_now_ms();
        enum ibc_status status = ibc_http_next(http, one_wait(request, deadline, left), event, err);
        if (status != IBC_ERR_WAIT) {
            return status;
        }
        if (request->give_up && request->give_up(request->context)) {
            http->stage = STAGE_BROKEN;
            return ibc_fail(err, IBC_ERR_WAIT, "the answer was not waited for");
        }
        if (deadline >= 0 && left <= 0) {
            http->stage = STAGE_BROKEN;
            return ibc_fail(err, IBC_ERR_UNAVAILABLE, "ibcred-http does not answer; try again");
        }
    }
}

enum ibc_status ibc_http_exchange(struct ibc_http *http, const struct ibc_http_request *request,
                                  struct ibc_http_response *out, struct ibc_error *err) {
    *out = (struct ibc_http_response){0};
    if (request->response_max == 0 || request->response_max > SIZE_MAX / 2) {
        return ibc_fail(err, IBC_ERR_USAGE, "a response that is taken whole needs a limit");
    }
    ibc_auto_secret_buffer body;
    ibc_secret_buffer_init(&body, (size_t)request->response_max);
    struct ibc_http_event event = {0};
    int code = 0;
    enum ibc_status status = ibc_http_send(http, request, err);
    const int64_t deadline = request->total_timeout_ms > 0
                                 ? connection_now_ms() + request->total_timeout_ms + GRACE_MS
                                 : -1;
    while (status == IBC_OK && event.part != IBC_HTTP_END) {
        status = next_until(http, request, deadline, &event, err);
        code = event.part == IBC_HTTP_HEAD ? event.code : code;
        if (event.part == IBC_HTTP_DATA) {
            ibc_secret_buffer_append(&body, event.data.bytes, event.data.size);
        }
    }
    if (status == IBC_OK) {
        status = ibc_secret_buffer_finish(&body, "a response", &out->body, err);
        out->code = status == IBC_OK ? code : 0;
    }
    return status;
}
