/*
 * supervise.h - starting a gateway, and starting it again, always through the gate.
 */
#ifndef IBCRED_CLI_SUPERVISE_H
#define IBCRED_CLI_SUPERVISE_H

#include "cli/follow.h"

struct supervise_options {
    bool start;    /* start it where it does not run */
    bool recreate; /* stop it first where it runs */
    bool again;    /* start it again whenever it ends: supervise */
    bool until_in; /* without `again`: return once it is logged in */
    bool wait;     /* wait for the gate at the first start too; `again` always does */
};

/*
 * IBC_OK: logged in (`until_in`), or what was watched has ended after a login. Else what came of
 * the login, with the reason: IBC_ERR_REFUSED rejected or held, IBC_ERR_WAIT what goes away by
 * itself (with retry_after), IBC_ERR_MISMATCH the account is not of the mode's kind,
 * IBC_ERR_UNAVAILABLE the container does not start or has ended. IBC_ERR_WAIT also when
 * interrupted; is_interrupted() tells. `*run` is the last run followed.
 */
IBC_CHECKED enum ibc_status supervise(struct gateway *gateway,
                                      const struct supervise_options *options, struct run *run,
                                      struct ibc_error *err);

#endif
