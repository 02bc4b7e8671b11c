/*
 * broker_user.h - what the broker knows of a user: every attempt, the failures, the lock.
 *
 * IBKR's knowledge base: ten consecutive failures within 24 hours lock a user, also for the right
 * password, until 24 hours after the last failure. Pure but for user_named(); times are
 * milliseconds since 1970.
 */
#ifndef STANDIN_BROKER_USER_H
#define STANDIN_BROKER_USER_H

#include "broker_account.h"

#include <stdio.h>

enum {
    USERS_MAX = 64,
    HISTORY_MAX = 4096, /* attempts of a user; there the broker gives up rather than forget one */
    FAILURES_TO_LOCK = 10,
};

enum outcome {
    OUTCOME_PENDING, /* not yet answered: a silent drop, a second factor */
    OUTCOME_ACCEPTED,
    OUTCOME_REJECTED,
    OUTCOME_LOCKED, /* refused because the user is locked */
    OUTCOME_THROTTLED,
    OUTCOME_DROPPED,
    OUTCOME_LOGIN_ERROR,
    OUTCOME_CONFLICT,
    OUTCOME_SECOND_FACTOR_TIMEOUT,
    OUTCOME_SECOND_FACTOR_STUCK,
    OUTCOME_COUNT,
};

struct record {
    int64_t at;
    bool live;
    bool inside_wait; /* it came before a wait that had been printed was over */
    enum outcome outcome;
};

struct user {
    char name[USERNAME_MAX + 1];
    struct record history[HISTORY_MAX];
    size_t attempts;
    size_t inside_wait; /* of them */
    size_t failures;
    size_t consecutive;                      /* failures since the last success */
    int64_t last_failures[FAILURES_TO_LOCK]; /* those, as a ring */
    int64_t locked_until;                    /* 0: never was locked */
    size_t locks;
    int64_t wait_until;    /* throttled until then */
    int64_t printed_until; /* the end of the last wait that was told */
    int64_t held_until;    /* a killed gateway's session */
    size_t at_once;        /* most connections that logged in or were logged in at one time */
};

/* The user of that name, made where there is none; NULL when there are too many. */
struct user *user_named(const char *name);

/* Note an attempt; it is pending until it has an outcome. Returns its record. */
struct record *user_attempts(struct user *user, bool live, int64_t now);

/* The outcome of an attempt of this user. */
void user_succeeds(struct user *user, struct record *record);
void user_fails(struct user *user, struct record *record, enum outcome outcome,
                const struct account *account, int64_t now);

bool user_is_locked(const struct user *user, int64_t now);

/* Tell the user to wait `seconds` from now on. */
void user_must_wait(struct user *user, int64_t seconds, int64_t now);

/* Every user's counts and attempts, as JSON: one object with a member a user. */
void users_write(FILE *file, int64_t now);

#endif
