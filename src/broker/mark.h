/*
 * mark.h - what the vault remembers of logins: a version is proven, burned, or cleared of either.
 */
#ifndef IBCRED_BROKER_MARK_H
#define IBCRED_BROKER_MARK_H

#include <ibcred/broker.h>

enum mark_type {
    MARK_NONE,
    MARK_PROVEN, /* a staged version is the active one from then on */
    MARK_EXPIRES,
    MARK_BURNED,
    MARK_CLEARED, /* also of what contradicts the profile, in all versions of the same username */
};

struct mark {
    enum mark_type type;
    enum ibc_kind kind; /* of the accounts seen, with MARK_PROVEN; 0: not seen */
    int64_t expires_ms; /* wall clock, with MARK_EXPIRES */
};

/* What a mark did to a staged version in the vault: its number, or 0. */
struct marked {
    uint32_t promoted, burned;
};

/* The newest version with that credential, or NULL. Owned by the profile. */
struct ibc_version *version_with(const struct ibc_vault *vault, struct ibc_profile *profile,
                                 const unsigned char *credential);

/* Mark the newest version with that credential in `profile` itself. False: nothing changed. */
bool mark_profile(const struct ibc_broker *broker, struct ibc_profile *profile,
                  const unsigned char *credential, struct mark mark, int64_t now_ms,
                  struct marked *out);

/*
 * Mark the newest version with that credential in the vault's file, if there is anything to write:
 * `profile`, which is marked too, is asked first, and once more what is in the file under its lock.
 */
IBC_CHECKED enum ibc_status mark_version(const struct ibc_broker *broker,
                                         struct ibc_profile *profile,
                                         const unsigned char *credential, struct mark mark,
                                         int64_t now_ms, struct marked *out, struct ibc_error *err);

/* That a staged version was promoted or burned is worth a line of its own in the audit log. */
IBC_CHECKED enum ibc_status note_marked(const struct ibc_broker *broker, const char *profile,
                                        const struct marked *marked, struct ibc_error *err);

#endif
