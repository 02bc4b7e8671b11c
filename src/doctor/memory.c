/* memory.c - what is in memory only, and what may leave it for a disk. */
#include "doctor/surroundings.h"

#include <dirent.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { DEVICES_DEEP_MAX = 8 /* dm on dm on … */, LINE_SIZE = 4096 };

/* The path, or the nearest directory above it that is there. */
static bool existing(const char *path, char out[static PATH_MAX]) {
    struct stat info;
    if ((size_t)snprintf(out, PATH_MAX, "%s", path) >= PATH_MAX) {
        return false;
    }
    while (stat(out, &info) != 0) {
        char *slash = strrchr(out, '/');
        if (!slash || slash == out) {
            snprintf(out, PATH_MAX, slash ? "/" : ".");
            break;
        }
        *slash = '\0';
    }
    return true;
}

bool on_tmpfs(const char *path) {
    char there[PATH_MAX];
    struct statfs info;
    return existing(path, there) && statfs(there, &info) == 0 &&
           (info.f_type == TMPFS_MAGIC || info.f_type == RAMFS_MAGIC);
}

/* Does the line of /proc/self/mountinfo (proc_pid_mountinfo(5)) tell of that device's noswap? */
static bool tells_noswap(const char *line, dev_t device) {
    char number[32];
    snprintf(number, sizeof number, " %u:%u ", major(device), minor(device));
    const char *options = strstr(line, " - ");
    return strstr(line, number) && options && strstr(options, "noswap");
}

bool can_be_swapped(const char *path) {
    char there[PATH_MAX], line[LINE_SIZE];
    struct statfs file_system;
    struct stat info;
    if (!existing(path, there) || statfs(there, &file_system) != 0 || stat(there, &info) != 0 ||
        file_system.f_type != TMPFS_MAGIC) {
        return false;
    }
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    bool noswap = false;
    while (mounts && !noswap && fgets(line, sizeof line, mounts)) {
        noswap = tells_noswap(line, info.st_dev);
    }
    if (mounts) {
        fclose(mounts);
    }
    return !noswap;
}

/* The first line of a file below /sys, "" where there is none. */
static void read_line(const char *path, char *out, int size) {
    out[0] = '\0';
    FILE *file = fopen(path, "re");
    if (file) {
        if (!fgets(out, size, file)) {
            out[0] = '\0';
        }
        fclose(file);
    }
}

static bool is_encrypted(const char *device, int depth);

/* Are all devices encrypted that this one is made of? */
static bool all_below_encrypted(const char *device, int depth) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/slaves", device);
    DIR *slaves = opendir(path);
    if (!slaves) {
        return false;
    }
    size_t count = 0;
    bool all = true;
    for (const struct dirent *entry = readdir(slaves); entry; entry = readdir(slaves)) {
        if (entry->d_name[0] != '.') {
            char below[PATH_MAX];
            count++;
            const int size = snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
            all &= size < (int)sizeof below && is_encrypted(below, depth + 1);
        }
    }
    closedir(slaves);
    return all && count > 0;
}

/* Of a device as a directory of /sys: dm-crypt, or on top of nothing else. */
static bool is_encrypted(const char *device, int depth) {
    char path[PATH_MAX], uuid[LINE_SIZE];
    if (depth > DEVICES_DEEP_MAX ||
        snprintf(path, sizeof path, "%s/dm/uuid", device) >= (int)sizeof path) {
        return false;
    }
    read_line(path, uuid, sizeof uuid);
    return strncmp(uuid, "CRYPT-", strlen("CRYPT-")) == 0 || all_below_encrypted(device, depth);
}

/* A partition or a volume, or a file on one. What cannot be examined is let pass. */
static bool is_plain(const char *swap) {
    char device[PATH_MAX];
    struct stat info;
    if (strncmp(swap, "/dev/zram", strlen("/dev/zram")) == 0 || stat(swap, &info) != 0) {
        return false;
    }
    const dev_t number = S_ISBLK(info.st_mode) ? info.st_rdev : info.st_dev;
    snprintf(device, sizeof device, "/sys/dev/block/%u:%u", major(number), minor(number));
    return access(device, F_OK) == 0 && !is_encrypted(device, 0);
}

char *plain_swap(void) {
    char line[LINE_SIZE];
    char *name = NULL;
    FILE *swaps = fopen("/proc/swaps", "re");
    if (!swaps) {
        return NULL;
    }
    for (bool header = true; !name && fgets(line, sizeof line, swaps); header = false) {
        line[strcspn(line, " \t\n")] = '\0';
        if (!header && is_plain(line)) {
            name = strdup(line);
        }
    }
    fclose(swaps);
    return name;
}
