/* zone.c - local time in one IANA zone, through glibc's TZ. */
#include "base/zone.h"

#include <fcntl.h>
#include <ibcred/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZONE_DIRECTORY "/usr/share/zoneinfo"

enum { ZONE_PATH_MAX = 1024, DAY_SECONDS = 86400 };

static const char *zone_directory(void) {
    const char *directory = getenv("TZDIR");
    return directory != NULL && directory[0] == '/' ? directory : ZONE_DIRECTORY;
}

/* No dots, so no way out of the directory. */
static bool has_zone_shape(const char *name) {
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    return name[0] != '\0' && name[0] != '/' && name[strspn(name, letters)] == '\0';
}

/* ":" and the zone's file, as TZ takes it. */
static bool format_zone(const char *name, char out[static ZONE_PATH_MAX]) {
    int length = snprintf(out, ZONE_PATH_MAX, ":%s/%s", zone_directory(), name);
    return length > 0 && length < ZONE_PATH_MAX;
}

static bool is_directory(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* The database also holds directories and tables in text: a zone begins with "TZif" (RFC 8536). */
static bool is_zone_file(const char *path) {
    ibc_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    char magic[4];
    return fd >= 0 && read(fd, magic, sizeof magic) == (ssize_t)sizeof magic &&
           memcmp(magic, "TZif", sizeof magic) == 0;
}

enum ibc_zone_state ibc_zone_find(const char *name) {
    char zone[ZONE_PATH_MAX];
    if (!is_directory(zone_directory())) {
        return IBC_ZONE_NO_DATABASE;
    }
    bool found = has_zone_shape(name) && format_zone(name, zone) && is_zone_file(zone + 1);
    return found ? IBC_ZONE_FOUND : IBC_ZONE_UNKNOWN;
}

bool ibc_zone_enter(const char *name, struct ibc_zone_scope *scope) {
    *scope = (struct ibc_zone_scope){0};
    char zone[ZONE_PATH_MAX];
    if (ibc_zone_find(name) != IBC_ZONE_FOUND || !format_zone(name, zone)) {
        return false;
    }
    const char *current = getenv("TZ");
    if (current != NULL) {
        scope->previous = strdup(current);
        if (scope->previous == NULL) {
            return false;
        }
    }
    if (setenv("TZ", zone, 1) != 0) {
        ibc_free(&scope->previous);
        return false;
    }
    scope->entered = true;
    tzset();
    return true;
}

void ibc_zone_leave(struct ibc_zone_scope *scope) {
    if (!scope->entered) {
        return;
    }
    if (scope->previous != NULL) {
        (void)setenv("TZ", scope->previous, 1);
    } else {
        (void)unsetenv("TZ");
    }
    tzset();
    ibc_free(&scope->previous);
    scope->entered = false;
}

/* Seconds east of UTC at `instant`. */
static int64_t offset_at(int64_t instant) {
    time_t seconds = (time_t)instant;
    struct tm local;
    return localtime_r(&seconds, &local) != NULL ? local.tm_gmtoff : 0;
}

int64_t ibc_zone_local(int64_t instant) {
    return instant + offset_at(instant);
}

/* A day before and after, any change of clocks near `local` is behind and ahead. */
int64_t ibc_zone_instant(int64_t local, enum ibc_zone_choice choice) {
    int64_t by_old = local - offset_at(local - DAY_SECONDS);
    int64_t by_new = local - offset_at(local + DAY_SECONDS);
    bool old_holds = ibc_zone_local(by_old) == local;
    bool new_holds = ibc_zone_local(by_new) == local;
    if (old_holds != new_holds) {
        return old_holds ? by_old : by_new;
    }
    bool take_old = (by_old < by_new) == (choice == IBC_ZONE_FIRST);
    return take_old ? by_old : by_new;
}
