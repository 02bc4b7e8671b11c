/*
 * docker.h - the Docker Engine API, as far as a gateway's container and its secrets need it.
 *
 * Paths and fields: Docker Engine API reference v1.41 (docs.docker.com/engine/api/v1.41). The
 * version spoken is the lower of the daemon's and IBC_DOCKER_API_MAX, or the lowest that a later
 * daemon still takes, and at least IBC_DOCKER_API_MIN. Every call that cannot reach the daemon is
 * IBC_ERR_UNAVAILABLE with the socket or address in the sentence; IBC_ERR_NOT_FOUND names what is
 * not there; IBC_ERR_REFUSED is a socket that this user may not use, and an answer of 401, 403 or
 * 501; any other answer of the daemon is IBC_ERR_UNAVAILABLE with its own words, control characters
 * replaced.
 */
#ifndef IBCRED_DOCKER_H
#define IBCRED_DOCKER_H

#include <ibcred/secret.h>

#pragma GCC visibility push(default)

#define IBC_DOCKER_API_MIN "1.24"
#define IBC_DOCKER_API_MAX "1.44"

enum {
    IBC_DOCKER_ID_MAX = 64,     /* bytes, without the NUL, of every id below */
    IBC_DOCKER_NAME_MAX = 255,  /* bytes */
    IBC_DOCKER_IMAGE_MAX = 511, /* bytes of an image's name with tag and digest */
    IBC_DOCKER_TIME_MAX = 40,   /* bytes of an RFC 3339 time with nanoseconds */
    IBC_DOCKER_PATH_MAX = 4096, /* bytes */
    IBC_DOCKER_MOUNTS_MAX = 32, /* of a container; more are not told */
    IBC_DOCKER_PORTS_MAX = 32,  /* published by a container; likewise */
    IBC_DOCKER_IP_MAX = 45,     /* bytes of an IPv4 or IPv6 address */
    IBC_DOCKER_LINE_MAX = 8192, /* bytes of a log line; the rest of a longer one is dropped */
};

struct ibc_docker;

/*
 * Get ready to speak to the daemon of $DOCKER_HOST (unix://, tcp://; with $DOCKER_TLS_VERIFY or
 * $DOCKER_CERT_PATH tcp is TLS with ca.pem, cert.pem and key.pem from there), or of
 * /var/run/docker.sock. Asks nothing yet: the version is agreed on at the first call, and again
 * after the daemon was away. IBC_ERR_USAGE: an address that is none of these (ssh:// is not).
 * The caller frees.
 */
IBC_CHECKED enum ibc_status ibc_docker_open(struct ibc_docker **out, struct ibc_error *err);
void ibc_docker_free(struct ibc_docker **docker);
#define ibc_auto_docker IBC_CLEANUP(ibc_docker_free) struct ibc_docker

/* Let go of the helper process until the next call needs one: a supervisor's memory in quiet. */
void ibc_docker_rest(struct ibc_docker *docker);

struct ibc_docker_mount {
    char source[IBC_DOCKER_PATH_MAX]; /* on the daemon's host */
    char target[IBC_DOCKER_PATH_MAX]; /* in the container */
};

/* A TCP port of the container that the daemon's host passes on. */
struct ibc_docker_port {
    uint16_t port;                    /* in the container */
    uint16_t published;               /* on the host */
    char host[IBC_DOCKER_IP_MAX + 1]; /* the address it is bound to there; "" for all */
};

/* A container as `inspect` tells of it. A value: nothing in it is owned. */
struct ibc_container {
    char id[IBC_DOCKER_ID_MAX + 1];
    char name[IBC_DOCKER_NAME_MAX + 1];   /* without the leading slash */
    char image[IBC_DOCKER_IMAGE_MAX + 1]; /* as it was asked for; cut where that does not fit */
    bool running;                         /* a process is there (also while restarting or paused) */
    bool restarting;                      /* Docker's own restart policy is at it */
    bool tty;                             /* its log is one raw stream */
    int exit_code;
    bool out_of_memory;
    char created_at[IBC_DOCKER_TIME_MAX];   /* when its environment was fixed */
    char started_at[IBC_DOCKER_TIME_MAX];   /* "" when it never was */
    char finished_at[IBC_DOCKER_TIME_MAX];  /* likewise */
    char restart_policy[32];                /* "no", "always", "unless-stopped", "on-failure" */
    int64_t restart_count;                  /* of Docker's own restarts */
    char trading_mode[16];                  /* of its environment; "" where it has none */
    char username[IBC_DOCKER_NAME_MAX + 1]; /* TWS_USERID of its environment; "" where none */
    bool password_in_environment;           /* a TWS_PASSWORD that is not empty */
    size_t mount_count;
    struct ibc_docker_mount mounts[IBC_DOCKER_MOUNTS_MAX]; /* bind mounts */
    bool host_network;                   /* it shares the network of the daemon's host */
    char address[IBC_DOCKER_IP_MAX + 1]; /* its own on a network; "" while it does not run */
    size_t port_count;
    struct ibc_docker_port ports[IBC_DOCKER_PORTS_MAX]; /* while it runs */
};

/* One of these times, in nanoseconds since 1970 UTC; 0 for "" or what is no such time. */
int64_t ibc_docker_time(const char *text);

/* `container` is a name or an id, here and below. What is no name that Docker would give is
 * IBC_ERR_USAGE. */
IBC_CHECKED enum ibc_status ibc_docker_inspect(struct ibc_docker *docker, const char *container,
                                               struct ibc_container *out, struct ibc_error *err);

/*
 * Where this machine reaches TCP port `port` of a running container: through a published port
 * (one bound to all addresses by loopback), else at the container's own address, else, where it
 * shares the host's network, at the host. Of a daemon on another host only what that one publishes
 * on all addresses, or shares, can be reached. False: there is no way.
 */
IBC_CHECKED bool ibc_docker_reach(const struct ibc_docker *docker,
                                  const struct ibc_container *container, uint16_t port,
                                  char host[static IBC_DOCKER_NAME_MAX + 1], uint16_t *out);

/*
 * Stop it, giving it `grace` seconds before it is killed (-1: what the container itself asks for).
 * IBC_OK as well when it does not run. Returns when it is stopped.
 */
IBC_CHECKED enum ibc_status ibc_docker_stop(struct ibc_docker *docker, const char *container,
                                            int64_t grace, struct ibc_error *err);

/* Start it. IBC_OK as well when it runs already. */
IBC_CHECKED enum ibc_status ibc_docker_start(struct ibc_docker *docker, const char *container,
                                             struct ibc_error *err);

IBC_CHECKED enum ibc_status ibc_docker_restart(struct ibc_docker *docker, const char *container,
                                               int64_t grace, struct ibc_error *err);

/*
 * The time from which a log holds what the container's present run (or its last) wrote, for
 * ibc_docker_logs_open(). It lies before `started_at`, which the daemon notes only when the run
 * may have written already, and after the end of the run before; "" where there was none.
 */
void ibc_docker_run_since(const struct ibc_container *container,
                          char since[static IBC_DOCKER_TIME_MAX]);

/* --- logs ------------------------------------------------------------------------------------ */

struct ibc_docker_logs;

/*
 * Follow the log of a container, both streams, from `since` (an RFC 3339 time, see
 * ibc_docker_run_since(); "" for all there is). It is this very container that is followed, not a
 * later one of its name. `docker` must outlive the logs. The log outlives the daemon: when the
 * stream is cut it is taken up where it broke off, by the daemon's own time stamps, without losing
 * or repeating a line. IBC_ERR_REFUSED: the container's logging driver cannot be read.
 */
IBC_CHECKED enum ibc_status ibc_docker_logs_open(struct ibc_docker *docker, const char *container,
                                                 const char *since, struct ibc_docker_logs **out,
                                                 struct ibc_error *err);
void ibc_docker_logs_free(struct ibc_docker_logs **logs);
/* To be polled for reading once ibc_docker_logs_next() said IBC_ERR_WAIT; -1 while there is none.
 */
int ibc_docker_logs_fd(const struct ibc_docker_logs *logs);
#define ibc_auto_docker_logs IBC_CLEANUP(ibc_docker_logs_free) struct ibc_docker_logs

struct ibc_log_line {
    int64_t time_ns;      /* the daemon's time stamp, since 1970 UTC */
    struct ibc_view text; /* without newline and carriage return; good until the next call */
    bool cut;             /* it was longer than IBC_DOCKER_LINE_MAX */
};

/*
 * The next line, waiting at most `timeout_ms` (-1: for ever). IBC_ERR_WAIT: none came in that time,
 * or a signal came. IBC_ERR_NOT_FOUND: the container is gone (removed). IBC_ERR_UNAVAILABLE: the
 * daemon is away, or says that it cannot read its log; asking again tries again, so pause in
 * between. At the end of the log
 * of a container that has stopped: IBC_OK with `out->text.bytes` NULL, every time until it runs
 * again (the log then goes on where it was); each time the daemon is asked, so pause here too.
 * Reaching the daemon anew may take longer than `timeout_ms`.
 */
IBC_CHECKED enum ibc_status ibc_docker_logs_next(struct ibc_docker_logs *logs, int64_t timeout_ms,
                                                 struct ibc_log_line *out, struct ibc_error *err);

/* --- events
 * -------------------------------------------------------------------------------------*/

struct ibc_docker_events;

/*
 * Follow what happens to one container from now on: start, die, destroy, and so on. `docker` must
 * outlive the events. A daemon that is started anew has forgotten what happened before: after
 * IBC_ERR_UNAVAILABLE, inspect.
 */
IBC_CHECKED enum ibc_status ibc_docker_events_open(struct ibc_docker *docker, const char *container,
                                                   struct ibc_docker_events **out,
                                                   struct ibc_error *err);

/* As above, of all containers that have the label ("NAME=VALUE"), also of those yet to be made. */
IBC_CHECKED enum ibc_status ibc_docker_label_events_open(struct ibc_docker *docker,
                                                         const char *label,
                                                         struct ibc_docker_events **out,
                                                         struct ibc_error *err);
void ibc_docker_events_free(struct ibc_docker_events **events);
int ibc_docker_events_fd(const struct ibc_docker_events *events); /* as ibc_docker_logs_fd() */
#define ibc_auto_docker_events IBC_CLEANUP(ibc_docker_events_free) struct ibc_docker_events

struct ibc_docker_event {
    int64_t time_ns;
    char id[IBC_DOCKER_ID_MAX + 1]; /* of the container */
    char action[64];                /* "start", "die", "stop", "destroy", … */
};

/* As ibc_docker_logs_next(): IBC_ERR_WAIT, IBC_ERR_UNAVAILABLE. A cut stream is taken up again. */
IBC_CHECKED enum ibc_status ibc_docker_events_next(struct ibc_docker_events *events,
                                                   int64_t timeout_ms, struct ibc_docker_event *out,
                                                   struct ibc_error *err);

/* --- swarm
 * --------------------------------------------------------------------------------------*/

enum { IBC_DOCKER_LABELS_MAX = 8 };

struct ibc_docker_label {
    const char *name, *value;
};

/* IBC_ERR_REFUSED: the daemon is no swarm manager. IBC_ERR_CREATE: the name is taken. */
IBC_CHECKED enum ibc_status ibc_docker_secret_create(struct ibc_docker *docker, const char *name,
                                                     const struct ibc_docker_label *labels,
                                                     size_t label_count, struct ibc_view value,
                                                     char id[static IBC_DOCKER_ID_MAX + 1],
                                                     struct ibc_error *err);

struct ibc_docker_secret {
    char id[IBC_DOCKER_ID_MAX + 1];
    char name[IBC_DOCKER_NAME_MAX + 1];
    char version[16];                 /* value of the label "ibcred.version"; "" without one */
    char profile[80];                 /* of "ibcred.profile", cut to fit, as the next two */
    char vault[16];                   /* of "ibcred.vault" */
    char sealed[IBC_DOCKER_TIME_MAX]; /* of "ibcred.sealed" */
};

/* The secret of exactly that name. IBC_ERR_NOT_FOUND: there is none. */
IBC_CHECKED enum ibc_status ibc_docker_secret_find(struct ibc_docker *docker, const char *name,
                                                   struct ibc_docker_secret *out,
                                                   struct ibc_error *err);

/* The secrets with the label `label` of value `value`; `*secrets` is malloc()ed, the caller frees.
 */
IBC_CHECKED enum ibc_status ibc_docker_secret_list(struct ibc_docker *docker, const char *label,
                                                   const char *value,
                                                   struct ibc_docker_secret **secrets,
                                                   size_t *count, struct ibc_error *err);

/* IBC_ERR_REFUSED: a service uses it. IBC_OK when it is not there. */
IBC_CHECKED enum ibc_status ibc_docker_secret_remove(struct ibc_docker *docker, const char *id,
                                                     struct ibc_error *err);

/* A service, before it is moved. A value: nothing in it is owned. */
struct ibc_docker_service {
    size_t
        mounts; /* how many secrets it mounts as the target asked for: more than 1 is a mistake */
    char secret_name[IBC_DOCKER_NAME_MAX + 1]; /* the last of them; "" where none */
    int64_t tasks; /* how many of it run at a time; -1: one on each node, or jobs */
    char image[IBC_DOCKER_IMAGE_MAX + 1]; /* as of a container */
};

IBC_CHECKED enum ibc_status ibc_docker_service_look(struct ibc_docker *docker, const char *service,
                                                    const char *target,
                                                    struct ibc_docker_service *out,
                                                    struct ibc_error *err);

/* What a service is to be moved to, in one update. */
struct ibc_docker_service_change {
    const char *secret_id, *secret_name; /* the secret to mount … */
    const char *target;         /* … as /run/secrets/`target`, in place of the one there */
    int64_t owner, group, mode; /* of that file; mode as in chmod(2) */
    const struct ibc_docker_label *environment; /* variables to set */
    size_t environment_count;
    const char *const *unset; /* variables to take out; up to NULL */
};

/* Which secret does the service mount as `target`? `name` is "" where none. */
IBC_CHECKED enum ibc_status ibc_docker_service_secret(struct ibc_docker *docker,
                                                      const char *service, const char *target,
                                                      char name[static IBC_DOCKER_NAME_MAX + 1],
                                                      struct ibc_error *err);

/*
 * Move the service, with one update by its version (a change in between is IBC_ERR_WAIT: try
 * again). Also sets its restart condition to "none", its update order to "stop-first" and its
 * failure action to "pause": a restart is a login.
 */
IBC_CHECKED enum ibc_status ibc_docker_service_update(
    struct ibc_docker *docker, const char *service, const struct ibc_docker_service_change *change,
    struct ibc_error *err);

/* Would that update change anything? Asks, and changes nothing. */
IBC_CHECKED enum ibc_status ibc_docker_service_would_change(
    struct ibc_docker *docker, const char *service, const struct ibc_docker_service_change *change,
    bool *would, struct ibc_error *err);

#pragma GCC visibility pop

#endif
