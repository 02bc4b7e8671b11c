/*
 * frame.h - what travels between this library and ibcred-http, in frames.
 *
 * A frame is its payload's size (4 bytes, little-endian), its type (1 byte) and the payload. The
 * helper speaks first (HELLO); then each request is REQUEST and, where it has a body, BODY, and is
 * answered by HEAD, DATA as often as needed, and END; or by END alone, where it failed before a
 * head came. Pure: no I/O.
 */
#ifndef IBCRED_HTTP_FRAME_H
#define IBCRED_HTTP_FRAME_H

#include <ibcred/http.h>
#include <sys/uio.h>

/*
 * What both sides must agree on, raised when a frame's meaning changes. Not the program's version:
 * a supervisor that has been running for weeks must be able to use the helper of the next release.
 */
#define FRAME_PROTOCOL "1"

enum frame_type {
    FRAME_HELLO = 1, /* the protocol that the helper speaks, as text */
    FRAME_REQUEST,   /* JSON, see message.h */
    FRAME_BODY,      /* all of a request's body, raw */
    FRAME_HEAD,      /* JSON */
    FRAME_DATA,      /* a piece of a response's body, raw */
    FRAME_END,       /* JSON */
};

enum {
    FRAME_HEADER_BYTES = 5,
    FRAME_HELLO_MAX = 64,   /* bytes of payload */
    FRAME_JSON_MAX = 65536, /* likewise */
};

struct frame_header {
    enum frame_type type;
    uint32_t size; /* bytes of payload */
};

/* Most bytes of payload that a frame of `type` may have; 0 for no type that there is. */
size_t frame_payload_max(unsigned int type);

/* `size` must be at most frame_payload_max(type). */
void frame_write_header(enum frame_type type, size_t size,
                        unsigned char out[static FRAME_HEADER_BYTES]);

/* False: an unknown type, or larger than its type may be. */
IBC_CHECKED bool frame_read_header(const unsigned char bytes[static FRAME_HEADER_BYTES],
                                   struct frame_header *out);

/* A frame on its way out, for sendmsg(2): header and payload, which is borrowed. */
struct frame_sending {
    unsigned char header[FRAME_HEADER_BYTES];
    struct iovec parts[2]; /* what is still to go */
};

void frame_begin(struct frame_sending *sending, enum frame_type type, struct ibc_view payload);

/* `sent` more bytes are gone. True when nothing is left. */
bool frame_advance(struct frame_sending *sending, size_t sent);

#endif
