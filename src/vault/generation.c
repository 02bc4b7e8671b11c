/* generation.c - the highest generation seen of each vault, against rollback. */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <ibcred/file.h>
#include <ibcred/number.h>
#include <ibcred/vault.h>
#include <sodium.h>
#include <unistd.h>

enum {
    HEX_BYTES = 2 * IBC_VAULT_ID_BYTES + 1,
    NAME_MAX_BYTES = sizeof "vault-" + HEX_BYTES + sizeof ".seen.new",
    CONTENT_MAX_BYTES = sizeof "18446744073709551615\n",
};

static void seen_name(const unsigned char *id, const char *suffix,
                      char out[static NAME_MAX_BYTES]) {
    char hex[HEX_BYTES];
    sodium_bin2hex(hex, sizeof hex, id, IBC_VAULT_ID_BYTES);
    snprintf(out, NAME_MAX_BYTES, "vault-%s.seen%s", hex, suffix);
}

/*
 * Open and lock the file, empty where it was not there. It is replaced when it changes, so the
 * lock counts only while the name is still that file's. The caller closes `*fd`, always.
 */
static enum ibc_status lock_seen(int state_fd, const char *name, int *fd, struct ibc_error *err) {
    for (;;) {
        *fd = openat(state_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (*fd < 0 || !lock_file(*fd)) {
            return ibc_fail_errno(err, IBC_ERR_CREATE, errno,
                                  "'%s' cannot be kept in the state directory", name);
        }
        if (lock_still_named(state_fd, name, *fd)) {
            return IBC_OK;
        }
        ibc_close(fd);
    }
}

/* The generation in the file; 0 where it is empty, as just after its creation. */
static enum ibc_status read_seen(int fd, const char *name, uint64_t *seen, struct ibc_error *err) {
    char text[CONTENT_MAX_BYTES + 1];
    const ssize_t size = read(fd, text, sizeof text);
    if (size < 0) {
        return ibc_fail_errno(err, IBC_ERR_IO, errno, "'%s' in the state directory cannot be read",
                              name);
    }
    *seen = 0;
    if (size == 0) {
        return IBC_OK;
    }
    if (text[size - 1] != '\n' || !ibc_parse_number(text, (size_t)size - 1, UINT64_MAX, seen)) {
        return ibc_fail(err, IBC_ERR_DATA,
                        "'%s' in the state directory is damaged; remove it once you know that the "
                        "vault is the newest",
                        name);
    }
    return IBC_OK;
}

static enum ibc_status write_seen(int state_fd, const char *name, const char *temporary,
                                  uint64_t generation, struct ibc_error *err) {
    char text[CONTENT_MAX_BYTES];
    snprintf(text, sizeof text, "%llu\n", (unsigned long long)generation);
    unlinkat(state_fd, temporary, 0);
    ibc_auto_fd fd =
        openat(state_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || !ibc_file_write_all(fd, ibc_view_of(text)) || fsync(fd) != 0 ||
        renameat(state_fd, temporary, state_fd, name) != 0 || fsync(state_fd) != 0) {
        const int saved = errno;
        unlinkat(state_fd, temporary, 0);
        return ibc_fail_errno(err, IBC_ERR_IO, saved,
                              "'%s' in the state directory cannot be written", name);
    }
    return IBC_OK;
}

/* What to do about a generation lower than the one that is remembered. */
enum lower_generation { REFUSE_LOWER, TAKE_LOWER, IGNORE_LOWER };

static enum ibc_status update_seen(int state_fd, const unsigned char *id, uint64_t generation,
                                   enum lower_generation lower, struct ibc_error *err) {
    char name[NAME_MAX_BYTES];
    char temporary[NAME_MAX_BYTES];
    seen_name(id, "", name);
    seen_name(id, ".new", temporary);

    ibc_auto_fd fd = -1;
    uint64_t seen = 0;
    enum ibc_status status = lock_seen(state_fd, name, &fd, err);
    if (status == IBC_OK) {
        status = read_seen(fd, name, &seen, err);
    }
    if (status != IBC_OK || generation == seen || (generation < seen && lower == IGNORE_LOWER)) {
        return status;
    }
    if (generation < seen && lower == REFUSE_LOWER) {
        return ibc_fail(err, IBC_ERR_DATA,
                        "the vault is generation %llu, and generation %llu was seen before: it is "
                        "an older copy; bring the newest back, or, if it was restored on "
                        "purpose: ibcred verify --accept-older",
                        (unsigned long long)generation, (unsigned long long)seen);
    }
    return write_seen(state_fd, name, temporary, generation, err);
}

enum ibc_status ibc_generation_check(int state_fd,
                                     const unsigned char id[static IBC_VAULT_ID_BYTES],
                                     uint64_t generation, bool accept_older,
                                     struct ibc_error *err) {
    return update_seen(state_fd, id, generation, accept_older ? TAKE_LOWER : REFUSE_LOWER, err);
}

enum ibc_status ibc_generation_remember(int state_fd,
                                        const unsigned char id[static IBC_VAULT_ID_BYTES],
                                        uint64_t generation, struct ibc_error *err) {
    return update_seen(state_fd, id, generation, IGNORE_LOWER, err);
}
