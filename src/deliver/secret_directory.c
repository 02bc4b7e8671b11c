/* secret_directory.c - a directory of secret files on tmpfs, behind a link that stays. */
#include "deliver/new_file.h"
#include "deliver/reaper.h"
#include "deliver/secret_files.h"

#include <errno.h>
#include <fcntl.h>
#include <ibcred/file.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

/* The gateway's user in gnzsnz/ib-gateway-docker. */
enum { DEFAULT_OWNER = 1000, DEFAULT_GROUP = 1000, DEFAULT_MODE = 0400 };

/* Others may go through to a file whose name they know, in a directory that only root can enter. */
enum { DIRECTORY_MODE = 0711, OWN_MODE = 0600 };

#define LINK_SUFFIX ".secrets"
#define NEXT_LINK   ".next" /* in the directory, until it takes the place of the link before it */

enum { LINK_NAME_MAX = IBC_PROFILE_NAME_MAX + sizeof LINK_SUFFIX };

static bool link_name(const char *profile, char out[static LINK_NAME_MAX]) {
    int size = snprintf(out, LINK_NAME_MAX, "%s" LINK_SUFFIX, profile);
    return size > 0 && size < LINK_NAME_MAX && !strchr(profile, '/');
}

char *ibc_secret_directory_path(const struct ibc_runtime *runtime, const char *profile) {
    char real[PATH_MAX];
    char *path = NULL;
    if (!realpath(ibc_runtime_path(runtime), real) ||
        asprintf(&path, "%s/%s" LINK_SUFFIX, real, profile) < 0) {
        return NULL;
    }
    return path;
}

void ibc_secret_directory_init(struct ibc_secret_directory *directory,
                               const struct ibc_runtime *runtime, const char *profile, int64_t ttl,
                               struct ibc_reaper *reaper) {
    *directory = (struct ibc_secret_directory){
        .runtime = runtime,
        .profile = profile,
        .ttl = ttl,
        .reaper = reaper,
        .owner = DEFAULT_OWNER,
        .group = DEFAULT_GROUP,
        .mode = DEFAULT_MODE,
        .format = IBC_FORMAT_COMPOSE,
        .fd = -1,
    };
}

void ibc_secret_directory_free(struct ibc_secret_directory *directory) {
    secret_files_free(directory);
    ibc_close(&directory->fd);
}

/* --- making room -------------------------------------------------------------------------------*/

static enum ibc_status fail_to_create(const struct ibc_secret_directory *directory, int failure,
                                      struct ibc_error *err) {
    return ibc_fail_errno(err, IBC_ERR_CREATE, failure, "a secret directory cannot be made in '%s'",
                          ibc_runtime_path(directory->runtime));
}

/* Files of another user in it are only kept from that user by the runtime directory's mode. */
static enum ibc_status require_closed_runtime(const struct ibc_secret_directory *directory,
                                              struct ibc_error *err) {
    struct stat info;
    if (fstat(ibc_runtime_fd(directory->runtime), &info) != 0) {
        return fail_to_create(directory, errno, err);
    }
    if (geteuid() == 0 && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "runtime directory '%s' is open to others, who could reach the gateway's "
                        "files in it; run: chmod 700 '%s'",
                        ibc_runtime_path(directory->runtime), ibc_runtime_path(directory->runtime));
    }
    return IBC_OK;
}

static enum ibc_status make_directory(struct ibc_secret_directory *directory,
                                      struct ibc_error *err) {
    struct ibc_instant now;
    enum ibc_status status = ibc_clock_now(&now, err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_lease_name(&now, directory->ttl, IBC_LEASE_DIRECTORY, directory->name);
    const int runtime = ibc_runtime_fd(directory->runtime);
    if (mkdirat(runtime, directory->name, S_IRWXU) != 0) {
        return fail_to_create(directory, errno, err);
    }
    directory->fd =
        openat(runtime, directory->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory->fd < 0 || fchmod(directory->fd, DIRECTORY_MODE) != 0) {
        return fail_to_create(directory, errno, err);
    }
    return IBC_OK;
}

static enum ibc_status make_file(const struct ibc_secret_directory *directory,
                                 struct ibc_secret_directory_file *file, struct ibc_error *err) {
    const int failure = new_file(directory->fd, file->name, file->content.size, &file->fd);
    if (failure != 0) {
        return fail_to_create(directory, failure, err);
    }
    const bool gives = file->is_gateways && geteuid() == 0;
    if (fchmod(file->fd, gives ? (mode_t)directory->mode : OWN_MODE) != 0) {
        return fail_to_create(directory, errno, err);
    }
    if (gives && fchown(file->fd, (uid_t)directory->owner, (gid_t)directory->group) != 0) {
        return ibc_fail_errno(err, IBC_ERR_CREATE, errno,
                              "a secret file cannot be given to user %lld and group %lld, as the "
                              "policy says",
                              (long long)directory->owner, (long long)directory->group);
    }
    return IBC_OK;
}

/*
 * See to it that the link can take its place. An empty directory there is dockerd's: it makes the
 * source of a mount where there is none, when Compose asks for a mount in the old way.
 */
static enum ibc_status clear_place(const struct ibc_secret_directory *directory, const char *name,
                                   struct ibc_error *err) {
    const int runtime = ibc_runtime_fd(directory->runtime);
    struct stat info;
    if (fstatat(runtime, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? IBC_OK : fail_to_create(directory, errno, err);
    }
    if (S_ISLNK(info.st_mode) ||
        (S_ISDIR(info.st_mode) && unlinkat(runtime, name, AT_REMOVEDIR) == 0)) {
        return IBC_OK;
    }
    return ibc_fail(err, IBC_ERR_CREATE,
                    "'%s/%s' is in the way of the link to the secret directory; remove it",
                    ibc_runtime_path(directory->runtime), name);
}

static enum ibc_status make_link(const struct ibc_secret_directory *directory,
                                 struct ibc_error *err) {
    char name[LINK_NAME_MAX];
    if (!link_name(directory->profile, name)) {
        return ibc_fail(err, IBC_ERR_USAGE, "'%s' is not a profile name", directory->profile);
    }
    enum ibc_status status = clear_place(directory, name, err);
    if (status == IBC_OK && symlinkat(directory->name, directory->fd, NEXT_LINK) != 0) {
        status = fail_to_create(directory, errno, err);
    }
    return status;
}

static enum ibc_status reserve(struct ibc_secret_directory *directory, struct ibc_error *err) {
    enum ibc_status status = require_closed_runtime(directory, err);
    if (status == IBC_OK) {
        status = make_directory(directory, err);
    }
    for (size_t i = 0; i < directory->count && status == IBC_OK; i++) {
        status = make_file(directory, &directory->files[i], err);
    }
    return status == IBC_OK ? make_link(directory, err) : status;
}

/* --- the delivery ------------------------------------------------------------------------------*/

static void abandon(void *self) {
    struct ibc_secret_directory *directory = self;
    reaper_stop(directory->reaper);
    ibc_secret_directory_free(directory);
    if (directory->name[0] != '\0') {
        struct ibc_error ignored;
        (void)!ibc_lease_end(directory->runtime, directory->name, &ignored);
    }
    directory->name[0] = '\0';
}

static enum ibc_status prepare(void *self, const struct ibc_field *variables, size_t count,
                               struct ibc_error *err) {
    struct ibc_secret_directory *directory = self;
    enum ibc_status status = secret_files_plan(directory, variables, count, err);
    if (status == IBC_OK) {
        status = reserve(directory, err);
    }
    if (status == IBC_OK) {
        status = reaper_order(directory->reaper, directory->runtime, directory->name, err);
    }
    if (status != IBC_OK) {
        abandon(directory);
    }
    return status;
}

/* Fill the files, then let the link lead to them. False with errno set. */
static bool publish(const struct ibc_secret_directory *directory) {
    for (size_t i = 0; i < directory->count; i++) {
        const struct ibc_secret_directory_file *file = &directory->files[i];
        if (!ibc_file_write_all(file->fd, ibc_secret_view(&file->content))) {
            return false;
        }
    }
    char name[LINK_NAME_MAX];
    return link_name(directory->profile, name) &&
           renameat(directory->fd, NEXT_LINK, ibc_runtime_fd(directory->runtime), name) == 0;
}

static enum ibc_status hand_over(void *self, struct ibc_error *err) {
    struct ibc_secret_directory *directory = self;
    if (!publish(directory)) {
        const int failure = errno;
        abandon(directory);
        return ibc_fail_errno(err, IBC_ERR_CREATE, failure,
                              "the secret directory in '%s' cannot be written",
                              ibc_runtime_path(directory->runtime));
    }
    ibc_secret_directory_free(directory);
    return IBC_OK;
}

struct ibc_delivery ibc_secret_directory_delivery(struct ibc_secret_directory *directory) {
    return (struct ibc_delivery){.name = "secret-dir",
                                 .self = directory,
                                 .prepare = prepare,
                                 .hand_over = hand_over,
                                 .abandon = abandon};
}

enum ibc_status ibc_secret_directory_end(const struct ibc_runtime *runtime, const char *profile,
                                         struct ibc_error *err) {
    char name[LINK_NAME_MAX], lease[IBC_LEASE_NAME_MAX];
    if (!link_name(profile, name)) {
        return ibc_fail(err, IBC_ERR_USAGE, "'%s' is not a profile name", profile);
    }
    const ssize_t size = readlinkat(ibc_runtime_fd(runtime), name, lease, sizeof lease - 1);
    if (size < 0 && errno == ENOENT) {
        return IBC_OK;
    }
    lease[size > 0 ? size : 0] = '\0';
    if (!ibc_lease_is(lease, IBC_LEASE_DIRECTORY)) {
        return ibc_fail(err, IBC_ERR_IO, "'%s/%s' is no link to a secret directory; remove it",
                        ibc_runtime_path(runtime), name);
    }
    return ibc_lease_end(runtime, lease, err);
}
