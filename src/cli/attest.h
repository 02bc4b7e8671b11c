/*
 * attest.h - asking a gateway that has logged in which accounts these are.
 *
 * The log tells that somebody logged in; the API tells who: its accounts prove the kind, and one
 * that is not of the mode that was asked for means that orders would go to the wrong account. The
 * probes run beside the log that is being followed and never keep it waiting.
 */
#ifndef IBCRED_CLI_ATTEST_H
#define IBCRED_CLI_ATTEST_H

#include "cli/gateway.h"
#include <ibcred/tws.h>

/* The zero value asks nothing. */
struct attestation {
    int64_t end_ms;  /* CLOCK_BOOTTIME at which it is given up; 0: nothing is asked */
    int64_t next_ms; /* CLOCK_BOOTTIME of the next try of what did not answer */
    struct attest_side {
        bool open; /* its answer is still to come */
        struct ibc_probe *probe;
        char why[IBC_ERROR_TEXT_MAX]; /* what the last probe found instead */
    } sides[IBC_LOGIN_SIDES_MAX];
};

/* Begin to ask, or begin anew. Asks nothing where the policy does not want it. */
void attest_begin(struct attestation *attestation, const struct gateway *gateway);
void attest_end(struct attestation *attestation);

/* Is an answer still to come? */
bool attest_goes_on(const struct attestation *attestation);

/* Wait until there is something to do: with the log at `log_fd` (-1: none), with a probe, or at
 * most `timeout_ms`. */
void attest_wait(const struct attestation *attestation, int log_fd, int64_t timeout_ms);

/*
 * Go on without waiting. True, with what follows from it, when one side's accounts are known. Says
 * what it finds; of a side that does not answer in time it says so, and that is all.
 */
bool attest_step(struct attestation *attestation, const struct gateway *gateway,
                 const struct ibc_container *container, struct ibc_login_step *out);

#endif
