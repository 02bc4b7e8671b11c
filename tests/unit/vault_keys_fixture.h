/* vault_keys_fixture.h - for tests of a vault's keys: who opens it, and what lies in the file. */
#ifndef IBCRED_TESTS_VAULT_KEYS_FIXTURE_H
#define IBCRED_TESTS_VAULT_KEYS_FIXTURE_H

#include "vault_fixture.h"

#include "vault/handle.h"

static inline struct ibc_identities *new_identity(void) {
    struct ibc_identities *identities = NULL;
    ASSERT_STATUS(ibc_identities_generate(&identities, &error), IBC_OK);
    return identities;
}

static inline struct ibc_vault_edit *begin(const struct fixture *fixture) {
    struct ibc_vault_edit *edit = NULL;
    ASSERT_STATUS(ibc_vault_edit_begin(fixture->path, &fixture->keyring, &edit, &error), IBC_OK);
    return edit;
}

static inline void commit(struct ibc_vault_edit **edit) {
    uint64_t generation = 0;
    ASSERT_STATUS(ibc_vault_edit_commit(*edit, &generation, &error), IBC_OK);
    ibc_vault_edit_free(edit);
}

static inline void add_slot(const struct fixture *fixture, const struct ibc_slot_request *request,
                            int64_t now_ms) {
    ibc_auto_vault_edit *edit = begin(fixture);
    ASSERT_STATUS(ibc_vault_edit_add_slot(edit, request, now_ms, &error), IBC_OK);
    commit(&edit);
}

static inline enum ibc_status open_with(const struct fixture *fixture,
                                        const struct ibc_identities *identities,
                                        struct ibc_vault **vault) {
    const struct ibc_keyring keyring = {.identities = identities};
    return ibc_vault_open(fixture->path, &keyring, vault, &error);
}

static inline enum ibc_status open_with_passphrase(const struct fixture *fixture,
                                                   const char *passphrase,
                                                   struct ibc_vault **vault) {
    struct asked asked = {.answer = passphrase};
    const struct ibc_keyring keyring = {.ask = answer, .context = &asked};
    return ibc_vault_open(fixture->path, &keyring, vault, &error);
}

static inline void rotate(struct ibc_vault_edit *edit, const struct ibc_keyring *keyring) {
    ASSERT_STATUS(ibc_vault_edit_rotate_key(edit, keyring, 5000, &error), IBC_OK);
}

static inline void assert_three(const struct ibc_vault *vault) {
    assert_int_equal(ibc_vault_profile_count(vault), IBC_ARRAY_SIZE(three));
    for (size_t i = 0; i < IBC_ARRAY_SIZE(three); i++) {
        assert_password(vault, three[i], three[i]);
    }
    ASSERT_STATUS(ibc_vault_verify(vault, &error), IBC_OK);
}

/* The records as they lie in the file. */
static inline struct ibc_secret records_of(const struct fixture *fixture,
                                           const struct ibc_vault *vault) {
    ibc_auto_secret content = read_file(fixture->path);
    const size_t offset = (size_t)vault_records_offset(vault);
    struct ibc_secret records;
    ASSERT_STATUS(ibc_secret_copy(&records,
                                  (struct ibc_view){.bytes = content.bytes + offset,
                                                    .size = content.size - offset},
                                  &error),
                  IBC_OK);
    return records;
}

static inline bool same_data_key(const struct ibc_vault *a, const struct ibc_vault *b) {
    return sodium_memcmp(a->secrets->keys.data, b->secrets->keys.data, VAULT_KEY_BYTES) == 0;
}

#endif
