/*
 * seal.h - the keys of an open vault, and the one cipher over its parts.
 *
 * XChaCha20-Poly1305 (IETF) with random nonces; each part has a key of its own, derived from the
 * data key, and is bound to its place by the associated data.
 */
#ifndef IBCRED_VAULT_SEAL_H
#define IBCRED_VAULT_SEAL_H

#include "vault/format.h"

/* The data key, which the slots wrap, and the keys derived from it. */
struct vault_keys {
    unsigned char data[VAULT_KEY_BYTES];
    unsigned char root[VAULT_KEY_BYTES];
    unsigned char page[VAULT_KEY_BYTES];
    unsigned char record[VAULT_KEY_BYTES];
};

/* All in one guarded allocation, which has no alignment: bytes only. */
struct vault_secrets {
    struct vault_keys keys;
    unsigned char trial[VAULT_KEY_BYTES];           /* scratch: a data key that may be the one */
    unsigned char disk_page[VAULT_PAGE_DISK_BYTES]; /* scratch: one page as on disk */
    unsigned char root[];                           /* plaintext */
};

/* Derive the other keys from the data key. */
void vault_derive_keys(struct vault_keys *keys);

enum { VAULT_AAD_BYTES_MAX = IBC_VAULT_ID_BYTES + 6 };

/* What a page or a record is bound to; the view lies in `buffer`. */
struct ibc_view vault_page_aad(const unsigned char *vault_id, uint32_t index,
                               unsigned char buffer[static VAULT_AAD_BYTES_MAX]);
struct ibc_view vault_record_aad(const unsigned char *vault_id,
                                 unsigned char buffer[static VAULT_AAD_BYTES_MAX]);

/*
 * Encrypt `plain` to `sealed`: a fresh nonce and as many bytes as `plain` has. The two must not
 * overlap. The tag goes to `tag`.
 */
void vault_seal(const unsigned char *key, struct ibc_view aad, struct ibc_view plain,
                unsigned char *sealed, unsigned char *tag);

/* True when `tag` is the tag of `sealed` (nonce and ciphertext) under `key` and `aad`. */
IBC_CHECKED bool vault_authentic(const unsigned char *key, struct ibc_view aad,
                                 struct ibc_view sealed, const unsigned char *tag);

/*
 * Authenticate and decrypt in place: the plaintext takes the ciphertext's place behind the nonce.
 * False, with that place zeroed, when it is not authentic.
 */
IBC_CHECKED bool vault_unseal(const unsigned char *key, struct ibc_view aad, unsigned char *sealed,
                              size_t sealed_size, const unsigned char *tag);

#endif
