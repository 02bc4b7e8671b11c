/*
 * rotate.h - the parts of ibcred rotate.
 */
#ifndef IBCRED_CLI_ROTATE_H
#define IBCRED_CLI_ROTATE_H

#include "cli/copies.h"
#include "cli/fields.h"

/* Stage a new password of the profile (NULL: the only one). */
IBC_CHECKED enum ibc_status rotate_stage(const struct cli *cli, const char *profile,
                                         const struct field_source *source, struct ibc_error *err);

/* Go back: the staged version is retired. */
IBC_CHECKED enum ibc_status rotate_abort(const struct cli *cli, const char *profile,
                                         struct ibc_error *err);

/*
 * Go on from wherever a rotation of the profile (NULL: of every one) was cut off: what the ledger
 * has decided is written into the vault, and copies at forges are brought up to date.
 * IBC_ERR_WAIT: a staged version still waits for its first login.
 */
IBC_CHECKED enum ibc_status rotate_resume(const struct cli *cli, const char *profile,
                                          const struct copy_options *options,
                                          struct ibc_error *err);

/*
 * List the passwords that are older than the policy wants them, or soon will be, and tell people of
 * those once a day. IBC_ERR_WAIT: one is due.
 */
IBC_CHECKED enum ibc_status rotate_due(const struct cli *cli, struct ibc_error *err);

#endif
