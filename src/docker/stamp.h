/*
 * stamp.h - the daemon's times: RFC 3339 with up to nanoseconds. Pure.
 */
#ifndef IBCRED_DOCKER_STAMP_H
#define IBCRED_DOCKER_STAMP_H

#include <ibcred/secret.h>

enum {
    STAMP_MAX = 35,       /* bytes of "2026-11-22T08:00:00.123456789+01:00" */
    STAMP_TEXT_MAX = 40,  /* bytes of one that is written here, with the NUL */
    STAMP_SINCE_MAX = 32, /* bytes of a time in a query, with the NUL */
};

/*
 * Read the time that `text` begins with. `*ns` is nanoseconds since 1970 UTC, `*size` its bytes.
 * Returns false, leaving both alone, where there is none, or one before 1970 or after 2261.
 */
IBC_CHECKED bool stamp_parse(struct ibc_view text, int64_t *ns, size_t *size);

/* Write a time as the queries of the API want it: seconds, a dot, nine digits. `ns` is >= 0. */
void stamp_since(int64_t ns, char out[static STAMP_SINCE_MAX]);

/* Write a time as RFC 3339 in UTC with nanoseconds. `ns` is >= 0. */
void stamp_format(int64_t ns, char out[static STAMP_TEXT_MAX]);

#endif
