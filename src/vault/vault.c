/* vault.c - what an open vault tells of itself, and the ids it makes. */
#include "vault/handle.h"

#include <sodium.h>
#include <sys/stat.h>

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

/* The file is open, so no later one can have its inode. */
bool ibc_vault_is_newest(const struct ibc_vault *vault) {
    struct stat named, opened;
    return stat(vault->path, &named) == 0 && fstat(vault->fd, &opened) == 0 &&
           named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
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

/* --- ids: BLAKE2b under the account key --- */

/* Every part goes in behind its length, so that no two lists of parts hash alike. */
static void hash_size(crypto_generichash_state *state, size_t part_size) {
    unsigned char size[4];
    struct writer writer = writer_to(size, sizeof size);
    write_u32(&writer, (uint32_t)part_size);
    crypto_generichash_update(state, size, sizeof size);
}

static void hash_part(crypto_generichash_state *state, struct ibc_view part) {
    hash_size(state, part.size);
    crypto_generichash_update(state, part.bytes, part.size);
}

static bool is_blank(unsigned char byte) {
    return byte <= ' ';
}

static struct ibc_view trim(struct ibc_view text) {
    while (text.size > 0 && is_blank(text.bytes[0])) {
        text.bytes++;
        text.size--;
    }
    while (text.size > 0 && is_blank(text.bytes[text.size - 1])) {
        text.size--;
    }
    return text;
}

static unsigned char lower(unsigned char byte) {
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte - 'A' + 'a') : byte;
}

/*
 * The gateway trims a username and IBKR's are in lower case, so all spellings of one name are one
 * account, with one ledger. It goes in byte by byte, and no copy of it is made.
 */
static void hash_username(crypto_generichash_state *state, struct ibc_view username) {
    struct ibc_view name = trim(username);
    hash_size(state, name.size);
    unsigned char byte = 0;
    for (size_t i = 0; i < name.size; i++) {
        byte = lower(name.bytes[i]);
        crypto_generichash_update(state, &byte, 1);
    }
    sodium_memzero(&byte, 1);
}

static void begin_id(crypto_generichash_state *state, const struct ibc_vault *vault,
                     const char *domain, size_t id_size) {
    crypto_generichash_init(state, vault->root.account_key, VAULT_KEY_BYTES, id_size);
    hash_part(state, ibc_view_of(domain));
}

static void finish_id(crypto_generichash_state *state, unsigned char *id, size_t id_size) {
    crypto_generichash_final(state, id, id_size);
    sodium_memzero(state, sizeof *state);
}

void ibc_vault_account_id(const struct ibc_vault *vault, struct ibc_view username,
                          unsigned char out[static IBC_ACCOUNT_ID_BYTES]) {
    crypto_generichash_state state;
    begin_id(&state, vault, "ibcred account", IBC_ACCOUNT_ID_BYTES);
    hash_username(&state, username);
    finish_id(&state, out, IBC_ACCOUNT_ID_BYTES);
}

void ibc_vault_credential_id(const struct ibc_vault *vault, struct ibc_view username,
                             struct ibc_view password,
                             unsigned char out[static IBC_CREDENTIAL_ID_BYTES]) {
    crypto_generichash_state state;
    begin_id(&state, vault, "ibcred credential", IBC_CREDENTIAL_ID_BYTES);
    hash_username(&state, username);
    hash_part(&state, password);
    finish_id(&state, out, IBC_CREDENTIAL_ID_BYTES);
}
