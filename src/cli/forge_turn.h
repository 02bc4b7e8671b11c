/*
 * forge_turn.h - one writer at the forges at a time.
 *
 * Between reading a value and noting that it has arrived somebody else must not write there: what
 * was read first could arrive last, and stay.
 */
#ifndef IBCRED_CLI_FORGE_TURN_H
#define IBCRED_CLI_FORGE_TURN_H

#include "cli/cli.h"

/*
 * Wait for the turn of all that use this state directory, at most `patience` seconds and the time
 * that one try takes. `*turn` ends it when it is closed, however this process ends. IBC_ERR_WAIT:
 * it did not come, or an interrupt did.
 */
IBC_CHECKED enum ibc_status forge_turn_take(const struct session *session, int64_t patience,
                                            int *turn, struct ibc_error *err);

#endif
