/* explain.c - a verdict of the gate in words. */
#include <ibcred/gate.h>

#include <ibcred/number.h>

struct words {
    const char *name;
    const char *because; /* NULL where numbers belong into it */
};

static const struct words words[] = {
    [IBC_REASON_NONE] = {"none", NULL},
    [IBC_REASON_IN_FLIGHT] = {"in-flight", "another login with this account is under way and what "
                                           "came of it has not been reported"},
    [IBC_REASON_REJECTED] = {"rejected", "IBKR rejected the last login of this account"},
    [IBC_REASON_THROTTLED] = {"throttled", "IBKR has locked this account for a while after too "
                                           "many failed logins"},
    [IBC_REASON_SECOND_FACTOR] = {"2fa-timeout", "nobody confirmed the last login's second factor "
                                                 "in time"},
    [IBC_REASON_SESSION_CONFLICT] = {"session-conflict",
                                     "another session holds this account's username"},
    [IBC_REASON_SILENT_DROP] = {"silent-drop", "IBKR dropped the last login without an answer"},
    [IBC_REASON_FAILED] = {"failed", "the last login of this account failed, though not, as far "
                                     "as is known, because of its password"},
    [IBC_REASON_UNKNOWN] = {"unknown", "nothing was heard of the last login, which may have "
                                       "failed"},
    [IBC_REASON_MAINTENANCE] = {"maintenance", "IBKR is in a maintenance window of the policy"},
    [IBC_REASON_ATTEMPTS] = {"attempts", NULL},
    [IBC_REASON_FAILURES] = {"failures", NULL},
    [IBC_REASON_CONTRADICTED] = {"contradicted", NULL},
    [IBC_REASON_BURNED] = {"burned", NULL},
};

const char *ibc_gate_reason_name(enum ibc_gate_reason reason) {
    return (size_t)reason < IBC_ARRAY_SIZE(words) ? words[reason].name : "?";
}

int64_t ibc_gate_wait_seconds(const struct ibc_gate_verdict *verdict) {
    return verdict->wait_ms / 1000 + (verdict->wait_ms % 1000 > 0 ? 1 : 0);
}

static enum ibc_status explain_wait(const struct ibc_gate_verdict *verdict,
                                    const struct ibc_gate_rules *rules, const char *profile,
                                    struct ibc_error *err) {
    int64_t seconds = ibc_gate_wait_seconds(verdict);
    char wait[IBC_DURATION_TEXT_MAX];
    char window[IBC_DURATION_TEXT_MAX];
    ibc_format_duration(seconds, wait);
    ibc_format_duration(rules->window, window);
    if (verdict->reason == IBC_REASON_ATTEMPTS) {
        ibc_fail(err, IBC_ERR_WAIT,
                 "profile '%s' must wait %s: %lld of its account's logins within %s may have "
                 "failed, and the policy allows %lld; 'ibcred report %s success' ends the wait if "
                 "the gateway did log in",
                 profile, wait, (long long)verdict->attempts, window,
                 (long long)rules->max_attempts, profile);
    } else if (verdict->reason == IBC_REASON_IN_FLIGHT) {
        ibc_fail(err, IBC_ERR_WAIT,
                 "profile '%s' must wait %s: %s; report it with 'ibcred report %s OUTCOME'",
                 profile, wait, words[verdict->reason].because, profile);
    } else {
        ibc_fail(err, IBC_ERR_WAIT, "profile '%s' must wait %s: %s; 'ibcred gate %s --wait' waits",
                 profile, wait, words[verdict->reason].because, profile);
    }
    err->retry_after = seconds;
    return err->status;
}

static enum ibc_status explain_hold(const struct ibc_gate_verdict *verdict,
                                    const struct ibc_gate_rules *rules, const char *profile,
                                    struct ibc_error *err) {
    if (verdict->reason == IBC_REASON_BURNED) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "profile '%s' is held: IBKR rejected this very username and password; seal "
                        "the right ones with 'ibcred seal %s', or, where IBKR was at fault, allow "
                        "them again with 'ibcred gate %s --clear'",
                        profile, profile, profile);
    }
    if (verdict->reason == IBC_REASON_CONTRADICTED) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "profile '%s' is held: the gateway logged in with its username and found "
                        "accounts of another kind than was asked for, live instead of paper or "
                        "the other way round; seal the username under its right kind or ask for "
                        "the right mode, then run 'ibcred gate %s --clear'",
                        profile, profile);
    }
    char window[IBC_DURATION_TEXT_MAX];
    ibc_format_duration(rules->window, window);
    return ibc_fail(err, IBC_ERR_REFUSED,
                    "profile '%s' is held: %lld of its account's logins failed within %s and the "
                    "policy allows fewer than %lld; find out why, log in once by hand, then run "
                    "'ibcred gate %s --clear'",
                    profile, (long long)verdict->failures, window, (long long)rules->max_failures,
                    profile);
}

enum ibc_status ibc_gate_explain(const struct ibc_gate_verdict *verdict,
                                 const struct ibc_gate_rules *rules, const char *profile,
                                 struct ibc_error *err) {
    switch (verdict->decision) {
    case IBC_GATE_ALLOW:
        return IBC_OK;
    case IBC_GATE_WAIT:
        return explain_wait(verdict, rules, profile, err);
    case IBC_GATE_HOLD:
        break;
    }
    return explain_hold(verdict, rules, profile, err);
}
