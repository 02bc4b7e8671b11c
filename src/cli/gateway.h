/*
 * gateway.h - one gateway's container and the account behind it, as `up` and `watch` handle them.
 *
 * The vault is open only while something is asked of it or written down; for the days that a log is
 * followed its keys are not in memory, but for the identity or passphrase that opens it.
 */
#ifndef IBCRED_CLI_GATEWAY_H
#define IBCRED_CLI_GATEWAY_H

#include "cli/cli.h"
#include "cli/compose.h"
#include <ibcred/docker.h>
#include <ibcred/login.h>

enum { UNWRITTEN_MAX = 8 };

struct gateway {
    const struct cli *cli;
    struct session session;
    struct ibc_docker *docker;
    struct ibc_runtime *runtime;
    struct ibc_log_rules *rules;
    char profile[IBC_PROFILE_NAME_MAX + 1];
    char paper_profile[IBC_PROFILE_NAME_MAX + 1]; /* mode `both`; else "" */
    enum ibc_mode mode;
    enum ibc_consumer consumer;              /* as somebody said; unknown: by the image */
    int64_t ttl;                             /* seconds, of a secret directory */
    const struct compose *compose;           /* NULL: the container is started as it is */
    char *const *further;                    /* arguments for compose */
    char container[IBC_DOCKER_NAME_MAX + 1]; /* name or id; "" while there is none */
    char image[IBC_DOCKER_IMAGE_MAX + 1];    /* of it; "" while that is not known */
    char name[IBC_DOCKER_NAME_MAX + 1];      /* its name, once it was started; it outlives the id */
    int lock;                                /* gateway_lock(); -1 otherwise */
    size_t unwritten_count;                  /* of what is still to be written down */
    struct {
        struct ibc_login_step step;
        int64_t seen_ns;
    } unwritten[UNWRITTEN_MAX];
    struct ibc_reaper reaper;
    pid_t child;                 /* Compose, while it runs; 0: it does not */
    pid_t catching_up;           /* `ibcred rotate --resume`, perhaps still running; 0: none */
    struct ibc_release released; /* the last release */
    bool own_run;                /* the next run is the one that was released for */
    struct ibc_login_origin origins[IBC_LOGIN_SIDES_MAX]; /* of the logins of the run */
    bool untouched;    /* the last start did not start the container, for certain */
    uint32_t promoted; /* the version that a login made the active one; 0: none */
    bool charged;      /* it is still the one that the next run is for */
    int64_t asked_ms;  /* wall clock at which that was asked to start; 0: nothing was */
};

/*
 * Open everything: session, daemon, runtime directory, rules. `paper_profile` may be NULL.
 */
IBC_CHECKED enum ibc_status gateway_open(struct gateway *gateway, const struct cli *cli,
                                         const struct release_options *options, const char *profile,
                                         const char *rules_path, struct ibc_error *err);
/* Be the only one that starts the profile's gateway. IBC_ERR_WAIT: another ibcred is that. */
IBC_CHECKED enum ibc_status gateway_lock(struct gateway *gateway, struct ibc_error *err);

void gateway_close(struct gateway *gateway);
#define auto_gateway IBC_CLEANUP(gateway_close) struct gateway

/* The profile of a side of a login. */
const char *gateway_profile(const struct gateway *gateway, size_t side);

/* --- starting --- */

/*
 * Ask the gate, release into the secret directory, charge, and start the container: by compose, or
 * as it is. Where it did not start the charge is taken back.
 * `*out` is the container, as soon as it runs: Compose may not be done yet.
 * What ibc_broker_release() returns; IBC_ERR_UNAVAILABLE: the daemon is away, so nothing was
 * released; or the gate was open and the container did not start.
 */
IBC_CHECKED enum ibc_status gateway_start(struct gateway *gateway, struct ibc_container *out,
                                          struct ibc_error *err);

/* The container, found anew where Compose knows it; IBC_ERR_NOT_FOUND where there is none. */
IBC_CHECKED enum ibc_status gateway_find(struct gateway *gateway, struct ibc_container *out,
                                         struct ibc_error *err);

/*
 * Does this container mount what lies at `link`, the path of a secret directory? It is the one that
 * the release is for then; other projects have services of the same name.
 */
bool gateway_is_mounted(const struct ibc_container *container, const char *link);

/* Wait for the Compose that gateway_start() left behind when the container ran. */
void gateway_wait_for_compose(struct gateway *gateway);

/* The gateway has read its secrets, or will not any more: whoever released them, they end now. */
void gateway_end_secret(struct gateway *gateway);

/*
 * Stop the container, and go on trying while the daemon is away; once only where one has been
 * interrupted. False where it may still run. One that is logged in gets the time that it asks for
 * to log out; the others have no session to lose.
 */
bool gateway_stop(struct gateway *gateway, bool logged_in);

/* The release that was made is not needed: take its charge back. */
void gateway_take_back(struct gateway *gateway, const char *why);

/* --- writing down --- */

/* A run of the container begins: what are its logins made on? On our release for it, or on what was
 * released before its environment was fixed, or its secret files were read. */
void gateway_begin_run(struct gateway *gateway, const struct ibc_container *container);

/*
 * What a step of the login says. What cannot be written down now is told as a warning, and kept:
 * nothing is released before it is.
 */
void gateway_write_down(struct gateway *gateway, const struct ibc_login_step *step,
                        int64_t seen_ns);

/* Write down what could not be. */
IBC_CHECKED enum ibc_status gateway_write_rest(struct gateway *gateway, struct ibc_error *err);

/* The same before ibcred ends: a few times, and where it cannot be done people are told. */
void gateway_write_at_last(struct gateway *gateway);

/* Is it still to be written down what came of a login? True where nobody can say. */
bool gateway_awaits_outcome(struct gateway *gateway);

/* What the gate says of the accounts now: the one that stands most in the way. */
IBC_CHECKED enum ibc_status gateway_gate(struct gateway *gateway, enum ibc_gate_decision *decision,
                                         struct ibc_error *err);

void gateway_notify(struct gateway *gateway, enum ibc_notice notice, const char *text);

#endif
