/*
 * utf8.h - characters of UTF-8 text (RFC 3629). Pure.
 */
#ifndef IBCRED_BASE_UTF8_H
#define IBCRED_BASE_UTF8_H

#include <ibcred/secret.h>

/* What stands for a byte that is not part of well-formed UTF-8. */
enum { RUNE_INVALID = 0xFFFFFFFF };

struct rune {
    uint32_t code;
    size_t size; /* bytes; 1 with RUNE_INVALID */
};

/* The character at offset `at`, which lies inside `text`. */
struct rune rune_at(struct ibc_view text, size_t at);

/* True for a byte that goes on with a character that another one began. */
bool utf8_is_continuation(unsigned char byte);

/* True for well-formed UTF-8: no overlong forms, no surrogates, at most U+10FFFF. */
bool utf8_valid(struct ibc_view text);

/* True for well-formed UTF-8 without control characters (below 0x20, and 0x7f). */
bool utf8_printable(struct ibc_view text);

#endif
