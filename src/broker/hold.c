/*
 * hold.c - what is staged is dropped or released, not both: who drops it has the account's ledger
 * until that is written, and who releases it has it while it looks at the vault once more.
 */
#include "broker/settle.h"

#include <stdlib.h>

struct held {
    struct account account; /* of several with one ledger the last has it */
    unsigned char id[IBC_ACCOUNT_ID_BYTES];
};

struct ibc_hold {
    size_t count;
    struct held accounts[];
};

static int compare_ids(const void *a, const void *b) {
    return memcmp(((const struct held *)a)->id, ((const struct held *)b)->id, IBC_ACCOUNT_ID_BYTES);
}

static enum ibc_status find_accounts(const struct ibc_broker *broker, const char *const *profiles,
                                     size_t count, struct ibc_hold *hold, struct ibc_error *err) {
    for (size_t i = 0; i < count; i++) {
        struct held *held = &hold->accounts[hold->count++];
        enum ibc_status status = account_find(broker, profiles[i], &held->account, held->id, err);
        if (status != IBC_OK) {
            return status;
        }
    }
    qsort(hold->accounts, hold->count, sizeof *hold->accounts, compare_ids);
    return IBC_OK;
}

/* Where nobody has decided since about what is staged, nobody can from now on. */
static enum ibc_status check(const struct ibc_broker *broker, const struct account *account,
                             struct ibc_error *err) {
    const struct ibc_version *staged = ibc_profile_staged(account->profile);
    struct decision decision;
    enum ibc_status status = staged ? decide(broker, account, staged, &decision, err) : IBC_OK;
    if (!staged || status != IBC_OK || decision.settled.staging == IBC_STAGING_WAITS) {
        return status;
    }
    ibc_fail(err, IBC_ERR_WAIT,
             "profile '%s': version %u, which is staged, was released meanwhile; try again",
             account->profile->name, staged->number);
    err->retry_after = decision.settled.retry_after;
    return IBC_ERR_WAIT;
}

static enum ibc_status lock_accounts(const struct ibc_broker *broker, struct ibc_hold *hold,
                                     struct ibc_error *err) {
    for (size_t i = 0; i < hold->count; i++) {
        struct held *held = &hold->accounts[i];
        enum ibc_status status = IBC_OK;
        if (i > 0 && compare_ids(&held[-1], held) == 0) {
            held->account.ledger = ibc_steal(&held[-1].account.ledger);
        } else {
            status = account_lock(broker, &held->account, err);
        }
        if (status == IBC_OK) {
            status = check(broker, &held->account, err);
        }
        if (status != IBC_OK) {
            return status;
        }
    }
    return IBC_OK;
}

enum ibc_status ibc_broker_hold(const struct ibc_broker *broker, const char *const *profiles,
                                size_t count, struct ibc_hold **out, struct ibc_error *err) {
    *out = NULL;
    size_t size;
    ibc_auto_hold *hold = NULL;
    if (!__builtin_mul_overflow(count, sizeof hold->accounts[0], &size) &&
        !__builtin_add_overflow(size, sizeof *hold, &size)) {
        hold = calloc(1, size);
    }
    if (!hold) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the accounts");
    }
    enum ibc_status status = find_accounts(broker, profiles, count, hold, err);
    if (status == IBC_OK) {
        status = lock_accounts(broker, hold, err);
    }
    if (status == IBC_OK) {
        *out = ibc_steal(&hold);
    }
    return status;
}

void ibc_hold_free(struct ibc_hold **hold) {
    for (size_t i = 0; *hold && i < (*hold)->count; i++) {
        account_close(&(*hold)->accounts[i].account);
    }
    free(*hold);
    *hold = NULL;
}

enum ibc_status still_staged(const struct ibc_broker *broker, const struct account *account,
                             struct ibc_error *err) {
    if (!account->canary || ibc_vault_is_newest(broker->vault)) {
        return IBC_OK;
    }
    ibc_auto_vault *newest = NULL;
    ibc_auto_profile *profile = NULL;
    const char *name = account->profile->name;
    enum ibc_status status =
        ibc_vault_open(ibc_vault_path(broker->vault), broker->keyring, &newest, err);
    if (status == IBC_OK) {
        status = ibc_vault_get(newest, name, &profile, err);
    }
    const struct ibc_version *staged = status == IBC_OK ? ibc_profile_staged(profile) : NULL;
    if (status != IBC_OK || (staged && staged->number == account->version->number)) {
        return status;
    }
    ibc_fail(err, IBC_ERR_WAIT,
             "profile '%s': version %u was staged and is not any more; try again", name,
             account->version->number);
    err->retry_after = 1;
    return IBC_ERR_WAIT;
}
