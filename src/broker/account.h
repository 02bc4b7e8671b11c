/*
 * account.h - one profile with the account and the ledger behind it.
 */
#ifndef IBCRED_BROKER_ACCOUNT_H
#define IBCRED_BROKER_ACCOUNT_H

#include <ibcred/broker.h>

struct account {
    struct ibc_profile *profile;
    const struct ibc_version *version; /* the active one, or the newest where none is */
    struct ibc_ledger *ledger;         /* locked */
    unsigned char credential[IBC_CREDENTIAL_ID_BYTES]; /* of `version` */
};

/* Read the profile and lock its account's ledger. */
IBC_CHECKED enum ibc_status account_open(const struct ibc_broker *broker, const char *profile,
                                         struct account *out, struct ibc_error *err);

/*
 * As account_open(), but of the account that an outcome is about: when the profile was sealed anew
 * with another username after a release, the charge without an outcome lies with the old one.
 */
IBC_CHECKED enum ibc_status account_open_charged(const struct ibc_broker *broker,
                                                 const char *profile, struct account *out,
                                                 struct ibc_error *err);
void account_close(struct account *account);
#define auto_account IBC_CLEANUP(account_close) struct account

/* The credential id of a version of a profile in `vault`. */
void credential_of(const struct ibc_vault *vault, const struct ibc_version *version,
                   unsigned char out[static IBC_CREDENTIAL_ID_BYTES]);

/* What the gate says of the account's version at `now`. */
struct ibc_gate_verdict account_gate(const struct account *account, const struct ibc_policy *policy,
                                     const struct ibc_instant *now);

/* Append an entry about `credential`, durably. */
IBC_CHECKED enum ibc_status account_append(struct account *account, enum ibc_ledger_event event,
                                           enum ibc_outcome outcome, int64_t wait,
                                           const unsigned char *credential,
                                           const struct ibc_instant *now, struct ibc_error *err);

#endif
