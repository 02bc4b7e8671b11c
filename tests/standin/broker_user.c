/*
 * broker_user.c - counts attempts and failures, locks, and writes it all down.
 */
#include "broker_user.h"

#include <stdlib.h>
#include <string.h>

static const int64_t lock_window_ms = 24LL * 60 * 60 * 1000;

static struct user users[USERS_MAX];
static size_t user_count;

static const char *const outcome_names[] = {
    [OUTCOME_PENDING] = "pending",
    [OUTCOME_ACCEPTED] = "accepted",
    [OUTCOME_REJECTED] = "rejected",
    [OUTCOME_LOCKED] = "refused-locked",
    [OUTCOME_THROTTLED] = "throttled",
    [OUTCOME_DROPPED] = "dropped",
    [OUTCOME_LOGIN_ERROR] = "login-error",
    [OUTCOME_CONFLICT] = "conflict",
    [OUTCOME_SECOND_FACTOR_TIMEOUT] = "second-factor-timeout",
    [OUTCOME_SECOND_FACTOR_STUCK] = "second-factor-stuck",
};

struct user *user_named(const char *name) {
    for (size_t i = 0; i < user_count; i++) {
        if (strcmp(users[i].name, name) == 0) {
            return &users[i];
        }
    }
    if (user_count == USERS_MAX) {
        return NULL;
    }
    snprintf(users[user_count].name, sizeof users[user_count].name, "%s", name);
    return &users[user_count++];
}

struct record *user_attempts(struct user *user, bool live, int64_t now) {
    struct record *record = &user->history[user->attempts];

    if (user->attempts == HISTORY_MAX) {
        fprintf(stderr, "ib-broker: %s: more than %d attempts\n", user->name, HISTORY_MAX);
        exit(EXIT_FAILURE);
    }
    user->attempts++;
    *record = (struct record){.at = now, .live = live, .inside_wait = now < user->printed_until};
    user->inside_wait += record->inside_wait;
    return record;
}

void user_succeeds(struct user *user, struct record *record) {
    record->outcome = OUTCOME_ACCEPTED;
    user->consecutive = 0;
    user->wait_until = 0;
}

/* The failure that was FAILURES_TO_LOCK - 1 failures ago lies within the window, or the user is. */
static bool failures_lock(const struct user *user, int64_t now) {
    int64_t tenth_last = user->last_failures[user->consecutive % FAILURES_TO_LOCK];

    return user->consecutive >= FAILURES_TO_LOCK && now - tenth_last <= lock_window_ms;
}

void user_fails(struct user *user, struct record *record, enum outcome outcome,
                const struct account *account, int64_t now) {
    bool was_locked = user_is_locked(user, now);

    record->outcome = outcome;
    user->failures++;
    user->last_failures[user->consecutive % FAILURES_TO_LOCK] = now;
    user->consecutive++;
    if (was_locked || failures_lock(user, now)) {
        user->locks += !was_locked;
        user->locked_until = now + account->lock_ms;
    }
    if (account->throttle_after > 0 && user->consecutive >= (size_t)account->throttle_after &&
        user->wait_until <= now) {
        user->wait_until = now + account->throttle_s * 1000;
    }
}

bool user_is_locked(const struct user *user, int64_t now) {
    return now < user->locked_until;
}

void user_must_wait(struct user *user, int64_t seconds, int64_t now) {
    user->printed_until = now + seconds * 1000;
    user->wait_until = user->printed_until;
}

static size_t count(const struct user *user, enum outcome outcome) {
    size_t found = 0;

    for (size_t i = 0; i < user->attempts; i++) {
        found += user->history[i].outcome == outcome;
    }
    return found;
}

static void write_record(FILE *file, const struct record *record) {
    fprintf(file, "{\"at\": %lld.%03lld, \"mode\": \"%s\", \"outcome\": \"%s\", ",
            (long long)(record->at / 1000), (long long)(record->at % 1000),
            record->live ? "live" : "paper", outcome_names[record->outcome]);
    fprintf(file, "\"inside_wait\": %s}", record->inside_wait ? "true" : "false");
}

static void write_user(FILE *file, const struct user *user, int64_t now) {
    fprintf(file, "  \"%s\": {\n    \"attempts\": %zu, \"failures\": %zu, \"consecutive\": %zu,",
            user->name, user->attempts, user->failures, user->consecutive);
    fprintf(file, " \"inside_wait\": %zu, \"at_once\": %zu,\n", user->inside_wait, user->at_once);
    fprintf(file, "    \"locked\": %s, \"locks\": %zu,\n    \"outcomes\": {",
            user_is_locked(user, now) ? "true" : "false", user->locks);
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        fprintf(file, "%s\"%s\": %zu", i > 0 ? ", " : "", outcome_names[i],
                count(user, (enum outcome)i));
    }
    fprintf(file, "},\n    \"history\": [");
    for (size_t i = 0; i < user->attempts; i++) {
        fprintf(file, "%s\n      ", i > 0 ? "," : "");
        write_record(file, &user->history[i]);
    }
    fprintf(file, "\n    ]\n  }");
}

void users_write(FILE *file, int64_t now) {
    fprintf(file, "{");
    for (size_t i = 0; i < user_count; i++) {
        fprintf(file, "%s\n", i > 0 ? "," : "");
        write_user(file, &users[i], now);
    }
    fprintf(file, "\n}\n");
}
