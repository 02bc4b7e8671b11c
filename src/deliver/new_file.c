/* new_file.c - a file that waits for its secret. */
#include "deliver/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <ibcred/file.h>

int new_file(int directory, const char *name, size_t size, int *fd) {
    *fd = -1;
    ibc_auto_fd created =
        openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (created < 0) {
        return errno;
    }
    /* posix_fallocate() does not take a size of 0. */
    const int failure = size > 0 ? posix_fallocate(created, 0, (off_t)size) : 0;
    if (failure == 0) {
        *fd = created;
        created = -1;
    }
    return failure;
}
