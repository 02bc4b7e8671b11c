/*
 * stdcopy.h - the two streams of a container without a TTY, out of the one that the daemon sends.
 * Pure.
 *
 * Frames of an eight-byte header (the stream, three zero bytes, the size as a big-endian number)
 * and so many bytes: Docker Engine API v1.41, ContainerAttach, "Stream format".
 */
#ifndef IBCRED_DOCKER_STDCOPY_H
#define IBCRED_DOCKER_STDCOPY_H

#include <ibcred/secret.h>

enum {
    STDCOPY_HEADER = 8,
    STDCOPY_FRAME_MAX = 1 << 24, /* bytes; the daemon splits lines at 16 KiB (1 MiB at most) */
};

enum stdcopy_stream {
    STDCOPY_STDIN,
    STDCOPY_STDOUT,
    STDCOPY_STDERR,
    STDCOPY_SYSTEM, /* the daemon itself: why it cannot go on */
};

/* The zero value stands before the first frame. */
struct stdcopy {
    unsigned char header[STDCOPY_HEADER];
    size_t header_used;
    size_t left; /* bytes of the frame's payload that are to come */
};

enum stdcopy_result { STDCOPY_MORE, STDCOPY_PIECE, STDCOPY_BROKEN };

/*
 * Take the next piece of payload from the front of `*data`. STDCOPY_PIECE: `*piece` (never empty)
 * belongs to `*stream`. STDCOPY_MORE: all of `*data` is used up. STDCOPY_BROKEN: what comes is no
 * header; nothing after it can be trusted, and the answer stays the same.
 */
enum stdcopy_result stdcopy_next(struct stdcopy *copy, struct ibc_view *data,
                                 enum stdcopy_stream *stream, struct ibc_view *piece);

#endif
