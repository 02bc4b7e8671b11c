/* utf8.c - well-formed UTF-8, after RFC 3629 section 4. */
#include "vault/utf8.h"

static bool in_range(unsigned char byte, unsigned char low, unsigned char high) {
    return byte >= low && byte <= high;
}

/*
 * The number of bytes of the sequence that `lead` begins, 0 where it begins none, and the range
 * of its second byte, which alone rules out overlong forms, surrogates and too high code points.
 */
static size_t sequence_size(unsigned char lead, unsigned char *low, unsigned char *high) {
    *low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    *high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (lead < 0x80) {
        return 1;
    }
    if (in_range(lead, 0xc2, 0xdf)) {
        return 2;
    }
    if (in_range(lead, 0xe0, 0xef)) {
        return 3;
    }
    return in_range(lead, 0xf0, 0xf4) ? 4 : 0;
}

bool utf8_valid(struct ibc_view text) {
    size_t size;
    for (size_t at = 0; at < text.size; at += size) {
        unsigned char low;
        unsigned char high;
        size = sequence_size(text.bytes[at], &low, &high);
        if (size == 0 || size > text.size - at) {
            return false;
        }
        for (size_t i = 1; i < size; i++) {
            if (!in_range(text.bytes[at + i], low, high)) {
                return false;
            }
            low = 0x80;
            high = 0xbf;
        }
    }
    return true;
}

bool utf8_printable(struct ibc_view text) {
    for (size_t i = 0; i < text.size; i++) {
        if (text.bytes[i] < 0x20 || text.bytes[i] == 0x7f) {
            return false;
        }
    }
    return utf8_valid(text);
}
