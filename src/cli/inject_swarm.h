/*
 * inject_swarm.h - ibcred inject --to swarm.
 */
#ifndef IBCRED_CLI_INJECT_SWARM_H
#define IBCRED_CLI_INJECT_SWARM_H

#include "cli/cli.h"

struct swarm_options {
    const char *service;     /* the one to move; must be given */
    const char *secret_name; /* what the secret's name begins with; NULL: ibcred_PROFILE */
};

/* Move the service to the profile's version, where it is not there yet, and tell what was done. */
IBC_CHECKED enum ibc_status inject_swarm(const struct cli *cli, const struct release_options *given,
                                         const struct swarm_options *swarm, const char *profile,
                                         struct ibc_error *err);

#endif
