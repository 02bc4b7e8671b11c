/*
 * slots.h - the data key, wrapped once for each key that may open the vault.
 */
#ifndef IBCRED_VAULT_SLOTS_H
#define IBCRED_VAULT_SLOTS_H

#include "base/bytes.h"
#include "vault/format.h"

enum {
    VAULT_SLOT_BYTES_MIN = 4 + 80, /* a recipient slot */
    VAULT_SLOT_BYTES_MAX = 4 + 16 + 4 + 8 + VAULT_NONCE_BYTES + VAULT_KEY_BYTES + VAULT_TAG_BYTES,
    VAULT_SALT_BYTES = 16,
    VAULT_PASSES_MIN = 1,
    VAULT_PASSES_MAX = 12,
    VAULT_PASSES_DEFAULT = 3, /* with the next: RFC 9106, second recommended option */
    VAULT_MEMORY_DEFAULT = 64 << 20,
    VAULT_MEMORY_MIN = 8 << 20,
    VAULT_MEMORY_MAX = 1 << 30,
};

/* A slot as decoded: views into the file's bytes. */
struct vault_slot {
    enum ibc_slot_type type;
    struct ibc_view salt; /* passphrase slots, as the next three */
    struct ibc_argon2 argon2;
    struct ibc_view bound; /* what the wrapped key is bound to, beside the vault's id */
    struct ibc_view nonce;
    struct ibc_view wrapped; /* the data key, sealed */
};

/* Bytes that a slot takes in the file. */
size_t vault_slot_size(enum ibc_slot_type type);

/* Decode `count` slots that fill `bytes`, bounds of the Argon2 parameters included. Pure. */
IBC_CHECKED enum ibc_status vault_slots_decode(struct ibc_view bytes, size_t count,
                                               struct vault_slot out[static IBC_SLOTS_MAX],
                                               struct ibc_error *err);

/*
 * Check a request for a new slot, and wrap `data_key` for it behind `writer`.
 * IBC_ERR_USAGE: parameters out of bounds, an empty passphrase, an unusable recipient.
 */
IBC_CHECKED enum ibc_status vault_slot_wrap(const struct ibc_slot_request *request,
                                            const unsigned char *vault_id,
                                            const unsigned char *data_key, struct writer *writer,
                                            struct ibc_error *err);

#endif
