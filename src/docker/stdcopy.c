/* stdcopy.c - frames into pieces of streams; a frame is never held. */
#include "docker/stdcopy.h"

static struct ibc_view take(struct ibc_view *data, size_t size) {
    const struct ibc_view taken = {.bytes = data->bytes, .size = size};
    data->bytes += size;
    data->size -= size;
    return taken;
}

static bool header_valid(const unsigned char header[static STDCOPY_HEADER]) {
    return header[0] <= STDCOPY_SYSTEM && header[1] == 0 && header[2] == 0 && header[3] == 0;
}

static size_t header_size(const unsigned char header[static STDCOPY_HEADER]) {
    return (size_t)header[4] << 24 | (size_t)header[5] << 16 | (size_t)header[6] << 8 | header[7];
}

/* Gather the header; true once it is whole. */
static bool fill_header(struct stdcopy *copy, struct ibc_view *data) {
    const size_t missing = STDCOPY_HEADER - copy->header_used;
    const struct ibc_view part = take(data, data->size < missing ? data->size : missing);
    if (part.size > 0) {
        memcpy(copy->header + copy->header_used, part.bytes, part.size);
        copy->header_used += part.size;
    }
    return copy->header_used == STDCOPY_HEADER;
}

enum stdcopy_result stdcopy_next(struct stdcopy *copy, struct ibc_view *data,
                                 enum stdcopy_stream *stream, struct ibc_view *piece) {
    while (copy->left == 0) {
        if (!fill_header(copy, data)) {
            return STDCOPY_MORE;
        }
        const size_t size = header_size(copy->header);
        if (!header_valid(copy->header) || size > STDCOPY_FRAME_MAX) {
            return STDCOPY_BROKEN;
        }
        copy->left = size;
        copy->header_used = 0;
    }
    if (data->size == 0) {
        return STDCOPY_MORE;
    }
    *stream = (enum stdcopy_stream)copy->header[0];
    *piece = take(data, data->size < copy->left ? data->size : copy->left);
    copy->left -= piece->size;
    return STDCOPY_PIECE;
}
