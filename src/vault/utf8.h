/*
 * utf8.h - what text is allowed into a vault. Pure.
 */
#ifndef IBCRED_VAULT_UTF8_H
#define IBCRED_VAULT_UTF8_H

#include <ibcred/secret.h>

/* True for well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, at most U+10FFFF. */
bool utf8_valid(struct ibc_view text);

/* True for well-formed UTF-8 without control characters (below 0x20, and 0x7f). */
bool utf8_printable(struct ibc_view text);

#endif
