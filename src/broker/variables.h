/*
 * variables.h - what the gateway is to find in its environment.
 */
#ifndef IBCRED_BROKER_VARIABLES_H
#define IBCRED_BROKER_VARIABLES_H

#include <ibcred/broker.h>

enum { VARIABLES_MAX = 2 * IBC_FIELDS_MAX + 2 };

/* The variables of one release; views into the profile, and into `port`. */
struct variables {
    size_t count;
    struct ibc_field fields[VARIABLES_MAX];
    char port[8];
};

/*
 * The credentials under the names asked for, the further fields that the policy lets out,
 * TRADING_MODE, and IB_GATEWAY_PORT fitting the mode. In mode `both` the credentials of `paper`
 * too, their names ending in _PAPER, and those of its further fields that `version` has not; else
 * NULL.
 */
void variables_of(const struct ibc_version *version, const struct ibc_version *paper,
                  const struct ibc_request *request, const struct ibc_policy *policy,
                  struct variables *out);

#endif
