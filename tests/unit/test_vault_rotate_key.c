/* test_vault_rotate_key.c - after a new data key the old ones open nothing, and nothing is lost. */
#include "vault_keys_fixture.h"

#include "vault/slots.h"

#include <signal.h>
#include <sys/wait.h>

/* --- a new data key -------------------------------------------------------------------------- */

/* What an old data key is tried on. */
struct attack {
    const struct ibc_vault *vault;
    const struct vault_keys *old;
    int records;
};

static enum ibc_status attack_record(void *context, const struct vault_entry *entry,
                                     struct ibc_error *err) {
    struct attack *attack = context;
    unsigned char buffer[VAULT_AAD_BYTES_MAX];
    const struct ibc_view aad = vault_record_aad(attack->vault->header.id, buffer);
    const size_t size = vault_record_size(entry);
    unsigned char *record = malloc(size);
    ASSERT_STATUS(vault_read(attack->vault, vault_records_offset(attack->vault) + entry->offset,
                             record, size, err),
                  IBC_OK);
    const struct ibc_view sealed = {.bytes = record, .size = size};
    assert_false(vault_authentic(attack->old->record, aad, sealed, entry->tag));
    assert_true(vault_authentic(attack->vault->secrets->keys.record, aad, sealed, entry->tag));
    free(record);
    attack->records++;
    return IBC_OK;
}

/* Neither root nor page nor record of `vault` is sealed under a key of `old`. */
static void assert_opens_nothing(const struct ibc_vault *vault, const struct vault_keys *old) {
    const struct vault_keys *keys = &vault->secrets->keys;
    assert_memory_not_equal(old->data, keys->data, VAULT_KEY_BYTES);
    assert_memory_not_equal(old->root, keys->root, VAULT_KEY_BYTES);
    assert_memory_not_equal(old->page, keys->page, VAULT_KEY_BYTES);
    assert_memory_not_equal(old->record, keys->record, VAULT_KEY_BYTES);

    unsigned char *root = malloc(vault->header.root_size);
    ASSERT_STATUS(vault_read(vault, vault->front_size, root, vault->header.root_size, &error),
                  IBC_OK);
    const struct ibc_view front = {.bytes = vault->front, .size = vault->front_size};
    const struct ibc_view sealed = {.bytes = root,
                                    .size = vault->header.root_size - VAULT_TAG_BYTES};
    assert_false(vault_authentic(old->root, front, sealed, root + sealed.size));
    assert_true(vault_authentic(keys->root, front, sealed, root + sealed.size));
    free(root);

    unsigned char page[VAULT_PAGE_DISK_BYTES];
    unsigned char buffer[VAULT_AAD_BYTES_MAX];
    ASSERT_STATUS(vault_read(vault, vault_pages_offset(vault), page, sizeof page, &error), IBC_OK);
    const struct ibc_view aad = vault_page_aad(vault->header.id, 0, buffer);
    const struct ibc_view page_view = {.bytes = page, .size = sizeof page};
    assert_false(vault_authentic(old->page, aad, page_view, vault->root.page_tags));
    assert_true(vault_authentic(keys->page, aad, page_view, vault->root.page_tags));
}

static void a_removed_key_opens_nothing_written_since_not_even_with_an_old_copy(void **state) {
    struct fixture *fixture = *state;
    put_three(fixture);
    ibc_auto_identities *other = new_identity();
    const struct ibc_slot_request request = recipient_slot(other);
    add_slot(fixture, &request, 4000);
    ibc_auto_vault *old = NULL; /* what the key's owner may have kept */
    ASSERT_STATUS(open_with(fixture, other, &old), IBC_OK);

    ibc_auto_vault_edit *edit = begin(fixture);
    ASSERT_STATUS(ibc_vault_edit_remove_slot(edit, 1, &error), IBC_OK);
    rotate(edit, &fixture->keyring);
    commit(&edit);
    put_profile(fixture, "alpha", "changed");

    ibc_auto_vault *refused = NULL;
    ASSERT_STATUS(open_with(fixture, other, &refused), IBC_ERR_REFUSED);
    ibc_auto_vault *vault = open_vault(fixture);
    assert_password(vault, "alpha", "changed");
    assert_opens_nothing(vault, &old->secrets->keys);
    struct attack attack = {.vault = vault, .old = &old->secrets->keys};
    ASSERT_STATUS(vault_walk(vault, attack_record, &attack, &error), IBC_OK);
    assert_int_equal(attack.records, 3);
    assert_three(old); /* and that is all it ever gives */
}

static void what_the_vault_is_known_by_outlives_its_data_key(void **state) {
    struct fixture *fixture = *state;
    put_three(fixture);
    ibc_auto_vault *before = open_vault(fixture);
    ibc_auto_vault_edit *edit = begin(fixture);
    rotate(edit, &fixture->keyring);
    commit(&edit);
    ibc_auto_vault *after = open_vault(fixture);
    assert_three(after);
    assert_false(same_data_key(before, after));
    assert_int_equal(ibc_vault_generation(after), ibc_vault_generation(before) + 1);
    assert_memory_equal(ibc_vault_id(after), ibc_vault_id(before), IBC_VAULT_ID_BYTES);
    assert_memory_equal(ibc_vault_audit_key(after), ibc_vault_audit_key(before),
                        IBC_AUDIT_KEY_BYTES);
    assert_memory_equal(ibc_vault_ledger_key(after), ibc_vault_ledger_key(before),
                        IBC_AUDIT_KEY_BYTES);
    unsigned char ids[2][IBC_ACCOUNT_ID_BYTES];
    ibc_vault_account_id(before, ibc_view_of("user"), ids[0]);
    ibc_vault_account_id(after, ibc_view_of("user"), ids[1]);
    assert_memory_equal(ids[0], ids[1], sizeof ids[0]);
    assert_memory_equal(ibc_vault_slot(after, 0), ibc_vault_slot(before, 0),
                        sizeof(struct ibc_slot_info));

    edit = begin(fixture);
    rotate(edit, &fixture->keyring);
    commit(&edit);
    ibc_auto_vault *again = open_vault(fixture);
    assert_three(again);
    assert_false(same_data_key(again, after) || same_data_key(again, before));
}

static void changes_before_and_after_in_the_same_edit_are_kept(void **state) {
    struct fixture *fixture = *state;
    put_three(fixture);
    ibc_auto_vault *old = open_vault(fixture);
    ibc_auto_profile *changed = make_profile("alpha", "before");
    ibc_auto_profile *added = make_profile("delta", "between");
    ibc_auto_profile *last = make_profile("epsilon", "after");
    ibc_auto_vault_edit *edit = begin(fixture);
    ASSERT_STATUS(ibc_vault_edit_put(edit, changed, &error), IBC_OK);
    ASSERT_STATUS(ibc_vault_edit_remove(edit, "beta", &error), IBC_OK);
    rotate(edit, &fixture->keyring);
    ASSERT_STATUS(ibc_vault_edit_put(edit, added, &error), IBC_OK);
    rotate(edit, &fixture->keyring);
    ASSERT_STATUS(ibc_vault_edit_put(edit, last, &error), IBC_OK);
    commit(&edit);

    ibc_auto_vault *vault = open_vault(fixture);
    ASSERT_STATUS(ibc_vault_verify(vault, &error), IBC_OK);
    assert_int_equal(ibc_vault_profile_count(vault), 4);
    assert_password(vault, "alpha", "before");
    assert_password(vault, "gamma", "gamma");
    assert_password(vault, "delta", "between");
    assert_password(vault, "epsilon", "after");
    struct attack attack = {.vault = vault, .old = &old->secrets->keys};
    ASSERT_STATUS(vault_walk(vault, attack_record, &attack, &error), IBC_OK);
    assert_int_equal(attack.records, 4);
}

/* The passphrase slot at `index`, as it is in the file. */
static struct vault_slot slot_in_file(const struct ibc_vault *vault, size_t index) {
    struct vault_slot slots[IBC_SLOTS_MAX];
    const struct ibc_view bytes = {.bytes = vault->front + VAULT_HEADER_BYTES,
                                   .size = vault->header.slots_size};
    ASSERT_STATUS(vault_slots_decode(bytes, vault->header.slot_count, slots, &error), IBC_OK);
    return slots[index];
}

static void a_passphrase_slot_is_wrapped_anew_at_its_own_cost(void **state) {
    struct fixture *fixture = *state;
    put_three(fixture);
    struct ibc_slot_request phrase = cheap_passphrase_slot("correct horse");
    phrase.argon2.passes = 2;
    add_slot(fixture, &phrase, 4000);
    ibc_auto_vault *before = open_vault(fixture);
    struct asked asked = {.answer = "correct horse"};
    const struct ibc_keyring keyring = {.ask = answer, .context = &asked};
    ibc_auto_vault_edit *edit = begin(fixture);
    rotate(edit, &keyring);
    commit(&edit);
    assert_int_equal(asked.times, 1);

    ibc_auto_vault *after = NULL;
    ASSERT_STATUS(open_with_passphrase(fixture, "correct horse", &after), IBC_OK);
    assert_three(after);
    const struct vault_slot old_slot = slot_in_file(before, 1);
    const struct vault_slot new_slot = slot_in_file(after, 1);
    assert_int_equal(new_slot.argon2.passes, 2);
    assert_int_equal(new_slot.argon2.memory_bytes, VAULT_MEMORY_MIN);
    assert_false(ibc_view_equal(old_slot.salt, new_slot.salt));
    assert_false(ibc_view_equal(old_slot.nonce, new_slot.nonce));
}

static void a_passphrase_that_is_not_given_stops_the_rotation(void **state) {
    struct fixture *fixture = *state;
    put_three(fixture);
    const struct ibc_slot_request first = cheap_passphrase_slot("correct horse");
    const struct ibc_slot_request second = cheap_passphrase_slot("battery staple");
    add_slot(fixture, &first, 4000);
    add_slot(fixture, &second, 4000);
    static const struct {
        const char *answer;
        enum ibc_status status;
        const char *key;
    } cases[] = {
        {"correct horse", IBC_ERR_REFUSED, "key 3"},
        {"battery staple", IBC_ERR_REFUSED, "key 2"},
        {"", IBC_ERR_REFUSED, "key 2"},
        {NULL, IBC_ERR_UNAVAILABLE, "nobody is there"},
    };
    ibc_auto_secret before = read_file(fixture->path);
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        struct asked asked = {.answer = cases[i].answer};
        const struct ibc_keyring keyring = {.ask = answer, .context = &asked};
        ibc_auto_vault_edit *edit = begin(fixture);
        uint64_t generation = 0;
        ASSERT_STATUS(ibc_vault_edit_rotate_key(edit, &keyring, 5000, &error), cases[i].status);
        assert_non_null(strstr(error.text, cases[i].key));
        ASSERT_STATUS(ibc_vault_edit_commit(edit, &generation, &error), IBC_ERR_INTERNAL);
    }
    ibc_auto_vault_edit *edit = begin(fixture); /* whose keyring asks nobody */
    ASSERT_STATUS(ibc_vault_edit_rotate_key(edit, &fixture->keyring, 5000, &error),
                  IBC_ERR_REFUSED);
    ibc_auto_secret after = read_file(fixture->path);
    assert_true(ibc_view_equal(ibc_secret_view(&before), ibc_secret_view(&after)));
}

static void a_record_that_is_spoiled_meanwhile_stops_the_rotation(void **state) {
    struct fixture *fixture = *state;
    put_three(fixture);
    ibc_auto_vault_edit *edit = begin(fixture);
    const unsigned char wrong[8] = {0};
    ibc_auto_fd fd = open(fixture->path, O_WRONLY);
    const off_t at = (off_t)vault_records_offset(ibc_vault_edit_vault(edit));
    assert_int_equal(pwrite(fd, wrong, sizeof wrong, at + 300), sizeof wrong);
    uint64_t generation = 0;
    ASSERT_STATUS(ibc_vault_edit_rotate_key(edit, &fixture->keyring, 5000, &error), IBC_ERR_DATA);
    assert_non_null(strstr(error.text, "beta"));
    ASSERT_STATUS(ibc_vault_edit_commit(edit, &generation, &error), IBC_ERR_INTERNAL);
}

static void many_profiles_get_a_new_data_key_in_one_write(void **state) {
    enum { MANY = 3000 };
    struct fixture *fixture = *state;
    ibc_auto_vault_edit *edit = begin(fixture);
    char name[32];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "profile-%d", i);
        ibc_auto_profile *profile = make_profile(name, name);
        ASSERT_STATUS(ibc_vault_edit_put(edit, profile, &error), IBC_OK);
    }
    commit(&edit);
    ibc_auto_vault *before = open_vault(fixture);
    edit = begin(fixture);
    rotate(edit, &fixture->keyring);
    commit(&edit);
    ibc_auto_vault *after = open_vault(fixture);
    assert_int_equal(ibc_vault_generation(after), 3);
    assert_int_equal(ibc_vault_profile_count(after), MANY);
    ASSERT_STATUS(ibc_vault_verify(after, &error), IBC_OK);
    assert_password(after, "profile-1234", "profile-1234");
    struct attack attack = {.vault = after, .old = &before->secrets->keys};
    ASSERT_STATUS(vault_walk(after, attack_record, &attack, &error), IBC_OK);
    assert_int_equal(attack.records, MANY);
}

/* --- rotations beside writers ---------------------------------------------------------------- */

/* Even processes write a profile of their own, odd ones change the data key. */
static enum ibc_status change_once(const struct fixture *fixture, int process, int round) {
    ibc_auto_vault_edit *edit = NULL;
    uint64_t generation = 0;
    char name[32];
    snprintf(name, sizeof name, "p-%d-%d", process, round);
    ibc_auto_profile *profile = make_profile(name, name);
    enum ibc_status status = ibc_vault_edit_begin(fixture->path, &fixture->keyring, &edit, &error);
    if (status == IBC_OK) {
        status = process % 2 == 0
                     ? ibc_vault_edit_put(edit, profile, &error)
                     : ibc_vault_edit_rotate_key(edit, &fixture->keyring, 5000, &error);
    }
    return status == IBC_OK ? ibc_vault_edit_commit(edit, &generation, &error) : status;
}

static void writers_beside_rotations_lose_nothing(void **state) {
    enum { PROCESSES = 12, ROUNDS = 4 };
    struct fixture *fixture = *state;
    pid_t children[PROCESSES];
    for (int process = 0; process < PROCESSES; process++) {
        children[process] = fork();
        assert_true(children[process] >= 0);
        for (int round = 0; children[process] == 0; round++) {
            if (round == ROUNDS) {
                _exit(0);
            }
            if (change_once(fixture, process, round) != IBC_OK) {
                _exit(1);
            }
        }
    }
    for (int process = 0; process < PROCESSES; process++) {
        int status = -1;
        assert_int_equal(waitpid(children[process], &status, 0), children[process]);
        assert_int_equal(status, 0);
    }
    ibc_auto_vault *vault = open_vault(fixture);
    ASSERT_STATUS(ibc_vault_verify(vault, &error), IBC_OK);
    assert_int_equal(ibc_vault_generation(vault), 1 + PROCESSES * ROUNDS);
    assert_int_equal(ibc_vault_profile_count(vault), PROCESSES / 2 * ROUNDS);
    assert_password(vault, "p-10-3", "p-10-3");
}

static void a_rotation_killed_anywhere_leaves_a_whole_vault(void **state) {
    enum { KILLS = 60, LONGEST = 6000, LONGEST_EVER = 1000000 /* microseconds */ };
    struct fixture *fixture = *state;
    put_three(fixture);
    const uint64_t first = 4;
    uint64_t known = first;
    unsigned longest = LONGEST;
    for (int kill_number = 0; kill_number < KILLS; kill_number++) {
        const pid_t child = fork();
        assert_true(child >= 0);
        while (child == 0) {
            if (change_once(fixture, 1, 0) != IBC_OK) {
                _exit(1);
            }
        }
        usleep(randombytes_uniform(longest));
        assert_int_equal(kill(child, SIGKILL), 0);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        ibc_auto_vault *vault = open_vault(fixture);
        assert_three(vault);
        /* Where a rotation takes long, as under valgrind, give it the time for one. */
        const uint64_t generation = ibc_vault_generation(vault);
        longest = generation > known || longest >= LONGEST_EVER ? LONGEST : longest * 2;
        known = generation;
    }
    assert_true(known > first);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        VAULT_TEST(a_removed_key_opens_nothing_written_since_not_even_with_an_old_copy),
        VAULT_TEST(what_the_vault_is_known_by_outlives_its_data_key),
        VAULT_TEST(changes_before_and_after_in_the_same_edit_are_kept),
        VAULT_TEST(a_passphrase_slot_is_wrapped_anew_at_its_own_cost),
        VAULT_TEST(a_passphrase_that_is_not_given_stops_the_rotation),
        VAULT_TEST(a_record_that_is_spoiled_meanwhile_stops_the_rotation),
        VAULT_TEST(many_profiles_get_a_new_data_key_in_one_write),
        VAULT_TEST(writers_beside_rotations_lose_nothing),
        VAULT_TEST(a_rotation_killed_anywhere_leaves_a_whole_vault),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
