/*
 * login.h - from what a gateway's log says to what came of its logins.
 *
 * Follows one run of a container, event by event, and says when a login was made, what came of it,
 * and when the container must be stopped, because IBC would log in again by itself (IBC 3.24.1
 * restarts inside the container after a failed login, with no cap and no pause). Pure.
 *
 * In mode `both` two logins run beside one another and their lines carry no name. What cannot be
 * given to one of them is unknown for both, and unknown burns nothing.
 */
#ifndef IBCRED_LOGIN_H
#define IBCRED_LOGIN_H

#include <ibcred/gateway_log.h>
#include <ibcred/ledger.h>
#include <ibcred/policy.h>

#pragma GCC visibility push(default)

enum {
    IBC_LOGIN_SIDES_MAX = 2, /* mode `both`: [0] is live, [1] paper */
    IBC_LOGIN_WHY_MAX = 320, /* bytes of a sentence, with NUL */
};

enum ibc_login_phase {
    IBC_LOGIN_WAITING, /* no login yet */
    IBC_LOGIN_TRYING,  /* one is being made */
    IBC_LOGIN_FAILED,  /* the last one failed, or nobody knows what came of it */
    IBC_LOGIN_IN,      /* logged in */
};

/* The state of one run. A value; nothing in it is owned. */
struct ibc_login {
    enum ibc_mode mode;
    size_t count; /* of sides */
    struct ibc_login_side {
        enum ibc_login_phase phase;
        bool automatic;     /* nobody released for the login that is being made */
        bool second_factor; /* it was asked for */
        bool conflict;      /* another session was found */
    } sides[IBC_LOGIN_SIDES_MAX];
    bool automatic;     /* a supervisor, not a person, started this run */
    bool misconfigured; /* the container said that it cannot start as it is set up */
    size_t starts;      /* of IBC */
    size_t current;     /* the side that set its mode last */
    size_t unnamed;     /* successes that may be either side's */
};

/* What a login came to. */
struct ibc_login_outcome {
    bool given;
    enum ibc_outcome outcome;
    int64_t wait; /* seconds, with IBC_OUTCOME_THROTTLED */
    bool automatic;
};

/* The accounts that a login was seen to have. */
struct ibc_login_accounts {
    bool given;
    enum ibc_kind kind; /* of all of them */
};

/* What follows from an event. */
struct ibc_login_step {
    bool attempts[IBC_LOGIN_SIDES_MAX]; /* a login was made */
    struct ibc_login_outcome outcomes[IBC_LOGIN_SIDES_MAX];
    struct ibc_login_accounts accounts[IBC_LOGIN_SIDES_MAX];
    bool logged_in;   /* with this all sides are in */
    bool secret_read; /* the gateway has read its secrets */
    bool stop;        /* stop the container, now */
    bool expires;     /* IBKR ends the password in `expires_days` days; negative: soon */
    int64_t expires_days;
    enum ibc_notice notice;      /* 0: none */
    char why[IBC_LOGIN_WHY_MAX]; /* what happened, in words; "" where nothing did */
};

/* Begin a run. `automatic`: it was not a person who started it. */
void ibc_login_begin(struct ibc_login *login, enum ibc_mode mode, bool automatic);

/* Take an event of the log. */
void ibc_login_event(struct ibc_login *login, const struct ibc_log_match *match,
                     struct ibc_login_step *out);

/*
 * The run is over: what came of the logins that were being made? `timed_out`: the container still
 * runs, and nothing was heard of them for too long; it must be stopped then.
 */
void ibc_login_end(struct ibc_login *login, bool timed_out, struct ibc_login_step *out);

/* How many sides a mode has: 2 for `both`. */
static inline size_t ibc_login_side_count(enum ibc_mode mode) {
    return mode == IBC_MODE_BOTH ? 2 : 1;
}

/* The mode of a side: what was asked for, or in mode `both` live for [0] and paper for [1]. */
enum ibc_mode ibc_login_side_mode(enum ibc_mode mode, size_t side);

/*
 * The accounts of a side that has logged in are of `kind`, told by `source` ("the log", "the
 * gateway's API") with one of them, masked. Where they are not those of the mode, stop and why.
 */
void ibc_login_accounts(enum ibc_mode mode, size_t side, enum ibc_kind kind, const char *source,
                        const char *account, struct ibc_login_step *out);

/* Are all sides logged in? */
bool ibc_login_is_in(const struct ibc_login *login);

/* Has any login been made in this run? */
bool ibc_login_was_made(const struct ibc_login *login);

#pragma GCC visibility pop

#endif
