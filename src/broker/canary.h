/*
 * canary.h - the first login of a staged version: what the ledger knows of it.
 *
 * The ledger decides and the vault only remembers, so a version that the vault still calls staged
 * may have been proven or rejected already, where a crash came between the two.
 */
#ifndef IBCRED_BROKER_CANARY_H
#define IBCRED_BROKER_CANARY_H

#include <ibcred/ledger.h>

enum canary_state {
    CANARY_WAITS,    /* for its first login, or for another: the last one said nothing of it */
    CANARY_TRIED,    /* released, or seen to log in, and without an outcome */
    CANARY_PASSED,   /* logged in */
    CANARY_REJECTED, /* and nobody cleared it since */
};

/*
 * What `entries` tell of `credential` since it was staged at `staged_ms`, by the wall clock. That
 * clock may be wrong: the worst that follows is one login more, or a password promoted that did
 * log in, but before. Pure.
 */
enum canary_state canary_state(const struct ibc_ledger_entry *entries, size_t count,
                               const unsigned char credential[static IBC_CREDENTIAL_ID_BYTES],
                               int64_t staged_ms);

/* How many entries there are up to the last release or login of `credential`, that one included; 0:
 * there is none. Pure. */
size_t canary_last_try(const struct ibc_ledger_entry *entries, size_t count,
                       const unsigned char credential[static IBC_CREDENTIAL_ID_BYTES]);

/* Does the newest of `credential`'s rejections stand, uncleared? Pure. */
bool credential_is_burned(const struct ibc_ledger_entry *entries, size_t count,
                          const unsigned char credential[static IBC_CREDENTIAL_ID_BYTES]);

#endif
