/*
 * frame.h - the messages of the TWS API out of a stream of bytes: u32 length, big-endian, and so
 * many bytes. Pure.
 *
 * The caller reads from the network straight into tws_frames_room(), says with tws_frames_took()
 * how much it was, and takes out whole messages until there is none.
 */
#ifndef IBCRED_TWS_FRAME_H
#define IBCRED_TWS_FRAME_H

#include <ibcred/secret.h>
#include <ibcred/tws.h>

enum { TWS_LENGTH_BYTES = 4 };

struct tws_frames {
    size_t begin, end; /* of what is in `bytes` and not taken out yet */
    size_t total;      /* bytes that ever came */
    bool broken;
    unsigned char bytes[TWS_LENGTH_BYTES + IBC_PROBE_FRAME_MAX];
};

enum tws_frame_state {
    TWS_FRAME_NONE,   /* more bytes are needed */
    TWS_FRAME_WHOLE,  /* one was taken out */
    TWS_FRAME_BROKEN, /* a length of 0 or above IBC_PROBE_FRAME_MAX, or above IBC_PROBE_ANSWER_MAX
                       * in all: for good */
};

void tws_frames_init(struct tws_frames *frames);

/* Where the next bytes go, and how many there may be: at least one, but for a broken stream. */
unsigned char *tws_frames_room(struct tws_frames *frames, size_t *size);
void tws_frames_took(struct tws_frames *frames, size_t size);

/* `*out`, without its length, points into `frames` and lives until the next call of room. */
enum tws_frame_state tws_frames_next(struct tws_frames *frames, struct ibc_view *out);

/* Is the beginning of a message there that has not come whole? */
bool tws_frames_midway(const struct tws_frames *frames);

/* Write the length of a message of `size` bytes. */
void tws_frame_write_length(size_t size, unsigned char out[static TWS_LENGTH_BYTES]);

#endif
