/* append_file.c - locked, durable, line by line. */
#include "base/append_file.h"

#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <ibcred/file.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ID_BYTES = 16 };

void append_file_name(char out[static APPEND_FILE_NAME_MAX], const char *prefix,
                      const unsigned char id[static 16], const char *suffix) {
    char hex[2 * ID_BYTES + 1];
    sodium_bin2hex(hex, sizeof hex, id, ID_BYTES);
    snprintf(out, APPEND_FILE_NAME_MAX, "%s-%s%s", prefix, hex, suffix);
}

static enum ibc_status check_trusted(const struct stat *info, const char *name,
                                     struct ibc_error *err) {
    if (!S_ISREG(info->st_mode) || info->st_nlink != 1) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "'%s' in the state directory is not a plain file with a single name; find "
                        "out who put it there and move it away",
                        name);
    }
    if (info->st_uid != geteuid()) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "'%s' in the state directory belongs to user %u, not to you; run as that "
                        "user or use a state directory of your own",
                        name, (unsigned)info->st_uid);
    }
    if ((info->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "'%s' in the state directory can be written by others; run: chmod 600 on "
                        "it, after checking what they wrote",
                        name);
    }
    return IBC_OK;
}

/*
 * Open and lock the file that has the name. While this process waits for the lock, the file can be
 * moved away or deleted and another begun; its lock keeps nobody out of that one.
 */
static enum ibc_status open_locked(int state_fd, const char *name, int *fd, struct stat *info,
                                   struct ibc_error *err) {
    for (;;) {
        ibc_auto_fd opened =
            openat(state_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        if (opened < 0) {
            return ibc_fail_errno(err, errno == ELOOP ? IBC_ERR_REFUSED : IBC_ERR_IO, errno,
                                  "'%s' in the state directory cannot be opened", name);
        }
        if (!lock_file(opened) || fstat(opened, info) != 0) {
            return ibc_fail_errno(err, IBC_ERR_IO, errno,
                                  "'%s' in the state directory cannot be locked", name);
        }
        if (lock_still_named(state_fd, name, opened)) {
            *fd = opened;
            opened = -1;
            return IBC_OK;
        }
    }
}

enum ibc_status append_file_open(int state_fd, const char *name, struct append_file *out,
                                 struct ibc_error *err) {
    *out = APPEND_FILE_CLOSED;
    ibc_auto_fd fd = -1;
    struct stat info = {0};
    enum ibc_status status = open_locked(state_fd, name, &fd, &info, err);
    if (status == IBC_OK) {
        status = check_trusted(&info, name, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    out->state_fd = state_fd;
    snprintf(out->name, sizeof out->name, "%s", name);
    out->size = info.st_size;
    out->on_disk = info.st_size;
    out->fd = fd;
    fd = -1;
    return IBC_OK;
}

enum ibc_status append_file_read(const struct append_file *file, off_t offset, unsigned char *bytes,
                                 size_t size, struct ibc_error *err) {
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(file->fd, bytes + done, size - done, offset + (off_t)done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return ibc_fail_errno(err, IBC_ERR_IO, errno,
                                  "'%s' in the state directory cannot be read", file->name);
        }
        if (got == 0) {
            return ibc_fail(err, IBC_ERR_IO,
                            "'%s' in the state directory became shorter while it was read; find "
                            "out who truncates it",
                            file->name);
        }
        done += (size_t)got;
    }
    return IBC_OK;
}

/* Drop what follows the last whole line. */
static bool cut_torn_end(struct append_file *file) {
    if (file->on_disk != file->size && ftruncate(file->fd, file->size) != 0) {
        return false;
    }
    file->on_disk = file->size;
    return true;
}

static bool write_line(const struct append_file *file, struct ibc_view line) {
    ssize_t written;
    do {
        written = pwrite(file->fd, line.bytes, line.size, file->size);
    } while (written < 0 && errno == EINTR);
    if (written >= 0 && (size_t)written < line.size) {
        errno = ENOSPC;
    }
    return written >= 0 && (size_t)written == line.size;
}

enum ibc_status append_file_append(struct append_file *file, struct ibc_view line,
                                   struct ibc_error *err) {
    /* The name is made durable before the first line is, so a line never lacks its file. */
    bool ready = cut_torn_end(file) && (file->size > 0 || fsync(file->state_fd) == 0);
    if (ready) {
        file->on_disk = file->size + (off_t)line.size;
    }
    if (!ready || !write_line(file, line) || fdatasync(file->fd) != 0) {
        int saved = errno;
        bool undone = cut_torn_end(file);
        return ibc_fail_errno(err, IBC_ERR_IO, saved,
                              "'%s' in the state directory cannot be written%s; free space on that "
                              "disk or choose another with IBCRED_STATE_DIR",
                              file->name, undone ? "" : ", and its last line not be taken back");
    }
    file->size += (off_t)line.size;
    return IBC_OK;
}

void append_file_unlock(const struct append_file *file) {
    flock(file->fd, LOCK_UN);
}

void append_file_close(struct append_file *file) {
    ibc_close(&file->fd);
}
