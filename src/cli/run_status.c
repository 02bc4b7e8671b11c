/* run_status.c - the end of a run, for whoever waits for the exit code. */
#include "cli/run_status.h"

/* What failed goes away by itself, or it does not. */
static enum ibc_status status_of_outcome(enum ibc_outcome outcome) {
    if (outcome == 0) {
        return IBC_ERR_UNAVAILABLE;
    }
    return outcome == IBC_OUTCOME_REJECTED ? IBC_ERR_REFUSED : IBC_ERR_WAIT;
}

static enum ibc_status status_of(const struct run *run) {
    if (run->contradicted) {
        return IBC_ERR_MISMATCH;
    }
    if (run->end == RUN_REMOVED) {
        return IBC_ERR_NOT_FOUND;
    }
    if (run->end == RUN_INTERRUPTED) {
        return IBC_ERR_WAIT;
    }
    return run->misconfigured ? IBC_ERR_UNAVAILABLE : status_of_outcome(run->outcome);
}

/* What is to be done next, in the words of the gate. */
static void add_gate(struct gateway *gateway, struct ibc_error *err) {
    enum ibc_gate_decision decision;
    struct ibc_error said;
    const struct ibc_error before = *err;
    if (gateway_gate(gateway, &decision, &said) == IBC_OK) {
        return;
    }
    const bool waits = before.status == IBC_ERR_WAIT;
    ibc_fail(err, waits && decision == IBC_GATE_HOLD ? IBC_ERR_REFUSED : before.status, "%s; %s",
             before.text, said.text);
    err->retry_after = err->status == IBC_ERR_WAIT ? said.retry_after : 0;
}

enum ibc_status run_status(struct gateway *gateway, const struct run *run, struct ibc_error *err) {
    if (run->end == RUN_LOGGED_IN) {
        return IBC_OK;
    }
    const bool stopped = run->end == RUN_STOPPED || run->end == RUN_TIMED_OUT;
    const enum ibc_status status = status_of(run);
    if (run->end == RUN_INTERRUPTED && run->is_in) {
        return ibc_fail(err, status,
                        "interrupted; the gateway of profile '%s' is logged in and goes on",
                        gateway->profile);
    }
    ibc_fail(err, status, "profile '%s' is not logged in: %s%s", gateway->profile, run->why,
             stopped ? "; the container is stopped" : "");
    if (run->end != RUN_INTERRUPTED && run->end != RUN_REMOVED) {
        add_gate(gateway, err);
    }
    return err->status;
}
