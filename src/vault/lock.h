/*
 * lock.h - flock(2) on files that their writers replace.
 *
 * Such a lock counts only while the name still belongs to the file that is locked.
 */
#ifndef IBCRED_VAULT_LOCK_H
#define IBCRED_VAULT_LOCK_H

#include <ibcred/error.h>
#include <limits.h>

/* Wait for the lock on an open file; false, with errno, where it cannot be had. */
IBC_CHECKED bool lock_file(int fd);

/* True while `name`, seen from the directory `directory_fd`, is the file that `fd` has open. */
IBC_CHECKED bool lock_still_named(int directory_fd, const char *name, int fd);

/*
 * Open the vault at `path` under the writers' lock. `target` becomes the path with its symbolic
 * links resolved. Statuses as ibc_file_open_trusted(); `*fd` is -1 on failure.
 */
IBC_CHECKED enum ibc_status vault_lock(const char *path, char target[static PATH_MAX], int *fd,
                                       struct ibc_error *err);

#endif
