/* follow.c - line by line, event by event, until the run is over. */
#include "cli/follow.h"

#include "cli/attest.h"
#include "cli/interrupt.h"

enum {
    TICK_MS = 1000,    /* how often deadlines and signals are looked at where no line comes */
    AWAY_MS = 1000,    /* between two tries to reach a daemon that is away */
    NEWS_MS = 10000,   /* how old a line may be, when following begins, that people are told of */
    DRAIN_MS = 20000,  /* how long a stopped container's last lines are waited for */
    ASKED_MS = 60000,  /* a start later than that after we asked is another one, or another clock */
    HEAD_MS = 10000,   /* a log that begins later than that after the start lacks its beginning */
    LEAST_MS = 30000,  /* how long a log is read at least before a login is given up */
    SETTLE_MS = 10000, /* how long after a login the gateway may take to tell of its account */
};

/* What one run is followed with. */
struct follower {
    struct gateway *gateway;
    const struct follow_options *options;
    const struct ibc_container *container;
    struct ibc_login login;
    struct ibc_docker_logs *logs;
    struct ibc_log_reader *reader;
    struct attestation attestation;
    int64_t began_ns;    /* wall clock: lines of before are no news to anybody */
    int64_t first_ns;    /* of the first line read; 0: none was */
    int64_t last_ns;     /* of the last line read */
    int64_t deadline_ms; /* CLOCK_BOOTTIME: of the login that is being made; 0: none is */
    int64_t in_since_ms; /* CLOCK_BOOTTIME; 0: not in */
    int64_t line_ms;     /* CLOCK_BOOTTIME at which the last line came */
    int64_t settled_ms;  /* CLOCK_BOOTTIME at which a login is all one wanted; 0: never */
    int64_t stopped_ms;  /* CLOCK_BOOTTIME at which we stopped it; 0: we did not */
    bool troubled;       /* a login is news, and nobody was told yet */
    bool away;           /* the daemon, and that was said */
    bool over;
    struct run run;
};

static void follower_close(struct follower *follower) {
    attest_end(&follower->attestation);
    ibc_docker_logs_free(&follower->logs);
    ibc_log_reader_free(&follower->reader);
}

/* How much of its time the login still has, that began at wall-clock time `since_ns`. */
static int64_t time_left_ms(const struct follower *follower, int64_t since_ns) {
    const int64_t all = follower->gateway->session.policy.gate.attempt_timeout * 1000;
    const int64_t gone = ibc_clock_wall_ms() - since_ns / 1000000;
    if (gone <= 0) {
        return all;
    }
    return gone < all ? all - gone : 0;
}

/*
 * The log was behind, or the daemon away: what came of the login may stand in what is still to be
 * read, however old its beginning is.
 */
static void give_time(struct follower *follower) {
    const int64_t least = boot_clock_ms() + LEAST_MS;
    if (follower->deadline_ms > 0 && follower->deadline_ms < least) {
        follower->deadline_ms = least;
    }
}

static void end_run(struct follower *follower, enum run_end end, const char *why) {
    if (!follower->over) {
        follower->over = true;
        follower->run.end = end;
        if (follower->run.why[0] == '\0') {
            snprintf(follower->run.why, sizeof follower->run.why, "%s", why);
        }
    }
}

static void remember_failure(struct follower *follower, const struct ibc_login_step *step) {
    struct run *run = &follower->run;
    for (size_t i = 0; i < follower->login.count; i++) {
        if (step->outcomes[i].given && step->outcomes[i].outcome != IBC_OUTCOME_SUCCESS &&
            run->outcome == 0) {
            run->outcome = step->outcomes[i].outcome;
            snprintf(run->why, sizeof run->why, "%s", step->why);
        }
    }
    if ((step->stop || follower->login.misconfigured) && run->why[0] == '\0') {
        snprintf(run->why, sizeof run->why, "%s", step->why);
    }
    run->contradicted |= step->notice == IBC_NOTICE_MODE_CONTRADICTION;
}

static void remember_login(struct follower *follower, const struct ibc_login_step *step,
                           int64_t seen_ns) {
    for (size_t i = 0; i < follower->login.count; i++) {
        follower->run.proven += step->accounts[i].given && !step->stop ? 1 : 0;
    }
    for (size_t i = 0; i < follower->login.count; i++) {
        if (step->attempts[i]) {
            attest_end(&follower->attestation); /* it would answer for the login before */
            follower->deadline_ms = boot_clock_ms() + time_left_ms(follower, seen_ns);
            give_time(follower);
            follower->in_since_ms = 0;
        }
    }
    if (step->logged_in) {
        follower->run.was_in = true;
        follower->run.proven = 0;
        /* While a login is being made its helper stays, for the stop request is to be quick. */
        ibc_docker_rest(follower->gateway->docker);
        follower->in_since_ms = boot_clock_ms();
        follower->deadline_ms = 0;
        follower->settled_ms = follower->options->until_in ? boot_clock_ms() + SETTLE_MS : 0;
        attest_begin(&follower->attestation, follower->gateway);
    }
}

/*
 * A step of the login. The stop comes first: IBC may be about to log in again. Then what happened
 * is written down, then people are told.
 */
static void take_step(struct follower *follower, const struct ibc_login_step *step,
                      int64_t seen_ns) {
    struct gateway *gateway = follower->gateway;
    const bool stops = step->stop && follower->stopped_ms == 0;
    if (stops) {
        attest_end(&follower->attestation);
        if (!gateway_stop(gateway, ibc_login_is_in(&follower->login))) {
            end_run(follower, RUN_INTERRUPTED, "");
        }
        follower->stopped_ms = boot_clock_ms();
    }
    const bool news = follower->container->running && (stops || follower->stopped_ms == 0);
    if (step->why[0] != '\0' && news) {
        say(gateway->cli, "%s: %s", gateway->profile, step->why);
    }
    remember_failure(follower, step);
    remember_login(follower, step, seen_ns);
    gateway_write_down(gateway, step, seen_ns);
    if (step->secret_read || step->logged_in || stops) {
        gateway_end_secret(gateway);
    }
    if (step->notice != 0 && seen_ns >= follower->began_ns) {
        gateway_notify(gateway, step->notice, step->why);
    }
    if (step->logged_in && follower->troubled) {
        follower->troubled = false;
        gateway_notify(gateway, IBC_NOTICE_RECOVERED, "logged in again");
    }
}

/*
 * A login is not all: IBC tells a moment later which account it is, and that may contradict the
 * mode. When it has set up the API it has told, and then the API itself is asked.
 */
static void end_when_settled(struct follower *follower, bool told) {
    if (follower->settled_ms == 0 || follower->stopped_ms > 0 ||
        !ibc_login_is_in(&follower->login)) {
        return;
    }
    const int64_t now = boot_clock_ms();
    follower->settled_ms = told ? now : follower->settled_ms;
    if (now >= follower->settled_ms && !attest_goes_on(&follower->attestation)) {
        end_run(follower, RUN_LOGGED_IN, "logged in");
    }
}

static void take_match(struct follower *follower, const struct ibc_log_match *match) {
    struct ibc_login_step step;
    ibc_login_event(&follower->login, match, &step);
    take_step(follower, &step, follower->last_ns);
    end_when_settled(follower,
                     match->event == IBC_LOG_API_READY && follower->last_ns >= follower->began_ns);
}

/*
 * The run is over. Logins of which nothing was heard are written down under the time of its start:
 * the same, whoever reads this log again and however much of it.
 */
static void take_end(struct follower *follower, bool timed_out) {
    struct ibc_login_step step;
    follower->run.misconfigured = follower->login.misconfigured;
    if (follower->login.misconfigured && !ibc_login_was_made(&follower->login)) {
        gateway_take_back(follower->gateway, "the container cannot start as it is set up");
        return;
    }
    follower->run.is_in = !timed_out && ibc_login_is_in(&follower->login);
    ibc_login_end(&follower->login, timed_out, &step);
    take_step(follower, &step, ibc_docker_time(follower->container->started_at));
}

static void flush(struct follower *follower) {
    struct ibc_log_match match;
    while (ibc_log_reader_flush(follower->reader, &match)) {
        take_match(follower, &match);
    }
}

/*
 * Docker throws old lines away where it is told to (max-size). What is left of a gateway's log may
 * say nothing of its login, and that is no reason to stop one that is logged in.
 */
static bool lacks_beginning(const struct follower *follower) {
    return !ibc_login_was_made(&follower->login) && follower->first_ns > 0 &&
           follower->first_ns - ibc_docker_time(follower->container->started_at) >
               (int64_t)HEAD_MS * 1000000;
}

static void on_time_out(struct follower *follower) {
    if (lacks_beginning(follower)) {
        follower->deadline_ms = 0;
        warn(follower->gateway->cli,
             "the container's log does not reach back to its start, so nobody "
             "can say here whether it is logged in; it goes on");
        if (follower->options->until_in) {
            end_run(follower, RUN_ENDED,
                    "its log does not reach back to its start; the container goes on");
        }
        return;
    }
    take_end(follower, true);
    end_run(follower, RUN_TIMED_OUT, "");
}

static void on_quiet(struct follower *follower) {
    flush(follower);
    /* All that was there is read: is it still in? */
    end_when_settled(follower, follower->last_ns < follower->began_ns);
    const int64_t now = boot_clock_ms();
    if (follower->stopped_ms > 0 && now - follower->stopped_ms > DRAIN_MS) {
        end_run(follower, RUN_STOPPED, "");
    } else if (follower->stopped_ms == 0 && follower->deadline_ms > 0 &&
               now >= follower->deadline_ms) {
        on_time_out(follower);
    }
}

static void on_end_of_log(struct follower *follower) {
    flush(follower);
    if (follower->stopped_ms > 0) {
        end_run(follower, RUN_STOPPED, "");
        return;
    }
    take_end(follower, false);
    end_run(follower, RUN_ENDED, "the gateway has ended");
}

static void on_away(struct follower *follower, const struct ibc_error *why) {
    if (!follower->away) {
        warn(follower->gateway->cli, why->text);
        follower->away = true;
    }
    pause_for(AWAY_MS);
}

static void on_line(struct follower *follower, const struct ibc_log_line *line) {
    if (follower->away) {
        say(follower->gateway->cli, "%s: Docker is back", follower->gateway->profile);
        follower->away = false;
        give_time(follower);
    }
    follower->line_ms = boot_clock_ms();
    follower->last_ns = line->time_ns;
    follower->first_ns = follower->first_ns > 0 ? follower->first_ns : line->time_ns;
    struct ibc_log_match match;
    for (bool told = ibc_log_reader_line(follower->reader, line->text, &match); told;
         told = ibc_log_reader_more(follower->reader, &match)) {
        take_match(follower, &match);
    }
    end_when_settled(follower, false);
}

/* What the stopped container had said before: what came of the login may be in it. */
static void drain(struct follower *follower) {
    const int64_t end = boot_clock_ms() + DRAIN_MS;
    enum ibc_status status = follower->logs ? IBC_OK : IBC_ERR_NOT_FOUND;
    while ((status == IBC_OK || status == IBC_ERR_WAIT) && boot_clock_ms() < end) {
        struct ibc_log_line line;
        struct ibc_error ignored;
        status = ibc_docker_logs_next(follower->logs, TICK_MS, &line, &ignored);
        if (status == IBC_OK && !line.text.bytes) {
            break;
        }
        if (status == IBC_OK) {
            on_line(follower, &line);
        }
    }
    flush(follower);
}

static void on_interrupt(struct follower *follower) {
    const bool leave = ibc_login_is_in(&follower->login) || follower->options->alone;
    follower->run.is_in = ibc_login_is_in(&follower->login);
    if (!leave && follower->stopped_ms == 0) {
        const bool stopped = gateway_stop(follower->gateway, false);
        follower->stopped_ms = boot_clock_ms();
        if (stopped) {
            drain(follower);
            take_end(follower, false);
        } else {
            warn(follower->gateway->cli, "the container could not be stopped and may still be "
                                         "logging in; its attempt stays charged");
        }
    }
    end_run(follower, RUN_INTERRUPTED, "interrupted");
}

/* Ask the API a little further, until it or the log has something to say. */
static void attest(struct follower *follower) {
    struct ibc_login_step step;
    attest_wait(&follower->attestation, ibc_docker_logs_fd(follower->logs), TICK_MS);
    if (attest_step(&follower->attestation, follower->gateway, follower->container, &step)) {
        take_step(follower, &step, ibc_clock_wall_ms() * 1000000);
    }
    end_when_settled(follower, false);
}

static void next(struct follower *follower) {
    struct ibc_log_line line;
    struct ibc_error why;
    const bool attests = attest_goes_on(&follower->attestation);
    switch (ibc_docker_logs_next(follower->logs, attests ? 0 : TICK_MS, &line, &why)) {
    case IBC_OK:
        if (line.text.bytes) {
            on_line(follower, &line);
        } else {
            on_end_of_log(follower);
        }
        break;
    case IBC_ERR_WAIT:
        if (attests) {
            attest(follower);
        }
        if (!attests || boot_clock_ms() - follower->line_ms >= TICK_MS) {
            on_quiet(follower);
        }
        break;
    case IBC_ERR_NOT_FOUND:
        take_end(follower, false);
        end_run(follower, RUN_REMOVED, "the container was removed");
        break;
    default:
        on_away(follower, &why);
        give_time(follower);
        break;
    }
}

/*
 * From when on the log is this run's. Of a run that has ended already Docker does not tell when the
 * one before it did, and the start that it tells lies after the first lines; but a run that we
 * asked for wrote nothing before we did.
 */
static void run_since(struct follower *follower, char from[static IBC_TIMESTAMP_MAX]) {
    const struct ibc_container *container = follower->container;
    const int64_t asked_ns = follower->gateway->asked_ms * 1000000;
    const int64_t started_ns = ibc_docker_time(container->started_at);
    follower->gateway->asked_ms = 0;
    ibc_docker_run_since(container, from);
    if (!container->running && asked_ns > 0 && asked_ns <= started_ns &&
        started_ns - asked_ns <= (int64_t)ASKED_MS * 1000000) {
        ibc_format_timestamp(asked_ns / 1000000, from);
    }
}

/* Open the log; a daemon that is away just now is waited for. */
static enum ibc_status open_log(struct follower *follower, struct ibc_error *err) {
    char from[IBC_TIMESTAMP_MAX];
    run_since(follower, from);
    for (;;) {
        enum ibc_status status = ibc_docker_logs_open(
            follower->gateway->docker, follower->container->id, from, &follower->logs, err);
        if (status != IBC_ERR_UNAVAILABLE) {
            return status;
        }
        on_away(follower, err);
        if (is_interrupted()) {
            on_interrupt(follower);
            return IBC_OK;
        }
    }
}

enum ibc_status follow(struct gateway *gateway, const struct ibc_container *container,
                       const struct follow_options *options, struct run *out,
                       struct ibc_error *err) {
    IBC_CLEANUP(follower_close)
    struct follower follower = {.gateway = gateway, .options = options, .container = container};
    follower.troubled = options->troubled;
    follower.began_ns = (ibc_clock_wall_ms() - NEWS_MS) * 1000000;
    gateway_begin_run(gateway, container);
    ibc_login_begin(&follower.login, gateway->mode, options->automatic);
    follower.deadline_ms =
        boot_clock_ms() + time_left_ms(&follower, ibc_docker_time(container->started_at));
    give_time(&follower);
    enum ibc_status status = ibc_log_reader_new(gateway->rules, &follower.reader, err);
    if (status == IBC_OK) {
        status = open_log(&follower, err);
    }
    while (status == IBC_OK && !follower.over) {
        if (is_interrupted()) {
            on_interrupt(&follower);
        } else {
            next(&follower);
        }
    }
    if (follower.in_since_ms > 0) {
        follower.run.in_ms = boot_clock_ms() - follower.in_since_ms;
    }
    *out = follower.run;
    return status;
}
