/*
 * jvm.c - IBC's lines for a login dialog that is filled in, sent, and answered (IBC 3.24.1).
 */
#include "jvm.h"

#include "api.h"
#include "credentials.h"
#include "log.h"
#include "settings.h"
#include "wait.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
    SECOND_FACTOR_TIMEOUT = 180, /* seconds; IBC's SecondFactorAuthenticationTimeout */
    SECOND_FACTOR_ANSWERED = 12,
};

struct jvm {
    const struct login *login;
    struct link link;
    int attempts;
    bool logged_in;
    bool met_other_session;
    enum ending ending;
    int status;
};

enum next {
    NEXT_ATTEMPT,
    NEXT_ANSWER,
    NEXT_END,
};

static enum next end_with(struct jvm *jvm, enum ending ending, int status) {
    jvm->ending = ending;
    jvm->status = status;
    return NEXT_END;
}

static enum next end_by_signal(struct jvm *jvm) {
    return end_with(jvm, ENDING_EXIT, 128 + SIGTERM);
}

/* `otherwise` when the time is over, the end when a stop signal comes first (-1: only then). */
static enum next after(struct jvm *jvm, int64_t milliseconds, enum next otherwise) {
    return wait_for(milliseconds, -1, 0) == WOKEN_BY_STOP ? end_by_signal(jvm) : otherwise;
}

/* A dialog that nobody closes. IBKR holds no session meanwhile. */
static enum next hang(struct jvm *jvm) {
    link_close(&jvm->link);
    return after(jvm, -1, NEXT_END);
}

static enum next cold_restart(struct jvm *jvm) {
    ibc_say("Cold restart in progress");
    ibc_say("Login has not completed: exiting immediately");
    return end_with(jvm, ENDING_COLD_RESTART, 0);
}

static bool relogin_permitted(void) {
    return strcasecmp(environment("RELOGIN_AFTER_TWOFA_TIMEOUT"), "yes") == 0;
}

/* Of several accounts the log has the first. No line says when the API's port is open. */
static enum next accepted(struct jvm *jvm, const char *accounts) {
    bool paper = strcmp(jvm->login->mode, "paper") == 0;

    jvm->logged_in = true;
    ibc_say("Login has completed");
    ibc_say("detected dialog entitled: %.*s Trader Workstation Configuration%s; event=Opened",
            (int)strcspn(accounts, ","), accounts, paper ? " (Simulated Trading)" : "");
    ibc_say("TWS API socket port is already set to %s", paper ? "4002" : "4001");
    api_open(jvm->login->mode, accounts);
    ibc_say("Configuration tasks completed");
    return NEXT_ANSWER;
}

static enum next expiry(struct jvm *jvm, const char *details) {
    (void)jvm;
    (void)details;
    ibc_say("detected frame entitled: Password Notice; event=Opened");
    return NEXT_ANSWER;
}

static enum next rejected(struct jvm *jvm, const char *style) {
    if (strcmp(style, "failed") == 0) {
        ibc_say("detected dialog entitled: Login failed; event=Opened");
        ibc_say("Login failed");
        return cold_restart(jvm);
    }
    ibc_say("detected dialog entitled: Unrecognized Username or Password; event=Opened");
    return hang(jvm);
}

static enum next login_error(struct jvm *jvm, const char *details) {
    (void)details;
    ibc_say_error("Login error message:\nSoft token=0 received instead of expected permanent for\n"
                  "zdc1.ibllc.com:4001 (SSL)");
    return cold_restart(jvm);
}

static void say_wait(long minutes, long seconds) {
    char text[64] = "";
    size_t used = 0;

    if (minutes > 0) {
        used = (size_t)snprintf(text, sizeof text, "%ld minute%s%s", minutes,
                                minutes == 1 ? "" : "s", seconds > 0 ? " & " : "");
    }
    if (seconds > 0) {
        snprintf(text + used, sizeof text - used, "%ld second%s", seconds, seconds == 1 ? "" : "s");
    }
    ibc_say("Too many failed login attempts. Please wait %s before attempting to re-login again.",
            text);
}

static enum next throttled(struct jvm *jvm, const char *details) {
    long seconds = strtol(details, NULL, 10);
    int64_t pause = (int64_t)seconds * 1000 + setting("throttle_extra_ms", 3000);
    time_t then = time(NULL) + (time_t)(pause / 1000);
    struct tm local;
    char text[sizeof "YYYY-MM-DD HH:MM:SS"];

    ibc_say("detected dialog entitled: ** no title **; event=Opened");
    say_wait(seconds / 60, seconds % 60);
    if (!relogin_permitted()) {
        return hang(jvm);
    }
    localtime_r(&then, &local);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
    ibc_say("Will re-login at %s:000; login number: %d", text, jvm->attempts + 1);
    ibc_say("Click button: OK");
    return after(jvm, pause, NEXT_ATTEMPT);
}

static enum next second_factor(struct jvm *jvm, const char *details) {
    (void)jvm;
    (void)details;
    ibc_say("detected dialog entitled: Second Factor Authentication; event=Opened");
    ibc_say("Second Factor Authentication initiated");
    return NEXT_ANSWER;
}

static enum next timed_out(struct jvm *jvm, const char *details) {
    (void)details;
    ibc_say("detected dialog entitled: Second Factor Authentication; event=Closed");
    ibc_say("Duration since login: %d seconds", SECOND_FACTOR_TIMEOUT);
    if (!relogin_permitted()) {
        ibc_say("Re-login after second factor authentication timeout not required");
        return hang(jvm);
    }
    ibc_say("Re-login after second factor authentication timeout in 5 second");
    return after(jvm, setting("relogin_ms", 5000), NEXT_ATTEMPT);
}

/* The second factor was given and still there is no login. */
static enum next approved(struct jvm *jvm, const char *details) {
    const char *interval = environment("TWOFA_EXIT_INTERVAL");
    long seconds = *interval != '\0' ? strtol(interval, NULL, 10) : 60;

    (void)details;
    ibc_say("detected dialog entitled: Second Factor Authentication; event=Closed");
    ibc_say("Duration since login: %d seconds", SECOND_FACTOR_ANSWERED);
    if (!relogin_permitted()) {
        return NEXT_ANSWER;
    }
    ibc_say("If login has not completed, IBC will exit in %ld seconds", seconds);
    if (after(jvm, (int64_t)seconds * 1000, NEXT_ANSWER) == NEXT_END) {
        return NEXT_END;
    }
    ibc_say_error("IBC closing because login has not completed after Second Factor Authentication");
    ibc_say("Exiting after error with exit code=1111");
    return end_with(jvm, ENDING_EXIT, STATUS_SECOND_FACTOR);
}

static enum next give_way(struct jvm *jvm) {
    ibc_say("Click button: Cancel");
    ibc_say("detected dialog entitled: Shutdown progress; event=Opened");
    return end_with(jvm, ENDING_EXIT, 0);
}

/* IBC's rules for ExistingSessionDetectedAction; the image sets `primary` by default. */
static enum next conflict(struct jvm *jvm, const char *details) {
    const char *action = environment("EXISTING_SESSION_DETECTED_ACTION");

    (void)details;
    ibc_say("detected dialog entitled: Existing session detected; event=Opened");
    if (strcasecmp(action, "manual") == 0) {
        ibc_say("User must choose whether to continue with this session (scenario 1)");
        return NEXT_ANSWER;
    }
    if (strcasecmp(action, "secondary") == 0) {
        ibc_say("End this session and let the other session proceed (scenario 2)");
        return give_way(jvm);
    }
    if (jvm->met_other_session) {
        ibc_say("Other session must be primary or primary override, so end this session and let "
                "the other one proceed (scenario 4)");
        return give_way(jvm);
    }
    jvm->met_other_session = true;
    ibc_say("Don't know the type of the other session, so continue this one (scenario 3)");
    ibc_say("Click button: Continue Login");
    link_continue(&jvm->link);
    return NEXT_ANSWER;
}

static enum next taken(struct jvm *jvm, const char *details) {
    (void)details;
    if (strcasecmp(environment("EXISTING_SESSION_DETECTED_ACTION"), "primaryoverride") == 0) {
        ibc_say("detected dialog entitled: Existing session detected; event=Opened");
        ibc_say("Other session may be primary, so end this session and let the other one proceed "
                "(scenario 6)");
        return give_way(jvm);
    }
    jvm->logged_in = false;
    api_close();
    ibc_say("detected dialog entitled: Re-login is required; event=Opened");
    ibc_say("Re-login to session");
    ibc_say("Click button: Re-login");
    link_login(&jvm->link, jvm->login);
    return NEXT_ANSWER;
}

static enum next crash(struct jvm *jvm, const char *status) {
    return end_with(jvm, ENDING_EXIT, (int)strtol(status, NULL, 10));
}

static enum next logoff(struct jvm *jvm, const char *details) {
    (void)details;
    ibc_say("detected dialog entitled: Shutdown progress; event=Opened");
    return end_with(jvm, ENDING_EXIT, 0);
}

static enum next auto_restart(struct jvm *jvm, const char *details) {
    (void)details;
    ibc_say("detected dialog entitled: Restart in progress; event=Opened");
    return end_with(jvm, ENDING_AUTO_RESTART, 0);
}

static enum next timed_cold_restart(struct jvm *jvm, const char *details) {
    (void)details;
    ibc_say("Login has completed: exiting via [File, Close] menu");
    return end_with(jvm, ENDING_COLD_RESTART, 0);
}

static const struct {
    const char *word;
    enum next (*meet)(struct jvm *jvm, const char *details);
} answers[] = {
    {"accepted", accepted},    {"expiry", expiry},
    {"rejected", rejected},    {"login-error", login_error},
    {"throttled", throttled},  {"second-factor", second_factor},
    {"timed-out", timed_out},  {"approved", approved},
    {"conflict", conflict},    {"taken", taken},
    {"crash", crash},          {"logoff", logoff},
    {"restart", auto_restart}, {"cold-restart", timed_cold_restart},
};

static enum next meet_line(struct jvm *jvm, char *line) {
    char *blank = strchr(line, ' ');

    if (blank != NULL) {
        *blank++ = '\0';
    }
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        if (strcmp(line, answers[i].word) == 0) {
            return answers[i].meet(jvm, blank != NULL ? blank : "");
        }
    }
    fprintf(stderr, "stand-in: the broker says what is not known here: %s\n", line);
    abort();
}

static enum next meet_answer(struct jvm *jvm) {
    char line[WIRE_LINE_MAX];

    switch (link_hear(&jvm->link, line)) {
    case HEARD_LINE:
        return meet_line(jvm, line);
    case HEARD_STOP:
        return end_by_signal(jvm);
    default:
        break;
    }
    if (jvm->logged_in) {
        return hang(jvm);
    }
    ibc_say("detected dialog entitled: Gateway; event=Opened");
    ibc_say("Connection to server failed: the server cannot be reached");
    return cold_restart(jvm);
}

static void fill_in(const struct login *login) {
    ibc_say("detected frame entitled: IBKR Gateway; event=Opened");
    ibc_say("Login dialog WINDOW_OPENED: LoginState is LOGGED_OUT");
    ibc_say("Setting Trading mode = %s", login->mode);
    ibc_say("Setting user name");
    ibc_say("Setting password");
}

static enum next attempt(struct jvm *jvm) {
    jvm->attempts++;
    ibc_say("Login attempt: %d", jvm->attempts);
    ibc_say("Click button: %sLog In", strcmp(jvm->login->mode, "paper") == 0 ? "Paper " : "");
    link_login(&jvm->link, jvm->login);
    return NEXT_ANSWER;
}

enum ending jvm_run(const struct login *login, int *status) {
    static struct jvm jvm;
    enum next next = NEXT_ATTEMPT;

    memset(&jvm, 0, sizeof jvm);
    jvm.login = login;
    link_init(&jvm.link);
    fill_in(login);
    if (login->username.size == 0 || login->password.size == 0) {
        next = hang(&jvm);
    }
    while (next != NEXT_END) {
        next = next == NEXT_ATTEMPT ? attempt(&jvm) : meet_answer(&jvm);
    }
    api_close();
    if (jvm.status == 0 || jvm.status == 128 + SIGTERM) {
        link_log_out(&jvm.link);
    }
    link_close(&jvm.link);
    *status = jvm.status;
    return jvm.ending;
}
