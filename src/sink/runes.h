/*
 * runes.h - characters of UTF-8 text, as far as the readers of env files tell them apart. Pure.
 */
#ifndef IBCRED_SINK_RUNES_H
#define IBCRED_SINK_RUNES_H

#include "base/utf8.h"

/* Append the character, at most U+10FFFF, as UTF-8. */
void append_rune(struct ibc_secret_buffer *out, uint32_t code);

typedef bool rune_class(uint32_t code);

rune_class is_white_space;  /* Unicode's White_Space: what Go trims */
rune_class is_python_space; /* what Python strips: the same, and four separators of ASCII */
rune_class is_python_blank; /* a Python space that ends no line */
rune_class is_go_blank;     /* what compose-go skips inside a line */

/* The offset of the first character from `at` on that is not of the class. */
size_t skip_runes(struct ibc_view text, size_t at, rune_class *is_member);

/* `text` without the characters of the class at its end. */
struct ibc_view trim_runes(struct ibc_view text, rune_class *is_member);

/* The bytes of `text` from `start` up to `end`. */
struct ibc_view slice(struct ibc_view text, size_t start, size_t end);

bool has_byte(struct ibc_view text, unsigned char byte);

/* True when `byte` is one of those in the NUL-terminated `bytes`. */
bool is_one_of(unsigned char byte, const char *bytes);

#endif
