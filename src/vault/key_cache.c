/* key_cache.c - a passphrase typed once: add_key(2), keyctl(2). */
#include "vault/key_cache.h"

#include "vault/handle.h"

#include <errno.h>
#include <ibcred/clock.h>
#include <ibcred/file.h>
#include <linux/keyctl.h>
#include <sodium.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    SECONDS_MAX = 86400,
    NAME_MAX_BYTES = sizeof "ibcred:" + 2UL * IBC_VAULT_ID_BYTES,
    PERMISSIONS = 0x003f0000, /* everything to this user, nothing to anybody else (keyctl(2)) */
};

static void key_name(const unsigned char *vault_id, char out[static NAME_MAX_BYTES]) {
    char hex[2 * IBC_VAULT_ID_BYTES + 1];
    sodium_bin2hex(hex, sizeof hex, vault_id, IBC_VAULT_ID_BYTES);
    snprintf(out, NAME_MAX_BYTES, "ibcred:%s", hex);
}

/* The serial number of the vault's key, or -1 with errno. */
static long find_key(const unsigned char *vault_id) {
    char name[NAME_MAX_BYTES];
    key_name(vault_id, name);
    return syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", name, 0);
}

bool vault_cached_key(const unsigned char *vault_id, unsigned char *data_key) {
    const long key = find_key(vault_id);
    return key >= 0 &&
           syscall(SYS_keyctl, KEYCTL_READ, key, data_key, VAULT_KEY_BYTES) == VAULT_KEY_BYTES;
}

static enum ibc_status no_keyring(struct ibc_error *err) {
    return ibc_fail_errno(err, IBC_ERR_UNAVAILABLE, errno,
                          "the kernel's keyring of this user cannot be used; the vault opens by "
                          "asking each time");
}

/*
 * The key comes to its place in one step, with its end set already: made in the keyring of this
 * process, where it dies with it, and then linked, instead of one of the same name.
 */
static enum ibc_status keep_key(const struct ibc_vault *vault, int64_t seconds,
                                struct ibc_error *err) {
    char name[NAME_MAX_BYTES];
    key_name(vault->header.id, name);
    const long key = syscall(SYS_add_key, "user", name, vault->secrets->keys.data, VAULT_KEY_BYTES,
                             KEY_SPEC_PROCESS_KEYRING);
    if (key < 0) {
        return no_keyring(err);
    }
    enum ibc_status status = IBC_OK;
    if (syscall(SYS_keyctl, KEYCTL_SETPERM, key, PERMISSIONS) != 0 ||
        syscall(SYS_keyctl, KEYCTL_SET_TIMEOUT, key, (unsigned)seconds) != 0 ||
        syscall(SYS_keyctl, KEYCTL_LINK, key, KEY_SPEC_USER_KEYRING) != 0) {
        status = no_keyring(err);
    }
    syscall(SYS_keyctl, KEYCTL_UNLINK, key, KEY_SPEC_PROCESS_KEYRING);
    return status;
}

enum ibc_status ibc_vault_cache_key(const struct ibc_vault *vault, int64_t seconds,
                                    struct ibc_error *err) {
    if (seconds < 1 || seconds > SECONDS_MAX) {
        return ibc_fail(err, IBC_ERR_USAGE, "a key is kept for 1 second to 24 hours");
    }
    if (vault->from_cache) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "the key that is kept cannot prolong itself; open vault '%s' by its own "
                        "key again",
                        vault->path);
    }
    /* Not for longer than the slot would open it. */
    if (vault->key_expires_ms != 0) {
        const int64_t left = (vault->key_expires_ms - ibc_clock_wall_ms()) / 1000;
        seconds = left < 1 ? 1 : left < seconds ? left : seconds;
    }
    return keep_key(vault, seconds, err);
}

bool ibc_vault_from_cache(const struct ibc_vault *vault) {
    return vault->from_cache;
}

/* Revoking wipes the key at once, whoever else has it linked. */
static enum ibc_status forget(const unsigned char *vault_id, bool *was_there,
                              struct ibc_error *err) {
    const long key = find_key(vault_id);
    if (key < 0 && (errno == ENOKEY || errno == EKEYEXPIRED || errno == EKEYREVOKED)) {
        return IBC_OK;
    }
    if (key < 0 || syscall(SYS_keyctl, KEYCTL_REVOKE, key) != 0) {
        return no_keyring(err);
    }
    syscall(SYS_keyctl, KEYCTL_UNLINK, key, KEY_SPEC_USER_KEYRING);
    *was_there = true;
    return IBC_OK;
}

enum ibc_status ibc_vault_forget_key(const char *path, bool *was_there, struct ibc_error *err) {
    *was_there = false;
    ibc_auto_fd fd = -1;
    enum ibc_status status = ibc_file_open_trusted(path, "vault", &fd, err);
    if (status != IBC_OK) {
        return status;
    }
    unsigned char bytes[VAULT_HEADER_BYTES];
    ibc_auto_free char *name = strdup(path);
    struct ibc_vault vault = {.path = name, .fd = fd};
    if (!name) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a path");
    }
    status = vault_read_header(&vault, bytes, err);
    return status == IBC_OK ? forget(vault.header.id, was_there, err) : status;
}
