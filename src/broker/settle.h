/*
 * settle.h - what the ledger has decided about a staged version.
 */
#ifndef IBCRED_BROKER_SETTLE_H
#define IBCRED_BROKER_SETTLE_H

#include "broker/account.h"
#include "broker/mark.h"

/* What was decided, and how the vault is to remember it. */
struct decision {
    struct ibc_settled settled;
    struct mark mark;
    unsigned char credential[IBC_CREDENTIAL_ID_BYTES];
    int64_t now_ms; /* wall clock */
};

/* Look `staged`, which has credentials, up in the account's ledger. */
IBC_CHECKED enum ibc_status decide(const struct ibc_broker *broker, const struct account *account,
                                   const struct ibc_version *staged, struct decision *out,
                                   struct ibc_error *err);

/*
 * Is the version of the account, whose ledger is locked, still staged, where it is a staged one?
 * Looks at the vault once more where somebody has written it since it was opened. IBC_ERR_WAIT: it
 * is not. IBC_ERR_NOT_FOUND: the profile is gone. Else as ibc_vault_open() and ibc_vault_get().
 */
IBC_CHECKED enum ibc_status still_staged(const struct ibc_broker *broker,
                                         const struct account *account, struct ibc_error *err);

#endif
