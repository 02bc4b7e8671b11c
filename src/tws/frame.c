/* frame.c - see frame.h. */
#include "tws/frame.h"

void tws_frames_init(struct tws_frames *frames) {
    /* Not the buffer: most of its pages are never touched. */
    frames->begin = frames->end = frames->total = 0;
    frames->broken = false;
}

unsigned char *tws_frames_room(struct tws_frames *frames, size_t *size) {
    const size_t left = frames->end - frames->begin;
    if (frames->begin > 0) {
        memmove(frames->bytes, frames->bytes + frames->begin, left);
    }
    frames->begin = 0;
    frames->end = left;
    *size = frames->broken ? 0 : sizeof frames->bytes - left;
    return frames->bytes + left;
}

void tws_frames_took(struct tws_frames *frames, size_t size) {
    frames->end += size;
    frames->total += size;
}

/*
 * The length as far as it has come, what is missing taken for zero: what is too large already will
 * not become smaller, so that a short line of something else is told at once.
 */
static size_t least_length(const struct tws_frames *frames) {
    size_t length = 0;
    for (size_t i = 0; i < TWS_LENGTH_BYTES; i++) {
        const size_t at = frames->begin + i;
        length = length << 8 | (at < frames->end ? frames->bytes[at] : 0);
    }
    return length;
}

static enum tws_frame_state give_up(struct tws_frames *frames) {
    frames->broken = true;
    return TWS_FRAME_BROKEN;
}

enum tws_frame_state tws_frames_next(struct tws_frames *frames, struct ibc_view *out) {
    const size_t left = frames->end - frames->begin;
    const size_t length = least_length(frames);
    if (frames->broken || length > IBC_PROBE_FRAME_MAX) {
        return give_up(frames);
    }
    if (left >= TWS_LENGTH_BYTES && length == 0) {
        return give_up(frames);
    }
    if (left < TWS_LENGTH_BYTES || left - TWS_LENGTH_BYTES < length) {
        return frames->total > IBC_PROBE_ANSWER_MAX ? give_up(frames) : TWS_FRAME_NONE;
    }
    *out = (struct ibc_view){frames->bytes + frames->begin + TWS_LENGTH_BYTES, length};
    frames->begin += TWS_LENGTH_BYTES + length;
    return TWS_FRAME_WHOLE;
}

bool tws_frames_midway(const struct tws_frames *frames) {
    return frames->end > frames->begin;
}

void tws_frame_write_length(size_t size, unsigned char out[static TWS_LENGTH_BYTES]) {
    for (size_t i = 0; i < TWS_LENGTH_BYTES; i++) {
        out[i] = (unsigned char)(size >> (8 * (TWS_LENGTH_BYTES - 1 - i)));
    }
}
