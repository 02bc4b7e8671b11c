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

static const struct ibc_version *version_to_use(const struct ibc_profile *profile) {
    const struct ibc_version *active = ibc_profile_active(profile);
    if (active || profile->version_count == 0) {
        return active;
    }
    return &profile->versions[profile->version_count - 1];
}

enum ibc_status account_open(const struct ibc_broker *broker, const char *profile,
                             struct account *out, struct ibc_error *err) {
    *out = (struct account){0};
    auto_account account = {0};
    enum ibc_status status = ibc_vault_get(broker->vault, profile, &account.profile, err);
    if (status != IBC_OK) {
        return status;
    }
    account.version = version_to_use(account.profile);
    if (!account.version || !has_credentials(account.version)) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "profile '%s' has no " IBC_FIELD_USERNAME " and " IBC_FIELD_PASSWORD
                        "; seal them with: ibcred seal %s",
                        profile, profile);
    }
    credential_of(broker->vault, account.version, account.credential);

    unsigned char id[IBC_ACCOUNT_ID_BYTES];
    ibc_vault_account_id(broker->vault,
                         ibc_version_field(account.version, IBC_FIELD_USERNAME)->value, id);
    status = ibc_ledger_open(broker->state_fd, id, ibc_vault_ledger_key(broker->vault),
                             &account.ledger, err);
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
