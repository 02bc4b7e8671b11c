/* login.c - one run of a gateway, from event to outcome. */
#include <ibcred/login.h>

#include <stdarg.h>

/* Which side is meant where the log does not say. */
enum { NOBODY = IBC_LOGIN_SIDES_MAX };

IBC_PRINTF(2, 3) static void say(struct ibc_login_step *out, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    vsnprintf(out->why, sizeof out->why, fmt, args);
    va_end(args);
}

void ibc_login_begin(struct ibc_login *login, enum ibc_mode mode, bool automatic) {
    *login = (struct ibc_login){
        .mode = mode,
        .count = ibc_login_side_count(mode),
        .automatic = automatic,
    };
}

bool ibc_login_is_in(const struct ibc_login *login) {
    for (size_t i = 0; i < login->count; i++) {
        if (login->sides[i].phase != IBC_LOGIN_IN) {
            return false;
        }
    }
    return true;
}

bool ibc_login_was_made(const struct ibc_login *login) {
    for (size_t i = 0; i < login->count; i++) {
        if (login->sides[i].phase != IBC_LOGIN_WAITING) {
            return true;
        }
    }
    return false;
}

/* The one side that is logging in, or NOBODY where that is none or both. */
static size_t trying_side(const struct ibc_login *login) {
    size_t found = NOBODY;
    for (size_t i = 0; i < login->count; i++) {
        if (login->sides[i].phase == IBC_LOGIN_TRYING) {
            if (found != NOBODY) {
                return NOBODY;
            }
            found = i;
        }
    }
    return found;
}

static void give(struct ibc_login *login, size_t side, enum ibc_outcome outcome, int64_t wait,
                 struct ibc_login_step *out) {
    out->outcomes[side] = (struct ibc_login_outcome){
        .given = true,
        .outcome = outcome,
        .wait = wait,
        .automatic = login->sides[side].automatic,
    };
    login->sides[side].phase = outcome == IBC_OUTCOME_SUCCESS ? IBC_LOGIN_IN : IBC_LOGIN_FAILED;
    login->sides[side].second_factor = login->sides[side].conflict = false;
}

/* Of whoever is still logging in nothing will be heard any more. */
static void give_up_the_rest(struct ibc_login *login, struct ibc_login_step *out) {
    for (size_t i = 0; i < login->count; i++) {
        if (login->sides[i].phase == IBC_LOGIN_TRYING) {
            give(login, i, IBC_OUTCOME_UNKNOWN, 0, out);
        }
    }
    login->unnamed = 0;
}

static void stop(struct ibc_login *login, struct ibc_login_step *out) {
    give_up_the_rest(login, out);
    out->stop = true;
}

/*
 * Something came of a login that no line told of: ibg-controller has no line for it, and one of
 * IBC's may be lost. It is written down with what came of it.
 */
static void see_late(struct ibc_login *login, size_t side, struct ibc_login_step *out) {
    out->attempts[side] = true;
    login->sides[side].automatic =
        login->sides[side].phase == IBC_LOGIN_WAITING ? login->automatic : true;
    login->sides[side].phase = IBC_LOGIN_TRYING;
}

static bool any_is(const struct ibc_login *login, enum ibc_login_phase phase) {
    for (size_t i = 0; i < login->count; i++) {
        if (login->sides[i].phase == phase) {
            return true;
        }
    }
    return false;
}

/* Whose login may it be that failed, where none was seen? `also_in`: one that is in may try anew.
 */
static void see_whoever_it_may_be(struct ibc_login *login, bool also_in,
                                  struct ibc_login_step *out) {
    if (any_is(login, IBC_LOGIN_TRYING)) {
        return;
    }
    const enum ibc_login_phase phase =
        any_is(login, IBC_LOGIN_WAITING) ? IBC_LOGIN_WAITING : IBC_LOGIN_IN;
    for (size_t i = 0; i < login->count; i++) {
        if (login->sides[i].phase == phase && (phase == IBC_LOGIN_WAITING || also_in)) {
            see_late(login, i, out);
        }
    }
}

/* The login that is being made has failed. Where nobody can say whose, it is unknown for both. */
static bool fail(struct ibc_login *login, enum ibc_outcome outcome, int64_t wait, bool also_in,
                 struct ibc_login_step *out) {
    see_whoever_it_may_be(login, also_in, out);
    const size_t side = trying_side(login);
    if (side != NOBODY && login->unnamed == 0) {
        give(login, side, outcome, wait, out);
        return true;
    }
    const size_t before = login->unnamed;
    give_up_the_rest(login, out);
    return before > 0 || out->outcomes[0].given || out->outcomes[1].given;
}

/* --- events --- */

static void on_starting(struct ibc_login *login, const struct ibc_log_match *match,
                        struct ibc_login_step *out) {
    login->starts++;
    out->secret_read = login->starts >= login->count;
    say(out, "the gateway starts%s%s", match->text[0] != '\0' ? ", mode " : "", match->text);
}

static void on_mode(struct ibc_login *login, const struct ibc_log_match *match) {
    login->current = login->count > 1 && strcmp(match->text, "paper") == 0 ? 1 : 0;
}

static void on_attempt(struct ibc_login *login, struct ibc_login_step *out) {
    struct ibc_login_side *side = &login->sides[login->current];
    const enum ibc_login_phase before = side->phase;
    out->attempts[login->current] = true;
    out->secret_read = login->count == 1 || login->starts >= login->count;
    side->automatic = before == IBC_LOGIN_WAITING ? login->automatic : true;
    side->phase = IBC_LOGIN_TRYING;
    if (before == IBC_LOGIN_FAILED || before == IBC_LOGIN_TRYING) {
        say(out, "the gateway began another login by itself after one that had not succeeded");
        stop(login, out);
        return;
    }
    say(out, "logging in%s",
        before == IBC_LOGIN_IN ? " again, by itself, after a restart in the container" : "");
}

static bool both_are_trying(const struct ibc_login *login) {
    return login->count > 1 && login->sides[0].phase == IBC_LOGIN_TRYING &&
           login->sides[1].phase == IBC_LOGIN_TRYING;
}

static void on_success(struct ibc_login *login, struct ibc_login_step *out) {
    const size_t side = trying_side(login);
    if (side != NOBODY) {
        give(login, side, IBC_OUTCOME_SUCCESS, 0, out);
    } else if (login->count == 1 && login->sides[0].phase != IBC_LOGIN_IN) {
        /* The line that told of the attempt is not among what was read. */
        give(login, 0, IBC_OUTCOME_SUCCESS, 0, out);
    } else if (both_are_trying(login) && ++login->unnamed == login->count) {
        for (size_t i = 0; i < login->count; i++) {
            give(login, i, IBC_OUTCOME_SUCCESS, 0, out);
        }
        login->unnamed = 0;
    }
    out->logged_in = ibc_login_is_in(login) && (out->outcomes[0].given || out->outcomes[1].given);
    if (out->logged_in) {
        say(out, "logged in");
    }
}

static void on_rejected(struct ibc_login *login, struct ibc_login_step *out) {
    if (fail(login, IBC_OUTCOME_REJECTED, 0, true, out)) {
        say(out, "IBKR did not accept the username or the password");
        out->notice = IBC_NOTICE_REJECTED;
        stop(login, out);
    }
}

static void on_login_error(struct ibc_login *login, const struct ibc_log_match *match,
                           struct ibc_login_step *out) {
    if (fail(login, IBC_OUTCOME_UNKNOWN, 0, false, out)) {
        say(out, "the login ended with an error%s%s", match->text[0] != '\0' ? ": " : "",
            match->text);
    }
}

static void on_throttled(struct ibc_login *login, const struct ibc_log_match *match,
                         struct ibc_login_step *out) {
    if (!fail(login, IBC_OUTCOME_THROTTLED, match->seconds, true, out)) {
        return;
    }
    if (match->seconds > 0) {
        say(out, "too many failed logins: IBKR asks to wait %lld s", (long long)match->seconds);
    } else {
        say(out, "too many failed logins: IBKR asks to wait");
    }
    out->notice = IBC_NOTICE_THROTTLED;
    stop(login, out);
}

static void on_second_factor(struct ibc_login *login, struct ibc_login_step *out) {
    for (size_t i = 0; i < login->count; i++) {
        login->sides[i].second_factor |= login->sides[i].phase == IBC_LOGIN_TRYING;
    }
    say(out, "waiting for the second factor to be confirmed");
}

static void on_second_factor_timeout(struct ibc_login *login, struct ibc_login_step *out) {
    if (fail(login, IBC_OUTCOME_SECOND_FACTOR_TIMEOUT, 0, false, out)) {
        say(out, "nobody confirmed the second factor in time");
        stop(login, out);
    }
}

static void on_session_conflict(struct ibc_login *login, struct ibc_login_step *out) {
    for (size_t i = 0; i < login->count; i++) {
        login->sides[i].conflict |= login->sides[i].phase == IBC_LOGIN_TRYING;
    }
    say(out, "another session of this username was found");
}

/* Also of a session that had been logged in: whoever ended it is there now. */
static void on_session_ended(struct ibc_login *login, struct ibc_login_step *out) {
    bool known = fail(login, IBC_OUTCOME_SESSION_CONFLICT, 0, false, out);
    if (!known && login->count == 1 && login->sides[0].phase == IBC_LOGIN_IN) {
        give(login, 0, IBC_OUTCOME_SESSION_CONFLICT, 0, out);
        known = true;
    }
    if (known || login->count > 1) {
        say(out, "this session gives way to another one of the same username");
        stop(login, out);
    }
}

static void on_silent_drop(struct ibc_login *login, struct ibc_login_step *out) {
    if (fail(login, IBC_OUTCOME_SILENT_DROP, 0, true, out)) {
        say(out, "IBKR dropped the login without an answer");
        stop(login, out);
    }
}

static void on_mode_contradiction(struct ibc_login *login, const struct ibc_log_match *match,
                                  struct ibc_login_step *out) {
    fail(login, IBC_OUTCOME_FAILED, 0, false, out);
    say(out, "the user is not of the kind that the mode asks for: %s", match->text);
    out->notice = IBC_NOTICE_MODE_CONTRADICTION;
    stop(login, out);
}

enum ibc_mode ibc_login_side_mode(enum ibc_mode mode, size_t side) {
    if (mode != IBC_MODE_BOTH) {
        return mode;
    }
    return side == 0 ? IBC_MODE_LIVE : IBC_MODE_PAPER;
}

static bool is_of_mode(enum ibc_kind kind, enum ibc_mode mode) {
    return (kind == IBC_KIND_PAPER) == (mode == IBC_MODE_PAPER);
}

void ibc_login_accounts(enum ibc_mode mode, size_t side, enum ibc_kind kind, const char *source,
                        const char *account, struct ibc_login_step *out) {
    const enum ibc_mode asked = ibc_login_side_mode(mode, side);
    out->accounts[side] = (struct ibc_login_accounts){.given = true, .kind = kind};
    if (!is_of_mode(kind, asked)) {
        say(out, "mode %s was asked for, and %s names %s account %s", ibc_mode_name(asked), source,
            ibc_kind_name(kind), account);
        out->notice = IBC_NOTICE_MODE_CONTRADICTION;
        out->stop = true;
    }
}

/*
 * In mode `both` the line does not say whose account it is. One that fits proves nothing yet: it is
 * a title of a window, and the API will be asked.
 */
static void on_account(struct ibc_login *login, const struct ibc_log_match *match,
                       struct ibc_login_step *out) {
    enum ibc_kind kind;
    char account[IBC_ACCOUNT_ID_MAX + 1];
    if (login->count == 1 && ibc_account_kind(match->text, &kind) &&
        !is_of_mode(kind, login->mode)) {
        ibc_account_mask(match->text, account);
        ibc_login_accounts(login->mode, 0, kind, "its log", account, out);
        stop(login, out);
    }
}

static void on_password_expiry(const struct ibc_log_match *match, struct ibc_login_step *out) {
    out->notice = IBC_NOTICE_PASSWORD_EXPIRY;
    out->expires = true;
    out->expires_days = match->number;
    if (match->number >= 0) {
        say(out, "IBKR says that the password ends in %lld days", (long long)match->number);
    } else {
        say(out, "IBKR says that the password ends soon or has ended");
    }
}

/* After a failure a restart in the container is the next login; after a success it may be, too. */
static void on_cold_restart(struct ibc_login *login, struct ibc_login_step *out) {
    bool failed = false;
    for (size_t i = 0; i < login->count; i++) {
        failed |=
            login->sides[i].phase == IBC_LOGIN_FAILED || login->sides[i].phase == IBC_LOGIN_TRYING;
    }
    if (failed) {
        say(out, "the gateway is about to log in again by itself after a login that failed");
        stop(login, out);
    }
}

static void on_halted(struct ibc_login *login, struct ibc_login_step *out) {
    fail(login, IBC_OUTCOME_UNKNOWN, 0, false, out);
    say(out, "the gateway's controller has given up");
    stop(login, out);
}

static void on_misconfigured(struct ibc_login *login, const struct ibc_log_match *match,
                             struct ibc_login_step *out) {
    login->misconfigured = true;
    say(out, "the container cannot start as it is set up: %s", match->text);
}

void ibc_login_event(struct ibc_login *login, const struct ibc_log_match *match,
                     struct ibc_login_step *out) {
    *out = (struct ibc_login_step){0};
    switch (match->event) {
    case IBC_LOG_STARTING:
        on_starting(login, match, out);
        break;
    case IBC_LOG_MODE:
        on_mode(login, match);
        break;
    case IBC_LOG_ATTEMPT:
        on_attempt(login, out);
        break;
    case IBC_LOG_SUCCESS:
        on_success(login, out);
        break;
    case IBC_LOG_REJECTED:
        on_rejected(login, out);
        break;
    case IBC_LOG_LOGIN_ERROR:
    case IBC_LOG_FORM_INVALID:
        on_login_error(login, match, out);
        break;
    case IBC_LOG_THROTTLED:
        on_throttled(login, match, out);
        break;
    case IBC_LOG_SECOND_FACTOR:
        on_second_factor(login, out);
        break;
    case IBC_LOG_SECOND_FACTOR_TIMEOUT:
        on_second_factor_timeout(login, out);
        break;
    case IBC_LOG_SESSION_CONFLICT:
        on_session_conflict(login, out);
        break;
    case IBC_LOG_SESSION_ENDED:
        on_session_ended(login, out);
        break;
    case IBC_LOG_SILENT_DROP:
        on_silent_drop(login, out);
        break;
    case IBC_LOG_MODE_CONTRADICTION:
        on_mode_contradiction(login, match, out);
        break;
    case IBC_LOG_ACCOUNT:
        on_account(login, match, out);
        break;
    case IBC_LOG_PASSWORD_EXPIRY:
        on_password_expiry(match, out);
        break;
    case IBC_LOG_COLD_RESTART:
        on_cold_restart(login, out);
        break;
    case IBC_LOG_HALTED:
        on_halted(login, out);
        break;
    case IBC_LOG_MISCONFIGURED:
        on_misconfigured(login, match, out);
        break;
    case IBC_LOG_PASSWORD_SET:
    case IBC_LOG_API_READY:
    case IBC_LOG_MAINTENANCE:
    case IBC_LOG_EXIT:
        break;
    }
}

/* --- the end --- */

static enum ibc_outcome outcome_at_end(const struct ibc_login_side *side, bool timed_out) {
    if (side->conflict) {
        return IBC_OUTCOME_SESSION_CONFLICT;
    }
    return side->second_factor && timed_out ? IBC_OUTCOME_SECOND_FACTOR_TIMEOUT
                                            : IBC_OUTCOME_UNKNOWN;
}

void ibc_login_end(struct ibc_login *login, bool timed_out, struct ibc_login_step *out) {
    *out = (struct ibc_login_step){.stop = timed_out};
    const bool was_in = ibc_login_is_in(login);
    for (size_t i = 0; i < login->count; i++) {
        struct ibc_login_side *side = &login->sides[i];
        if (side->phase == IBC_LOGIN_TRYING || side->phase == IBC_LOGIN_WAITING) {
            give(login, i, outcome_at_end(side, timed_out), 0, out);
        }
    }
    login->unnamed = 0;
    if (timed_out) {
        say(out, "nothing was heard of the login in time");
    } else if (was_in) {
        say(out, "the gateway has ended after it had logged in");
    } else {
        say(out, "the gateway has ended before it had logged in");
    }
}
