/* starting.c - a release, and the container that it is for. */
#include "cli/gateway.h"
#include "cli/interrupt.h"

#include <errno.h>
#include <ibcred/file.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the reaper is run as: this program, even when its file was replaced meanwhile. */
#define OWN_PROGRAM "/proc/self/exe"

/* The secret directory, and where Compose is to start the gateway, Compose as a child. */
struct start {
    struct ibc_secret_directory directory;
    struct ibc_delivery to_directory;
    struct ibc_command command;
    struct ibc_delivery to_child; /* `prepare` is NULL where there is none */
    const char *argv[COMPOSE_ARGUMENTS_MAX];
    char *link;                       /* the path that Compose is to mount */
    struct ibc_docker_events *events; /* with Compose: of such services */
    int64_t handed_ms;                /* wall clock at which the secret left */
};

static void start_free(struct start *start) {
    ibc_secret_directory_free(&start->directory);
    ibc_command_free(&start->command);
    ibc_docker_events_free(&start->events);
    free(start->link);
}

/* Compose gets what it needs to read its files; the passwords lie in the directory. */
static enum ibc_status prepare_child(struct start *start, const struct ibc_field *variables,
                                     size_t count, struct ibc_error *err) {
    ibc_auto_free struct ibc_field *own = calloc(count + IBC_SECRET_DIRECTORY_MORE, sizeof *own);
    if (!own) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for Compose's environment");
    }
    const size_t used = ibc_secret_directory_variables(variables, count, start->link, own);
    return start->to_child.prepare(start->to_child.self, own, used, err);
}

static enum ibc_status prepare(void *self, const struct ibc_field *variables, size_t count,
                               struct ibc_error *err) {
    struct start *start = self;
    enum ibc_status status =
        start->to_directory.prepare(start->to_directory.self, variables, count, err);
    if (status == IBC_OK && start->to_child.prepare) {
        status = prepare_child(start, variables, count, err);
        if (status != IBC_OK) {
            start->to_directory.abandon(start->to_directory.self);
        }
    }
    return status;
}

static enum ibc_status hand_over(void *self, struct ibc_error *err) {
    struct start *start = self;
    start->handed_ms = ibc_clock_wall_ms();
    enum ibc_status status = start->to_directory.hand_over(start->to_directory.self, err);
    if (status == IBC_OK && start->to_child.prepare) {
        status = start->to_child.hand_over(start->to_child.self, err);
        if (status != IBC_OK) {
            start->to_directory.abandon(start->to_directory.self);
        }
    }
    return status;
}

static void abandon(void *self) {
    struct start *start = self;
    start->to_directory.abandon(start->to_directory.self);
    if (start->to_child.prepare) {
        start->to_child.abandon(start->to_child.self);
    }
}

static enum ibc_status make_start(struct gateway *gateway, struct start *start,
                                  struct ibc_error *err) {
    *start = (struct start){0};
    ibc_secret_directory_init(&start->directory, gateway->runtime, gateway->profile, gateway->ttl,
                              &gateway->reaper);
    start->directory.owner = gateway->session.policy.secret_owner;
    start->directory.group = gateway->session.policy.secret_group;
    start->directory.mode = gateway->session.policy.secret_mode;
    start->directory.format = IBC_FORMAT_COMPOSE;
    start->to_directory = ibc_secret_directory_delivery(&start->directory);
    start->link = ibc_secret_directory_path(gateway->runtime, gateway->profile);
    if (!start->link) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "the runtime directory '%s' is gone",
                        ibc_runtime_path(gateway->runtime));
    }
    if (!gateway->compose) {
        return IBC_OK;
    }
    enum ibc_status status =
        compose_up_arguments(gateway->compose, gateway->further, start->argv, err);
    if (status == IBC_OK) {
        ibc_command_init(&start->command, compose_argv(start->argv), environ);
        if (identity_is_systemds()) {
            start->command.withheld = "CREDENTIALS_DIRECTORY";
        }
        start->to_child = ibc_command_child_delivery(&start->command);
    }
    return status;
}

/* --- the container comes up --- */

enum {
    TICK_MS = 200,  /* between two looks at Compose */
    LATE_MS = 2000, /* how long after Compose has ended the daemon may tell of a start */
    AWAY_MS = 1000, /* between two tries to reach a daemon that is away */
};

void gateway_wait_for_compose(struct gateway *gateway) {
    while (gateway->child > 0 && waitpid(gateway->child, NULL, 0) < 0 && errno == EINTR) {
    }
    gateway->child = 0;
}

/* Has our container started, by what the daemon tells within `timeout_ms`? */
static bool saw_start(struct gateway *gateway, const struct start *start, int64_t timeout_ms,
                      struct ibc_container *out) {
    struct ibc_docker_event event;
    struct ibc_error ignored;
    const int64_t end = boot_clock_ms() + timeout_ms;
    do {
        const int64_t left = end - boot_clock_ms();
        enum ibc_status status =
            ibc_docker_events_next(start->events, left > 0 ? left : 0, &event, &ignored);
        if (status == IBC_OK && strcmp(event.action, "start") == 0 &&
            ibc_docker_inspect(gateway->docker, event.id, out, &ignored) == IBC_OK &&
            gateway_is_mounted(out, start->link)) {
            return true;
        }
        if (status != IBC_OK && status != IBC_ERR_WAIT) {
            pause_for(left > 0 ? left : 0);
        }
    } while (boot_clock_ms() < end);
    return false;
}

/*
 * Where the daemon told nothing: did the container start since the release all the same? Goes on
 * asking a daemon that is away, for a gateway that may be logging in must not be left alone.
 */
static enum ibc_status find_started(struct gateway *gateway, const struct start *start,
                                    struct ibc_container *out, struct ibc_error *err) {
    enum ibc_status status = gateway_find(gateway, out, err);
    while (status == IBC_ERR_UNAVAILABLE && pause_for(AWAY_MS)) {
        status = gateway_find(gateway, out, err);
    }
    if (status == IBC_OK && ibc_docker_time(out->started_at) / 1000000 < start->handed_ms) {
        return ibc_fail(err, IBC_ERR_NOT_FOUND, "container '%s' was not started", out->name);
    }
    return status;
}

/*
 * Wait for Compose to start the container, and no longer: what it logs is to be read from the first
 * line on. Where Compose fails and nobody can say whether it started, it must be taken for started.
 */
static enum ibc_status wait_for_start(struct gateway *gateway, const struct start *start,
                                      struct ibc_container *out, struct ibc_error *err) {
    int status = 0;
    for (;;) {
        if (saw_start(gateway, start, TICK_MS, out)) {
            return IBC_OK;
        }
        if (is_interrupted()) {
            kill(gateway->child, SIGTERM);
        }
        const pid_t ended = waitpid(gateway->child, &status, WNOHANG);
        if (ended == gateway->child || (ended < 0 && errno != EINTR)) {
            break;
        }
    }
    gateway->child = 0;
    if (saw_start(gateway, start, LATE_MS, out)) {
        return IBC_OK;
    }
    struct ibc_error why;
    enum ibc_status found = find_started(gateway, start, out, &why);
    if (found == IBC_OK && !gateway_is_mounted(out, start->link)) {
        (void)gateway_stop(gateway, false);
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "container '%s' does not mount '%s', so it may log in with another "
                        "password than the released one; it is stopped",
                        out->name, start->link);
    }
    if (found != IBC_ERR_NOT_FOUND) {
        *err = why;
        return found;
    }
    gateway->untouched = true;
    return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                    "%s did not start service '%s' (exit status %d; its own words are above); "
                    "nothing stays charged",
                    compose_name(gateway->compose), gateway->compose->service,
                    WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static enum ibc_status start_as_it_is(struct gateway *gateway, const struct start *start,
                                      struct ibc_container *out, struct ibc_error *err) {
    enum ibc_status status = ibc_docker_start(gateway->docker, gateway->container, err);
    if (status == IBC_OK) {
        return gateway_find(gateway, out, err);
    }
    struct ibc_error why;
    enum ibc_status found = find_started(gateway, start, out, &why);
    gateway->untouched = found == IBC_ERR_NOT_FOUND;
    return found == IBC_OK ? IBC_OK : status;
}

static enum ibc_status release_for(struct gateway *gateway, struct start *start,
                                   struct ibc_error *err) {
    const struct ibc_request request = {
        .profile = gateway->profile,
        .paper_profile = gateway->mode == IBC_MODE_BOTH ? gateway->paper_profile : NULL,
        .mode = gateway->mode,
        .canary = IBC_CANARY_ANY,
        .names = IBC_NAMES_IB,
        .format = IBC_FORMAT_COMPOSE,
        .consumer = gateway->consumer != IBC_CONSUMER_UNKNOWN
                        ? gateway->consumer
                        : ibc_policy_consumer(&gateway->session.policy, gateway->image),
    };
    const struct ibc_delivery delivery = {
        .name = gateway->compose ? "compose" : "secret-dir",
        .self = start,
        .prepare = prepare,
        .hand_over = hand_over,
        .abandon = abandon,
    };
    enum ibc_status status =
        ibc_broker_release(&gateway->session.broker, &request, &delivery, &gateway->released, err);
    gateway->charged = status == IBC_OK;
    return status;
}

/* Before anything is released: is the daemon there, and will it tell when the container starts? */
static enum ibc_status open_events(struct gateway *gateway, struct start *start,
                                   struct ibc_error *err) {
    if (!gateway->compose) {
        struct ibc_container container;
        enum ibc_status status = gateway_find(gateway, &container, err);
        if (status == IBC_OK) {
            memcpy(gateway->image, container.image, sizeof gateway->image);
        }
        return status;
    }
    char label[IBC_DOCKER_NAME_MAX + 1];
    snprintf(label, sizeof label, "com.docker.compose.service=%s", gateway->compose->service);
    return ibc_docker_label_events_open(gateway->docker, label, &start->events, err);
}

static enum ibc_status start_released(struct gateway *gateway, struct start *start,
                                      struct ibc_container *out, struct ibc_error *err) {
    say(gateway->cli, "%s: released for mode %s and charged; starting the gateway",
        gateway->profile, ibc_mode_name(gateway->mode));
    gateway->untouched = false;
    gateway->asked_ms = start->handed_ms;
    gateway->child = start->command.child;
    enum ibc_status status = gateway->compose ? wait_for_start(gateway, start, out, err)
                                              : start_as_it_is(gateway, start, out, err);
    if (status == IBC_OK) {
        snprintf(gateway->container, sizeof gateway->container, "%s", out->id);
        memcpy(gateway->name, out->name, sizeof gateway->name);
        gateway->own_run = true;
        return IBC_OK;
    }
    gateway_end_secret(gateway);
    if (gateway->untouched) {
        gateway_take_back(gateway, err->text);
    }
    return status;
}

enum ibc_status gateway_start(struct gateway *gateway, struct ibc_container *out,
                              struct ibc_error *err) {
    gateway_wait_for_compose(gateway);
    IBC_CLEANUP(start_free) struct start start = {0};
    enum ibc_status status = gateway_write_rest(gateway, err);
    if (status == IBC_OK) {
        gateway_end_secret(gateway);
        status = ibc_reaper_start(OWN_PROGRAM, &gateway->reaper, err);
    }
    if (status == IBC_OK) {
        status = session_wake(&gateway->session, err);
    }
    if (status == IBC_OK) {
        status = make_start(gateway, &start, err);
    }
    if (status == IBC_OK) {
        status = open_events(gateway, &start, err);
    }
    if (status == IBC_OK) {
        status = release_for(gateway, &start, err);
    }
    session_rest(&gateway->session);
    if (status != IBC_OK) {
        ibc_reaper_free(&gateway->reaper);
        return status;
    }
    return start_released(gateway, &start, out, err);
}
