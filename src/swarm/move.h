/*
 * move.h - what looking at a service and moving it have in common.
 */
#ifndef IBCRED_SWARM_MOVE_H
#define IBCRED_SWARM_MOVE_H

#include <ibcred/swarm.h>

#define LABEL_PROFILE "ibcred.profile"
#define LABEL_VERSION "ibcred.version"
#define LABEL_VAULT   "ibcred.vault"
#define LABEL_SEALED  "ibcred.sealed"

#define TARGET        "tws_password"
#define PASSWORD_FILE "/run/secrets/" TARGET

enum { ENVIRONMENT_COUNT = 3 };

/* The change that moves the service to the secret of id `move->secret_id`, and what it points to.
 */
struct change {
    struct ibc_docker_label environment[ENVIRONMENT_COUNT];
    struct ibc_docker_service_change change;
};

/* Write it; `out` borrows from the move, which has its username. */
void change_of(const struct ibc_swarm_move *move, struct change *out);

#endif
