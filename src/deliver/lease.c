/* lease.c - names that say when a delivery ends, and the ending. */
#include <ibcred/file.h>
#include <ibcred/lease.h>
#include <ibcred/number.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "lease-"
#define SUFFIX ".env"

enum {
    BOOT_BYTES = 4, /* of the boot id: enough to tell one boot from the next */
    BOOT_DIGITS = 2 * BOOT_BYTES,
    RANDOM_BYTES = 8,
    RANDOM_DIGITS = 2 * RANDOM_BYTES,
};

struct lease {
    char boot[BOOT_DIGITS + 1];
    int64_t end_ms; /* CLOCK_BOOTTIME */
};

static void boot_digits(const struct ibc_instant *now, char out[static BOOT_DIGITS + 1]) {
    sodium_bin2hex(out, BOOT_DIGITS + 1, now->boot_id, BOOT_BYTES);
}

void ibc_lease_name(const struct ibc_instant *now, int64_t ttl,
                    char out[static IBC_LEASE_NAME_MAX]) {
    char boot[BOOT_DIGITS + 1];
    boot_digits(now, boot);
    unsigned char random[RANDOM_BYTES];
    randombytes_buf(random, sizeof random);
    char tail[RANDOM_DIGITS + 1];
    const int64_t end_ms = now->boot_ms + ttl * 1000;
    sodium_bin2hex(tail, sizeof tail, random, sizeof random);
    snprintf(out, IBC_LEASE_NAME_MAX, PREFIX "%s-%lld-%s" SUFFIX, boot, (long long)end_ms, tail);
}

static bool is_hex(const char *text, size_t size) {
    return strspn(text, "0123456789abcdef") >= size;
}

static bool parse_name(const char *name, struct lease *out) {
    if (strncmp(name, PREFIX, strlen(PREFIX)) != 0) {
        return false;
    }
    const char *boot = name + strlen(PREFIX);
    if (!is_hex(boot, BOOT_DIGITS) || boot[BOOT_DIGITS] != '-') {
        return false;
    }
    const char *end = boot + BOOT_DIGITS + 1;
    size_t end_size = strspn(end, "0123456789");
    const char *tail = end + end_size;
    if (tail[0] != '-' || !is_hex(tail + 1, RANDOM_DIGITS) ||
        strcmp(tail + 1 + RANDOM_DIGITS, SUFFIX) != 0) {
        return false;
    }
    uint64_t end_ms;
    if (!ibc_parse_number(end, end_size, INT64_MAX, &end_ms)) {
        return false;
    }
    memcpy(out->boot, boot, BOOT_DIGITS);
    out->boot[BOOT_DIGITS] = '\0';
    out->end_ms = (int64_t)end_ms;
    return true;
}

bool ibc_lease_overdue(const char *name, const struct ibc_instant *now) {
    struct lease lease;
    if (!parse_name(name, &lease)) {
        return false;
    }
    char boot[BOOT_DIGITS + 1];
    boot_digits(now, boot);
    return strcmp(lease.boot, boot) != 0 || now->boot_ms >= lease.end_ms;
}

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

enum ibc_status ibc_lease_end(const struct ibc_runtime *runtime, const char *name,
                              struct ibc_error *err) {
    struct lease lease;
    if (!parse_name(name, &lease)) {
        return ibc_fail(err, IBC_ERR_USAGE, "'%s' is not the name of a delivery", name);
    }
    int directory = ibc_runtime_fd(runtime);
    /* What cannot be wiped is still better gone than left. */
    (void)overwrite_with_zeros(directory, name);
    if (unlinkat(directory, name, 0) != 0 && errno != ENOENT) {
        return ibc_fail_errno(err, IBC_ERR_IO, errno, "delivery '%s/%s' cannot be removed",
                              ibc_runtime_path(runtime), name);
    }
    return IBC_OK;
}

static void close_directory(DIR **directory) {
    if (*directory) {
        closedir(*directory);
    }
}

static DIR *open_listing(const struct ibc_runtime *runtime) {
    int fd = openat(ibc_runtime_fd(runtime), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (!directory && fd >= 0) {
        close(fd);
    }
    return directory;
}

enum ibc_status ibc_lease_sweep(const struct ibc_runtime *runtime, const struct ibc_instant *now,
                                bool all, size_t *ended, struct ibc_error *err) {
    *ended = 0;
    IBC_CLEANUP(close_directory) DIR *directory = open_listing(runtime);
    if (!directory) {
        return ibc_fail_errno(err, IBC_ERR_IO, errno, "runtime directory '%s' cannot be listed",
                              ibc_runtime_path(runtime));
    }
    enum ibc_status first = IBC_OK;
    const struct dirent *entry;
    while ((entry = readdir(directory))) {
        struct lease lease;
        if (!parse_name(entry->d_name, &lease) ||
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

enum ibc_status ibc_lease_wait_and_end(const struct ibc_runtime *runtime, const char *name,
                                       struct ibc_error *err) {
    struct lease lease;
    if (!parse_name(name, &lease)) {
        return ibc_fail(err, IBC_ERR_USAGE, "'%s' is not the name of a delivery", name);
    }
    const struct timespec end = {.tv_sec = lease.end_ms / 1000,
                                 .tv_nsec = lease.end_ms % 1000 * 1000000};
    while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &end, NULL) == EINTR) {
    }
    return ibc_lease_end(runtime, name, err);
}
