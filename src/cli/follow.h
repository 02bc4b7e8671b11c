/*
 * follow.h - one run of a container, from its start to its end, by its log.
 */
#ifndef IBCRED_CLI_FOLLOW_H
#define IBCRED_CLI_FOLLOW_H

#include "cli/gateway.h"

enum run_end {
    RUN_LOGGED_IN,   /* and goes on; only where that was all one wanted to know */
    RUN_STOPPED,     /* by us, because of what the log said */
    RUN_TIMED_OUT,   /* nothing was heard of the login; stopped by us */
    RUN_ENDED,       /* by itself */
    RUN_REMOVED,     /* the container is gone */
    RUN_INTERRUPTED, /* somebody wants us to end */
};

struct run {
    enum run_end end;
    bool was_in;                 /* it had logged in at some time */
    bool is_in;                  /* and was, when it ended or was left */
    int64_t in_ms;               /* for how long, as far as it was followed */
    enum ibc_outcome outcome;    /* of the first login that failed; 0 where none did */
    size_t proven;               /* sides whose accounts were seen to be of the mode */
    bool contradicted;           /* the account is not of the mode's kind */
    bool misconfigured;          /* the container cannot start as it is set up */
    char why[IBC_LOGIN_WHY_MAX]; /* of the end */
};

struct follow_options {
    bool until_in;  /* return as soon as it is logged in */
    bool automatic; /* a supervisor started this run */
    bool alone;     /* nobody starts the container again: leave it as it is when interrupted */
    bool troubled;  /* there was trouble before, so a login is news */
};

/*
 * Follow the log of `container`, from its last start on, write down what it says, and stop the
 * container where it must be. A run that has ended is read all the same. Everything was written
 * down once `*out` is there. IBC_ERR_REFUSED: its log cannot be read.
 */
IBC_CHECKED enum ibc_status follow(struct gateway *gateway, const struct ibc_container *container,
                                   const struct follow_options *options, struct run *out,
                                   struct ibc_error *err);

#endif
