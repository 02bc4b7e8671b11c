/*
 * ways.h - the ways to tell somebody. A failure's sentence goes on after the name of the target.
 */
#ifndef IBCRED_NOTIFY_WAYS_H
#define IBCRED_NOTIFY_WAYS_H

#include "notify/message.h"

/*
 * Run the target's command and wait for it. IBC_ERR_NOT_FOUND: it cannot be run.
 * IBC_ERR_UNAVAILABLE: it failed, or was killed at the time-out.
 */
IBC_CHECKED enum ibc_status notify_run(const struct ibc_notify_target *target,
                                       const struct message *message, struct ibc_error *err);

/*
 * POST to the target's webhook and wait for the status of its answer. As ibc_file_open_trusted()
 * and IBC_ERR_DATA about a webhook_file; IBC_ERR_UNAVAILABLE: no answer in time, or a bad one.
 */
IBC_CHECKED enum ibc_status notify_post(const struct ibc_notify_target *target,
                                        const struct message *message, struct ibc_error *err);

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t notify_now_ms(void);

#endif
