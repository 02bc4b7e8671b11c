/*
 * gate_oracle.h - what IBKR and the rules would say, from true time. Written without a look at
 * the gate: it keeps every login that happened and searches them all, again and again.
 *
 * It knows what no process can know: when each login really reached IBKR, and how much time really
 * passed. Times are true milliseconds.
 */
#ifndef IBCRED_TESTS_GATE_ORACLE_H
#define IBCRED_TESTS_GATE_ORACLE_H

#include "gate_rules.h"
#include <ibcred/gate.h>

enum { LOGINS_MAX = 4096, CREDENTIALS_MAX = 512 };

/* A login that may have reached IBKR: of a release, or the container's own. */
struct login {
    bool released; /* ours; otherwise the container tried by itself */
    int64_t released_at;
    int64_t tried_at; /* when IBKR saw it */
    bool seen;        /* its line in the gateway's log was read */
    int64_t seen_at;
    bool told;
    int64_t told_at;
    enum ibc_outcome outcome; /* when told */
    int64_t printed;
};

struct oracle {
    struct ibc_gate_rules rules;
    struct login logins[LOGINS_MAX]; /* since the last success or clear */
    int count;
    bool burned[CREDENTIALS_MAX];
    bool contradicted; /* a login saw accounts of the wrong kind, and nobody has looked since */
};

/* What stands against a release, in true time. */
struct opinion {
    bool burned;
    bool held;
    bool contradicted;
    int64_t free_at; /* no wait and nothing in flight from here on */
};

static bool failed(enum ibc_outcome outcome) {
    return outcome == IBC_OUTCOME_REJECTED || outcome == IBC_OUTCOME_FAILED ||
           outcome == IBC_OUTCOME_SECOND_FACTOR_TIMEOUT;
}

static bool outstanding(const struct oracle *oracle) {
    if (oracle->count == 0) {
        return false;
    }
    const struct login *last = &oracle->logins[oracle->count - 1];
    return (last->released || last->seen) && !last->told;
}

/* What is believed of a login, once its time is over. */
static enum ibc_outcome believed(const struct login *login) {
    return login->told ? login->outcome : IBC_OUTCOME_UNKNOWN;
}

/*
 * The latest time at which it can have ended, for all that is known. Whoever saw a login begin
 * gives it its time from there: a gateway that takes long to start logs in all the same.
 */
static int64_t over_at(const struct oracle *oracle, const struct login *login) {
    int64_t begun_at = login->seen ? login->seen_at : login->released_at;
    return login->told ? login->told_at : begun_at + oracle->rules.attempt_timeout * 1000;
}

/* May IBKR have counted it as failed, for all that is known? */
static bool possibly_failed(const struct login *login) {
    if (!login->released && !login->seen && believed(login) == IBC_OUTCOME_UNKNOWN) {
        return false; /* nothing says that there was a login at all */
    }
    return believed(login) != IBC_OUTCOME_SESSION_CONFLICT &&
           believed(login) != IBC_OUTCOME_SILENT_DROP;
}

/* Seconds to wait after the n-th (from 0) of a row, written out for test_rules. */
static int64_t wait_of(const struct oracle *oracle, const struct login *login, int n) {
    static const int64_t throttles[] = {59, 118, 236, 300};
    static const int64_t drops[] = {60, 120, 240, 480, 600, 1200, 1800, 2700, 3600};
    switch (believed(login)) {
    case IBC_OUTCOME_REJECTED:
    case IBC_OUTCOME_FAILED:
        return oracle->rules.rejected_wait;
    case IBC_OUTCOME_THROTTLED: {
        int64_t base = throttles[n < 3 ? n : 3];
        return (login->printed > base ? login->printed : base) + 3;
    }
    case IBC_OUTCOME_SECOND_FACTOR_TIMEOUT:
        return oracle->rules.second_factor_wait;
    case IBC_OUTCOME_SESSION_CONFLICT:
        return oracle->rules.session_conflict_wait;
    case IBC_OUTCOME_SILENT_DROP:
        return drops[n < 8 ? n : 8];
    default:
        return oracle->rules.unknown_wait;
    }
}

/* How many logins just before number `index` ended as it did. */
static int row_before(const struct oracle *oracle, int index) {
    int before = index;
    while (before > 0 &&
           believed(&oracle->logins[before - 1]) == believed(&oracle->logins[index])) {
        before--;
    }
    return index - before;
}

/* Was there ever a window with too many failures in it? */
static bool failures_hold(const struct oracle *oracle) {
    for (int end = 0; end < oracle->count; end++) {
        int64_t from = oracle->logins[end].told_at - oracle->rules.window * 1000;
        int64_t count = 0;
        for (int i = 0; i <= end; i++) {
            const struct login *login = &oracle->logins[i];
            count += login->told && failed(login->outcome) && login->told_at > from;
        }
        if (oracle->logins[end].told && count >= oracle->rules.max_failures) {
            return true;
        }
    }
    return false;
}

/* The first moment from `now` on at which fewer than the budget's attempts are in the window. */
static int64_t attempts_free_at(const struct oracle *oracle, int64_t now) {
    int64_t window = oracle->rules.window * 1000;
    int64_t free_at = now;
    for (;;) {
        int64_t count = 0;
        int64_t oldest = INT64_MAX;
        for (int i = 0; i < oracle->count; i++) {
            int64_t over = over_at(oracle, &oracle->logins[i]);
            if (possibly_failed(&oracle->logins[i]) && over + window > free_at) {
                count++;
                oldest = over < oldest ? over : oldest;
            }
        }
        if (count < oracle->rules.max_attempts) {
            return free_at;
        }
        free_at = oldest + window;
    }
}

static struct opinion ask_oracle(const struct oracle *oracle, int credential, int64_t now) {
    struct opinion opinion = {
        .burned = oracle->burned[credential],
        .held = failures_hold(oracle),
        .contradicted = oracle->contradicted,
        .free_at = attempts_free_at(oracle, now),
    };
    for (int i = 0; i < oracle->count; i++) {
        int64_t end = over_at(oracle, &oracle->logins[i]);
        bool over = i + 1 < oracle->count || !outstanding(oracle) || end <= now;
        if (over) {
            end += wait_of(oracle, &oracle->logins[i], row_before(oracle, i)) * 1000;
        }
        opinion.free_at = end > opinion.free_at ? end : opinion.free_at;
    }
    return opinion;
}

/* How many logins that may have failed did IBKR really see in the window before `now`? */
static int64_t seen_by_ibkr(const struct oracle *oracle, int64_t now) {
    int64_t count = 0;
    for (int i = 0; i < oracle->count; i++) {
        const struct login *login = &oracle->logins[i];
        count += possibly_failed(login) && login->tried_at > now - oracle->rules.window * 1000;
    }
    return count;
}

/* --- what happens --- */

static void oracle_release(struct oracle *oracle, int64_t at, int64_t tried_at) {
    oracle->logins[oracle->count++] =
        (struct login){.released = true, .released_at = at, .tried_at = tried_at};
}

/*
 * The log's line of a login that IBKR saw at `tried_at` is read. What was released and not yet
 * seen is that login; a second one after it, or one without a release, is the container's own.
 */
static void oracle_see(struct oracle *oracle, int64_t tried_at, int64_t at) {
    struct login *last = oracle->count > 0 ? &oracle->logins[oracle->count - 1] : NULL;
    if (!last || last->told || last->seen || !last->released) {
        last = &oracle->logins[oracle->count++];
        *last = (struct login){.released = false};
    }
    last->seen = true;
    last->seen_at = at;
    last->tried_at = tried_at;
}

/* The login that was to reach IBKR at `tried_at` never will: its container is gone. */
static void oracle_forgo(struct oracle *oracle, int64_t tried_at) {
    for (int i = 0; i < oracle->count; i++) {
        if (oracle->logins[i].tried_at == tried_at) {
            oracle->logins[i].tried_at = INT64_MIN;
        }
    }
}

static void oracle_undeliver(struct oracle *oracle) {
    oracle->count--;
}

static void oracle_tell(struct oracle *oracle, int credential, enum ibc_outcome outcome,
                        int64_t printed, int64_t at) {
    if (outcome == IBC_OUTCOME_REJECTED) {
        oracle->burned[credential] = true;
    }
    if (outcome == IBC_OUTCOME_CONTRADICTED) {
        oracle->contradicted = true;
    }
    if (outcome == IBC_OUTCOME_SUCCESS || outcome == IBC_OUTCOME_CONTRADICTED) {
        oracle->count = 0; /* it did log in, so IBKR's count is at an end */
        return;
    }
    if (!outstanding(oracle)) {
        oracle->logins[oracle->count++] = (struct login){.tried_at = at};
    }
    struct login *login = &oracle->logins[oracle->count - 1];
    login->told = true;
    login->told_at = at;
    login->outcome = outcome;
    login->printed = printed;
}

static void oracle_clear(struct oracle *oracle, int credential) {
    oracle->count = 0;
    oracle->burned[credential] = false;
    oracle->contradicted = false;
}

#endif
