/* vault.c - what an open vault tells of itself, and the ids it makes. */
#include "vault/handle.h"

#include <sodium.h>

const char *ibc_vault_path(const struct ibc_vault *vault) {
    return vault->path;
}

const unsigned char *ibc_vault_id(const struct ibc_vault *vault) {
    return vault->header.id;
}

uint64_t ibc_vault_generation(const struct ibc_vault *vault) {
    return vault->header.generation;
}

uint64_t ibc_vault_profile_count(const struct ibc_vault *vault) {
    return vault->root.profile_count;
}

size_t ibc_vault_slot_count(const struct ibc_vault *vault) {
    return vault->header.slot_count;
}

const struct ibc_slot_info *ibc_vault_slot(const struct ibc_vault *vault, size_t index) {
    return &vault->root.slots[index];
}

const unsigned char *ibc_vault_audit_key(const struct ibc_vault *vault) {
    return vault->root.audit_key;
}

const unsigned char *ibc_vault_ledger_key(const struct ibc_vault *vault) {
    return vault->root.ledger_key;
}

/* Take in a part with its length, so that no two lists of parts hash alike. */
static void hash_part(crypto_generichash_state *state, struct ibc_view part) {
    unsigned char size[4];
    struct writer writer = writer_to(size, sizeof size);
    write_u32(&writer, (uint32_t)part.size);
    crypto_generichash_update(state, size, sizeof size);
    crypto_generichash_update(state, part.bytes, part.size);
}

/* BLAKE2b under the account key over `domain` and the parts. */
static void hash_parts(const struct ibc_vault *vault, const char *domain,
                       const struct ibc_view *parts, size_t count, unsigned char *out,
                       size_t out_size) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, vault->root.account_key, VAULT_KEY_BYTES, out_size);
    hash_part(&state, ibc_view_of(domain));
    for (size_t i = 0; i < count; i++) {
        hash_part(&state, parts[i]);
    }
    crypto_generichash_final(&state, out, out_size);
    sodium_memzero(&state, sizeof state);
}

void ibc_vault_account_id(const struct ibc_vault *vault, struct ibc_view username,
                          unsigned char out[static IBC_ACCOUNT_ID_BYTES]) {
    hash_parts(vault, "ibcred account", &username, 1, out, IBC_ACCOUNT_ID_BYTES);
}

void ibc_vault_credential_id(const struct ibc_vault *vault, struct ibc_view username,
                             struct ibc_view password,
                             unsigned char out[static IBC_CREDENTIAL_ID_BYTES]) {
    const struct ibc_view parts[] = {username, password};
    hash_parts(vault, "ibcred credential", parts, IBC_ARRAY_SIZE(parts), out,
               IBC_CREDENTIAL_ID_BYTES);
}
