/*
 * account.h - one profile with the account and the ledger behind it.
 */
#ifndef IBCRED_BROKER_ACCOUNT_H
#define IBCRED_BROKER_ACCOUNT_H

#include "broker/canary.h"
#include <ibcred/broker.h>

struct account {
    struct ibc_profile *profile;
    const struct ibc_version *version; /* the one to release; by account_open_charged() the one
                                        * that was charged */
    struct ibc_ledger *ledger;         /* locked */
    unsigned char credential[IBC_CREDENTIAL_ID_BYTES]; /* of `version` */

    /* by account_open() and account_open_both(): */
    bool usable;                       /* its state does not forbid to release it */
    bool canary;                       /* it is a staged one, whose first login this would be */
    const struct ibc_version *waiting; /* a staged one that waits for its first login and is not to
                                        * be released; or NULL */

    /* by account_open_charged(): */
    bool seen;                /* a log line of that time stands in a ledger of the profile's */
    enum ibc_outcome seen_as; /* what it told of, where it is an outcome */
};

/* Read the profile, whose current version is the account's, and the account's id. */
IBC_CHECKED enum ibc_status account_find(const struct ibc_broker *broker, const char *profile,
                                         struct account *out,
                                         unsigned char id[static IBC_ACCOUNT_ID_BYTES],
                                         struct ibc_error *err);

/* Lock its ledger. Whoever locks several does it in the order of their ids. */
IBC_CHECKED enum ibc_status account_lock(const struct ibc_broker *broker, struct account *account,
                                         struct ibc_error *err);

/*
 * Read two profiles, of two accounts, and lock both ledgers, in an order that is the same for
 * everybody. IBC_ERR_MISMATCH: both have the same username.
 */
IBC_CHECKED enum ibc_status account_open_both(const struct ibc_broker *broker,
                                              const char *const profiles[static 2],
                                              enum ibc_canary canary, struct account out[static 2],
                                              struct ibc_error *err);

/* Read the profile, lock its account's ledger and choose the version to release. */
IBC_CHECKED enum ibc_status account_open(const struct ibc_broker *broker, const char *profile,
                                         enum ibc_canary canary, struct account *out,
                                         struct ibc_error *err);

/*
 * As account_open(), but of the account that the gateway logs in to: where the profile was sealed
 * anew with another username, that is the one that was charged last. The entry of `event` about the
 * log line of the time `seen_ns` (0: none) is looked for in the ledgers of all its accounts.
 */
IBC_CHECKED enum ibc_status account_open_charged(const struct ibc_broker *broker,
                                                 const char *profile, enum ibc_ledger_event event,
                                                 int64_t seen_ns, struct account *out,
                                                 struct ibc_error *err);
void account_close(struct account *account);
#define auto_account IBC_CLEANUP(account_close) struct account

/* Has the version a username and a password? */
bool has_credentials(const struct ibc_version *version);

/* The credential id of a version, which has credentials, of a profile in `vault`. */
void credential_of(const struct ibc_vault *vault, const struct ibc_version *version,
                   unsigned char out[static IBC_CREDENTIAL_ID_BYTES]);

/* What the account's ledger knows of the version, which is staged. */
enum canary_state account_canary(const struct ibc_broker *broker, const struct account *account,
                                 const struct ibc_version *staged);

/* Have both versions, which have credentials, one username? */
bool same_account(const struct ibc_vault *vault, const struct ibc_version *a,
                  const struct ibc_version *b);

/*
 * What the gate says of the account's version at `now`. It holds too where the vault remembers what
 * a lost ledger does not: that this username, sealed as a paper user's, saw a live account.
 */
struct ibc_gate_verdict account_gate(const struct ibc_broker *broker, const struct account *account,
                                     const struct ibc_instant *now);

/* Append an entry about `credential` that tells nothing but its event, durably. */
IBC_CHECKED enum ibc_status account_append(struct account *account, enum ibc_ledger_event event,
                                           const unsigned char *credential,
                                           const struct ibc_instant *now, struct ibc_error *err);

/* Is there a charge, perhaps seen already, of which nobody has said yet what came of it? */
bool account_awaits_outcome(const struct account *account);

/* The newest charge whose secret left, or NULL. Owned by the ledger, good until the next append. */
const struct ibc_ledger_entry *account_last_charge(const struct account *account);

/*
 * The credential that what comes of `origin` is about (NULL: of the last charge): that of its
 * charge, whose secret left; else our own.
 */
const unsigned char *account_charged_credential(const struct account *account,
                                                const struct ibc_login_origin *origin);

#endif
