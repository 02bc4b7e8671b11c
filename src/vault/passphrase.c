/* passphrase.c - wrapping the data key under a passphrase. */
#include "vault/passphrase.h"

#include <sodium.h>

enum { AAD_BYTES_MAX = IBC_VAULT_ID_BYTES + 64 };

/* The vault's id and the slot up to its nonce: the slot works nowhere else. */
static struct ibc_view slot_aad(const struct vault_slot *slot, const unsigned char *vault_id,
                                unsigned char buffer[static AAD_BYTES_MAX]) {
    struct writer writer = writer_to(buffer, AAD_BYTES_MAX);
    write_bytes(&writer, (struct ibc_view){.bytes = vault_id, .size = IBC_VAULT_ID_BYTES});
    write_bytes(&writer, slot->bound);
    return (struct ibc_view){.bytes = buffer, .size = writer.at};
}

static enum ibc_status stretch(const struct vault_slot *slot, struct ibc_view passphrase,
                               struct ibc_secret *key, struct ibc_error *err) {
    enum ibc_status status = ibc_secret_alloc(key, VAULT_KEY_BYTES, err);
    if (status != IBC_OK) {
        return status;
    }
    const char *text = passphrase.size > 0 ? (const char *)passphrase.bytes : "";
    if (crypto_pwhash(key->bytes, key->size, text, passphrase.size, slot->salt.bytes,
                      slot->argon2.passes, (size_t)slot->argon2.memory_bytes,
                      crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return ibc_fail(err, IBC_ERR_INTERNAL,
                        "the passphrase needs %llu MiB of memory, which is not there; free some "
                        "or raise the limit",
                        (unsigned long long)slot->argon2.memory_bytes >> 20);
    }
    return IBC_OK;
}

enum ibc_status vault_passphrase_wrap(const struct vault_slot *slot, const unsigned char *vault_id,
                                      struct ibc_view passphrase, const unsigned char *data_key,
                                      unsigned char *wrapped, struct ibc_error *err) {
    ibc_auto_secret key = {0};
    enum ibc_status status = stretch(slot, passphrase, &key, err);
    if (status != IBC_OK) {
        return status;
    }
    unsigned char buffer[AAD_BYTES_MAX];
    const struct ibc_view aad = slot_aad(slot, vault_id, buffer);
    crypto_aead_xchacha20poly1305_ietf_encrypt(wrapped, NULL, data_key, VAULT_KEY_BYTES, aad.bytes,
                                               aad.size, NULL, slot->nonce.bytes, key.bytes);
    return IBC_OK;
}

enum ibc_status vault_passphrase_unwrap(const struct vault_slot *slot,
                                        const unsigned char *vault_id, struct ibc_view passphrase,
                                        unsigned char *data_key, bool *opened,
                                        struct ibc_error *err) {
    *opened = false;
    ibc_auto_secret key = {0};
    enum ibc_status status = stretch(slot, passphrase, &key, err);
    if (status != IBC_OK) {
        return status;
    }
    unsigned char buffer[AAD_BYTES_MAX];
    const struct ibc_view aad = slot_aad(slot, vault_id, buffer);
    *opened = crypto_aead_xchacha20poly1305_ietf_decrypt(data_key, NULL, NULL, slot->wrapped.bytes,
                                                         slot->wrapped.size, aad.bytes, aad.size,
                                                         slot->nonce.bytes, key.bytes) == 0;
    return IBC_OK;
}
