/*
 * lock.h - one writer of a vault at a time, by a lock on the vault itself.
 */
#ifndef IBCRED_VAULT_LOCK_H
#define IBCRED_VAULT_LOCK_H

#include "base/lock.h"

#include <ibcred/error.h>
#include <limits.h>

/*
 * Open the vault at `path` under the writers' lock. `target` becomes the path with its symbolic
 * links resolved. Statuses as ibc_file_open_trusted(); `*fd` is -1 on failure.
 */
IBC_CHECKED enum ibc_status vault_lock(const char *path, char target[static PATH_MAX], int *fd,
                                       struct ibc_error *err);

#endif
