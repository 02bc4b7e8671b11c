/*
 * run_status.h - what a run came to, as a status and a sentence.
 */
#ifndef IBCRED_CLI_RUN_STATUS_H
#define IBCRED_CLI_RUN_STATUS_H

#include "cli/follow.h"

/*
 * IBC_OK where it is logged in and goes on. Otherwise why not, and what the gate says of the next
 * login; with IBC_ERR_WAIT, retry_after.
 */
IBC_CHECKED enum ibc_status run_status(struct gateway *gateway, const struct run *run,
                                       struct ibc_error *err);

#endif
