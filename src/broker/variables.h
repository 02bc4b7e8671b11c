/*
 * variables.h - what the gateway is to find in its environment.
 */
#ifndef IBCRED_BROKER_VARIABLES_H
#define IBCRED_BROKER_VARIABLES_H

#include <ibcred/broker.h>

enum { VARIABLES_MAX = 2 * IBC_FIELDS_MAX + 2 };

/* The variables of one release; views into the profile, into `port` and `written`. */
struct variables {
    size_t count;
    struct ibc_field fields[VARIABLES_MAX];
    size_t credential_count; /* so many of them, from the first on, are typed into the login */
    char port[8];
    struct ibc_secret written; /* variables_write() */
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

/*
 * Turn the credentials into what the image must be given, so that what it types are the sealed
 * bytes. IBC_ERR_MISMATCH as ibc_consumer_write(). Views of the fields are good until
 * variables_free().
 */
IBC_CHECKED enum ibc_status variables_write(struct variables *variables,
                                            const struct ibc_request *request,
                                            struct ibc_error *err);
void variables_free(struct variables *variables);

#endif
