/* percent.c - text inside a URL. */
#include "base/percent.h"

#include <ctype.h>

bool percent_encode(struct ibc_view text, const char *also, char *out, size_t size) {
    static const char hex[] = "0123456789ABCDEF";
    size_t used = 0;
    for (size_t i = 0; i < text.size; i++) {
        const unsigned char byte = text.bytes[i];
        if (size - used < sizeof "%XX") {
            return false;
        }
        if (byte < 0x80 && byte != '\0' &&
            (isalnum(byte) || strchr("-._~", byte) || strchr(also, byte))) {
            out[used++] = (char)byte;
        } else {
            out[used++] = '%';
            out[used++] = hex[byte >> 4];
            out[used++] = hex[byte & 15];
        }
    }
    out[used] = '\0';
    return true;
}

/* -1 where it is none. */
static int hex_digit(unsigned char byte) {
    static const char digits[] = "0123456789abcdef";
    const char *at = byte != '\0' ? strchr(digits, tolower(byte)) : NULL;
    return at ? (int)(at - digits) : -1;
}

bool percent_decode(struct ibc_view text, char *out, size_t size) {
    size_t used = 0;
    for (size_t i = 0; i < text.size; i++) {
        int byte = text.bytes[i];
        if (byte == '%') {
            const int high = i + 2 < text.size ? hex_digit(text.bytes[i + 1]) : -1;
            const int low = i + 2 < text.size ? hex_digit(text.bytes[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            byte = high << 4 | low;
            i += 2;
        }
        if (byte == '\0' || size - used < 2) {
            return false;
        }
        out[used++] = (char)byte;
    }
    out[used] = '\0';
    return true;
}
