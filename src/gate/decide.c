/*
 * decide.c - the ledger, folded entry by entry into what stands against a release now.
 *
 * A charge that no outcome, undelivery or clear has followed is in flight until the attempt's
 * time-out, and then counts as unknown as of that moment. An outcome that comes later still is
 * taken for what it says, as long as no new charge stands between. Every outcome raises its wait;
 * only a success or a person lowers them.
 */
#include <ibcred/gate.h>

#include "gate/budget.h"
#include "gate/proven_clock.h"
#include "gate/saturate.h"
#include <string.h>

/* What a success or a person wipes. The zero value is the clean slate. Times are proven ones. */
struct slate {
    bool in_flight;
    bool seen; /* the attempt in flight, by a log */
    int64_t charged_at;
    int64_t wait_until; /* the latest end of all waits */
    enum ibc_gate_reason wait_reason;
    enum ibc_outcome row;   /* the outcome that repeats; 0 = none */
    int64_t row_wait;       /* seconds that its last one asked for */
    bool drops_persist;     /* the doubling of silent drops has reached its cap */
    struct budget failures; /* logins that IBKR counts as failed, when they were reported */
    struct budget attempts; /* logins that it may count, at the latest time they can have been */
    bool held;              /* the budget of failures was reached */
};

struct fold {
    const struct ibc_gate_rules *rules;
    const unsigned char *credential;
    struct proven_clock clock;
    struct slate slate;
    bool burned;
    bool contradicted; /* the account: no success ends it, only a person */
};

static int64_t milliseconds(int64_t seconds) {
    return saturating_multiply(larger(seconds, 0), 1000);
}

static int64_t limit_of(int64_t limit) {
    return smaller(larger(limit, 1), BUDGET_LIMIT_MAX);
}

/* --- waits --- */

/* The wait that follows one of `previous` seconds (0 = none), doubling from `first` to `cap`. */
static int64_t doubled(int64_t previous, int64_t first, int64_t cap) {
    return smaller(previous > 0 ? saturating_multiply(previous, 2) : first, cap);
}

static int64_t throttled_wait(struct slate *slate, const struct ibc_gate_rules *rules,
                              int64_t printed) {
    slate->row_wait = doubled(slate->row_wait, rules->throttled_wait, rules->throttled_cap);
    return saturating_add(larger(printed, slate->row_wait), rules->throttled_margin);
}

/* Doubling to its cap, then on from a longer wait that grows by per cent to a cap of its own. */
static int64_t silent_drop_wait(struct slate *slate, const struct ibc_gate_rules *rules) {
    int64_t previous = slate->row_wait;
    if (slate->drops_persist) {
        int64_t grown = saturating_multiply(previous, rules->persistent_drop_growth) / 100;
        slate->row_wait = smaller(larger(grown, previous), rules->persistent_drop_cap);
    } else if (previous >= rules->silent_drop_cap) {
        slate->drops_persist = true;
        slate->row_wait = smaller(rules->persistent_drop_wait, rules->persistent_drop_cap);
    } else {
        slate->row_wait = doubled(previous, rules->silent_drop_wait, rules->silent_drop_cap);
    }
    return slate->row_wait;
}

/* How many seconds `outcome` asks for, and why. */
static int64_t wait_after(struct slate *slate, const struct ibc_gate_rules *rules,
                          enum ibc_outcome outcome, int64_t printed, enum ibc_gate_reason *reason) {
    switch (outcome) {
    case IBC_OUTCOME_REJECTED:
        *reason = IBC_REASON_REJECTED;
        return rules->rejected_wait;
    case IBC_OUTCOME_THROTTLED:
        *reason = IBC_REASON_THROTTLED;
        return throttled_wait(slate, rules, printed);
    case IBC_OUTCOME_SECOND_FACTOR_TIMEOUT:
        *reason = IBC_REASON_SECOND_FACTOR;
        return rules->second_factor_wait;
    case IBC_OUTCOME_SESSION_CONFLICT:
        *reason = IBC_REASON_SESSION_CONFLICT;
        return rules->session_conflict_wait;
    case IBC_OUTCOME_FAILED:
        *reason = IBC_REASON_FAILED;
        return rules->rejected_wait;
    case IBC_OUTCOME_SILENT_DROP:
        *reason = IBC_REASON_SILENT_DROP;
        return silent_drop_wait(slate, rules);
    default:
        *reason = IBC_REASON_UNKNOWN;
        return rules->unknown_wait;
    }
}

static void raise_wait(struct slate *slate, int64_t until, enum ibc_gate_reason reason) {
    if (until > slate->wait_until) {
        slate->wait_until = until;
        slate->wait_reason = reason;
    }
}

/* --- outcomes --- */

static bool is_failure(enum ibc_outcome outcome) {
    return outcome == IBC_OUTCOME_REJECTED || outcome == IBC_OUTCOME_FAILED ||
           outcome == IBC_OUTCOME_SECOND_FACTOR_TIMEOUT;
}

/*
 * May IBKR have counted a failed login? An outcome without a charge of its own comes from a login
 * that the gateway's container made by itself; only "unknown" tells of no login at all then.
 */
static bool may_count(enum ibc_outcome outcome, bool charged) {
    return is_failure(outcome) || outcome == IBC_OUTCOME_THROTTLED ||
           (outcome == IBC_OUTCOME_UNKNOWN && charged);
}

static void count_failure(struct fold *fold, int64_t at) {
    struct slate *slate = &fold->slate;
    budget_add(&slate->failures, at);
    if (budget_count(&slate->failures, milliseconds(fold->rules->window), at) >=
        limit_of(fold->rules->max_failures)) {
        slate->held = true;
    }
}

static void take_outcome(struct fold *fold, enum ibc_outcome outcome, int64_t printed, int64_t at) {
    if (outcome == IBC_OUTCOME_SUCCESS || outcome == IBC_OUTCOME_CONTRADICTED) {
        fold->slate = (struct slate){0};
        return;
    }
    struct slate *slate = &fold->slate;
    if (slate->row != outcome) {
        slate->row = outcome;
        slate->row_wait = 0;
        slate->drops_persist = false;
    }
    enum ibc_gate_reason reason;
    int64_t wait = wait_after(slate, fold->rules, outcome, printed, &reason);
    raise_wait(slate, saturating_add(at, milliseconds(wait)), reason);
    if (is_failure(outcome)) {
        count_failure(fold, at);
    }
    if (may_count(outcome, slate->in_flight)) {
        budget_add(&slate->attempts, at);
    }
    slate->in_flight = false;
}

static int64_t timeout_of(const struct fold *fold) {
    return saturating_add(fold->slate.charged_at, milliseconds(fold->rules->attempt_timeout));
}

/* The attempt in flight, if there is one, was never heard of. */
static void time_out(struct fold *fold) {
    if (fold->slate.in_flight) {
        take_outcome(fold, IBC_OUTCOME_UNKNOWN, 0, timeout_of(fold));
    }
}

/* --- entries --- */

static bool is_same_credential(const struct fold *fold, const struct ibc_ledger_entry *entry) {
    return memcmp(fold->credential, entry->credential, IBC_CREDENTIAL_ID_BYTES) == 0;
}

static void fold_charge(struct fold *fold, int64_t at) {
    time_out(fold);
    fold->slate.in_flight = true;
    fold->slate.seen = false;
    fold->slate.charged_at = at;
}

/*
 * A login that was seen is the one in flight, or else one that nobody released. Its time begins
 * anew when it is seen: a gateway may start so slowly that its charge has timed out by then.
 */
static void fold_attempt(struct fold *fold, int64_t at) {
    if (!fold->slate.in_flight || fold->slate.seen) {
        fold_charge(fold, at);
    }
    fold->slate.seen = true;
    fold->slate.charged_at = at;
}

static void fold_outcome(struct fold *fold, const struct ibc_ledger_entry *entry, int64_t at) {
    if (entry->outcome == IBC_OUTCOME_REJECTED && is_same_credential(fold, entry)) {
        fold->burned = true;
    }
    fold->contradicted |= entry->outcome == IBC_OUTCOME_CONTRADICTED;
    take_outcome(fold, entry->outcome, entry->wait, at);
}

static void fold_clear(struct fold *fold, const struct ibc_ledger_entry *entry) {
    if (is_same_credential(fold, entry)) {
        fold->burned = false;
    }
    fold->contradicted = false;
    fold->slate = (struct slate){0};
}

static void fold_entries(struct fold *fold, const struct ibc_ledger_entry *entries, size_t count) {
    for (size_t i = 0; i < count; i++) {
        int64_t at = proven_clock_advance(&fold->clock, &entries[i].at);
        switch (entries[i].event) {
        case IBC_LEDGER_CHARGE:
            if (!ibc_ledger_taken_back(entries, count, i)) {
                fold_charge(fold, at);
            }
            break;
        case IBC_LEDGER_OUTCOME:
            fold_outcome(fold, &entries[i], at);
            break;
        case IBC_LEDGER_ATTEMPT:
            fold_attempt(fold, at);
            break;
        case IBC_LEDGER_CLEAR:
            fold_clear(fold, &entries[i]);
            break;
        case IBC_LEDGER_UNDELIVERED: /* its charge was left out */
            break;
        }
    }
}

/* --- the verdict --- */

static void consider_wait(struct ibc_gate_verdict *verdict, int64_t wait_ms,
                          enum ibc_gate_reason reason) {
    if (verdict->decision != IBC_GATE_HOLD && wait_ms > verdict->wait_ms) {
        verdict->decision = IBC_GATE_WAIT;
        verdict->reason = reason;
        verdict->wait_ms = wait_ms;
    }
}

static void hold(struct ibc_gate_verdict *verdict, enum ibc_gate_reason reason) {
    verdict->decision = IBC_GATE_HOLD;
    verdict->reason = reason;
    verdict->wait_ms = 0;
}

/* Until so few attempts are left in the window that one more fits. */
static int64_t attempts_wait(const struct fold *fold, int64_t counted, int64_t now) {
    int64_t limit = limit_of(fold->rules->max_attempts);
    if (counted < limit) {
        return 0;
    }
    int64_t leaves =
        saturating_add(budget_at(&fold->slate.attempts, limit), milliseconds(fold->rules->window));
    return leaves - now;
}

static int64_t age_of_oldest(const struct budget *budget, int64_t counted, int64_t now) {
    return counted > 0 ? larger(now - budget_at(budget, counted), 0) : 0;
}

/* Failures in the window, and once the account is held no fewer than it takes to hold it. */
static int64_t failures_counted(const struct fold *fold, int64_t now) {
    int64_t counted = budget_count(&fold->slate.failures, milliseconds(fold->rules->window), now);
    return fold->slate.held ? larger(counted, limit_of(fold->rules->max_failures)) : counted;
}

static struct ibc_gate_verdict conclude(const struct fold *fold, int64_t now,
                                        int64_t maintenance_ms) {
    const struct slate *slate = &fold->slate;
    struct ibc_gate_verdict verdict = {
        .failures = failures_counted(fold, now),
        .attempts = budget_count(&slate->attempts, milliseconds(fold->rules->window), now),
        .in_flight_ms = slate->in_flight ? timeout_of(fold) - now : 0,
    };
    consider_wait(&verdict, verdict.in_flight_ms, IBC_REASON_IN_FLIGHT);
    consider_wait(&verdict, slate->wait_until - now, slate->wait_reason);
    consider_wait(&verdict, attempts_wait(fold, verdict.attempts, now), IBC_REASON_ATTEMPTS);
    consider_wait(&verdict, maintenance_ms, IBC_REASON_MAINTENANCE);

    /*
     * A burned credential is named before the budget: clearing the account would make it usable
     * again. So it does with the contradiction, which is the worse one to clear unawares.
     */
    if (fold->contradicted) {
        hold(&verdict, IBC_REASON_CONTRADICTED);
    } else if (fold->burned) {
        hold(&verdict, IBC_REASON_BURNED);
    } else if (slate->held) {
        hold(&verdict, IBC_REASON_FAILURES);
    }
    if (verdict.reason == IBC_REASON_ATTEMPTS) {
        verdict.budget_ms = age_of_oldest(&slate->attempts, verdict.attempts, now);
    } else if (verdict.reason == IBC_REASON_FAILURES) {
        verdict.budget_ms = age_of_oldest(&slate->failures, verdict.failures, now);
    }
    return verdict;
}

struct ibc_gate_verdict ibc_gate_decide(
    const struct ibc_ledger_entry *entries, size_t count, const struct ibc_gate_rules *rules,
    const unsigned char credential[static IBC_CREDENTIAL_ID_BYTES], const struct ibc_instant *now,
    int64_t maintenance_ms) {
    struct fold fold = {.rules = rules, .credential = credential};
    fold_entries(&fold, entries, count);

    int64_t reading = proven_clock_advance(&fold.clock, now);
    if (fold.slate.in_flight) {
        if (reading >= timeout_of(&fold)) {
            time_out(&fold);
        } else {
            budget_add(&fold.slate.attempts, timeout_of(&fold));
        }
    }
    return conclude(&fold, reading, maintenance_ms);
}
