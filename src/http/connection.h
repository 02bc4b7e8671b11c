/*
 * connection.h - this side of the socket pair, however the other side came to be.
 */
#ifndef IBCRED_HTTP_CONNECTION_H
#define IBCRED_HTTP_CONNECTION_H

#include "http/frame.h"

#include <sys/types.h>

/* What may come next. */
enum connection_stage {
    STAGE_GREETING, /* HELLO */
    STAGE_IDLE,     /* nothing: no request is under way */
    STAGE_HEAD,     /* HEAD, or END where the request failed */
    STAGE_BODY,     /* DATA or END */
    STAGE_BROKEN,   /* nothing any more */
};

struct ibc_http {
    int fd;    /* owned */
    pid_t pid; /* of the helper; 0 where there is none, as in tests */
    enum connection_stage stage;
    struct ibc_secret buffer; /* what was received; [start, end) is not yet taken */
    size_t start, end;
    uint64_t response_max, response_size; /* bytes of body, of the request under way */
    struct ibc_secret headers;            /* of the last response: "Name\0value\0…" */
};

/* Milliseconds on a clock that nobody sets. */
int64_t connection_now_ms(void);

/* Make a connection of `fd`, which it then owns, on failure too. */
IBC_CHECKED enum ibc_status connection_adopt(int fd, pid_t pid, struct ibc_http **out,
                                             struct ibc_error *err);

/*
 * Wait at most `timeout_ms` (-1: for ever) for the next frame. `payload` is good until the next
 * call. IBC_ERR_WAIT: none in that time, or a signal came. IBC_ERR_UNAVAILABLE: the other side is
 * gone. IBC_ERR_DATA: what came is no frame. After these two the connection is broken.
 */
IBC_CHECKED enum ibc_status connection_receive(struct ibc_http *http, int64_t timeout_ms,
                                               struct frame_header *frame, struct ibc_view *payload,
                                               struct ibc_error *err);

/* Send a frame whole. IBC_ERR_UNAVAILABLE: the other side is gone, or takes nothing any more. */
IBC_CHECKED enum ibc_status connection_send(struct ibc_http *http, enum frame_type type,
                                            struct ibc_view payload, struct ibc_error *err);

#endif
