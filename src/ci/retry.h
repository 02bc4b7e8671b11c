/*
 * retry.h - is an answer one to ask again after, and when. Pure.
 */
#ifndef IBCRED_CI_RETRY_H
#define IBCRED_CI_RETRY_H

#include <ibcred/forge.h>

/* What an answer says of it. Headers are NULL where they are not there. */
struct retry_facts {
    enum ibc_forge forge;
    int code;
    const char *retry_after; /* Retry-After (RFC 9110, section 10.2.3) */
    const char *date;        /* Date: the forge's own clock */
    const char *remaining;   /* x-ratelimit-remaining */
    const char *reset;       /* x-ratelimit-reset: seconds since 1970 */
    bool secondary;          /* GitHub's words tell of its secondary rate limit */
};

/* Is the answer one that passes: 429, 5xx, or GitHub's 403 that stands for 429
 * (docs.github.com, "Rate limits for the REST API")? */
bool retry_passes(const struct retry_facts *facts);

/*
 * Seconds until it is to be asked again, 1 at least, after the `tries`-th try (1, 2, …) was
 * answered so. `now` is seconds since 1970, for where the forge does not tell its own time.
 */
int64_t retry_delay(const struct retry_facts *facts, unsigned tries, int64_t now);

/* 1, 2, 4, … seconds after the first, second, third try, up to a minute. */
int64_t retry_back_off(unsigned tries);

/* An HTTP date in the one form that senders may use (RFC 9110, section 5.6.7: "Sun, 06 Nov 1994
 * 08:49:37 GMT"), as seconds since 1970; -1: it is none. */
int64_t retry_date(const char *text);

#endif
