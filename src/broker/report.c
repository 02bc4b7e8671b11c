/* report.c - what came of a release: ledger first, then the audit log, then the vault. */
#include "broker/account.h"

enum ibc_status ibc_broker_note(const struct ibc_broker *broker,
                                const struct ibc_audit_event *event, struct ibc_error *err) {
    struct ibc_instant now;
    enum ibc_status status = ibc_clock_now(&now, err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_audit *audit = NULL;
    status = ibc_audit_open(broker->state_fd, ibc_vault_id(broker->vault),
                            ibc_vault_audit_key(broker->vault), &audit, err);
    if (status != IBC_OK) {
        return status;
    }
    return ibc_audit_append(audit, event, &now, err);
}

/* The credential that an outcome is about: of the last charge whose secret left, else our own. */
static const unsigned char *reported_credential(const struct account *account) {
    const struct ibc_ledger_entry *charge = account_last_charge(account);
    return charge ? charge->credential : account->credential;
}

/* What is written about a version in the vault. */
enum mark { MARK_NONE, MARK_PROVEN, MARK_BURNED, MARK_CLEARED };

/* Is there anything to write? */
static bool mark_applies(enum mark mark, const struct ibc_profile *profile,
                         const struct ibc_version *version) {
    switch (mark) {
    case MARK_PROVEN:
        return version->proven_ms == 0;
    case MARK_BURNED:
        return version->state != IBC_VERSION_BURNED;
    case MARK_CLEARED:
        return version->state == IBC_VERSION_BURNED && !ibc_profile_active(profile);
    default:
        return false;
    }
}

static void apply_mark(enum mark mark, struct ibc_version *version, int64_t now_ms) {
    if (mark == MARK_PROVEN) {
        version->proven_ms = now_ms;
        return;
    }
    version->state = mark == MARK_BURNED ? IBC_VERSION_BURNED : IBC_VERSION_ACTIVE;
    version->state_ms = now_ms;
}

static struct ibc_version *version_with(const struct ibc_vault *vault, struct ibc_profile *profile,
                                        const unsigned char *credential) {
    for (size_t i = profile->version_count; i > 0; i--) {
        if (!has_credentials(&profile->versions[i - 1])) {
            continue;
        }
        unsigned char id[IBC_CREDENTIAL_ID_BYTES];
        credential_of(vault, &profile->versions[i - 1], id);
        if (memcmp(id, credential, sizeof id) == 0) {
            return &profile->versions[i - 1];
        }
    }
    return NULL;
}

static enum ibc_status write_mark(const struct ibc_broker *broker, const char *name,
                                  const unsigned char *credential, enum mark mark, int64_t now_ms,
                                  struct ibc_error *err) {
    ibc_auto_vault_edit *edit = NULL;
    enum ibc_status status =
        ibc_vault_edit_begin(ibc_vault_path(broker->vault), broker->keyring, &edit, err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_profile *profile = NULL;
    status = ibc_vault_get(ibc_vault_edit_vault(edit), name, &profile, err);
    if (status != IBC_OK) {
        return status;
    }
    struct ibc_version *version = version_with(broker->vault, profile, credential);
    if (!version || !mark_applies(mark, profile, version)) {
        return IBC_OK;
    }
    apply_mark(mark, version, now_ms);
    status = ibc_vault_edit_put(edit, profile, err);
    uint64_t generation = 0;
    if (status == IBC_OK) {
        status = ibc_vault_edit_commit(edit, &generation, err);
    }
    if (status == IBC_OK) {
        status =
            ibc_generation_remember(broker->state_fd, ibc_vault_id(broker->vault), generation, err);
    }
    return status;
}

static enum mark mark_for(enum ibc_outcome outcome) {
    switch (outcome) {
    case IBC_OUTCOME_SUCCESS:
        return MARK_PROVEN;
    case IBC_OUTCOME_REJECTED:
        return MARK_BURNED;
    default:
        return MARK_NONE;
    }
}

/* Ledger, then audit log; both durable. */
static enum ibc_status record(const struct ibc_broker *broker, struct account *account,
                              struct ibc_ledger_entry *entry, const struct ibc_audit_event *event,
                              struct ibc_error *err) {
    ibc_auto_audit *audit = NULL;
    enum ibc_status status = ibc_audit_open(broker->state_fd, ibc_vault_id(broker->vault),
                                            ibc_vault_audit_key(broker->vault), &audit, err);
    if (status != IBC_OK) {
        return status;
    }
    status = ibc_ledger_append(account->ledger, entry, err);
    if (status != IBC_OK) {
        return status;
    }
    return ibc_audit_append(audit, event, &entry->at, err);
}

/*
 * Write `entry` down everywhere, with `event` for the audit log. The ledger has decided once it
 * has the entry; the vault only remembers, and where it cannot that is a warning.
 */
static enum ibc_status write_down(const struct ibc_broker *broker, struct account *account,
                                  struct ibc_ledger_entry *entry, struct ibc_audit_event *event,
                                  enum mark mark, bool *warned, struct ibc_error *err) {
    enum ibc_status status = ibc_clock_now(&entry->at, err);
    if (status != IBC_OK) {
        return status;
    }
    const struct ibc_version *version =
        version_with(broker->vault, account->profile, entry->credential);
    event->profile = account->profile->name;
    event->version = version ? version->number : 0;
    status = record(broker, account, entry, event, err);
    /* A waiting writer of the vault must not keep others from the account. */
    ibc_ledger_free(&account->ledger);
    if (status == IBC_OK && version && mark_applies(mark, account->profile, version)) {
        *warned = write_mark(broker, account->profile->name, entry->credential, mark,
                             entry->at.wall_ms, err) != IBC_OK;
    }
    return status;
}

/* Has this credential logged in before? */
static bool logged_in_before(const struct account *account, const unsigned char *credential) {
    size_t count;
    const struct ibc_ledger_entry *entries = ibc_ledger_entries(account->ledger, &count);
    for (size_t i = count; i > 0; i--) {
        if (entries[i - 1].outcome == IBC_OUTCOME_SUCCESS &&
            memcmp(entries[i - 1].credential, credential, IBC_CREDENTIAL_ID_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

enum ibc_status ibc_broker_report(const struct ibc_broker *broker, const char *profile,
                                  const struct ibc_report *report, struct ibc_reported *out,
                                  struct ibc_error *err) {
    *out = (struct ibc_reported){.outcome = report->outcome};
    auto_account account = {0};
    enum ibc_status status =
        account_open_charged(broker, profile, IBC_LEDGER_OUTCOME, report->seen_ns, &account, err);
    if (status != IBC_OK) {
        return status;
    }
    if (account.seen) {
        out->again = true;
        out->outcome = account.seen_as;
        return IBC_OK;
    }
    struct ibc_ledger_entry entry = {.event = IBC_LEDGER_OUTCOME,
                                     .outcome = report->outcome,
                                     .wait = report->wait,
                                     .seen_ns = report->seen_ns};
    memcpy(entry.credential, reported_credential(&account), sizeof entry.credential);
    if (report->outcome == IBC_OUTCOME_REJECTED && report->automatic &&
        logged_in_before(&account, entry.credential)) {
        entry.outcome = IBC_OUTCOME_FAILED;
    }
    out->outcome = entry.outcome;
    struct ibc_audit_event event = {.event = "report", .verdict = ibc_outcome_name(entry.outcome)};
    return write_down(broker, &account, &entry, &event, mark_for(entry.outcome), &out->warned, err);
}

enum ibc_status ibc_broker_attempt(const struct ibc_broker *broker, const char *profile,
                                   int64_t seen_ns, bool *again, struct ibc_error *err) {
    *again = false;
    auto_account account = {0};
    enum ibc_status status =
        account_open_charged(broker, profile, IBC_LEDGER_ATTEMPT, seen_ns, &account, err);
    if (status != IBC_OK) {
        return status;
    }
    if (account.seen) {
        *again = true;
        return IBC_OK;
    }
    struct ibc_ledger_entry entry = {.event = IBC_LEDGER_ATTEMPT, .seen_ns = seen_ns};
    memcpy(entry.credential, reported_credential(&account), sizeof entry.credential);
    struct ibc_audit_event event = {.event = "login", .verdict = "seen"};
    bool unused;
    return write_down(broker, &account, &entry, &event, MARK_NONE, &unused, err);
}

enum ibc_status ibc_broker_take_back(const struct ibc_broker *broker, const char *profile,
                                     const struct ibc_charge *charge, const char *why, bool *done,
                                     struct ibc_error *err) {
    *done = false;
    auto_account account = {0};
    enum ibc_status status =
        account_open_charged(broker, profile, IBC_LEDGER_CHARGE, 0, &account, err);
    if (status != IBC_OK) {
        return status;
    }
    size_t count;
    const struct ibc_ledger_entry *entries = ibc_ledger_entries(account.ledger, &count);
    const struct ibc_ledger_entry *last = count > 0 ? &entries[count - 1] : NULL;
    if (!last || last->sequence != charge->sequence || last->event != IBC_LEDGER_CHARGE ||
        memcmp(last->credential, charge->credential, sizeof last->credential) != 0) {
        return IBC_OK;
    }
    struct ibc_ledger_entry entry = {.event = IBC_LEDGER_UNDELIVERED};
    memcpy(entry.credential, charge->credential, sizeof entry.credential);
    struct ibc_audit_event event = {.event = "take-back", .verdict = "done", .why = why};
    bool unused;
    status = write_down(broker, &account, &entry, &event, MARK_NONE, &unused, err);
    *done = status == IBC_OK;
    return status;
}

enum ibc_status ibc_broker_clear(const struct ibc_broker *broker, const char *profile, bool *warned,
                                 struct ibc_error *err) {
    *warned = false;
    auto_account account = {0};
    enum ibc_status status = account_open(broker, profile, &account, err);
    if (status != IBC_OK) {
        return status;
    }
    struct ibc_ledger_entry entry = {.event = IBC_LEDGER_CLEAR};
    memcpy(entry.credential, account.credential, sizeof entry.credential);
    struct ibc_audit_event event = {.event = "clear", .verdict = "done"};
    return write_down(broker, &account, &entry, &event, MARK_CLEARED, warned, err);
}

enum ibc_status ibc_broker_awaits_outcome(const struct ibc_broker *broker, const char *profile,
                                          bool *awaits, struct ibc_error *err) {
    auto_account account = {0};
    enum ibc_status status =
        account_open_charged(broker, profile, IBC_LEDGER_CHARGE, 0, &account, err);
    *awaits = status == IBC_OK && account_awaits_outcome(&account);
    return status;
}

enum ibc_status ibc_broker_gate(const struct ibc_broker *broker, const char *profile,
                                struct ibc_gate_verdict *out, struct ibc_error *err) {
    auto_account account = {0};
    enum ibc_status status = account_open(broker, profile, &account, err);
    if (status != IBC_OK) {
        return status;
    }
    struct ibc_instant now;
    status = ibc_clock_now(&now, err);
    if (status == IBC_OK) {
        *out = account_gate(&account, broker->policy, &now);
    }
    return status;
}
