/* test_key_cache.c - a passphrase typed once: what the kernel keeps opens the vault, for a while.
 */
#include "vault_fixture.h"

#include "vault/handle.h"
#include "vault/key_cache.h"

#include <ibcred/clock.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>

/* A vault that only a passphrase opens, and its keyring: the cache, then somebody who answers. */
struct cached {
    struct fixture *fixture;
    char path[160];
    struct asked asked;
    struct ibc_keyring keyring;
};

static struct cached make_cached(void **state) {
    struct cached cached = {.fixture = *state, .asked = {.answer = "correct horse"}};
    snprintf(cached.path, sizeof cached.path, "%s/phrase.vault", cached.fixture->directory);
    const struct ibc_slot_request slot = cheap_passphrase_slot("correct horse");
    ASSERT_STATUS(ibc_vault_create(cached.path, &slot, 1, 1000, &error), IBC_OK);
    return cached;
}

static struct ibc_vault *open_cached(struct cached *cached) {
    struct ibc_vault *vault = NULL;
    cached->keyring = (struct ibc_keyring){
        .identities = cached->keyring.identities,
        .cached = true,
        .ask = answer,
        .context = &cached->asked,
    };
    ASSERT_STATUS(ibc_vault_open(cached->path, &cached->keyring, &vault, &error), IBC_OK);
    return vault;
}

/* In a container the kernel may refuse us its keyrings, and there is nothing to test. */
static void keep(const struct ibc_vault *vault, int64_t seconds) {
    const enum ibc_status status = ibc_vault_cache_key(vault, seconds, &error);
    if (status == IBC_ERR_UNAVAILABLE) {
        skip();
    }
    ASSERT_STATUS(status, IBC_OK);
}

static bool forget(const struct cached *cached) {
    bool was_there = false;
    ASSERT_STATUS(ibc_vault_forget_key(cached->path, &was_there, &error), IBC_OK);
    return was_there;
}

static void key_name(const struct ibc_vault *vault, char out[static 64]) {
    char hex[2 * IBC_VAULT_ID_BYTES + 1];
    sodium_bin2hex(hex, sizeof hex, ibc_vault_id(vault), IBC_VAULT_ID_BYTES);
    snprintf(out, 64, "ibcred:%s", hex);
}

/* Put something else where the vault's key would be. */
static void plant(const struct ibc_vault *vault, const void *payload, size_t size) {
    char name[64];
    key_name(vault, name);
    assert_true(syscall(SYS_add_key, "user", name, payload, size, KEY_SPEC_USER_KEYRING) >= 0);
}

/* Word `number` (from 0) of a line of /proc/keys. */
static void copy_word(const char *line, int number, char out[static 16]) {
    for (int i = 0; i < number; i++) {
        line += strcspn(line, " ");
        line += strspn(line, " ");
    }
    snprintf(out, 16, "%.*s", (int)strcspn(line, " "), line);
}

/*
 * The vault's line in /proc/keys (proc_keys(5)): serial, flags, usage, time-out, permissions, … By
 * its serial: a key that was replaced may be in the list for a moment yet.
 */
static void describe(const struct ibc_vault *vault, char timeout[static 16],
                     char permissions[static 16]) {
    char name[64];
    char serial[32];
    char line[512];
    key_name(vault, name);
    snprintf(serial, sizeof serial, "%08lx ",
             syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", name, 0));
    FILE *keys = fopen("/proc/keys", "r");
    if (!keys) {
        skip();
    }
    timeout[0] = permissions[0] = '\0';
    while (fgets(line, sizeof line, keys)) {
        if (strncmp(line, serial, strlen(serial)) == 0) {
            copy_word(line, 3, timeout);
            copy_word(line, 4, permissions);
        }
    }
    fclose(keys);
}

static void a_key_that_is_kept_opens_without_asking_until_it_is_forgotten(void **state) {
    struct cached cached = make_cached(state);
    ibc_auto_vault *first = open_cached(&cached);
    assert_int_equal(cached.asked.times, 1);
    assert_false(ibc_vault_from_cache(first));
    keep(first, 60);
    ibc_auto_vault *second = open_cached(&cached);
    assert_true(ibc_vault_from_cache(second));
    ASSERT_STATUS(ibc_vault_verify(second, &error), IBC_OK);
    assert_int_equal(cached.asked.times, 1);
    assert_true(forget(&cached));
    assert_false(forget(&cached));
    ibc_auto_vault *third = open_cached(&cached);
    assert_false(ibc_vault_from_cache(third));
    assert_int_equal(cached.asked.times, 2);
}

static void it_is_this_users_alone_and_ends_by_itself(void **state) {
    struct cached cached = make_cached(state);
    ibc_auto_vault *vault = open_cached(&cached);
    keep(vault, 30);
    char timeout[16];
    char permissions[16];
    describe(vault, timeout, permissions);
    assert_string_equal(permissions, "003f0000");
    assert_non_null(strchr(timeout, 's'));
    keep(vault, 86400); /* in its place */
    describe(vault, timeout, permissions);
    assert_null(strchr(timeout, 's'));
    assert_string_not_equal(timeout, "perm");
    assert_true(forget(&cached));
    assert_false(forget(&cached));
}

static void it_is_looked_for_only_where_that_is_wanted_and_after_identities(void **state) {
    struct cached cached = make_cached(state);
    ibc_auto_vault *vault = open_cached(&cached);
    keep(vault, 60);
    const struct ibc_keyring nothing = {0};
    struct ibc_vault *refused = NULL;
    ASSERT_STATUS(ibc_vault_open(cached.path, &nothing, &refused, &error), IBC_ERR_REFUSED);

    const struct ibc_slot_request slot = recipient_slot(cached.fixture->identities);
    ibc_auto_vault_edit *edit = NULL;
    uint64_t generation = 0;
    ASSERT_STATUS(ibc_vault_edit_begin(cached.path, &cached.keyring, &edit, &error), IBC_OK);
    ASSERT_STATUS(ibc_vault_edit_add_slot(edit, &slot, 2000, &error), IBC_OK);
    ASSERT_STATUS(ibc_vault_edit_commit(edit, &generation, &error), IBC_OK);
    cached.keyring.identities = cached.fixture->identities;
    ibc_auto_vault *by_identity = open_cached(&cached);
    assert_false(ibc_vault_from_cache(by_identity));
    assert_int_equal(cached.asked.times, 1);
    assert_true(forget(&cached));
}

static void a_key_that_does_not_fit_is_passed_over(void **state) {
    struct cached cached = make_cached(state);
    unsigned char wrong[VAULT_KEY_BYTES + 1] = {1, 2, 3};
    ibc_auto_vault *vault = open_cached(&cached);
    keep(vault, 60);
    static const size_t sizes[] = {1, VAULT_KEY_BYTES - 1, VAULT_KEY_BYTES, VAULT_KEY_BYTES + 1};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(sizes); i++) {
        plant(vault, wrong, sizes[i]);
        ibc_auto_vault *asked = open_cached(&cached);
        assert_false(ibc_vault_from_cache(asked));
        assert_int_equal(cached.asked.times, 2 + i);
    }
    assert_true(forget(&cached));
}

static void a_longer_key_that_begins_with_the_right_one_does_not_fit(void **state) {
    struct cached cached = make_cached(state);
    ibc_auto_vault *vault = open_cached(&cached);
    keep(vault, 60);
    unsigned char longer[VAULT_KEY_BYTES + 1] = {0};
    memcpy(longer, vault->secrets->keys.data, VAULT_KEY_BYTES);
    plant(vault, longer, sizeof longer);
    ibc_auto_vault *asked = open_cached(&cached);
    assert_false(ibc_vault_from_cache(asked));
    assert_true(forget(&cached));
}

static void after_a_new_data_key_somebody_is_asked_again(void **state) {
    struct cached cached = make_cached(state);
    ibc_auto_vault *vault = open_cached(&cached);
    keep(vault, 60);
    ibc_auto_vault_edit *edit = NULL;
    uint64_t generation = 0;
    ASSERT_STATUS(ibc_vault_edit_begin(cached.path, &cached.keyring, &edit, &error), IBC_OK);
    assert_int_equal(cached.asked.times, 1);
    ASSERT_STATUS(ibc_vault_edit_rotate_key(edit, &cached.keyring, 2000, &error), IBC_OK);
    assert_int_equal(cached.asked.times, 2);
    ASSERT_STATUS(ibc_vault_edit_commit(edit, &generation, &error), IBC_OK);
    ibc_auto_vault *after = open_cached(&cached);
    assert_false(ibc_vault_from_cache(after));
    assert_int_equal(cached.asked.times, 3);
    assert_true(forget(&cached));
}

static void it_is_kept_for_a_day_at_most_and_does_not_prolong_itself(void **state) {
    struct cached cached = make_cached(state);
    ibc_auto_vault *vault = open_cached(&cached);
    ASSERT_STATUS(ibc_vault_cache_key(vault, 0, &error), IBC_ERR_USAGE);
    ASSERT_STATUS(ibc_vault_cache_key(vault, 86401, &error), IBC_ERR_USAGE);
    keep(vault, 60);
    ibc_auto_vault *second = open_cached(&cached);
    ASSERT_STATUS(ibc_vault_cache_key(second, 60, &error), IBC_ERR_REFUSED);
    assert_true(forget(&cached));
}

static void it_does_not_outlive_the_slot_that_opened_the_vault(void **state) {
    struct cached cached = make_cached(state);
    struct ibc_slot_request slots[] = {cheap_passphrase_slot("correct horse"),
                                       recipient_slot(cached.fixture->identities)};
    slots[0].expires_ms = ibc_clock_wall_ms() + 50000;
    assert_int_equal(unlink(cached.path), 0);
    ASSERT_STATUS(ibc_vault_create(cached.path, slots, 2, 1000, &error), IBC_OK);
    ibc_auto_vault *vault = open_cached(&cached);
    keep(vault, 86400);
    char timeout[16];
    char permissions[16];
    describe(vault, timeout, permissions);
    assert_non_null(strchr(timeout, 's'));
    assert_true(forget(&cached));
}

static void forgetting_needs_a_vault_but_no_key(void **state) {
    struct fixture *fixture = *state;
    bool was_there = true;
    char path[160];
    snprintf(path, sizeof path, "%s/none", fixture->directory);
    ASSERT_STATUS(ibc_vault_forget_key(path, &was_there, &error), IBC_ERR_NOT_FOUND);
    assert_false(was_there);
    ibc_auto_fd fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(ibc_file_write_all(fd, ibc_view_of("no vault at all")));
    ASSERT_STATUS(ibc_vault_forget_key(path, &was_there, &error), IBC_ERR_DATA);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        VAULT_TEST(a_key_that_is_kept_opens_without_asking_until_it_is_forgotten),
        VAULT_TEST(it_is_this_users_alone_and_ends_by_itself),
        VAULT_TEST(it_is_looked_for_only_where_that_is_wanted_and_after_identities),
        VAULT_TEST(a_key_that_does_not_fit_is_passed_over),
        VAULT_TEST(a_longer_key_that_begins_with_the_right_one_does_not_fit),
        VAULT_TEST(after_a_new_data_key_somebody_is_asked_again),
        VAULT_TEST(it_is_kept_for_a_day_at_most_and_does_not_prolong_itself),
        VAULT_TEST(it_does_not_outlive_the_slot_that_opened_the_vault),
        VAULT_TEST(forgetting_needs_a_vault_but_no_key),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
