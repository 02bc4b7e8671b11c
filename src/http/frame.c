/* frame.c - the five bytes before a payload, and how much of a frame is gone. */
#include "http/frame.h"

#include "base/bytes.h"

size_t frame_payload_max(unsigned int type) {
    static const size_t max[] = {
        [FRAME_HELLO] = FRAME_HELLO_MAX,   [FRAME_REQUEST] = FRAME_JSON_MAX,
        [FRAME_BODY] = IBC_HTTP_BODY_MAX,  [FRAME_HEAD] = FRAME_JSON_MAX,
        [FRAME_DATA] = IBC_HTTP_CHUNK_MAX, [FRAME_END] = FRAME_JSON_MAX,
    };
    return type < IBC_ARRAY_SIZE(max) ? max[type] : 0;
}

void frame_write_header(enum frame_type type, size_t size,
                        unsigned char out[static FRAME_HEADER_BYTES]) {
    struct writer writer = writer_to(out, FRAME_HEADER_BYTES);
    write_u32(&writer, (uint32_t)size);
    write_u8(&writer, (uint8_t)type);
}

bool frame_read_header(const unsigned char bytes[static FRAME_HEADER_BYTES],
                       struct frame_header *out) {
    struct reader reader = reader_of((struct ibc_view){.bytes = bytes, .size = FRAME_HEADER_BYTES});
    const uint32_t size = read_u32(&reader);
    const uint8_t type = read_u8(&reader);
    if (frame_payload_max(type) == 0 || size > frame_payload_max(type)) {
        return false;
    }
    *out = (struct frame_header){.type = (enum frame_type)type, .size = size};
    return true;
}

void frame_begin(struct frame_sending *sending, enum frame_type type, struct ibc_view payload) {
    frame_write_header(type, payload.size, sending->header);
    sending->parts[0] = (struct iovec){.iov_base = sending->header, .iov_len = FRAME_HEADER_BYTES};
    /* An iovec is for reading as well, and so not const. */
    sending->parts[1] = (struct iovec){.iov_base = (void *)payload.bytes, .iov_len = payload.size};
}

bool frame_advance(struct frame_sending *sending, size_t sent) {
    size_t left = 0;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(sending->parts); i++) {
        struct iovec *part = &sending->parts[i];
        const size_t step = sent < part->iov_len ? sent : part->iov_len;
        if (step > 0) {
            part->iov_base = (unsigned char *)part->iov_base + step;
            part->iov_len -= step;
            sent -= step;
        }
        left += part->iov_len;
    }
    return left == 0;
}
