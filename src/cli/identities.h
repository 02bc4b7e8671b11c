/*
 * identities.h - identity files, as init and key new make them.
 */
#ifndef IBCRED_CLI_IDENTITIES_H
#define IBCRED_CLI_IDENTITIES_H

#include "cli/cli.h"

/*
 * Write the identities to a new file at `path`, durably, mode 0600, with its directory where that
 * is missing. IBC_ERR_CREATE: something is there already, or it cannot be made.
 */
IBC_CHECKED enum ibc_status write_identities(const struct ibc_identities *identities,
                                             const char *path, struct ibc_error *err);

/* Where an identity is or would be made. IBC_ERR_USAGE: nowhere. The caller frees. */
IBC_CHECKED enum ibc_status place_of_identity(const struct cli *cli, char **path,
                                              struct ibc_error *err);

#endif
