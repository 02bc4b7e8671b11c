/* settle.c - a staged version, as the ledger has decided about it. */
#include "broker/settle.h"

/*
 * How many seconds the last release of `credential` may still be spoken of. The gate may name a
 * longer wait than this one, or none: an older container's login says nothing of this one.
 */
static int64_t time_left(const struct ibc_broker *broker, const struct account *account,
                         const unsigned char *credential, const struct ibc_instant *now) {
    size_t count;
    const struct ibc_ledger_entry *entries = ibc_ledger_entries(account->ledger, &count);
    const size_t tried = canary_last_try(entries, count, credential);
    const struct ibc_gate_verdict verdict =
        ibc_gate_decide(entries, tried, &broker->policy->gate, credential, now, 0);
    return (verdict.in_flight_ms + 999) / 1000;
}

static const struct state_meaning {
    enum ibc_staging staging;
    enum mark_type mark;
} meanings[] = {
    [CANARY_WAITS] = {IBC_STAGING_WAITS, MARK_NONE},
    [CANARY_TRIED] = {IBC_STAGING_TRIED, MARK_NONE},
    [CANARY_PASSED] = {IBC_STAGING_PROMOTED, MARK_PROVEN},
    [CANARY_REJECTED] = {IBC_STAGING_BURNED, MARK_BURNED},
};

enum ibc_status decide(const struct ibc_broker *broker, const struct account *account,
                       const struct ibc_version *staged, struct decision *out,
                       struct ibc_error *err) {
    struct ibc_instant now;
    enum ibc_status status = ibc_clock_now(&now, err);
    if (status != IBC_OK) {
        return status;
    }
    const struct state_meaning *meaning = &meanings[account_canary(broker, account, staged)];
    *out = (struct decision){
        .settled = {.staging = meaning->staging, .version = staged->number},
        .mark = {.type = meaning->mark},
        .now_ms = now.wall_ms,
    };
    credential_of(broker->vault, staged, out->credential);
    if (meaning->staging == IBC_STAGING_TRIED) {
        out->settled.retry_after = time_left(broker, account, out->credential, &now);
        out->settled.staging = out->settled.retry_after > 0 ? IBC_STAGING_TRIED : IBC_STAGING_WAITS;
    }
    return IBC_OK;
}

enum ibc_status ibc_broker_settle(const struct ibc_broker *broker, const char *profile,
                                  struct ibc_settled *out, struct ibc_error *err) {
    *out = (struct ibc_settled){0};
    auto_account account = {0};
    ibc_auto_profile *looked_at = NULL;
    enum ibc_status status = ibc_vault_get(broker->vault, profile, &looked_at, err);
    if (status != IBC_OK || !ibc_profile_staged(looked_at)) {
        return status;
    }
    struct decision decision = {0};
    status = account_open(broker, profile, IBC_CANARY_ANY, &account, err);
    if (status == IBC_OK) {
        status = decide(broker, &account, ibc_profile_staged(account.profile), &decision, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    *out = decision.settled;
    ibc_ledger_free(&account.ledger);
    struct marked marked = {0};
    status = mark_version(broker, account.profile, decision.credential, decision.mark,
                          decision.now_ms, &marked, err);
    return status == IBC_OK ? note_marked(broker, profile, &marked, err) : status;
}

enum ibc_status ibc_broker_settle_edited(const struct ibc_broker *broker,
                                         struct ibc_profile *profile, struct ibc_settled *out,
                                         struct ibc_error *err) {
    *out = (struct ibc_settled){0};
    const struct ibc_version *staged = ibc_profile_staged(profile);
    if (!staged) {
        return IBC_OK;
    }
    auto_account account = {0};
    struct decision decision = {0};
    enum ibc_status status = account_open(broker, profile->name, IBC_CANARY_ANY, &account, err);
    if (status == IBC_OK) {
        status = decide(broker, &account, staged, &decision, err);
    }
    if (status == IBC_OK) {
        struct marked unused;
        (void)mark_profile(broker, profile, decision.credential, decision.mark, decision.now_ms,
                           &unused);
        *out = decision.settled;
    }
    return status;
}

enum ibc_status ibc_broker_note_settled(const struct ibc_broker *broker, const char *profile,
                                        const struct ibc_settled *settled, struct ibc_error *err) {
    const struct marked marked = {
        .promoted = settled->staging == IBC_STAGING_PROMOTED ? settled->version : 0,
        .burned = settled->staging == IBC_STAGING_BURNED ? settled->version : 0,
    };
    return note_marked(broker, profile, &marked, err);
}

enum ibc_status ibc_broker_is_burned(const struct ibc_broker *broker, struct ibc_view username,
                                     struct ibc_view password, bool *burned,
                                     struct ibc_error *err) {
    *burned = false;
    unsigned char account[IBC_ACCOUNT_ID_BYTES], credential[IBC_CREDENTIAL_ID_BYTES];
    ibc_vault_account_id(broker->vault, username, account);
    ibc_vault_credential_id(broker->vault, username, password, credential);
    ibc_auto_ledger *ledger = NULL;
    enum ibc_status status = ibc_ledger_open(broker->state_fd, account,
                                             ibc_vault_ledger_key(broker->vault), &ledger, err);
    if (status == IBC_OK) {
        size_t count;
        const struct ibc_ledger_entry *entries = ibc_ledger_entries(ledger, &count);
        *burned = credential_is_burned(entries, count, credential);
    }
    return status;
}

#define DAY_MS INT64_C(86400000)

enum ibc_status ibc_broker_expiry(const struct ibc_broker *broker, const char *profile,
                                  int64_t days, struct ibc_error *err) {
    auto_account account = {0};
    struct ibc_instant now;
    enum ibc_status status = ibc_clock_now(&now, err);
    if (status == IBC_OK) {
        status = account_open_charged(broker, profile, IBC_LEDGER_CHARGE, 0, &account, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    unsigned char credential[IBC_CREDENTIAL_ID_BYTES];
    memcpy(credential, account_charged_credential(&account, NULL), sizeof credential);
    ibc_ledger_free(&account.ledger);
    const int64_t left = days > 0 ? (days < 3650 ? days : 3650) * DAY_MS : 0;
    struct marked unused;
    return mark_version(broker, account.profile, credential,
                        (struct mark){.type = MARK_EXPIRES, .expires_ms = now.wall_ms + left},
                        now.wall_ms, &unused, err);
}
