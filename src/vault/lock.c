/* lock.c - one writer at a time. */
#include "vault/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <ibcred/file.h>
#include <sys/file.h>
#include <sys/stat.h>

bool lock_file(int fd) {
    int result;
    do {
        result = flock(fd, LOCK_EX);
    } while (result != 0 && errno == EINTR);
    return result == 0;
}

bool lock_still_named(int directory_fd, const char *name, int fd) {
    struct stat named;
    struct stat opened;
    return fstatat(directory_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstat(fd, &opened) == 0 && named.st_dev == opened.st_dev &&
           named.st_ino == opened.st_ino;
}

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
