/* identities.c - writing identity files. */
#include "cli/identities.h"

#include <ibcred/file.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <unistd.h>

static enum ibc_status make_parent(const char *path, struct ibc_error *err) {
    ibc_auto_free char *copy = strdup(path);
    if (!copy) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory");
    }
    const char *parent = dirname(copy);
    if (access(parent, F_OK) == 0) {
        return IBC_OK;
    }
    ibc_auto_fd fd = -1;
    return ibc_directory_open_private(parent, "directory for the identity", &fd, err);
}

enum ibc_status write_identities(const struct ibc_identities *identities, const char *path,
                                 struct ibc_error *err) {
    ibc_auto_secret text = {0};
    enum ibc_status status = ibc_identities_format(identities, ibc_clock_wall_ms(), &text, err);
    if (status == IBC_OK) {
        status = make_parent(path, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST) {
        return ibc_fail(err, IBC_ERR_CREATE,
                        "there is something at '%s' already; it is left alone, give another file",
                        path);
    }
    if (fd < 0) {
        return ibc_fail_errno(err, IBC_ERR_CREATE, errno, "identity '%s' cannot be created", path);
    }
    if (!ibc_file_write_all(fd, ibc_secret_view(&text)) || fsync(fd) != 0) {
        int saved = errno;
        unlink(path);
        return ibc_fail_errno(err, IBC_ERR_IO, saved, "identity '%s' cannot be written", path);
    }
    return ibc_file_sync_parent(path, err);
}

enum ibc_status place_of_identity(const struct cli *cli, char **path, struct ibc_error *err) {
    *path = identity_path(cli);
    if (!*path) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "there is no place for an identity: say --identity FILE, or set HOME");
    }
    return IBC_OK;
}
