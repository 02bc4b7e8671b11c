/*
 * broker_login.c - answers a login by the account's file and by what the user has done so far.
 */
#include "broker_login.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct connection connections[CONNECTIONS_MAX];

static bool is_after_login(enum answer answer) {
    return answer == ANSWER_CRASH || answer == ANSWER_LOGOFF || answer == ANSWER_RESTART ||
           answer == ANSWER_COLD_RESTART;
}

/* The session of this user that another connection has. */
static struct connection *other_session(const struct connection *connection) {
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *other = &connections[i];

        if (other != connection && other->fd >= 0 && other->user == connection->user &&
            other->state == STATE_SESSION) {
            return other;
        }
    }
    return NULL;
}

static void note_how_many_at_once(struct user *user) {
    size_t now = 0;

    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        now += connections[i].fd >= 0 && connections[i].user == user &&
               connections[i].state != STATE_IDLE;
    }
    if (now > user->at_once) {
        user->at_once = now;
    }
}

static void accept_login(struct connection *connection, int64_t now) {
    const struct account *account = &connection->account;
    const char *usual = connection->record->live ? "U1234567" : "DU1234567";

    user_succeeds(connection->user, connection->record);
    connection->state = STATE_SESSION;
    connection->due = is_after_login(connection->answer) ? now + account->after_ms : 0;
    if (connection->answer == ANSWER_EXPIRY) {
        send_line(connection->fd, "expiry");
    }
    send_line(connection->fd, "accepted %s", *account->account != '\0' ? account->account : usual);
}

static void refuse(struct connection *connection, enum outcome outcome, int64_t now) {
    connection->state = STATE_IDLE;
    user_fails(connection->user, connection->record, outcome, &connection->account, now);
    send_line(connection->fd, "rejected %s", connection->account.rejection);
}

static void throttle(struct connection *connection, int64_t seconds, int64_t now) {
    connection->state = STATE_IDLE;
    connection->record->outcome = OUTCOME_THROTTLED;
    user_must_wait(connection->user, seconds, now);
    send_line(connection->fd, "throttled %lld", (long long)seconds);
}

/* What comes before any look at the password. False: the login is still to be answered. */
static bool answer_unseen(struct connection *connection, int64_t now) {
    struct user *user = connection->user;
    const struct account *account = &connection->account;
    bool locked = user_is_locked(user, now);

    if (locked && strcmp(account->lock_answer, "rejected") == 0) {
        refuse(connection, OUTCOME_LOCKED, now);
        return true;
    }
    if (locked || now < user->wait_until) {
        int64_t left = (user->wait_until - now + 999) / 1000;

        user_fails(user, connection->record, OUTCOME_THROTTLED, account, now);
        throttle(connection, left > 0 ? left : account->throttle_s, now);
        return true;
    }
    switch (connection->answer) {
    case ANSWER_THROTTLE:
        throttle(connection, account->throttle_s, now);
        return true;
    case ANSWER_DROP:
        connection->record->outcome = OUTCOME_DROPPED;
        return true;
    case ANSWER_LOGIN_ERROR:
        connection->state = STATE_IDLE;
        connection->record->outcome = OUTCOME_LOGIN_ERROR;
        send_line(connection->fd, "login-error");
        return true;
    default:
        return false;
    }
}

/* To the right username and password. */
static void answer_known(struct connection *connection, int64_t now) {
    switch (connection->answer) {
    case ANSWER_SECOND_FACTOR:
    case ANSWER_SECOND_FACTOR_TIMEOUT:
    case ANSWER_SECOND_FACTOR_STUCK:
        connection->due = now + connection->account.second_factor_ms;
        send_line(connection->fd, "second-factor");
        return;
    default:
        break;
    }
    if (connection->answer == ANSWER_CONFLICT || other_session(connection) != NULL ||
        now < connection->user->held_until) {
        connection->record->outcome = OUTCOME_CONFLICT;
        send_line(connection->fd, "conflict");
        return;
    }
    accept_login(connection, now);
}

static void log_in(struct connection *connection, const struct text *password, int64_t now) {
    const struct account *account = &connection->account;
    bool paper_user_in_live_mode = connection->record->live && strcmp(account->kind, "paper") == 0;

    connection->answer = account_answer(account, connection->user->attempts);
    connection->state = STATE_LOGIN;
    connection->due = 0;
    note_how_many_at_once(connection->user);
    if (answer_unseen(connection, now)) {
        return;
    }
    if (connection->answer == ANSWER_REJECT || paper_user_in_live_mode ||
        !text_equal(password, &account->password)) {
        refuse(connection, OUTCOME_REJECTED, now);
        return;
    }
    answer_known(connection, now);
}

static void go_on(struct connection *connection, int64_t now) {
    struct connection *other = other_session(connection);

    if (connection->answer == ANSWER_CONFLICT || now < connection->user->held_until) {
        send_line(connection->fd, "conflict");
        return;
    }
    if (other != NULL) {
        other->state = STATE_IDLE;
        other->due = 0;
        send_line(other->fd, "taken");
    }
    accept_login(connection, now);
}

/* Names become paths and JSON: others than these are one user, whom nobody knows. */
static struct user *user_of(const char *hex) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    char name[USERNAME_MAX + 1] = "";
    struct text text;

    if (text_from_hex(hex, &text) && text.size <= USERNAME_MAX) {
        memcpy(name, text.bytes, text.size);
    }
    return user_named(*name != '\0' && strspn(name, letters) == strlen(name) ? name : "?");
}

bool connection_says(struct connection *connection, const char *directory, char *line,
                     int64_t now) {
    const char *verb = strsep(&line, " "), *user = strsep(&line, " "), *hex = strsep(&line, " ");
    struct text password;

    if (strcmp(verb, "continue") == 0 && connection->state == STATE_LOGIN) {
        go_on(connection, now);
        return true;
    }
    if (strcmp(verb, "logout") == 0) {
        connection->state = STATE_IDLE;
        return true;
    }
    if (strcmp(verb, "login") != 0 || line == NULL || !text_from_hex(hex, &password) ||
        (connection->user = user_of(user)) == NULL) {
        return false;
    }
    if (!account_read(directory, connection->user->name, &connection->account)) {
        account_unknown(&connection->account);
    }
    connection->record = user_attempts(connection->user, strcmp(line, "live") == 0, now);
    log_in(connection, &password, now);
    return true;
}

static void end_second_factor(struct connection *connection, int64_t now) {
    switch (connection->answer) {
    case ANSWER_SECOND_FACTOR_TIMEOUT:
        connection->state = STATE_IDLE;
        user_fails(connection->user, connection->record, OUTCOME_SECOND_FACTOR_TIMEOUT,
                   &connection->account, now);
        send_line(connection->fd, "timed-out");
        break;
    case ANSWER_SECOND_FACTOR_STUCK:
        connection->record->outcome = OUTCOME_SECOND_FACTOR_STUCK;
        send_line(connection->fd, "approved");
        break;
    default:
        accept_login(connection, now);
        break;
    }
}

void connection_is_due(struct connection *connection, int64_t now) {
    connection->due = 0;
    if (connection->state == STATE_LOGIN) {
        end_second_factor(connection, now);
        return;
    }
    if (connection->answer != ANSWER_CRASH) {
        connection->state = STATE_IDLE;
    }
    switch (connection->answer) {
    case ANSWER_CRASH:
        send_line(connection->fd, "crash %lld", (long long)connection->account.exit_status);
        break;
    case ANSWER_LOGOFF:
        send_line(connection->fd, "logoff");
        break;
    case ANSWER_RESTART:
        send_line(connection->fd, "restart");
        break;
    default:
        send_line(connection->fd, "cold-restart");
        break;
    }
}

void connection_breaks(struct connection *connection, int64_t now) {
    if (connection->state == STATE_SESSION) {
        connection->user->held_until = now + connection->account.linger_ms;
    }
    close(connection->fd);
    memset(connection, 0, sizeof *connection);
    connection->fd = -1;
}
