/* runes.c - which characters a reader takes for white space. */
#include "sink/runes.h"

/* The six bits of the character from bit `shift` on, as a byte that continues one. */
static void append_continuation(struct ibc_secret_buffer *out, uint32_t code, unsigned shift) {
    ibc_secret_buffer_append_byte(out, (unsigned char)(0x80 | (code >> shift & 0x3F)));
}

void append_rune(struct ibc_secret_buffer *out, uint32_t code) {
    if (code < 0x80) {
        ibc_secret_buffer_append_byte(out, (unsigned char)code);
        return;
    }
    if (code < 0x800) {
        ibc_secret_buffer_append_byte(out, (unsigned char)(0xC0 | code >> 6));
    } else if (code < 0x10000) {
        ibc_secret_buffer_append_byte(out, (unsigned char)(0xE0 | code >> 12));
        append_continuation(out, code, 6);
    } else {
        ibc_secret_buffer_append_byte(out, (unsigned char)(0xF0 | code >> 18));
        append_continuation(out, code, 12);
        append_continuation(out, code, 6);
    }
    append_continuation(out, code, 0);
}

bool is_white_space(uint32_t code) {
    return (code >= 0x09 && code <= 0x0D) || code == 0x20 || code == 0x85 || code == 0xA0 ||
           code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
           code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

bool is_python_space(uint32_t code) {
    return is_white_space(code) || (code >= 0x1C && code <= 0x1F);
}

bool is_python_blank(uint32_t code) {
    return is_python_space(code) && code != '\n' && code != '\r';
}

bool is_go_blank(uint32_t code) {
    return code == '\t' || code == '\v' || code == '\f' || code == '\r' || code == ' ' ||
           code == 0x85 || code == 0xA0;
}

size_t skip_runes(struct ibc_view text, size_t at, rune_class *is_member) {
    while (at < text.size) {
        struct rune rune = rune_at(text, at);
        if (!is_member(rune.code)) {
            break;
        }
        at += rune.size;
    }
    return at;
}

struct ibc_view trim_runes(struct ibc_view text, rune_class *is_member) {
    while (text.size > 0) {
        size_t last = text.size - 1;
        while (last > 0 && utf8_is_continuation(text.bytes[last])) {
            last--;
        }
        struct rune rune = rune_at(text, last);
        if (rune.size != text.size - last || !is_member(rune.code)) {
            break;
        }
        text.size = last;
    }
    return text;
}

struct ibc_view slice(struct ibc_view text, size_t start, size_t end) {
    /* Of no bytes at all there may be no pointer to count from. */
    return (struct ibc_view){.bytes = start > 0 ? text.bytes + start : text.bytes,
                             .size = end - start};
}

bool has_byte(struct ibc_view text, unsigned char byte) {
    return text.size > 0 && memchr(text.bytes, byte, text.size);
}

bool is_one_of(unsigned char byte, const char *bytes) {
    return byte != '\0' && strchr(bytes, byte);
}
