/* test_login.c - stories that a log tells, and what is made of them, event by event. */
#include <ibcred/login.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { STEPS_MAX = 16, WORDS_MAX = 256 };

/* An event, and what is to follow from it in the words of in_words(). */
struct told {
    enum ibc_log_event event;
    const char *text;
    int64_t seconds;
    const char *follows;
};

struct story {
    const char *name;
    enum ibc_mode mode;
    bool automatic;
    struct told told[STEPS_MAX];
    const char *end;     /* when the container ends; NULL: not asked */
    const char *timeout; /* when it is given up instead; NULL: not asked */
};

static void add(char out[static WORDS_MAX], const char *fmt, ...) IBC_PRINTF(2, 3);
static void add(char out[static WORDS_MAX], const char *fmt, ...) {
    size_t used = strlen(out);
    va_list args;
    va_start(args, fmt);
    vsnprintf(out + used, WORDS_MAX - used, fmt, args);
    va_end(args);
}

/* "try0 0=rejected! 1=unknown secret in stop held": all that a step says. */
static void in_words(const struct ibc_login_step *step, char out[static WORDS_MAX]) {
    out[0] = '\0';
    for (size_t i = 0; i < IBC_LOGIN_SIDES_MAX; i++) {
        if (step->attempts[i]) {
            add(out, "try%zu ", i);
        }
    }
    for (size_t i = 0; i < IBC_LOGIN_SIDES_MAX; i++) {
        const struct ibc_login_outcome *outcome = &step->outcomes[i];
        if (outcome->given) {
            add(out, "%zu=%s", i, ibc_outcome_name(outcome->outcome));
            if (outcome->wait > 0) {
                add(out, "(%lld)", (long long)outcome->wait);
            }
            add(out, "%s ", outcome->automatic ? "!" : "");
        }
    }
    if (step->secret_read) {
        add(out, "secret ");
    }
    if (step->logged_in) {
        add(out, "in ");
    }
    if (step->stop) {
        add(out, "stop ");
    }
    if (step->notice != 0) {
        add(out, "%s ", ibc_notice_name(step->notice));
    }
    if (out[0] != '\0') {
        out[strlen(out) - 1] = '\0';
    }
}

#define START(follows_)                                                                            \
    { IBC_LOG_STARTING, "", 0, follows_ }
#define LIVE                                                                                       \
    { IBC_LOG_MODE, "live", 0, "" }
#define PAPER                                                                                      \
    { IBC_LOG_MODE, "paper", 0, "" }
#define TRY(follows_)                                                                              \
    { IBC_LOG_ATTEMPT, "", 0, follows_ }
#define EVENT(event_, follows_)                                                                    \
    { IBC_LOG_##event_, "", 0, follows_ }

static const struct story stories[] = {
    {.name = "a login",
     .mode = IBC_MODE_PAPER,
     .told = {START("secret"),
              PAPER,
              TRY("try0 secret"),
              EVENT(SUCCESS, "0=success in"),
              {IBC_LOG_ACCOUNT, "DU1234567", 0, ""},
              EVENT(API_READY, "")},
     .end = ""},
    {.name = "a wrong password, current Gateway",
     .mode = IBC_MODE_PAPER,
     .told = {START("secret"), TRY("try0 secret"), EVENT(REJECTED, "0=rejected stop rejected"),
              EVENT(REJECTED, ""), EVENT(EXIT, "")},
     .end = ""},
    {.name = "a wrong password, then IBC restarts by itself before it is stopped",
     .mode = IBC_MODE_PAPER,
     .told = {TRY("try0 secret"), EVENT(REJECTED, "0=rejected stop rejected"),
              EVENT(COLD_RESTART, "stop"), TRY("try0 0=unknown! secret stop") /* not lost */},
     .end = ""},
    {.name = "an error at login, then a restart by itself",
     .mode = IBC_MODE_PAPER,
     .told = {TRY("try0 secret"),
              {IBC_LOG_LOGIN_ERROR, "Soft token=0", 0, "0=unknown"},
              EVENT(COLD_RESTART, "stop")},
     .end = ""},
    {.name = "the form became invalid",
     .mode = IBC_MODE_PAPER,
     .told = {TRY("try0 secret"), EVENT(FORM_INVALID, "0=unknown"), EVENT(COLD_RESTART, "stop")}},
    {.name = "a second try with no word of what came of the first",
     .mode = IBC_MODE_PAPER,
     .told = {TRY("try0 secret"), TRY("try0 0=unknown! secret stop")}},
    {.name = "throttled, with and without a time",
     .mode = IBC_MODE_PAPER,
     .told = {TRY("try0 secret"), {IBC_LOG_THROTTLED, "", 287, "0=throttled(287) stop throttled"}}},
    {.name = "throttled, no time",
     .mode = IBC_MODE_PAPER,
     .told = {TRY("try0 secret"), EVENT(THROTTLED, "0=throttled stop throttled")}},
    {.name = "second factor confirmed",
     .mode = IBC_MODE_LIVE,
     .told = {TRY("try0 secret"), EVENT(SECOND_FACTOR, ""), EVENT(SUCCESS, "0=success in")}},
    {.name = "second factor not confirmed, said three times",
     .mode = IBC_MODE_LIVE,
     .told = {TRY("try0 secret"), EVENT(SECOND_FACTOR, ""),
              EVENT(SECOND_FACTOR_TIMEOUT, "0=2fa-timeout stop"), EVENT(SECOND_FACTOR_TIMEOUT, ""),
              EVENT(SECOND_FACTOR_TIMEOUT, "")}},
    {.name = "second factor never heard of again",
     .mode = IBC_MODE_LIVE,
     .told = {TRY("try0 secret"), EVENT(SECOND_FACTOR, "")},
     .end = "0=unknown",
     .timeout = "0=2fa-timeout stop"},
    {.name = "another session, and this one goes on",
     .mode = IBC_MODE_LIVE,
     .told = {TRY("try0 secret"), EVENT(SESSION_CONFLICT, ""), EVENT(SUCCESS, "0=success in")}},
    {.name = "another session, and this one ends",
     .mode = IBC_MODE_LIVE,
     .told = {TRY("try0 secret"), EVENT(SESSION_CONFLICT, ""),
              EVENT(SESSION_ENDED, "0=session-conflict stop")}},
    {.name = "another session, and nothing more is heard",
     .mode = IBC_MODE_LIVE,
     .told = {TRY("try0 secret"), EVENT(SESSION_CONFLICT, "")},
     .end = "0=session-conflict",
     .timeout = "0=session-conflict stop"},
    {.name = "another session ends one that was logged in",
     .mode = IBC_MODE_LIVE,
     .told = {TRY("try0 secret"), EVENT(SUCCESS, "0=success in"),
              EVENT(SESSION_ENDED, "0=session-conflict stop")}},
    {.name = "a silent drop",
     .mode = IBC_MODE_PAPER,
     .told = {TRY("try0 secret"), EVENT(SILENT_DROP, "0=silent-drop stop")}},
    {.name = "a paper user in live mode",
     .mode = IBC_MODE_LIVE,
     .told = {TRY("try0 secret"),
              {IBC_LOG_MODE_CONTRADICTION, "is a Paper Trading user", 0,
               "0=failed stop mode-contradiction"}}},
    {.name = "a live account in paper mode",
     .mode = IBC_MODE_PAPER,
     .told = {TRY("try0 secret"),
              EVENT(SUCCESS, "0=success in"),
              {IBC_LOG_ACCOUNT, "U1234567", 0, "stop mode-contradiction"}}},
    {.name = "a paper account in live mode",
     .mode = IBC_MODE_LIVE,
     .told = {TRY("try0 secret"),
              EVENT(SUCCESS, "0=success in"),
              {IBC_LOG_ACCOUNT, "DU1234567", 0, "stop mode-contradiction"}}},
    {.name = "an account id that tells nothing",
     .mode = IBC_MODE_LIVE,
     .told = {TRY("try0 secret"), EVENT(SUCCESS, "0=success in"), {IBC_LOG_ACCOUNT, "X1", 0, ""}}},
    {.name = "the password ends soon",
     .mode = IBC_MODE_PAPER,
     .told = {TRY("try0 secret"), EVENT(PASSWORD_EXPIRY, "password-expiry"),
              EVENT(SUCCESS, "0=success in")}},
    {.name = "a daily restart in the container, with a new login",
     .mode = IBC_MODE_PAPER,
     .told = {TRY("try0 secret"), EVENT(SUCCESS, "0=success in"), EVENT(COLD_RESTART, ""),
              TRY("try0 secret"), EVENT(SUCCESS, "0=success! in")}},
    {.name = "a daily restart whose login is rejected",
     .mode = IBC_MODE_PAPER,
     .told = {TRY("try0 secret"), EVENT(SUCCESS, "0=success in"), EVENT(COLD_RESTART, ""),
              TRY("try0 secret"), EVENT(REJECTED, "0=rejected! stop rejected")}},
    {.name = "a supervisor's restart that is rejected",
     .mode = IBC_MODE_PAPER,
     .automatic = true,
     .told = {TRY("try0 secret"), EVENT(REJECTED, "0=rejected! stop rejected")}},
    {.name = "nothing at all",
     .mode = IBC_MODE_PAPER,
     .end = "0=unknown",
     .timeout = "0=unknown stop"},
    {.name = "a login and nothing more",
     .mode = IBC_MODE_PAPER,
     .told = {TRY("try0 secret")},
     .end = "0=unknown",
     .timeout = "0=unknown stop"},
    {.name = "a controller that gives up",
     .mode = IBC_MODE_PAPER,
     .told = {TRY("try0 secret"), EVENT(HALTED, "0=unknown stop")}},
    {.name = "a rejection of a login that no line told of",
     .mode = IBC_MODE_PAPER,
     .told = {EVENT(REJECTED, "try0 0=rejected stop rejected"), EVENT(REJECTED, "")},
     .end = ""},
    {.name = "the same by a supervisor's restart",
     .mode = IBC_MODE_PAPER,
     .automatic = true,
     .told = {EVENT(REJECTED, "try0 0=rejected! stop rejected")}},
    {.name = "a lockout of a login that no line told of",
     .mode = IBC_MODE_PAPER,
     .told = {EVENT(THROTTLED, "try0 0=throttled stop throttled")}},
    {.name = "a dropped login that no line told of",
     .mode = IBC_MODE_PAPER,
     .told = {EVENT(SILENT_DROP, "try0 0=silent-drop stop"), EVENT(SILENT_DROP, "")}},
    {.name = "a second factor of a login that no line told of",
     .mode = IBC_MODE_PAPER,
     .told = {EVENT(SECOND_FACTOR_TIMEOUT, "try0 0=2fa-timeout stop")}},
    {.name = "an error of a login that no line told of",
     .mode = IBC_MODE_PAPER,
     .told = {EVENT(LOGIN_ERROR, "try0 0=unknown"), EVENT(COLD_RESTART, "stop")}},
    {.name = "a controller that gives up, and no line told of a login",
     .mode = IBC_MODE_PAPER,
     .told = {EVENT(HALTED, "try0 0=unknown stop")}},
    {.name = "a controller that logs in again by itself, and is rejected",
     .mode = IBC_MODE_PAPER,
     .told = {EVENT(SUCCESS, "0=success in"), EVENT(REJECTED, "try0 0=rejected! stop rejected")}},
    {.name = "a controller whose next login is dropped",
     .mode = IBC_MODE_PAPER,
     .told = {EVENT(SUCCESS, "0=success in"), EVENT(SILENT_DROP, "try0 0=silent-drop! stop")}},
    {.name = "words after a login that are about no login",
     .mode = IBC_MODE_PAPER,
     .told = {TRY("try0 secret"), EVENT(SUCCESS, "0=success in"), EVENT(SECOND_FACTOR_TIMEOUT, ""),
              EVENT(LOGIN_ERROR, "")}},
    {.name = "both: a rejection of a login that no line told of",
     .mode = IBC_MODE_BOTH,
     .told = {EVENT(REJECTED, "try0 try1 0=unknown 1=unknown stop rejected")}},
    {.name = "success, the attempt's line being lost",
     .mode = IBC_MODE_PAPER,
     .told = {EVENT(SUCCESS, "0=success in")}},
    {.name = "both: live, then paper",
     .mode = IBC_MODE_BOTH,
     .told = {START(""), LIVE, TRY("try0"), EVENT(SUCCESS, "0=success"), START("secret"), PAPER,
              TRY("try1 secret"), EVENT(SUCCESS, "1=success in")},
     .end = ""},
    {.name = "both: live is rejected before paper begins",
     .mode = IBC_MODE_BOTH,
     .told = {START(""), LIVE, TRY("try0"), EVENT(REJECTED, "0=rejected stop rejected")},
     .end = "1=unknown"},
    {.name = "both: paper is rejected when live is in",
     .mode = IBC_MODE_BOTH,
     .told = {START(""), LIVE, TRY("try0"), EVENT(SUCCESS, "0=success"), START("secret"), PAPER,
              TRY("try1 secret"), EVENT(REJECTED, "1=rejected stop rejected")}},
    {.name = "both: one of two is rejected, nobody knows which, so none is burned",
     .mode = IBC_MODE_BOTH,
     .told = {START(""), LIVE, TRY("try0"), START("secret"), PAPER, TRY("try1 secret"),
              EVENT(REJECTED, "0=unknown 1=unknown stop rejected")}},
    {.name = "both: two at once, both get in",
     .mode = IBC_MODE_BOTH,
     .told = {START(""), LIVE, TRY("try0"), START("secret"), PAPER, TRY("try1 secret"),
              EVENT(SUCCESS, ""), EVENT(SUCCESS, "0=success 1=success in")}},
    {.name = "both: two at once, one gets in and one does not",
     .mode = IBC_MODE_BOTH,
     .told = {START(""), LIVE, TRY("try0"), START("secret"), PAPER, TRY("try1 secret"),
              EVENT(SUCCESS, ""), EVENT(REJECTED, "0=unknown 1=unknown stop rejected")}},
    {.name = "both: accounts of both kinds are seen and contradict nothing",
     .mode = IBC_MODE_BOTH,
     .told = {{IBC_LOG_ACCOUNT, "DU1", 0, ""}, {IBC_LOG_ACCOUNT, "U1", 0, ""}}},
};

static void follow(const struct story *story, struct ibc_login *login) {
    ibc_login_begin(login, story->mode, story->automatic);
    for (size_t i = 0; i < STEPS_MAX && story->told[i].event != 0; i++) {
        const struct told *told = &story->told[i];
        struct ibc_log_match match = {
            .event = told->event, .rule = "", .number = -1, .seconds = told->seconds};
        snprintf(match.text, sizeof match.text, "%s", told->text);
        struct ibc_login_step step;
        char words[WORDS_MAX];
        ibc_login_event(login, &match, &step);
        in_words(&step, words);
        if (strcmp(words, told->follows) != 0) {
            print_error("%s: event %zu: '%s' follows, not '%s'\n", story->name, i + 1, words,
                        told->follows);
        }
        assert_string_equal(words, told->follows);
    }
}

static void check_end(const struct story *story, bool timed_out, const char *expected) {
    struct ibc_login login;
    struct ibc_login_step step;
    char words[WORDS_MAX];
    if (!expected) {
        return;
    }
    follow(story, &login);
    ibc_login_end(&login, timed_out, &step);
    in_words(&step, words);
    if (strcmp(words, expected) != 0) {
        print_error("%s: at its end: '%s', not '%s'\n", story->name, words, expected);
    }
    assert_string_equal(words, expected);
    assert_true(step.why[0] != '\0');
}

static void every_story_is_read_as_it_is_meant(void **state) {
    (void)state;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(stories); i++) {
        struct ibc_login login;
        follow(&stories[i], &login);
        check_end(&stories[i], false, stories[i].end);
        check_end(&stories[i], true, stories[i].timeout);
    }
}

/* Whatever a log says: no step burns without an attempt, and after a failure every attempt stops.
 */
static void no_log_makes_two_logins_after_a_failure(void **state) {
    (void)state;
    uint64_t seed = 20261122;
    for (int walk = 0; walk < 20000; walk++) {
        struct ibc_login login;
        const enum ibc_mode mode = (enum ibc_mode)(1 + walk % 3);
        ibc_login_begin(&login, mode, false);
        bool failed[IBC_LOGIN_SIDES_MAX] = {false, false};
        bool tried[IBC_LOGIN_SIDES_MAX] = {false, false};
        for (int i = 0; i < 30; i++) {
            seed = seed * 6364136223846793005U + 1442695040888963407U;
            struct ibc_log_match match = {
                .event = (enum ibc_log_event)(1 + (seed >> 33) % IBC_LOG_MISCONFIGURED),
                .rule = "",
                .number = -1};
            snprintf(match.text, sizeof match.text, "%s", seed >> 62 & 1 ? "paper" : "live");
            struct ibc_login_step step;
            ibc_login_event(&login, &match, &step);
            for (size_t side = 0; side < IBC_LOGIN_SIDES_MAX; side++) {
                if (step.attempts[side]) {
                    assert_true(!failed[side] || step.stop);
                    tried[side] = true;
                }
                if (step.outcomes[side].given) {
                    assert_true(tried[side] || step.outcomes[side].outcome == IBC_OUTCOME_SUCCESS);
                    tried[side] = true;
                    failed[side] = step.outcomes[side].outcome != IBC_OUTCOME_SUCCESS;
                }
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_story_is_read_as_it_is_meant),
        cmocka_unit_test(no_log_makes_two_logins_after_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
