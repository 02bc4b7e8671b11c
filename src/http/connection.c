/* connection.c - frames over this side of the socket pair. */
#include "http/connection.h"

#include <errno.h>
#include <ibcred/file.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum {
    BUFFER_BYTES = FRAME_HEADER_BYTES + 65536,
    STALLED_MS = 10000, /* how long the helper may leave a request untaken */
};

_Static_assert((int)BUFFER_BYTES >= (int)FRAME_HEADER_BYTES + (int)IBC_HTTP_CHUNK_MAX &&
                   (int)BUFFER_BYTES >= (int)FRAME_HEADER_BYTES + (int)FRAME_JSON_MAX,
               "each frame of a response fits");

int64_t connection_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum ibc_status connection_adopt(int fd, pid_t pid, struct ibc_http **out, struct ibc_error *err) {
    ibc_auto_http *http = calloc(1, sizeof *http);
    if (!http) {
        ibc_close(&fd);
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a connection to ibcred-http");
    }
    http->fd = fd;
    http->pid = pid;
    http->stage = STAGE_GREETING;
    enum ibc_status status = ibc_secret_alloc(&http->buffer, BUFFER_BYTES, err);
    if (status == IBC_OK) {
        *out = ibc_steal(&http);
    }
    return status;
}

/* It holds nothing that would have to be put in order, so it is not asked but ended. */
static void end_helper(pid_t pid) {
    if (pid > 0 && waitpid(pid, NULL, WNOHANG) == 0) {
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
}

void ibc_http_free(struct ibc_http **http) {
    if (*http) {
        ibc_close(&(*http)->fd);
        end_helper((*http)->pid);
        ibc_secret_free(&(*http)->buffer);
        ibc_secret_free(&(*http)->headers);
        free(*http);
    }
    *http = NULL;
}

static enum ibc_status gone(struct ibc_http *http, struct ibc_error *err) {
    http->stage = STAGE_BROKEN;
    return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                    "ibcred-http ended before it had answered; try again");
}

/* A whole frame among what was received? */
static enum ibc_status take_frame(struct ibc_http *http, struct frame_header *frame,
                                  struct ibc_view *payload, bool *taken, struct ibc_error *err) {
    const size_t size = http->end - http->start;
    const unsigned char *at = http->buffer.bytes + http->start;
    *taken = false;
    if (size < FRAME_HEADER_BYTES) {
        return IBC_OK;
    }
    if (!frame_read_header(at, frame) || frame->size > BUFFER_BYTES - FRAME_HEADER_BYTES) {
        http->stage = STAGE_BROKEN;
        return ibc_fail(err, IBC_ERR_DATA, "ibcred-http sent what is no part of a response");
    }
    if (size - FRAME_HEADER_BYTES >= frame->size) {
        *payload = (struct ibc_view){.bytes = at + FRAME_HEADER_BYTES, .size = frame->size};
        http->start += FRAME_HEADER_BYTES + frame->size;
        *taken = true;
    }
    return IBC_OK;
}

/* The rest of a frame needs room behind its beginning. */
static void make_room(struct ibc_http *http) {
    if (http->start > 0) {
        memmove(http->buffer.bytes, http->buffer.bytes + http->start, http->end - http->start);
        http->end -= http->start;
        http->start = 0;
    }
}

/* IBC_ERR_WAIT where nothing is there. */
static enum ibc_status receive_some(struct ibc_http *http, struct ibc_error *err) {
    make_room(http);
    const ssize_t got =
        recv(http->fd, http->buffer.bytes + http->end, http->buffer.size - http->end, MSG_DONTWAIT);
    if (got > 0) {
        http->end += (size_t)got;
        return IBC_OK;
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        return ibc_fail(err, IBC_ERR_WAIT, "nothing came yet");
    }
    return gone(http, err);
}

/* `deadline` is on connection_now_ms()'s clock; -1: none. */
static enum ibc_status wait_readable(const struct ibc_http *http, int64_t deadline,
                                     struct ibc_error *err) {
    struct pollfd poll_fd = {.fd = http->fd, .events = POLLIN};
    int64_t left = deadline < 0 ? -1 : deadline - connection_now_ms();
    if (deadline >= 0 && left < 0) {
        left = 0;
    }
    const int ready = poll(&poll_fd, 1, left > INT32_MAX ? INT32_MAX : (int)left);
    return ready > 0 ? IBC_OK : ibc_fail(err, IBC_ERR_WAIT, "nothing came in time");
}

enum ibc_status connection_receive(struct ibc_http *http, int64_t timeout_ms,
                                   struct frame_header *frame, struct ibc_view *payload,
                                   struct ibc_error *err) {
    const int64_t deadline = timeout_ms < 0 ? -1 : connection_now_ms() + timeout_ms;
    for (;;) {
        bool taken = false;
        enum ibc_status status = take_frame(http, frame, payload, &taken, err);
        if (taken || status != IBC_OK) {
            return status;
        }
        /* Who does not want to wait has polled already. */
        status = timeout_ms == 0 ? IBC_OK : wait_readable(http, deadline, err);
        if (status == IBC_OK) {
            status = receive_some(http, err);
        }
        if (status != IBC_OK) {
            return status;
        }
    }
}

static bool wait_writable(const struct ibc_http *http, int64_t deadline) {
    struct pollfd poll_fd = {.fd = http->fd, .events = POLLOUT};
    const int64_t left = deadline - connection_now_ms();
    return left > 0 && (poll(&poll_fd, 1, (int)left) > 0 || errno == EINTR);
}

enum ibc_status connection_send(struct ibc_http *http, enum frame_type type,
                                struct ibc_view payload, struct ibc_error *err) {
    struct frame_sending sending;
    frame_begin(&sending, type, payload);
    const struct msghdr message = {.msg_iov = sending.parts,
                                   .msg_iovlen = IBC_ARRAY_SIZE(sending.parts)};
    int64_t deadline = connection_now_ms() + STALLED_MS;
    for (;;) {
        const ssize_t sent = sendmsg(http->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            if (frame_advance(&sending, (size_t)sent)) {
                return IBC_OK;
            }
            deadline = connection_now_ms() + STALLED_MS;
        } else if (errno != EINTR &&
                   ((errno != EAGAIN && errno != EWOULDBLOCK) || !wait_writable(http, deadline))) {
            return gone(http, err);
        }
    }
}
