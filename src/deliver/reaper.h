/*
 * reaper.h - orders for a reaper.
 */
#ifndef IBCRED_DELIVER_REAPER_H
#define IBCRED_DELIVER_REAPER_H

#include <ibcred/deliver.h>

/* Send the reaper off to end the delivery `name` of `runtime` at its time. Once only. */
IBC_CHECKED enum ibc_status reaper_order(struct ibc_reaper *reaper,
                                         const struct ibc_runtime *runtime, const char *name,
                                         struct ibc_error *err);

/* Call it back: there is nothing to end. */
void reaper_stop(struct ibc_reaper *reaper);

#endif
