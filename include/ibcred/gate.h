/*
 * gate.h - may this account log in now?
 *
 * A pure function of the ledger, the policy's numbers and the time. One attempt in flight an
 * account; waits as the last outcome demands; a budget of failures that holds for a person; and a
 * budget of attempts, below IBKR's ten, that no loop can pass.
 */
#ifndef IBCRED_GATE_H
#define IBCRED_GATE_H

#include <ibcred/clock.h>
#include <ibcred/ledger.h>
#include <ibcred/policy.h>

#pragma GCC visibility push(default)

enum ibc_gate_decision { IBC_GATE_ALLOW, IBC_GATE_WAIT, IBC_GATE_HOLD };

enum ibc_gate_reason {
    IBC_REASON_NONE,             /* allowed */
    IBC_REASON_IN_FLIGHT,        /* wait: an attempt has no outcome yet */
    IBC_REASON_REJECTED,         /* wait: after a rejected login */
    IBC_REASON_THROTTLED,        /* wait: what the gateway printed, or the default */
    IBC_REASON_SECOND_FACTOR,    /* wait: after a second factor that timed out */
    IBC_REASON_SESSION_CONFLICT, /* wait: another session holds the username */
    IBC_REASON_SILENT_DROP,      /* wait: the login was dropped */
    IBC_REASON_FAILED,           /* wait: after a login that failed for another reason */
    IBC_REASON_UNKNOWN,          /* wait: nothing was heard of the last attempt */
    IBC_REASON_MAINTENANCE,      /* wait: inside a maintenance window */
    IBC_REASON_ATTEMPTS,         /* wait: the budget of attempts is spent */
    IBC_REASON_FAILURES,         /* hold: the budget of failures is spent */
    IBC_REASON_CONTRADICTED,     /* hold: the account is of another kind than was asked for */
    IBC_REASON_BURNED,           /* hold: IBKR rejected this very credential */
};

struct ibc_gate_verdict {
    enum ibc_gate_decision decision;
    enum ibc_gate_reason reason;
    int64_t wait_ms;      /* with IBC_GATE_WAIT: at least this long from now */
    int64_t failures;     /* in the window, since the last success or clear */
    int64_t attempts;     /* likewise, those of unknown or harmful outcome */
    int64_t budget_ms;    /* with IBC_REASON_FAILURES and _ATTEMPTS: age of the oldest counted */
    int64_t in_flight_ms; /* whatever the reason is: until an attempt that has no outcome yet counts
                           * as unknown; 0: there is none */
};

/*
 * Decide. `entries` are the account's, oldest first; `credential` is the one to be released.
 * `maintenance_ms` is how long a maintenance window still lasts (0: none). Where several reasons
 * apply: a hold comes before a wait, and the longest wait before a shorter one.
 *
 * Once the budget of failures was reached the account stays held, however old they grow, until a
 * person clears it or a success is reported: IBKR counts consecutive failures, so a login that
 * succeeded has ended its count too. A success ends every wait as well, but not the hold of a
 * burned credential, which only a clear ends.
 *
 * A contradicted login did succeed: it ends waits and budgets as a success does, and then holds the
 * account, whatever the credential, until a person clears it: not even a success ends that. It is
 * named before every other hold, for behind it real money may be traded as if it were paper.
 *
 * An attempt counts as of the latest moment at which
 * it can have reached IBKR: its outcome's, or its time-out. Budgets of the rules are taken as at
 * least 1 and at most 32.
 *
 * Elapsed time counts only what some boot's CLOCK_BOOTTIME has shown to pass. The wall clock is
 * never believed, for a clock set forward before a reboot cannot be told from time that passed; so
 * setting it cannot open the gate early.
 *
 * Time while the machine is off does not count, nor what passed between the last entry and the
 * shutdown: after a boot, a wait goes on where the last entry left it, less the new uptime. The
 * entries must be one machine's: the uptime of a second one proves nothing about the first.
 */
struct ibc_gate_verdict ibc_gate_decide(
    const struct ibc_ledger_entry *entries, size_t count, const struct ibc_gate_rules *rules,
    const unsigned char credential[static IBC_CREDENTIAL_ID_BYTES], const struct ibc_instant *now,
    int64_t maintenance_ms);

/* The verdict's wait in whole seconds, rounded up. */
int64_t ibc_gate_wait_seconds(const struct ibc_gate_verdict *verdict);

/* A stable word for a reason, for JSON and the audit log ("in-flight", "throttled", …). */
const char *ibc_gate_reason_name(enum ibc_gate_reason reason);

/*
 * The verdict as a status and one sentence about `profile`: IBC_OK, IBC_ERR_WAIT (with
 * retry_after, rounded up) or IBC_ERR_REFUSED.
 */
IBC_CHECKED enum ibc_status ibc_gate_explain(const struct ibc_gate_verdict *verdict,
                                             const struct ibc_gate_rules *rules,
                                             const char *profile, struct ibc_error *err);

#pragma GCC visibility pop

#endif
