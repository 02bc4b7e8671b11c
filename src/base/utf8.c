/* utf8.c - see utf8.h. */
#include "base/utf8.h"

bool utf8_is_continuation(unsigned char byte) {
    return (byte & 0xC0) == 0x80;
}

/* Length and first bits that a lead byte promises; size 0 for a byte that leads nothing. */
static struct rune read_lead(unsigned char byte) {
    if (byte < 0x80) {
        return (struct rune){.code = byte, .size = 1};
    }
    if (byte >= 0xC2 && byte <= 0xDF) {
        return (struct rune){.code = byte & 0x1F, .size = 2};
    }
    if ((byte & 0xF0) == 0xE0) {
        return (struct rune){.code = byte & 0x0F, .size = 3};
    }
    if (byte >= 0xF0 && byte <= 0xF4) {
        return (struct rune){.code = byte & 0x07, .size = 4};
    }
    return (struct rune){0};
}

static bool is_well_formed(struct rune rune) {
    static const uint32_t shortest[] = {0, 0, 0x80, 0x800, 0x10000};
    bool surrogate = rune.code >= 0xD800 && rune.code <= 0xDFFF;
    return rune.code >= shortest[rune.size] && rune.code <= 0x10FFFF && !surrogate;
}

struct rune rune_at(struct ibc_view text, size_t at) {
    const struct rune invalid = {.code = RUNE_INVALID, .size = 1};
    struct rune rune = read_lead(text.bytes[at]);
    if (rune.size == 0 || rune.size > text.size - at) {
        return invalid;
    }
    for (size_t i = 1; i < rune.size; i++) {
        unsigned char byte = text.bytes[at + i];
        if (!utf8_is_continuation(byte)) {
            return invalid;
        }
        rune.code = rune.code << 6 | (byte & 0x3F);
    }
    return is_well_formed(rune) ? rune : invalid;
}

bool utf8_valid(struct ibc_view text) {
    for (size_t at = 0; at < text.size;) {
        struct rune rune = rune_at(text, at);
        if (rune.code == RUNE_INVALID) {
            return false;
        }
        at += rune.size;
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
