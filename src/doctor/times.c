/* times.c - times that the clock should not stand before, and whether anybody keeps it. */
#include "doctor/surroundings.h"

#include <dirent.h>
#include <fcntl.h>
#include <ibcred/file.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

enum { TAIL = 8192 /* more than a line of the log, with its newline */ };

#define TIME_KEY "\"time\":\""

int64_t program_made_ms(void) {
    struct stat info;
    return stat("/proc/self/exe", &info) == 0 ? (int64_t)info.st_mtim.tv_sec * 1000 : 0;
}

/* Milliseconds of an RFC 3339 time in UTC, whose fraction is left out; 0 where it is none. */
static int64_t parse_time(const char *text) {
    struct tm time = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &time);
    return rest && (*rest == '.' || *rest == 'Z') ? (int64_t)timegm(&time) * 1000 : 0;
}

/* The last time that is told of in the file. */
static int64_t last_time_in(int directory, const char *name) {
    char tail[TAIL + 1];
    struct stat info;
    ibc_auto_fd fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return 0;
    }
    const ssize_t size = pread(fd, tail, TAIL, info.st_size > TAIL ? info.st_size - TAIL : 0);
    if (size <= 0) {
        return 0;
    }
    tail[size] = '\0';
    int64_t last = 0;
    for (const char *at = strstr(tail, TIME_KEY); at; at = strstr(at + 1, TIME_KEY)) {
        last = parse_time(at + strlen(TIME_KEY));
    }
    return last;
}

int64_t last_audit_ms(const char *state) {
    DIR *directory = state ? opendir(state) : NULL;
    if (!directory) {
        return 0;
    }
    int64_t last = 0;
    for (const struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        if (strncmp(entry->d_name, "audit-", strlen("audit-")) == 0) {
            const int64_t time = last_time_in(dirfd(directory), entry->d_name);
            last = time > last ? time : last;
        }
    }
    closedir(directory);
    return last;
}

bool clock_is_adrift(void) {
    struct timex state = {0};
    return adjtimex(&state) >= 0 && (state.status & STA_UNSYNC) != 0;
}
