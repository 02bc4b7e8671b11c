/*
 * consumer.h - whose credentials are these: how does the image read them that they go to?
 */
#ifndef IBCRED_CLI_CONSUMER_H
#define IBCRED_CLI_CONSUMER_H

#include "cli/cli.h"

/*
 * Who reads the credentials of `request`: what `option` says, else the policy. Where neither does
 * and it matters, and Compose is to read them: the images of the gateways in the compose files of
 * this directory, if they agree. `session` is borrowed by the request. IBC_ERR_USAGE: `option` is
 * no consumer.
 */
IBC_CHECKED enum ibc_status choose_consumer(const char *option, const struct session *session,
                                            struct ibc_request *request, struct ibc_error *err);

#endif
