/* account.c - from a profile to its account's ledger. */
#include "broker/account.h"

void credential_of(const struct ibc_vault *vault, const struct ibc_version *version,
                   unsigned char out[static IBC_CREDENTIAL_ID_BYTES]) {
    ibc_vault_credential_id(vault, ibc_version_field(version, IBC_FIELD_USERNAME)->value,
                            ibc_version_field(version, IBC_FIELD_PASSWORD)->value, out);
}

static bool has_credentials(const struct ibc_version *version) {
    return ibc_version_field(version, IBC_FIELD_USERNAME) &&
           ibc_version_field(version, IBC_FIELD_PASSWORD);
}

static enum ibc_status open_profile(const struct ibc_broker *broker, const char *name,
                                    struct account *account, struct ibc_error *err) {
    enum ibc_status status = ibc_vault_get(broker->vault, name, &account->profile, err);
    if (status != IBC_OK) {
        return status;
    }
    account->version = ibc_profile_current(account->profile);
    if (!account->version || !has_credentials(account->version)) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "profile '%s' has no " IBC_FIELD_USERNAME " and " IBC_FIELD_PASSWORD
                        "; seal them with: ibcred seal %s",
                        name, name);
    }
    return IBC_OK;
}

static void account_id_of(const struct ibc_broker *broker, const struct ibc_version *version,
                          unsigned char id[static IBC_ACCOUNT_ID_BYTES]) {
    ibc_vault_account_id(broker->vault, ibc_version_field(version, IBC_FIELD_USERNAME)->value, id);
}

/* Lock the ledger of the account that `version` belongs to, and make that the account's version. */
static enum ibc_status open_ledger(const struct ibc_broker *broker,
                                   const struct ibc_version *version, struct account *account,
                                   struct ibc_error *err) {
    unsigned char id[IBC_ACCOUNT_ID_BYTES];
    account_id_of(broker, version, id);
    account->version = version;
    credential_of(broker->vault, version, account->credential);
    return ibc_ledger_open(broker->state_fd, id, ibc_vault_ledger_key(broker->vault),
                           &account->ledger, err);
}

enum ibc_status account_open(const struct ibc_broker *broker, const char *profile,
                             struct account *out, struct ibc_error *err) {
    *out = (struct account){0};
    auto_account account = {0};
    enum ibc_status status = open_profile(broker, profile, &account, err);
    if (status == IBC_OK) {
        status = open_ledger(broker, account.version, &account, err);
    }
    if (status == IBC_OK) {
        *out = account;
        account = (struct account){0};
    }
    return status;
}

/* Is the newest entry a charge? Then nobody has said yet what came of it. */
static bool awaits_outcome(const struct account *account) {
    size_t count;
    const struct ibc_ledger_entry *entries = ibc_ledger_entries(account->ledger, &count);
    return count > 0 && entries[count - 1].event == IBC_LEDGER_CHARGE;
}

static bool same_account(const struct ibc_broker *broker, const struct ibc_version *a,
                         const struct ibc_version *b) {
    unsigned char id_of_a[IBC_ACCOUNT_ID_BYTES], id_of_b[IBC_ACCOUNT_ID_BYTES];
    account_id_of(broker, a, id_of_a);
    account_id_of(broker, b, id_of_b);
    return memcmp(id_of_a, id_of_b, sizeof id_of_a) == 0;
}

enum ibc_status account_open_charged(const struct ibc_broker *broker, const char *profile,
                                     struct account *out, struct ibc_error *err) {
    *out = (struct account){0};
    auto_account account = {0};
    enum ibc_status status = open_profile(broker, profile, &account, err);
    const struct ibc_version *own = account.version;
    if (status == IBC_OK) {
        status = open_ledger(broker, own, &account, err);
    }
    for (size_t i = account.profile ? account.profile->version_count : 0;
         status == IBC_OK && i > 0 && !awaits_outcome(&account); i--) {
        const struct ibc_version *older = &account.profile->versions[i - 1];
        if (has_credentials(older) && !same_account(broker, older, account.version)) {
            ibc_ledger_free(&account.ledger);
            status = open_ledger(broker, older, &account, err);
        }
    }
    if (status == IBC_OK && !awaits_outcome(&account) &&
        !same_account(broker, own, account.version)) {
        ibc_ledger_free(&account.ledger);
        status = open_ledger(broker, own, &account, err);
    }
    if (status == IBC_OK) {
        *out = account;
        account = (struct account){0};
    }
    return status;
}

void account_close(struct account *account) {
    ibc_ledger_free(&account->ledger);
    ibc_profile_free(&account->profile);
    account->version = NULL;
}

struct ibc_gate_verdict account_gate(const struct account *account, const struct ibc_policy *policy,
                                     const struct ibc_instant *now) {
    int64_t until_ms = now->wall_ms;
    if (!ibc_policy_window(policy, now->wall_ms, &until_ms)) {
        until_ms = now->wall_ms;
    }
    size_t count;
    const struct ibc_ledger_entry *entries = ibc_ledger_entries(account->ledger, &count);
    return ibc_gate_decide(entries, count, &policy->gate, account->credential, now,
                           until_ms - now->wall_ms);
}

enum ibc_status account_append(struct account *account, enum ibc_ledger_event event,
                               enum ibc_outcome outcome, int64_t wait,
                               const unsigned char *credential, const struct ibc_instant *now,
                               struct ibc_error *err) {
    struct ibc_ledger_entry entry = {.event = event, .outcome = outcome, .wait = wait, .at = *now};
    memcpy(entry.credential, credential, sizeof entry.credential);
    return ibc_ledger_append(account->ledger, &entry, err);
}
