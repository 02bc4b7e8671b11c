/* runtime.c - the directory that deliveries lie in: private, and on tmpfs. */
#include <ibcred/file.h>
#include <ibcred/lease.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

struct ibc_runtime {
    char *path;
    int fd;
};

static enum ibc_status adopt(const char *path, int *fd, struct ibc_runtime **out,
                             struct ibc_error *err) {
    struct ibc_runtime *runtime = calloc(1, sizeof *runtime);
    char *copy = strdup(path);
    if (!runtime || !copy) {
        free(runtime);
        free(copy);
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the runtime directory");
    }
    runtime->path = copy;
    runtime->fd = *fd;
    *fd = -1;
    *out = runtime;
    return IBC_OK;
}

static bool on_tmpfs(int fd) {
    struct statfs info;
    return fstatfs(fd, &info) == 0 && (info.f_type == TMPFS_MAGIC || info.f_type == RAMFS_MAGIC);
}

enum ibc_status ibc_runtime_open(const char *const *candidates, size_t count, bool allow_disk,
                                 struct ibc_runtime **out, struct ibc_error *err) {
    *out = NULL;
    enum ibc_status status = ibc_fail(err, IBC_ERR_USAGE, "there is no runtime directory to use");
    for (size_t i = 0; i < count; i++) {
        ibc_auto_fd fd = -1;
        status = ibc_directory_open_private(candidates[i], "runtime directory", &fd, err);
        if (status != IBC_OK) {
            continue;
        }
        if (allow_disk || on_tmpfs(fd)) {
            return adopt(candidates[i], &fd, out, err);
        }
        status = ibc_fail(err, IBC_ERR_REFUSED,
                          "runtime directory '%s' is not on tmpfs, so a secret in it could reach a "
                          "disk; set IBCRED_RUNTIME_DIR to a directory on tmpfs",
                          candidates[i]);
    }
    return status;
}

enum ibc_status ibc_runtime_open_existing(const char *path, struct ibc_runtime **out,
                                          struct ibc_error *err) {
    *out = NULL;
    ibc_auto_fd fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return ibc_fail_errno(err, errno == ENOENT ? IBC_ERR_NOT_FOUND : IBC_ERR_IO, errno,
                              "runtime directory '%s' cannot be opened", path);
    }
    struct stat info;
    if (fstat(fd, &info) != 0 || info.st_uid != geteuid() ||
        (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "runtime directory '%s' is not yours, or others can write it, so what lies "
                        "in it is left alone",
                        path);
    }
    return adopt(path, &fd, out, err);
}

const char *ibc_runtime_path(const struct ibc_runtime *runtime) {
    return runtime->path;
}

int ibc_runtime_fd(const struct ibc_runtime *runtime) {
    return runtime->fd;
}

void ibc_runtime_free(struct ibc_runtime **runtime) {
    if (*runtime) {
        ibc_close(&(*runtime)->fd);
        free((*runtime)->path);
    }
    free(*runtime);
    *runtime = NULL;
}
