/* hkdf.c - HKDF-SHA-256 over libsodium's HMAC. */
#include "vault/hkdf.h"

#include <sodium.h>

_Static_assert((int)HKDF_HASH_BYTES == (int)crypto_auth_hmacsha256_BYTES, "one hash a block");

/* Everything that the key could be told from. */
struct work {
    crypto_auth_hmacsha256_state mac;
    unsigned char extracted[HKDF_HASH_BYTES];
    unsigned char block[HKDF_HASH_BYTES];
};

static void extract(struct work *work, struct ibc_view key, struct ibc_view salt) {
    /* No salt is a salt of zeros, as long as a hash (RFC 5869, section 2.2). */
    static const unsigned char zeros[HKDF_HASH_BYTES];
    if (salt.size == 0) {
        salt = (struct ibc_view){.bytes = zeros, .size = sizeof zeros};
    }
    crypto_auth_hmacsha256_init(&work->mac, salt.bytes, salt.size);
    crypto_auth_hmacsha256_update(&work->mac, key.bytes, key.size);
    crypto_auth_hmacsha256_final(&work->mac, work->extracted);
}

static void expand(struct work *work, struct ibc_view info, unsigned char *out, size_t size) {
    unsigned char number = 0;
    while (size > 0) {
        crypto_auth_hmacsha256_init(&work->mac, work->extracted, sizeof work->extracted);
        crypto_auth_hmacsha256_update(&work->mac, work->block, number > 0 ? sizeof work->block : 0);
        crypto_auth_hmacsha256_update(&work->mac, info.bytes, info.size);
        number++;
        crypto_auth_hmacsha256_update(&work->mac, &number, 1);
        crypto_auth_hmacsha256_final(&work->mac, work->block);

        const size_t part = size < sizeof work->block ? size : sizeof work->block;
        memcpy(out, work->block, part);
        out += part;
        size -= part;
    }
}

enum ibc_status hkdf_derive(struct ibc_view key, struct ibc_view salt, struct ibc_view info,
                            unsigned char *out, size_t size, struct ibc_error *err) {
    ibc_auto_secret memory = {0};
    enum ibc_status status = ibc_secret_alloc(&memory, sizeof(struct work), err);
    if (status == IBC_OK) {
        struct work *work = (struct work *)(void *)memory.bytes;
        extract(work, key, salt);
        expand(work, info, out, size);
    }
    return status;
}
