/*
 * consumer.h - whose credentials are these: how does the image read them that they go to?
 */
#ifndef IBCRED_CLI_CONSUMER_H
#define IBCRED_CLI_CONSUMER_H

#include <ibcred/broker.h>

/*
 * Who reads the credentials of `request`: what `option` says, else the policy, else whatever the
 * image of the gateway in the compose files of this directory is found to be, once that matters.
 * `policy` is borrowed by the request. IBC_ERR_USAGE: `option` is no consumer.
 */
IBC_CHECKED enum ibc_status choose_consumer(const char *option, const struct ibc_policy *policy,
                                            struct ibc_request *request, struct ibc_error *err);

#endif
