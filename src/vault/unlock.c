/* unlock.c - which key of a keyring opens a vault. */
#include "vault/passphrase.h"

#include <sodium.h>

static bool try_identities(const struct vault_slot *slot, const struct ibc_identities *identities,
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

static bool has_passphrase_slot(const struct vault_slot *slots, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (slots[i].type == IBC_SLOT_PASSPHRASE) {
            return true;
        }
    }
    return false;
}

/* Ask once, and try the answer on every passphrase slot. */
static enum ibc_status try_passphrase(const struct vault_slot *slots, size_t count,
                                      const unsigned char *vault_id,
                                      const struct ibc_keyring *keyring, unsigned char *data_key,
                                      bool *opened, struct ibc_error *err) {
    ibc_auto_secret passphrase = {0};
    enum ibc_status status = keyring->ask(keyring->context, &passphrase, err);
    const bool empty = passphrase.size == 0; /* which no slot is made with */
    for (size_t i = 0; i < count && status == IBC_OK && !*opened && !empty; i++) {
        if (slots[i].type == IBC_SLOT_PASSPHRASE) {
            status = vault_passphrase_unwrap(&slots[i], vault_id, ibc_secret_view(&passphrase),
                                             data_key, opened, err);
        }
    }
    return status;
}

static enum ibc_status refuse(const struct ibc_keyring *keyring, bool asked, const char *path,
                              struct ibc_error *err) {
    const char *reason = asked                 ? "does not open with this passphrase"
                         : keyring->identities ? "does not open with this identity"
                                               : "is sealed, and no key was given";
    return ibc_fail(err, IBC_ERR_REFUSED,
                    "vault '%s' %s; give the identity or passphrase it was made for, or restore it "
                    "where its key slots are damaged",
                    path, reason);
}

enum ibc_status vault_slots_unlock(const struct vault_slot *slots, size_t count,
                                   const unsigned char *vault_id, const struct ibc_keyring *keyring,
                                   const char *path, unsigned char *data_key,
                                   struct ibc_error *err) {
    for (size_t i = 0; i < count && keyring->identities; i++) {
        if (slots[i].type == IBC_SLOT_RECIPIENT &&
            try_identities(&slots[i], keyring->identities, data_key)) {
            return IBC_OK;
        }
    }
    const bool asked = keyring->ask && has_passphrase_slot(slots, count);
    bool opened = false;
    if (asked) {
        enum ibc_status status =
            try_passphrase(slots, count, vault_id, keyring, data_key, &opened, err);
        if (status != IBC_OK) {
            return status;
        }
    }
    return opened ? IBC_OK : refuse(keyring, asked, path, err);
}
