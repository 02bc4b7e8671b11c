/*
 * percent.h - text inside a URL (RFC 3986, section 2.1). Pure.
 */
#ifndef IBCRED_BASE_PERCENT_H
#define IBCRED_BASE_PERCENT_H

#include <ibcred/secret.h>

/*
 * Write `text` with %XX for every byte that is neither unreserved nor one of `also`, and a NUL.
 * False: it does not fit into `size` bytes.
 */
IBC_CHECKED bool percent_encode(struct ibc_view text, const char *also, char *out, size_t size);

/* The other way round. False: a '%' without two hexadecimal digits, a NUL, or it does not fit. */
IBC_CHECKED bool percent_decode(struct ibc_view text, char *out, size_t size);

#endif
