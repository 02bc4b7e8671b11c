/* unlock.c - which key of a keyring opens a vault, and the root with it. */
#include "vault/handle.h"
#include "vault/key_cache.h"
#include "vault/passphrase.h"

#include <ibcred/clock.h>
#include <sodium.h>

/* One opening: what there is to try, and what came of it so far. */
struct unlocking {
    struct ibc_vault *vault;
    const struct vault_slot *slots;
    const struct ibc_keyring *keyring;
    bool root_open;
    bool opened;        /* by a key that may */
    int64_t expired_ms; /* when the slot expired that a key fitted last; 0: none did */
};

/* The sealed root: nonce and ciphertext, then its tag. */
static struct ibc_view sealed_root(const struct ibc_vault *vault) {
    return (struct ibc_view){.bytes = vault->secrets->root,
                             .size = vault->header.root_size - VAULT_TAG_BYTES};
}

static struct ibc_view front_of(const struct ibc_vault *vault) {
    return (struct ibc_view){.bytes = vault->front, .size = vault->front_size};
}

/* Take the trial key for the data key. */
static void adopt_trial(struct ibc_vault *vault) {
    memcpy(vault->secrets->keys.data, vault->secrets->trial, VAULT_KEY_BYTES);
    vault_derive_keys(&vault->secrets->keys);
}

/* Decrypt the root in its place, under the keys that were adopted, and decode it. */
static enum ibc_status open_root(struct unlocking *unlocking, struct ibc_error *err) {
    struct ibc_vault *vault = unlocking->vault;
    unsigned char *root = vault->secrets->root;
    const size_t sealed_size = sealed_root(vault).size;
    if (!vault_unseal(vault->secrets->keys.root, front_of(vault), root, sealed_size,
                      root + sealed_size)) {
        ibc_fail(err, IBC_ERR_DATA, "the header, the slots or the root were changed");
        return vault_damaged(err, vault->path, "the root");
    }
    const struct ibc_view plain = {.bytes = root + VAULT_NONCE_BYTES,
                                   .size = sealed_size - VAULT_NONCE_BYTES};
    if (vault_root_decode(plain, &vault->header, unlocking->slots, &vault->root, err) != IBC_OK) {
        return vault_damaged(err, vault->path, "the root");
    }
    unlocking->root_open = true;
    return IBC_OK;
}

/* The trial key came out of slot `index`. Only the root tells whether that one has expired. */
static enum ibc_status use_slot(struct unlocking *unlocking, size_t index, struct ibc_error *err) {
    struct ibc_vault *vault = unlocking->vault;
    if (!unlocking->root_open) {
        adopt_trial(vault);
        enum ibc_status status = open_root(unlocking, err);
        if (status != IBC_OK) {
            return status;
        }
    }
    const struct ibc_slot_info *info = &vault->root.slots[index];
    if (ibc_slot_expired(info, ibc_clock_wall_ms())) {
        unlocking->expired_ms = info->expires_ms;
        return IBC_OK;
    }
    vault->key_expires_ms = info->expires_ms;
    unlocking->opened = true;
    return IBC_OK;
}

static bool identity_fits(const struct vault_slot *slot, const struct ibc_identities *identities,
                          unsigned char *data_key) {
    for (size_t i = 0; i < ibc_identities_count(identities); i++) {
        const struct ibc_recipient recipient = ibc_identities_recipient(identities, i);
        if (crypto_box_seal_open(data_key, slot->wrapped.bytes, slot->wrapped.size, recipient.key,
                                 ibc_identities_key(identities, i)) == 0) {
            return true;
        }
    }
    return false;
}

static enum ibc_status try_identities(struct unlocking *unlocking, struct ibc_error *err) {
    const struct ibc_vault *vault = unlocking->vault;
    const struct ibc_identities *identities = unlocking->keyring->identities;
    enum ibc_status status = IBC_OK;
    for (size_t i = 0; identities && i < vault->header.slot_count; i++) {
        if (status != IBC_OK || unlocking->opened) {
            break;
        }
        if (unlocking->slots[i].type == IBC_SLOT_RECIPIENT &&
            identity_fits(&unlocking->slots[i], identities, vault->secrets->trial)) {
            status = use_slot(unlocking, i, err);
        }
    }
    return status;
}

/* The key in the kernel's keyring may be of another data key by now; then it is passed over. */
static enum ibc_status try_cached(struct unlocking *unlocking, struct ibc_error *err) {
    struct ibc_vault *vault = unlocking->vault;
    struct vault_secrets *secrets = vault->secrets;
    if (!unlocking->keyring->cached || !vault_cached_key(vault->header.id, secrets->trial)) {
        return IBC_OK;
    }
    enum ibc_status status = IBC_OK;
    if (unlocking->root_open) {
        unlocking->opened = sodium_memcmp(secrets->trial, secrets->keys.data, VAULT_KEY_BYTES) == 0;
    } else {
        const struct ibc_view root = sealed_root(vault);
        adopt_trial(vault);
        if (vault_authentic(secrets->keys.root, front_of(vault), root, root.bytes + root.size)) {
            status = open_root(unlocking, err);
            unlocking->opened = status == IBC_OK;
        }
    }
    vault->from_cache = unlocking->opened;
    return status;
}

static bool has_passphrase_slot(const struct unlocking *unlocking) {
    for (size_t i = 0; i < unlocking->vault->header.slot_count; i++) {
        if (unlocking->slots[i].type == IBC_SLOT_PASSPHRASE) {
            return true;
        }
    }
    return false;
}

static enum ibc_status refuse(const struct unlocking *unlocking, bool asked,
                              struct ibc_error *err) {
    const char *path = unlocking->vault->path;
    if (unlocking->expired_ms != 0) {
        char expired[IBC_TIMESTAMP_MAX];
        ibc_format_timestamp(unlocking->expired_ms, expired);
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "vault '%s' does not open with this key any more: it expired at %s; "
                        "somebody whose key has not can add it again",
                        path, expired);
    }
    const char *reason = asked                            ? "does not open with this passphrase"
                         : unlocking->keyring->identities ? "does not open with this identity"
                                                          : "is sealed, and no key was given";
    return ibc_fail(err, IBC_ERR_REFUSED,
                    "vault '%s' %s; give the identity or passphrase it was made for, or restore it "
                    "where its key slots are damaged",
                    path, reason);
}

/* Ask once, and try the answer on every passphrase slot. */
static enum ibc_status try_passphrase(struct unlocking *unlocking, struct ibc_error *err) {
    const struct ibc_vault *vault = unlocking->vault;
    ibc_auto_secret passphrase = {0};
    enum ibc_status status = unlocking->keyring->ask(unlocking->keyring->context, &passphrase, err);
    if (status != IBC_OK && unlocking->expired_ms != 0) {
        return refuse(unlocking, true, err); /* which says more than that nobody was there */
    }
    const bool empty = passphrase.size == 0; /* which no slot is made with */
    for (size_t i = 0; i < vault->header.slot_count && !empty; i++) {
        if (status != IBC_OK || unlocking->opened) {
            break;
        }
        if (unlocking->slots[i].type != IBC_SLOT_PASSPHRASE) {
            continue;
        }
        bool fits = false;
        status = vault_passphrase_unwrap(&unlocking->slots[i], vault->header.id,
                                         ibc_secret_view(&passphrase), vault->secrets->trial, &fits,
                                         err);
        if (status == IBC_OK && fits) {
            status = use_slot(unlocking, i, err);
        }
    }
    return status;
}

enum ibc_status vault_unlock(struct ibc_vault *vault, const struct vault_slot *slots,
                             const struct ibc_keyring *keyring, struct ibc_error *err) {
    struct unlocking unlocking = {.vault = vault, .slots = slots, .keyring = keyring};
    enum ibc_status status = try_identities(&unlocking, err);
    if (status == IBC_OK && !unlocking.opened) {
        status = try_cached(&unlocking, err);
    }
    const bool asked = !unlocking.opened && keyring->ask && has_passphrase_slot(&unlocking);
    if (status == IBC_OK && asked) {
        status = try_passphrase(&unlocking, err);
    }
    sodium_memzero(vault->secrets->trial, VAULT_KEY_BYTES);
    if (status == IBC_OK && !unlocking.opened) {
        status = refuse(&unlocking, asked, err);
    }
    return status;
}
