/* seal.c - key derivation and authenticated encryption. */
#include "vault/seal.h"

#include "base/bytes.h"

#include <sodium.h>

#define KDF_CONTEXT "ibcvault"

enum { ROOT_SUBKEY = 1, PAGE_SUBKEY = 2, RECORD_SUBKEY = 3 };

_Static_assert(sizeof KDF_CONTEXT - 1 == crypto_kdf_CONTEXTBYTES, "libsodium fixes its length");
_Static_assert(VAULT_KEY_BYTES == crypto_kdf_KEYBYTES, "the data key derives the others");
_Static_assert(VAULT_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key size");
_Static_assert(VAULT_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce size");
_Static_assert(VAULT_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag size");

static void derive(unsigned char *subkey, uint64_t number, const unsigned char *data_key) {
    crypto_kdf_derive_from_key(subkey, VAULT_KEY_BYTES, number, KDF_CONTEXT, data_key);
}

void vault_derive_keys(struct vault_keys *keys) {
    derive(keys->root, ROOT_SUBKEY, keys->data);
    derive(keys->page, PAGE_SUBKEY, keys->data);
    derive(keys->record, RECORD_SUBKEY, keys->data);
}

struct ibc_view vault_page_aad(const unsigned char *vault_id, uint32_t index,
                               unsigned char buffer[static VAULT_AAD_BYTES_MAX]) {
    struct writer writer = writer_to(buffer, VAULT_AAD_BYTES_MAX);
    write_bytes(&writer, (struct ibc_view){.bytes = vault_id, .size = IBC_VAULT_ID_BYTES});
    write_u32(&writer, index);
    return (struct ibc_view){.bytes = buffer, .size = writer.at};
}

struct ibc_view vault_record_aad(const unsigned char *vault_id,
                                 unsigned char buffer[static VAULT_AAD_BYTES_MAX]) {
    struct writer writer = writer_to(buffer, VAULT_AAD_BYTES_MAX);
    write_bytes(&writer, (struct ibc_view){.bytes = vault_id, .size = IBC_VAULT_ID_BYTES});
    write_bytes(&writer, ibc_view_of("record"));
    return (struct ibc_view){.bytes = buffer, .size = writer.at};
}

void vault_seal(const unsigned char *key, struct ibc_view aad, struct ibc_view plain,
                unsigned char *sealed, unsigned char *tag) {
    randombytes_buf(sealed, VAULT_NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt_detached(sealed + VAULT_NONCE_BYTES, tag, NULL,
                                                        plain.bytes, plain.size, aad.bytes,
                                                        aad.size, NULL, sealed, key);
}

/* libsodium only verifies where it is given no place for the plaintext. */
static bool decrypt(const unsigned char *key, struct ibc_view aad, struct ibc_view sealed,
                    const unsigned char *tag, unsigned char *plain) {
    return sealed.size >= VAULT_NONCE_BYTES &&
           crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
               plain, NULL, sealed.bytes + VAULT_NONCE_BYTES, sealed.size - VAULT_NONCE_BYTES, tag,
               aad.bytes, aad.size, sealed.bytes, key) == 0;
}

bool vault_authentic(const unsigned char *key, struct ibc_view aad, struct ibc_view sealed,
                     const unsigned char *tag) {
    return decrypt(key, aad, sealed, tag, NULL);
}

bool vault_unseal(const unsigned char *key, struct ibc_view aad, unsigned char *sealed,
                  size_t sealed_size, const unsigned char *tag) {
    const struct ibc_view view = {.bytes = sealed, .size = sealed_size};
    return decrypt(key, aad, view, tag, sealed + VAULT_NONCE_BYTES);
}
