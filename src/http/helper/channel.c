/* channel.c - frames from and to the parent. */
#include "http/helper/channel.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int channel_fd(void) {
    return STDIN_FILENO;
}

void channel_end(void) {
    _exit(0);
}

bool channel_is_there(void) {
    struct ucred maker;
    socklen_t size = sizeof maker;
    return getsockopt(channel_fd(), SOL_SOCKET, SO_PEERCRED, &maker, &size) == 0 &&
           maker.pid == getppid();
}

void channel_send(enum frame_type type, struct ibc_view payload) {
    struct frame_sending sending;
    frame_begin(&sending, type, payload);
    const struct msghdr message = {.msg_iov = sending.parts,
                                   .msg_iovlen = IBC_ARRAY_SIZE(sending.parts)};
    bool sent_all = false;
    while (!sent_all) {
        const ssize_t sent = sendmsg(channel_fd(), &message, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            channel_end();
        }
        sent_all = sent > 0 && frame_advance(&sending, (size_t)sent);
    }
}

static void receive_exactly(unsigned char *bytes, size_t size) {
    while (size > 0) {
        const ssize_t got = recv(channel_fd(), bytes, size, MSG_WAITALL);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            channel_end();
        }
        bytes += got > 0 ? got : 0;
        size -= got > 0 ? (size_t)got : 0;
    }
}

/* A frame of `type` into a secret of its own. */
static void receive_frame(enum frame_type type, struct ibc_secret *payload) {
    unsigned char bytes[FRAME_HEADER_BYTES];
    struct frame_header header;
    struct ibc_error ignored;
    receive_exactly(bytes, sizeof bytes);
    if (!frame_read_header(bytes, &header) || header.type != type ||
        ibc_secret_alloc(payload, header.size, &ignored) != IBC_OK) {
        channel_end();
    }
    receive_exactly(payload->bytes, payload->size);
}

enum ibc_status channel_receive_request(struct message_request *out, struct ibc_secret *body,
                                        struct ibc_error *err) {
    ibc_auto_secret json = {0};
    receive_frame(FRAME_REQUEST, &json);
    enum ibc_status status = message_read_request(ibc_secret_view(&json), out, err);
    if (status == IBC_ERR_DATA) {
        channel_end();
    }
    if (out->body_size > 0) {
        receive_frame(FRAME_BODY, body);
        if (body->size != out->body_size) {
            channel_end();
        }
        out->request.body = ibc_secret_view(body);
    }
    return status;
}
