/*
 * clock_shim.c - other clocks for an unchanged ibcred, by LD_PRELOAD.
 *
 * libfaketime moves all clocks together; a reboot and a jump of the wall clock alone need more:
 *   SHIM_WALL_MS      what CLOCK_REALTIME tells, in milliseconds since 1970
 *   SHIM_BOOT_MS      what CLOCK_BOOTTIME tells, in milliseconds
 *   SHIM_BOOT_ID_FILE opened in place of /proc/sys/kernel/random/boot_id
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const char *shimmed_clock(clockid_t clock) {
    switch (clock) {
    case CLOCK_REALTIME:
        return getenv("SHIM_WALL_MS");
    case CLOCK_BOOTTIME:
        return getenv("SHIM_BOOT_MS");
    default:
        return NULL;
    }
}

int clock_gettime(clockid_t clock, struct timespec *out) {
    const char *milliseconds = shimmed_clock(clock);
    if (!milliseconds) {
        return (int)syscall(SYS_clock_gettime, clock, out);
    }
    long long value = strtoll(milliseconds, NULL, 10);
    *out = (struct timespec){.tv_sec = value / 1000, .tv_nsec = value % 1000 * 1000000};
    return 0;
}

int open(const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    const char *boot_id = getenv("SHIM_BOOT_ID_FILE");
    if (boot_id && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0) {
        path = boot_id;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
