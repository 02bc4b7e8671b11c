/*
 * mark.h - what the vault remembers of logins: a version is proven, burned, or cleared of either.
 */
#ifndef IBCRED_BROKER_MARK_H
#define IBCRED_BROKER_MARK_H

#include <ibcred/broker.h>

enum mark_type {
    MARK_NONE,
    MARK_PROVEN,
    MARK_BURNED,
    MARK_CLEARED, /* also of what contradicts the profile, in all versions of the same username */
};

struct mark {
    enum mark_type type;
    enum ibc_kind kind; /* of the accounts seen, with MARK_PROVEN; 0: not seen */
};

/* The newest version with that credential, or NULL. Owned by the profile. */
struct ibc_version *version_with(const struct ibc_vault *vault, struct ibc_profile *profile,
                                 const unsigned char *credential);

/*
 * Mark the newest version with that credential in the vault's file, if there is anything to write:
 * `profile`, which is marked too, is asked first, and once more what is in the file under its lock.
 */
IBC_CHECKED enum ibc_status mark_version(const struct ibc_broker *broker,
                                         struct ibc_profile *profile,
                                         const unsigned char *credential, struct mark mark,
                                         int64_t now_ms, struct ibc_error *err);

#endif
