/*
 * number.h - the one place where text becomes a number.
 *
 * Strict: decimal digits only, no sign, no blanks, no leading '+', no overflow.
 */
#ifndef IBCRED_NUMBER_H
#define IBCRED_NUMBER_H

#include <ibcred/common.h>

#pragma GCC visibility push(default)

/*
 * Parse the `size` bytes at `text` as an unsigned decimal number of at most `max`.
 * Returns false, leaving `*out` alone, when they are anything else. Leading zeros are refused
 * but for "0" itself.
 */
IBC_CHECKED bool ibc_parse_number(const char *text, size_t size, uint64_t max, uint64_t *out);

/*
 * Parse a NUL-terminated duration: a number and a unit of s, m, h or d ("90s", "2m", "1d"); a
 * bare number counts seconds. The result is in seconds, at most `max`.
 */
IBC_CHECKED bool ibc_parse_duration(const char *text, int64_t max, int64_t *seconds);

enum { IBC_DURATION_TEXT_MAX = 48 };

/* Write a duration in words, "1 h 2 min 3 s" into `out`. */
void ibc_format_duration(int64_t seconds, char out[static IBC_DURATION_TEXT_MAX]);

#pragma GCC visibility pop

#endif
