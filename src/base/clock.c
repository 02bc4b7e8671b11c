/* clock.c - reading both clocks. */
#include <ibcred/clock.h>

#include <fcntl.h>
#include <ibcred/file.h>
#include <sodium.h>
#include <unistd.h>

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

static int64_t milliseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Read once: a process does not outlive its boot. */
static bool read_boot_id(unsigned char out[static IBC_BOOT_ID_BYTES]) {
    static unsigned char boot_id[IBC_BOOT_ID_BYTES];
    static bool known;
    if (known) {
        memcpy(out, boot_id, sizeof boot_id);
        return true;
    }
    ibc_auto_fd fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    char text[64];
    ssize_t size = read(fd, text, sizeof text);
    size_t binary_size = 0;
    known = size > 0 &&
            sodium_hex2bin(boot_id, sizeof boot_id, text, (size_t)size, "-\n", &binary_size,
                           NULL) == 0 &&
            binary_size == sizeof boot_id;
    memcpy(out, boot_id, sizeof boot_id);
    return known;
}

enum ibc_status ibc_clock_now(struct ibc_instant *out, struct ibc_error *err) {
    struct ibc_instant now = {
        .wall_ms = milliseconds(CLOCK_REALTIME),
        .boot_ms = milliseconds(CLOCK_BOOTTIME),
    };
    if (!read_boot_id(now.boot_id)) {
        return ibc_fail(err, IBC_ERR_INTERNAL,
                        "%s cannot be read, so waits could not survive a reboot; mount /proc",
                        BOOT_ID_FILE);
    }
    *out = now;
    return IBC_OK;
}

int64_t ibc_clock_wall_ms(void) {
    return milliseconds(CLOCK_REALTIME);
}

void ibc_format_timestamp(int64_t wall_ms, char out[static IBC_TIMESTAMP_MAX]) {
    time_t seconds = (time_t)(wall_ms / 1000);
    int milli = (int)(wall_ms % 1000);
    if (milli < 0) {
        milli += 1000;
        seconds--;
    }
    struct tm utc;
    if (!gmtime_r(&seconds, &utc)) {
        utc = (struct tm){.tm_mday = 1, .tm_year = 70};
        milli = 0;
    }
    /* Not strftime(): it would read the time zone's file for a time in UTC. */
    snprintf(out, IBC_TIMESTAMP_MAX, "%04lld-%02d-%02dT%02d:%02d:%02d.%03dZ",
             (long long)utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
             utc.tm_sec, milli);
}
