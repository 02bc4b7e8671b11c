/* file.c - strict opening, whole reading, atomic replacing. */
#include <ibcred/file.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_CHUNK = 16384 };

void ibc_close(int *fd) {
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

void ibc_free(void *pointer_to_pointer) {
    void **pointer = pointer_to_pointer;
    free(*pointer);
    *pointer = NULL;
}

static bool others_can_write(const struct stat *info) {
    return (info->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

static bool foreign_owner(const struct stat *info) {
    return info->st_uid != geteuid() && info->st_uid != 0;
}

enum ibc_status ibc_file_open(const char *path, const char *what, int *fd, struct ibc_error *err) {
    *fd = -1;
    ibc_auto_fd opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (opened < 0) {
        return ibc_fail_errno(err, errno == ENOENT ? IBC_ERR_NOT_FOUND : IBC_ERR_IO, errno,
                              "%s '%s' cannot be opened", what, path);
    }
    struct stat info;
    if (fstat(opened, &info) != 0) {
        return ibc_fail_errno(err, IBC_ERR_IO, errno, "%s '%s' cannot be examined", what, path);
    }
    if (!S_ISREG(info.st_mode)) {
        return ibc_fail(err, IBC_ERR_IO, "%s '%s' is not a regular file", what, path);
    }
    *fd = opened;
    opened = -1;
    return IBC_OK;
}

static enum ibc_status check_trust(int fd, const char *path, const char *what,
                                   struct ibc_error *err) {
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return ibc_fail_errno(err, IBC_ERR_IO, errno, "%s '%s' cannot be examined", what, path);
    }
    if (others_can_write(&info)) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "%s '%s' can be written by others; run: chmod go-w '%s'", what, path, path);
    }
    if (foreign_owner(&info)) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "%s '%s' belongs to user %u, who is neither you nor root; use a file of "
                        "your own",
                        what, path, (unsigned)info.st_uid);
    }
    return IBC_OK;
}

enum ibc_status ibc_file_open_trusted(const char *path, const char *what, int *fd,
                                      struct ibc_error *err) {
    enum ibc_status status = ibc_file_open(path, what, fd, err);
    if (status == IBC_OK) {
        status = check_trust(*fd, path, what, err);
    }
    if (status != IBC_OK) {
        ibc_close(fd);
    }
    return status;
}

/* Fill `bytes` from `fd`; how many came before the end, or -1 with errno set. */
static ssize_t read_up_to(int fd, unsigned char *bytes, size_t size) {
    size_t used = 0;
    while (used < size) {
        ssize_t got = read(fd, bytes + used, size - used);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        used += (size_t)got;
    }
    return (ssize_t)used;
}

/* One read is enough for a regular file: a byte more than it has. Else a chunk at a time. */
static size_t chunk_size(int fd, size_t limit) {
    struct stat info;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && (uintmax_t)info.st_size <= limit) {
        return (size_t)info.st_size + 1;
    }
    return READ_CHUNK;
}

enum ibc_status ibc_file_read_all(int fd, const char *name, size_t limit, struct ibc_secret *out,
                                  struct ibc_error *err) {
    *out = (struct ibc_secret){0};
    ibc_auto_secret chunk = {0};
    enum ibc_status status = ibc_secret_alloc(&chunk, chunk_size(fd, limit), err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_secret_buffer buffer;
    ibc_secret_buffer_init(&buffer, limit);
    for (;;) {
        ssize_t size = read_up_to(fd, chunk.bytes, chunk.size);
        if (size < 0) {
            return ibc_fail_errno(err, IBC_ERR_IO, errno, "'%s' cannot be read", name);
        }
        const bool at_end = (size_t)size < chunk.size;
        if (at_end && buffer.used == 0 && (size_t)size <= limit) {
            return ibc_secret_copy(out, (struct ibc_view){chunk.bytes, (size_t)size}, err);
        }
        ibc_secret_buffer_append(&buffer, chunk.bytes, (size_t)size);
        if (buffer.failed) {
            return ibc_fail(err, IBC_ERR_DATA, "'%s' is larger than the %zu bytes allowed for it",
                            name, limit);
        }
        if (at_end) {
            return ibc_secret_buffer_finish(&buffer, name, out, err);
        }
    }
}

bool ibc_file_write_all(int fd, struct ibc_view view) {
    while (view.size > 0) {
        ssize_t written = write(fd, view.bytes, view.size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return false;
        }
        view.bytes += written;
        view.size -= (size_t)written;
    }
    return true;
}

enum ibc_status ibc_file_sync_parent(const char *path, struct ibc_error *err) {
    char copy[PATH_MAX];
    if ((size_t)snprintf(copy, sizeof copy, "%s", path) >= sizeof copy) {
        return ibc_fail(err, IBC_ERR_IO, "the path '%s' is too long", path);
    }
    const char *parent = dirname(copy);
    ibc_auto_fd fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        return ibc_fail_errno(err, IBC_ERR_IO, errno, "the directory of '%s' cannot be synced",
                              path);
    }
    return IBC_OK;
}

/*
 * Write `view` to the new file `temporary` and make it durable, with the owner of `old` where that
 * is given. All of it by descriptor: whoever owns the directory may put something else under the
 * name.
 */
static enum ibc_status write_temporary(const char *temporary, struct ibc_view view, mode_t mode,
                                       const struct stat *old, struct ibc_error *err) {
    ibc_auto_fd fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return ibc_fail_errno(err, IBC_ERR_CREATE, errno, "'%s' cannot be created", temporary);
    }
    const bool foreign = old && (old->st_uid != geteuid() || old->st_gid != getegid());
    if (!ibc_file_write_all(fd, view) || (foreign && fchown(fd, old->st_uid, old->st_gid) != 0) ||
        fchmod(fd, mode) != 0 || fsync(fd) != 0) {
        int saved = errno;
        unlink(temporary);
        return ibc_fail_errno(err, IBC_ERR_IO, saved,
                              "'%s' cannot be written, or not be given to the owner of the file "
                              "that it is to replace",
                              temporary);
    }
    struct stat written, named;
    if (fstat(fd, &written) != 0 || lstat(temporary, &named) != 0 ||
        written.st_dev != named.st_dev || written.st_ino != named.st_ino) {
        return ibc_fail(err, IBC_ERR_IO,
                        "'%s' was replaced by somebody else while it was written; look who may "
                        "write to its directory",
                        temporary);
    }
    return IBC_OK;
}

/* Where a file is written before it is given its name. */
static enum ibc_status temporary_path(const char *path, char out[static PATH_MAX],
                                      struct ibc_error *err) {
    int size = snprintf(out, PATH_MAX, "%s.%d.new", path, (int)getpid());
    if (size < 0 || size >= PATH_MAX) {
        return ibc_fail(err, IBC_ERR_CREATE, "the path '%s' is too long", path);
    }
    return IBC_OK;
}

enum ibc_status ibc_file_replace(const char *path, struct ibc_view view, mode_t mode,
                                 struct ibc_error *err) {
    char resolved[PATH_MAX];
    const char *target = realpath(path, resolved) ? resolved : path;
    struct stat info;
    const bool there = stat(target, &info) == 0;
    if (there) {
        mode = info.st_mode & 07777;
    }

    char temporary[PATH_MAX];
    enum ibc_status status = temporary_path(target, temporary, err);
    if (status == IBC_OK) {
        status = write_temporary(temporary, view, mode, there ? &info : NULL, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    if (rename(temporary, target) != 0) {
        int saved = errno;
        unlink(temporary);
        return ibc_fail_errno(err, IBC_ERR_IO, saved, "'%s' cannot be replaced", path);
    }
    return ibc_file_sync_parent(target, err);
}

/* Some file systems only know how to do this with hard links. */
bool ibc_file_rename_new(const char *from, const char *to) {
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
        return true;
    }
    if (errno != EINVAL || link(from, to) != 0) {
        return false;
    }
    unlink(from);
    return true;
}

enum ibc_status ibc_file_create(const char *path, struct ibc_view view, mode_t mode,
                                struct ibc_error *err) {
    char temporary[PATH_MAX];
    enum ibc_status status = temporary_path(path, temporary, err);
    if (status == IBC_OK) {
        status = write_temporary(temporary, view, mode, NULL, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    if (!ibc_file_rename_new(temporary, path)) {
        int saved = errno;
        unlink(temporary);
        return ibc_fail_errno(err, IBC_ERR_CREATE, saved, "'%s' cannot be created", path);
    }
    return ibc_file_sync_parent(path, err);
}

/* mkdir -p with mode 0700 for whatever is missing; errno says why not. */
static bool make_directories(const char *path) {
    char prefix[PATH_MAX];
    size_t size = strlen(path);
    if (size == 0 || size >= sizeof prefix) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (size_t i = 1; i <= size; i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        memcpy(prefix, path, i);
        prefix[i] = '\0';
        if (mkdir(prefix, 0700) != 0 && errno != EEXIST) {
            return false;
        }
    }
    return true;
}

enum ibc_status ibc_directory_open_private(const char *path, const char *what, int *fd,
                                           struct ibc_error *err) {
    *fd = -1;
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
    ibc_auto_fd opened = open(path, flags);
    if (opened < 0 && errno == ENOENT) {
        if (!make_directories(path)) {
            return ibc_fail_errno(err, IBC_ERR_CREATE, errno, "%s '%s' cannot be created", what,
                                  path);
        }
        opened = open(path, flags);
    }
    struct stat info;
    if (opened < 0 || fstat(opened, &info) != 0) {
        return ibc_fail_errno(err, IBC_ERR_CREATE, errno, "%s '%s' cannot be opened", what, path);
    }
    if (info.st_uid != geteuid()) {
        return ibc_fail(err, IBC_ERR_REFUSED, "%s '%s' belongs to user %u, not to you", what, path,
                        (unsigned)info.st_uid);
    }
    if (others_can_write(&info)) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "%s '%s' can be written by others; run: chmod 700 '%s'", what, path, path);
    }
    *fd = opened;
    opened = -1;
    return IBC_OK;
}
