/* report.c - what came of a release: ledger first, then the audit log, then the vault. */
#include "broker/account.h"
#include "broker/mark.h"

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

static const struct mark no_mark = {.type = MARK_NONE};

static struct mark mark_for(enum ibc_outcome outcome) {
    switch (outcome) {
    case IBC_OUTCOME_SUCCESS:
        return (struct mark){.type = MARK_PROVEN};
    case IBC_OUTCOME_REJECTED:
        return (struct mark){.type = MARK_BURNED};
    default:
        return no_mark;
    }
}

/* Ledger, then audit log; both durable. An entry without an event is none for the ledger. */
static enum ibc_status record(const struct ibc_broker *broker, struct account *account,
                              struct ibc_ledger_entry *entry, const struct ibc_audit_event *event,
                              struct ibc_error *err) {
    ibc_auto_audit *audit = NULL;
    enum ibc_status status = ibc_audit_open(broker->state_fd, ibc_vault_id(broker->vault),
                                            ibc_vault_audit_key(broker->vault), &audit, err);
    if (status != IBC_OK) {
        return status;
    }
    if (entry->event != 0) {
        status = ibc_ledger_append(account->ledger, entry, err);
    }
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
                                  struct mark mark, struct marked *marked, bool *warned,
                                  struct ibc_error *err) {
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
    if (status == IBC_OK) {
        *warned = mark_version(broker, account->profile, entry->credential, mark, entry->at.wall_ms,
                               marked, err) != IBC_OK ||
                  note_marked(broker, account->profile->name, marked, err) != IBC_OK;
    }
    return status;
}

/* Has this credential logged in before? Of one that is staged only what came since then counts. */
static bool logged_in_before(const struct ibc_broker *broker, const struct account *account,
                             const unsigned char *credential) {
    const struct ibc_version *version = version_with(broker->vault, account->profile, credential);
    if (version && version->state == IBC_VERSION_STAGED) {
        return account_canary(broker, account, version) == CANARY_PASSED;
    }
    size_t count;
    const struct ibc_ledger_entry *entries = ibc_ledger_entries(account->ledger, &count);
    for (size_t i = count; i > 0; i--) {
        if ((entries[i - 1].outcome == IBC_OUTCOME_SUCCESS ||
             entries[i - 1].outcome == IBC_OUTCOME_CONTRADICTED) &&
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
    memcpy(entry.credential, account_charged_credential(&account, &report->origin),
           sizeof entry.credential);
    if (report->outcome == IBC_OUTCOME_REJECTED && report->automatic &&
        logged_in_before(broker, &account, entry.credential)) {
        entry.outcome = IBC_OUTCOME_FAILED;
    }
    out->outcome = entry.outcome;
    struct ibc_audit_event event = {.event = "report", .verdict = ibc_outcome_name(entry.outcome)};
    struct marked marked = {0};
    status = write_down(broker, &account, &entry, &event, mark_for(entry.outcome), &marked,
                        &out->warned, err);
    out->promoted = marked.promoted;
    out->burned = marked.burned;
    return status;
}

/* The kind of account that a session of that mode has; 0 for `both`, which is two sessions. */
static enum ibc_kind expected_kind(enum ibc_mode mode) {
    switch (mode) {
    case IBC_MODE_PAPER:
        return IBC_KIND_PAPER;
    case IBC_MODE_LIVE:
        return IBC_KIND_LIVE;
    case IBC_MODE_BOTH:
    default:
        return 0;
    }
}

static bool is_valid(const struct ibc_attestation *seen) {
    return expected_kind(seen->mode) != 0 && seen->seen_ns >= 0 &&
           (seen->kind == IBC_KIND_PAPER || seen->kind == IBC_KIND_LIVE);
}

/* `seen` as an entry of the ledger, which an agreement adds nothing to. */
static struct ibc_ledger_entry attested_entry(const struct account *account,
                                              const struct ibc_attestation *seen,
                                              bool contradicts) {
    struct ibc_ledger_entry entry = {0};
    if (contradicts) {
        entry.event = IBC_LEDGER_OUTCOME;
        entry.outcome = IBC_OUTCOME_CONTRADICTED;
        entry.seen_ns = seen->seen_ns;
    }
    memcpy(entry.credential, account_charged_credential(account, &seen->origin),
           sizeof entry.credential);
    return entry;
}

enum ibc_status ibc_broker_attest(const struct ibc_broker *broker, const char *profile,
                                  const struct ibc_attestation *seen, struct ibc_attested *out,
                                  struct ibc_error *err) {
    *out = (struct ibc_attested){0};
    if (!is_valid(seen)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "profile '%s': an account proves nothing unless it is paper or live, seen "
                        "in one of these modes, at a time since 1970",
                        profile);
    }
    auto_account account = {0};
    enum ibc_status status =
        account_open_charged(broker, profile, IBC_LEDGER_OUTCOME, seen->seen_ns, &account, err);
    if (status != IBC_OK) {
        return status;
    }
    out->contradicts = seen->kind != expected_kind(seen->mode) ||
                       (seen->kind == IBC_KIND_LIVE && account.profile->kind == IBC_KIND_PAPER);
    /* A success may stand there with the same time: that is no contradiction. */
    if (out->contradicts && account.seen && account.seen_as == IBC_OUTCOME_CONTRADICTED) {
        out->again = true;
        return IBC_OK;
    }
    struct ibc_ledger_entry entry = attested_entry(&account, seen, out->contradicts);
    struct ibc_audit_event event = {
        .event = "attest",
        .mode = ibc_mode_name(seen->mode),
        .verdict = out->contradicts ? ibc_outcome_name(entry.outcome) : "attested",
        .why = seen->kind == IBC_KIND_LIVE ? "the gateway logged in to a live account"
                                           : "the gateway logged in to a paper account",
    };
    const struct mark mark = {.type = MARK_PROVEN, .kind = seen->kind};
    struct marked unused;
    return write_down(broker, &account, &entry, &event, mark, &unused, &out->warned, err);
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
    memcpy(entry.credential, account_charged_credential(&account, NULL), sizeof entry.credential);
    struct ibc_audit_event event = {.event = "login", .verdict = "seen"};
    struct marked unmarked;
    bool unused;
    return write_down(broker, &account, &entry, &event, no_mark, &unmarked, &unused, err);
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
    struct marked unmarked;
    bool unused;
    status = write_down(broker, &account, &entry, &event, no_mark, &unmarked, &unused, err);
    *done = status == IBC_OK;
    return status;
}

/* Clear what is held against the version that `canary` chooses. */
static enum ibc_status clear_version(const struct ibc_broker *broker, const char *profile,
                                     enum ibc_canary canary, bool *warned, struct ibc_error *err) {
    auto_account account = {0};
    enum ibc_status status = account_open(broker, profile, canary, &account, err);
    if (status != IBC_OK) {
        return status;
    }
    struct ibc_ledger_entry entry = {.event = IBC_LEDGER_CLEAR};
    memcpy(entry.credential, account.credential, sizeof entry.credential);
    struct ibc_audit_event event = {.event = "clear", .verdict = "done"};
    const struct mark mark = {.type = MARK_CLEARED};
    struct marked unused;
    return write_down(broker, &account, &entry, &event, mark, &unused, warned, err);
}

enum ibc_status ibc_broker_clear(const struct ibc_broker *broker, const char *profile, bool *warned,
                                 struct ibc_error *err) {
    *warned = false;
    ibc_auto_profile *before = NULL;
    enum ibc_status status = ibc_vault_get(broker->vault, profile, &before, err);
    if (status == IBC_OK) {
        status = clear_version(broker, profile, IBC_CANARY_NEVER, warned, err);
    }
    if (status == IBC_OK && !*warned && ibc_profile_staged(before)) {
        status = clear_version(broker, profile, IBC_CANARY_ANY, warned, err);
    }
    return status;
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
    enum ibc_status status = account_open(broker, profile, IBC_CANARY_ANY, &account, err);
    if (status != IBC_OK) {
        return status;
    }
    struct ibc_instant now;
    status = ibc_clock_now(&now, err);
    if (status == IBC_OK) {
        *out = account_gate(broker, &account, &now);
    }
    return status;
}
