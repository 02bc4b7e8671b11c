/* supervise.c - run after run, with the gate between them. */
#include "cli/supervise.h"
#include "cli/run_status.h"

#include "cli/interrupt.h"
#include <ibcred/number.h>

enum {
    HOLD_LOOK_MS = 5000,    /* how often a held account, or a daemon that is away, is looked at */
    RESTART_LOOK_MS = 1000, /* how often a container that Docker restarts */
    LONG_WAIT = 3600,       /* seconds: somebody wants to know of such a one */
};

/* What goes on over many runs. */
struct supervision {
    struct gateway *gateway;
    const struct supervise_options *options;
    int64_t restart_wait; /* seconds: before the next start after a session; 0: the first */
    bool troubled;        /* somebody was or should have been told of trouble */
    bool held;            /* and that the account is held */
    bool told_of_wait;    /* or that it has to wait for long */
    bool automatic;       /* the next start is ours, not a person's */
};

/* --- the gate is shut --- */

/* Until a person has cleared the account or sealed another password. False when interrupted. */
static bool wait_while_held(struct supervision *supervision, const char *why) {
    struct gateway *gateway = supervision->gateway;
    warn(gateway->cli, why);
    if (!supervision->held) {
        gateway_notify(gateway, IBC_NOTICE_HELD, why);
    }
    supervision->held = supervision->troubled = true;
    enum ibc_status status = IBC_ERR_REFUSED;
    while (status != IBC_OK && status != IBC_ERR_WAIT) {
        enum ibc_gate_decision decision;
        struct ibc_error ignored;
        if (!pause_for(HOLD_LOOK_MS)) {
            return false;
        }
        status = gateway_gate(gateway, &decision, &ignored);
    }
    supervision->held = false;
    say(gateway->cli, "%s: not held any more", gateway->profile);
    return true;
}

/* A refusal: is it the gate's, which a person can lift while we wait? */
static bool is_held(struct gateway *gateway) {
    enum ibc_gate_decision decision;
    struct ibc_error ignored;
    return gateway_gate(gateway, &decision, &ignored) == IBC_ERR_REFUSED &&
           decision == IBC_GATE_HOLD;
}

/* Somebody else may have started it meanwhile: it is followed then, and nothing released. */
static bool runs_already(struct gateway *gateway, struct ibc_container *container) {
    const char *known = gateway->name[0] != '\0' ? gateway->name : gateway->container;
    struct ibc_error ignored;
    if (known[0] == '\0' ||
        ibc_docker_inspect(gateway->docker, known, container, &ignored) != IBC_OK ||
        !container->running) {
        return false;
    }
    snprintf(gateway->container, sizeof gateway->container, "%s", container->id);
    return true;
}

/* Is there nothing to be done yet? Not where the gate has opened before its time, or is held now.
 */
static bool still_waits(void *context) {
    struct gateway *gateway = context;
    struct ibc_container container;
    enum ibc_gate_decision decision;
    struct ibc_error ignored;
    const enum ibc_status gate = gateway_gate(gateway, &decision, &ignored);
    const bool waits = gate != IBC_OK && gate != IBC_ERR_REFUSED;
    const bool runs = runs_already(gateway, &container);
    ibc_docker_rest(gateway->docker);
    return waits && !runs;
}

/* Wait at the gate. IBC_OK: it is to be asked again. */
static enum ibc_status wait_at_gate(struct supervision *supervision, struct ibc_error *err) {
    struct gateway *gateway = supervision->gateway;
    const struct ibc_error gate = *err;
    if (gate.retry_after >= LONG_WAIT && !supervision->told_of_wait) {
        gateway_notify(gateway, IBC_NOTICE_HELD, gate.text);
        supervision->told_of_wait = supervision->troubled = true;
    }
    if (!count_down_while(gateway->cli, gate.retry_after, gate.text, still_waits, gateway)) {
        return ibc_fail(err, IBC_ERR_WAIT, "stopped while waiting; nothing was released");
    }
    return IBC_OK;
}

/*
 * Start the container through the gate, or find that it runs already. `again` waits as long as it
 * takes, and looks every now and then whether it still has to.
 */
static enum ibc_status start_through_gate(struct supervision *supervision,
                                          struct ibc_container *container, struct ibc_error *err) {
    struct gateway *gateway = supervision->gateway;
    const bool again = supervision->options->again;
    while (!runs_already(gateway, container)) {
        enum ibc_status status = gateway_start(gateway, container, err);
        if (status == IBC_ERR_WAIT && (again || supervision->options->wait)) {
            status = wait_at_gate(supervision, err);
        } else if (status == IBC_ERR_REFUSED && is_held(gateway)) {
            if (!again) {
                gateway_notify(gateway, IBC_NOTICE_HELD, err->text);
                return status;
            }
            if (!wait_while_held(supervision, err->text)) {
                return ibc_fail(err, IBC_ERR_WAIT, "interrupted while held; nothing was released");
            }
            status = IBC_OK;
        } else {
            supervision->told_of_wait &= status != IBC_OK;
            return status;
        }
        if (status != IBC_OK) {
            return status;
        }
    }
    return IBC_OK;
}

/* --- between two runs --- */

/* After a session that had logged in: not at once, and later each time while sessions are short. */
static bool wait_before_restart(struct supervision *supervision, const struct run *run) {
    const struct ibc_policy *policy = &supervision->gateway->session.policy;
    if (!run->was_in) {
        return true;
    }
    const bool steady = run->in_ms >= policy->restart_steady * 1000;
    int64_t wait = steady || supervision->restart_wait == 0 ? policy->restart_wait
                                                            : 2 * supervision->restart_wait;
    wait = wait < policy->restart_cap ? wait : policy->restart_cap;
    supervision->restart_wait = wait;
    char words[IBC_DURATION_TEXT_MAX], why[IBC_ERROR_TEXT_MAX];
    ibc_format_duration(wait, words);
    snprintf(why, sizeof why, "%s: %s; starting it again in %s", supervision->gateway->profile,
             run->why, words);
    return count_down(supervision->gateway->cli, wait, why);
}

/* --- the loop --- */

static void warn_of_restart_policy(struct gateway *gateway, const struct ibc_container *container) {
    if (container->restart_policy[0] != '\0' && strcmp(container->restart_policy, "no") != 0) {
        struct ibc_error sentence;
        ibc_fail(&sentence, IBC_OK,
                 "container '%s' has Docker's restart policy '%s', which logs in again behind the "
                 "gate's back; set restart: \"no\"",
                 container->name, container->restart_policy);
        warn(gateway->cli, sentence.text);
    }
}

/* A container that runs in another mode than the one asked for is not touched. */
static enum ibc_status check_mode(const struct gateway *gateway,
                                  const struct ibc_container *container, struct ibc_error *err) {
    enum ibc_mode mode;
    if (container->running && ibc_mode_parse(container->trading_mode, &mode) &&
        mode != gateway->mode) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "container '%s' runs in mode %s and mode %s was asked for; stop it first",
                        container->name, container->trading_mode, ibc_mode_name(gateway->mode));
    }
    return IBC_OK;
}

/* Find the container; `*exists` is false where there is none. Waits for a daemon that is away. */
static enum ibc_status find(struct supervision *supervision, struct ibc_container *container,
                            bool *exists, struct ibc_error *err) {
    bool told = false;
    for (;;) {
        enum ibc_status status = gateway_find(supervision->gateway, container, err);
        *exists = status == IBC_OK;
        if (status != IBC_ERR_UNAVAILABLE || !supervision->options->again) {
            return status == IBC_ERR_NOT_FOUND && supervision->gateway->compose ? IBC_OK : status;
        }
        if (!told) {
            warn(supervision->gateway->cli, err->text);
            told = true;
        }
        if (!pause_for(HOLD_LOOK_MS)) {
            return ibc_fail(err, IBC_ERR_WAIT, "interrupted while Docker was away");
        }
    }
}

/*
 * Follow what runs, or read what ran last. `*run` says nothing (RUN_ENDED, never in) where there
 * was nothing to read.
 */
static enum ibc_status follow_one(struct supervision *supervision,
                                  const struct ibc_container *container, struct run *run,
                                  struct ibc_error *err) {
    const struct follow_options options = {
        .until_in = supervision->options->until_in && !supervision->options->again,
        .automatic = supervision->automatic,
        .alone = !supervision->options->start && !supervision->options->again,
        .troubled = supervision->troubled,
    };
    enum ibc_status status = follow(supervision->gateway, container, &options, run, err);
    if (status == IBC_OK) {
        supervision->troubled = run->outcome != 0 || (supervision->troubled && !run->was_in);
    }
    return status;
}

static enum ibc_status start_and_follow(struct supervision *supervision, struct run *run,
                                        struct ibc_error *err) {
    struct ibc_container container;
    enum ibc_status status = start_through_gate(supervision, &container, err);
    if (status != IBC_OK) {
        return status;
    }
    warn_of_restart_policy(supervision->gateway, &container);
    status = follow_one(supervision, &container, run, err);
    if (status != IBC_OK) {
        /* Its log cannot be read, so nobody would see it log in again and again. */
        (void)gateway_stop(supervision->gateway, false);
        gateway_end_secret(supervision->gateway);
    }
    gateway_wait_for_compose(supervision->gateway);
    return status;
}

/* --- what Docker starts again by itself --- */

/*
 * Watching a container that has a restart policy goes on over its restarts: wait for the next run.
 * False where there is none: it ended for good, or we stopped it.
 */
static bool restarts_by_itself(struct gateway *gateway, const struct ibc_container *before,
                               struct ibc_container *now) {
    struct ibc_error ignored;
    for (;;) {
        if (gateway_find(gateway, now, &ignored) != IBC_OK) {
            return false;
        }
        if (now->running && !now->restarting && strcmp(now->started_at, before->started_at) != 0) {
            return true;
        }
        if (!(now->running || now->restarting) || !pause_for(RESTART_LOOK_MS)) {
            return false;
        }
    }
}

static enum ibc_status watch_restarts(struct supervision *supervision,
                                      struct ibc_container *container, struct run *run,
                                      struct ibc_error *err) {
    enum ibc_status status = IBC_OK;
    struct ibc_container next;
    supervision->automatic = true;
    while (status == IBC_OK && run->end == RUN_ENDED &&
           restarts_by_itself(supervision->gateway, container, &next)) {
        say(supervision->gateway->cli, "%s: Docker has started the container again",
            supervision->gateway->profile);
        *container = next;
        status = follow_one(supervision, container, run, err);
    }
    return status;
}

/* --- the first run --- */

/* What is there already, before anything is started. `*ran`: that was all there is to do. */
static enum ibc_status begin(struct supervision *supervision, bool *ran, struct run *run,
                             struct ibc_error *err) {
    struct gateway *gateway = supervision->gateway;
    const bool starts = supervision->options->start;
    struct ibc_container container;
    bool exists;
    *ran = false;
    enum ibc_status status = find(supervision, &container, &exists, err);
    if (status == IBC_OK && exists && !supervision->options->recreate) {
        status = check_mode(gateway, &container, err);
    }
    if (status != IBC_OK || !exists || container.started_at[0] == '\0') {
        return status;
    }
    if (container.running && supervision->options->recreate) {
        say(gateway->cli, "%s: stopping the container that runs", gateway->profile);
        return gateway_stop(gateway, true)
                   ? IBC_OK
                   : ibc_fail(err, IBC_ERR_WAIT, "interrupted while stopping");
    }
    if (container.running) {
        warn_of_restart_policy(gateway, &container);
        say(gateway->cli, "%s: container '%s' runs already; reading its log", gateway->profile,
            container.name);
    } else if (starts && !gateway_awaits_outcome(gateway)) {
        return IBC_OK; /* what its last log says is written down, or a person knew better */
    }
    *ran = container.running || !starts;
    status = follow_one(supervision, &container, run, err);
    return status == IBC_OK && !starts ? watch_restarts(supervision, &container, run, err) : status;
}

/* --- again --- */

/* Is there a next run to be had? */
static bool goes_on(const struct supervision *supervision, const struct run *run) {
    return supervision->options->again && run->end != RUN_INTERRUPTED && !run->contradicted &&
           !run->misconfigured &&
           (run->end != RUN_REMOVED || supervision->gateway->compose != NULL);
}

/* The next run. A start that fails is tried again: Docker may be starting just now itself. */
static enum ibc_status run_again(struct supervision *supervision, struct run *run,
                                 struct ibc_error *err) {
    struct gateway *gateway = supervision->gateway;
    if (!wait_before_restart(supervision, run)) {
        return ibc_fail(err, IBC_ERR_WAIT, "interrupted before the gateway was started again");
    }
    supervision->automatic = true;
    int64_t wait = gateway->session.policy.restart_wait;
    for (;;) {
        enum ibc_status status = start_and_follow(supervision, run, err);
        if (status != IBC_ERR_UNAVAILABLE) {
            return status;
        }
        const struct ibc_error why = *err;
        supervision->troubled = true;
        if (!count_down(gateway->cli, wait, why.text)) {
            return ibc_fail(err, IBC_ERR_WAIT, "interrupted before the gateway was started again");
        }
        const int64_t cap = gateway->session.policy.restart_cap;
        wait = 2 * wait < cap ? 2 * wait : cap;
    }
}

enum ibc_status supervise(struct gateway *gateway, const struct supervise_options *options,
                          struct run *run, struct ibc_error *err) {
    /* Of what runs already, a supervisor that is back cannot say that a person started it. */
    struct supervision supervision = {
        .gateway = gateway, .options = options, .automatic = options->again};
    *run = (struct run){.end = RUN_ENDED};
    bool ran;
    enum ibc_status status = begin(&supervision, &ran, run, err);
    if (status == IBC_OK && !ran && options->start) {
        *run = (struct run){.end = RUN_ENDED};
        supervision.automatic = false;
        status = start_and_follow(&supervision, run, err);
    }
    while (status == IBC_OK && goes_on(&supervision, run)) {
        status = run_again(&supervision, run, err);
    }
    gateway_write_at_last(gateway);
    return status == IBC_OK ? run_status(gateway, run, err) : status;
}
