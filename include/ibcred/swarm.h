/*
 * swarm.h - a profile's password as a secret of a Docker swarm, and the service that mounts it.
 *
 * A secret of a swarm is never changed and cannot be read back: each version of a profile is one of
 * its own, NAME_vN, and the service is moved from one to the next with a single update, which
 * starts a new task: a login. The service then has
 *
 * - /run/secrets/tws_password, and TWS_PASSWORD_FILE with that path;
 * - TWS_USERID and TRADING_MODE, and no TWS_PASSWORD;
 * - the restart condition "none", the update order "stop-first" and the failure action "pause".
 *
 * Labels tell which version of which profile of which vault a secret is, and when it was sealed;
 * nothing is derived from what was sealed. (Docker Engine API v1.41, Secret and Service.)
 */
#ifndef IBCRED_SWARM_H
#define IBCRED_SWARM_H

#include <ibcred/clock.h>
#include <ibcred/deliver.h>
#include <ibcred/docker.h>
#include <ibcred/policy.h>
#include <ibcred/vault.h>

#pragma GCC visibility push(default)

enum {
    IBC_SWARM_NAME_MAX = 64,  /* bytes of a secret's name: swarmkit takes no longer one */
    IBC_SWARM_LABEL_MAX = 40, /* bytes of the shorter labels' values, with the NUL */
};

/* What a secret is called and labelled. A value. */
struct ibc_swarm_secret {
    char name[IBC_SWARM_NAME_MAX + 1];
    char profile[IBC_PROFILE_NAME_MAX + 1]; /* ibcred.profile */
    char version[IBC_SWARM_LABEL_MAX];      /* ibcred.version: its number */
    char vault[IBC_SWARM_LABEL_MAX]; /* ibcred.vault: 8 hexadecimal digits of the vault's id */
    char sealed[IBC_TIMESTAMP_MAX];  /* ibcred.sealed: when, RFC 3339 */
};

/*
 * The secret for `version` of `profile`, named `base`_vN, or ibcred_PROFILE_vN where `base` is
 * NULL. Pure. IBC_ERR_USAGE: that is no name that a swarm takes; the sentence says what is.
 */
IBC_CHECKED enum ibc_status ibc_swarm_secret_of(
    const char *base, const unsigned char vault_id[static IBC_VAULT_ID_BYTES], const char *profile,
    const struct ibc_version *version, struct ibc_swarm_secret *out, struct ibc_error *err);

/* What a secret that the swarm has is to one that it should have. */
enum ibc_swarm_kinship {
    IBC_SWARM_SAME,    /* that very version: it holds the same value if it was ever completed */
    IBC_SWARM_OLDER,   /* of an earlier version, or of a profile of that name that was removed */
    IBC_SWARM_NEWER,   /* of a later version */
    IBC_SWARM_FOREIGN, /* of another profile or vault, or not ours at all */
};

/* Pure; names are not looked at. */
enum ibc_swarm_kinship ibc_swarm_kinship(const struct ibc_docker_secret *there,
                                         const struct ibc_swarm_secret *wanted);

/* Moving one service to one version. Everything that is set is borrowed. */
struct ibc_swarm_move {
    struct ibc_docker *docker;
    const char *service;
    enum ibc_mode mode;              /* not `both`: that would be two secrets */
    int64_t owner, group, file_mode; /* of the file in the container; mode as in chmod(2) */
    struct ibc_swarm_secret secret;  /* ibc_swarm_secret_of() */
    const struct ibc_version *version;
    const struct ibc_policy *policy; /* knows images */
    enum ibc_consumer consumer;      /* of the credentials; where it is unknown, look finds it */

    /* what came of it */
    bool needless; /* prepare: nothing is to be done (any more), so nothing was charged */
    bool created;  /* the secret was made */
    bool moved;    /* the service was updated */
    bool unknown;  /* nobody can say whether it was; `doubt` says why */
    struct ibc_error doubt;

    /* the rest is the move's own */
    bool keeps, replaces; /* the service mounts the secret already; it is a leftover */
    char secret_id[IBC_DOCKER_ID_MAX + 1]; /* of the one that is there */
    struct ibc_secret username, password;  /* the username with a NUL */
};

void ibc_swarm_move_free(struct ibc_swarm_move *move);
#define ibc_auto_swarm_move IBC_CLEANUP(ibc_swarm_move_free) struct ibc_swarm_move

/*
 * Is there anything to do? Looks and changes nothing. IBC_ERR_UNAVAILABLE: the daemon is away.
 * IBC_ERR_REFUSED: it is no swarm manager. IBC_ERR_NOT_FOUND: no such service. IBC_ERR_MISMATCH: it
 * runs several tasks, each of which would log in, or mounts two secrets at the password's place, or
 * the username has no writing. IBC_ERR_CREATE: the secret's name is taken.
 */
IBC_CHECKED enum ibc_status ibc_swarm_move_look(struct ibc_swarm_move *move, bool *needed,
                                                struct ibc_error *err);

/*
 * Prepare looks again, and clears a leftover of the secret away, which cannot be read back and so
 * is not trusted. Handing over makes the secret and moves the service; where the service was not
 * moved the secret is removed again and the status says why. Where nobody can say whether it was
 * moved, it counts as moved: IBC_OK, with `unknown`.
 */
struct ibc_delivery ibc_swarm_delivery(struct ibc_swarm_move *move);

/* Told of one secret that is not needed any more: gone, or kept because a service uses it. */
typedef void ibc_swarm_pruned(void *context, const char *name, bool removed);

/*
 * Remove the secrets that are IBC_SWARM_OLDER than the move's, whatever their names, where no
 * service uses them.
 */
IBC_CHECKED enum ibc_status ibc_swarm_prune(const struct ibc_swarm_move *move,
                                            ibc_swarm_pruned *told, void *context,
                                            struct ibc_error *err);

#pragma GCC visibility pop

#endif
