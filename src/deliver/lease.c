/* lease.c - ending deliveries. */
#include "deliver/lease_name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ibcred/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool overwrite_with_zeros(int directory, const char *name) {
    static const unsigned char zeros[4096];
    ibc_auto_fd fd = openat(directory, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink != 1) {
        return false;
    }
    for (off_t left = info.st_size; left > 0; left -= (off_t)sizeof zeros) {
        size_t size = left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros;
        if (!ibc_file_write_all(fd, (struct ibc_view){.bytes = zeros, .size = size})) {
            return false;
        }
    }
    return true;
}

/* False, with errno set, when the file is still there. */
static bool end_file(int directory, const char *name) {
    /* What cannot be wiped is still better gone than left. */
    (void)overwrite_with_zeros(directory, name);
    return unlinkat(directory, name, 0) == 0 || errno == ENOENT;
}

static void close_listing(DIR **listing) {
    if (*listing) {
        closedir(*listing);
    }
}

#define auto_listing IBC_CLEANUP(close_listing) DIR

/* A listing with a position of its own. NULL with errno set. */
static DIR *open_listing(int directory) {
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd >= 0 ? fdopendir(fd) : NULL;
    if (!listing && fd >= 0) {
        close(fd);
    }
    return listing;
}

static bool is_self_or_parent(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/*
 * End every file. What is left, the removing of the directory will tell of. A listing need not
 * show all that is there while entries go, so it is begun again until it shows nothing to end.
 */
static void end_files_in(int directory) {
    auto_listing *listing = open_listing(directory);
    bool again = listing != NULL;
    while (again) {
        again = false;
        rewinddir(listing);
        const struct dirent *entry;
        while ((entry = readdir(listing))) {
            again |= !is_self_or_parent(entry->d_name) && end_file(directory, entry->d_name);
        }
    }
}

static bool end_directory(int runtime, const char *name) {
    ibc_auto_fd directory = openat(runtime, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory >= 0) {
        end_files_in(directory);
    } else if (end_file(runtime, name)) {
        return true; /* gone, or something else by this name */
    }
    return unlinkat(runtime, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

enum ibc_status ibc_lease_end(const struct ibc_runtime *runtime, const char *name,
                              struct ibc_error *err) {
    struct lease lease;
    if (!lease_parse(name, &lease)) {
        return ibc_fail(err, IBC_ERR_USAGE, "'%s' is not the name of a delivery", name);
    }
    int directory = ibc_runtime_fd(runtime);
    if (lease.kind == IBC_LEASE_DIRECTORY ? !end_directory(directory, name)
                                          : !end_file(directory, name)) {
        return ibc_fail_errno(err, IBC_ERR_IO, errno, "delivery '%s/%s' cannot be removed",
                              ibc_runtime_path(runtime), name);
    }
    return IBC_OK;
}

/* Is it a link to a delivery that is over? */
static bool leads_nowhere(int directory, const char *name) {
    char target[IBC_LEASE_NAME_MAX];
    ssize_t size = readlinkat(directory, name, target, sizeof target);
    if (size <= 0 || (size_t)size >= sizeof target) {
        return false;
    }
    target[size] = '\0';
    struct stat info;
    return ibc_lease_is(target, IBC_LEASE_DIRECTORY) &&
           fstatat(directory, target, &info, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

static enum ibc_status remove_dead_links(const struct ibc_runtime *runtime, DIR *listing,
                                         struct ibc_error *err) {
    int directory = ibc_runtime_fd(runtime);
    enum ibc_status status = IBC_OK;
    rewinddir(listing);
    const struct dirent *entry;
    while ((entry = readdir(listing))) {
        if (leads_nowhere(directory, entry->d_name) && unlinkat(directory, entry->d_name, 0) != 0 &&
            errno != ENOENT) {
            status = ibc_fail_errno(err, IBC_ERR_IO, errno, "the link '%s/%s' cannot be removed",
                                    ibc_runtime_path(runtime), entry->d_name);
        }
    }
    return status;
}

static enum ibc_status sweep_leases(const struct ibc_runtime *runtime, DIR *listing,
                                    const struct ibc_instant *now, bool all, size_t *ended,
                                    struct ibc_error *err) {
    enum ibc_status first = IBC_OK;
    const struct dirent *entry;
    while ((entry = readdir(listing))) {
        struct lease lease;
        if (!lease_parse(entry->d_name, &lease) ||
            (!all && !ibc_lease_overdue(entry->d_name, now))) {
            continue;
        }
        struct ibc_error failure;
        enum ibc_status status = ibc_lease_end(runtime, entry->d_name, &failure);
        if (status == IBC_OK) {
            (*ended)++;
        } else if (first == IBC_OK) {
            first = status;
            *err = failure;
        }
    }
    return first;
}

enum ibc_status ibc_lease_sweep(const struct ibc_runtime *runtime, const struct ibc_instant *now,
                                bool all, size_t *ended, struct ibc_error *err) {
    *ended = 0;
    auto_listing *listing = open_listing(ibc_runtime_fd(runtime));
    if (!listing) {
        return ibc_fail_errno(err, IBC_ERR_IO, errno, "runtime directory '%s' cannot be listed",
                              ibc_runtime_path(runtime));
    }
    enum ibc_status status = sweep_leases(runtime, listing, now, all, ended, err);
    if (all) {
        struct ibc_error failure;
        enum ibc_status removed = remove_dead_links(runtime, listing, &failure);
        if (status == IBC_OK && removed != IBC_OK) {
            status = removed;
            *err = failure;
        }
    }
    return status;
}

enum ibc_status ibc_lease_wait_and_end(const struct ibc_runtime *runtime, const char *name,
                                       struct ibc_error *err) {
    struct lease lease;
    if (!lease_parse(name, &lease)) {
        return ibc_fail(err, IBC_ERR_USAGE, "'%s' is not the name of a delivery", name);
    }
    const struct timespec end = {.tv_sec = lease.end_ms / 1000,
                                 .tv_nsec = lease.end_ms % 1000 * 1000000};
    while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &end, NULL) == EINTR) {
    }
    return ibc_lease_end(runtime, name, err);
}
