/* delivery.c - a secret made, and a service moved to it, after the login attempt was charged. */
#include "swarm/move.h"

#include <time.h>

enum {
    UPDATE_TRIES = 3, /* when somebody else changes the service at the same time */
    ASK_TRIES = 5,    /* when the answer to an update did not come, a second apart */
};

void ibc_swarm_move_free(struct ibc_swarm_move *move) {
    ibc_secret_free(&move->username);
    ibc_secret_free(&move->password);
}

/* --- preparing -------------------------------------------------------------------------------- */

static enum ibc_status take_password(struct ibc_swarm_move *move, const struct ibc_field *variables,
                                     size_t count, struct ibc_error *err) {
    for (size_t i = 0; i < count; i++) {
        if (ibc_view_is(variables[i].name, "TWS_PASSWORD")) {
            ibc_secret_free(&move->password);
            return ibc_secret_copy(&move->password, variables[i].value, err);
        }
    }
    return ibc_fail(err, IBC_ERR_INTERNAL, "there is no TWS_PASSWORD to be delivered");
}

/*
 * A secret of that name which the service does not use: a run was cut off before it moved the
 * service. Nothing says that its value is whole, or ours.
 */
static enum ibc_status clear_leftover(struct ibc_swarm_move *move, struct ibc_error *err) {
    enum ibc_status status = ibc_docker_secret_remove(move->docker, move->secret_id, err);
    if (status == IBC_ERR_REFUSED) {
        status = ibc_fail(err, IBC_ERR_CREATE,
                          "the swarm has a secret %s already, which service %s does not mount as "
                          "tws_password and another service uses; it cannot be read back, so it is "
                          "not trusted: give another name with --secret-name, or take it out of "
                          "that service",
                          move->secret.name, move->service);
    }
    move->replaces = status != IBC_OK;
    return status;
}

static enum ibc_status prepare(void *self, const struct ibc_field *variables, size_t count,
                               struct ibc_error *err) {
    struct ibc_swarm_move *move = self;
    bool needed;
    enum ibc_status status = take_password(move, variables, count, err);
    if (status == IBC_OK) {
        status = ibc_swarm_move_look(move, &needed, err);
    }
    if (status == IBC_OK && !needed) {
        move->needless = true;
        return ibc_fail(err, IBC_ERR_REFUSED, "service %s has secret %s already", move->service,
                        move->secret.name);
    }
    return status == IBC_OK && move->replaces ? clear_leftover(move, err) : status;
}

static void abandon(void *self) {
    ibc_swarm_move_free(self);
}

/* --- handing over ----------------------------------------------------------------------------- */

static enum ibc_status create(struct ibc_swarm_move *move, struct ibc_error *err) {
    const struct ibc_swarm_secret *secret = &move->secret;
    const struct ibc_docker_label labels[] = {
        {LABEL_PROFILE, secret->profile},
        {LABEL_VERSION, secret->version},
        {LABEL_VAULT, secret->vault},
        {LABEL_SEALED, secret->sealed},
    };
    enum ibc_status status =
        ibc_docker_secret_create(move->docker, secret->name, labels, IBC_ARRAY_SIZE(labels),
                                 ibc_secret_view(&move->password), move->secret_id, err);
    move->created = status == IBC_OK;
    return status;
}

/* It was asked for and no answer came: where it was made after all, nothing uses it. */
static void undo_create(const struct ibc_swarm_move *move) {
    struct ibc_docker_secret there;
    struct ibc_error ignored;
    if (ibc_docker_secret_find(move->docker, move->secret.name, &there, &ignored) == IBC_OK &&
        ibc_swarm_kinship(&there, &move->secret) == IBC_SWARM_SAME) {
        (void)!ibc_docker_secret_remove(move->docker, there.id, &ignored);
    }
}

static enum ibc_status update(struct ibc_swarm_move *move, struct ibc_error *err) {
    struct change change;
    change_of(move, &change);
    enum ibc_status status = IBC_ERR_WAIT;
    for (int tries = 0; tries < UPDATE_TRIES && status == IBC_ERR_WAIT; tries++) {
        status = ibc_docker_service_update(move->docker, move->service, &change.change, err);
    }
    return status;
}

enum fate { MOVED, NOT_MOVED, UNKNOWN };

/* After an update that failed. A request that was cut off may still be at work for a moment. */
static enum fate ask_service(struct ibc_swarm_move *move, bool cut_off) {
    const struct timespec second = {.tv_sec = 1};
    struct ibc_error ignored;
    struct change change;
    change_of(move, &change);
    for (int tries = 0; tries < ASK_TRIES; tries++) {
        bool would;
        if (cut_off) {
            nanosleep(&second, NULL);
        }
        enum ibc_status status = ibc_docker_service_would_change(move->docker, move->service,
                                                                 &change.change, &would, &ignored);
        if (status == IBC_OK) {
            return would ? NOT_MOVED : MOVED;
        }
        if (status != IBC_ERR_UNAVAILABLE) {
            return status == IBC_ERR_NOT_FOUND ? NOT_MOVED : UNKNOWN;
        }
        cut_off = true;
    }
    return UNKNOWN;
}

/* Take the secret out of the swarm again: the swarm knows best whether the service uses it. */
static enum fate undo(struct ibc_swarm_move *move, bool cut_off) {
    struct ibc_error ignored;
    enum fate fate = ask_service(move, cut_off);
    if (fate == NOT_MOVED && move->created) {
        fate = ibc_docker_secret_remove(move->docker, move->secret_id, &ignored) == IBC_OK
                   ? NOT_MOVED
                   : UNKNOWN;
        move->created = fate != NOT_MOVED;
    }
    return fate;
}

static enum ibc_status settle(struct ibc_swarm_move *move, struct ibc_error *err) {
    const struct ibc_error told = *err;
    const enum fate fate = undo(move, told.status == IBC_ERR_UNAVAILABLE);
    *err = told;
    if (fate == NOT_MOVED) {
        return told.status;
    }
    move->moved = fate == MOVED;
    move->unknown = fate == UNKNOWN;
    move->doubt = told;
    return IBC_OK;
}

static enum ibc_status hand_over(void *self, struct ibc_error *err) {
    struct ibc_swarm_move *move = self;
    if (!move->keeps) {
        enum ibc_status status = create(move, err);
        if (status != IBC_OK) {
            if (status == IBC_ERR_UNAVAILABLE) {
                undo_create(move);
            }
            return status;
        }
    }
    ibc_secret_free(&move->password);
    enum ibc_status status = update(move, err);
    move->moved = status == IBC_OK;
    return status == IBC_OK ? IBC_OK : settle(move, err);
}

struct ibc_delivery ibc_swarm_delivery(struct ibc_swarm_move *move) {
    return (struct ibc_delivery){.name = "swarm",
                                 .self = move,
                                 .prepare = prepare,
                                 .hand_over = hand_over,
                                 .abandon = abandon};
}

/* --- what is left of earlier ones --------------------------------------------------------------*/

enum ibc_status ibc_swarm_prune(const struct ibc_swarm_move *move, ibc_swarm_pruned *told,
                                void *context, struct ibc_error *err) {
    struct ibc_docker_secret *secrets = NULL;
    size_t count = 0;
    enum ibc_status status = ibc_docker_secret_list(move->docker, LABEL_PROFILE,
                                                    move->secret.profile, &secrets, &count, err);
    for (size_t i = 0; i < count && status == IBC_OK; i++) {
        if (ibc_swarm_kinship(&secrets[i], &move->secret) != IBC_SWARM_OLDER) {
            continue;
        }
        status = ibc_docker_secret_remove(move->docker, secrets[i].id, err);
        if (status == IBC_OK || status == IBC_ERR_REFUSED) {
            told(context, secrets[i].name, status == IBC_OK);
            status = IBC_OK;
        }
    }
    free(secrets);
    return status;
}
