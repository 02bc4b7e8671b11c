/* lock.c - one writer at a time. */
#include "vault/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <ibcred/file.h>

enum ibc_status vault_lock(const char *path, char target[static PATH_MAX], int *fd,
                           struct ibc_error *err) {
    *fd = -1;
    if (!realpath(path, target)) {
        return ibc_fail_errno(err, errno == ENOENT ? IBC_ERR_NOT_FOUND : IBC_ERR_IO, errno,
                              "vault '%s' cannot be opened", path);
    }
    for (;;) {
        ibc_auto_fd opened = -1;
        enum ibc_status status = ibc_file_open_trusted(target, "vault", &opened, err);
        if (status != IBC_OK) {
            return status;
        }
        if (!lock_file(opened)) {
            return ibc_fail_errno(err, IBC_ERR_IO, errno, "vault '%s' cannot be locked", path);
        }
        if (lock_still_named(AT_FDCWD, target, opened)) {
            *fd = opened;
            opened = -1;
            return IBC_OK;
        }
    }
}
