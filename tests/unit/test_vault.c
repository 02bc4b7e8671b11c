/* test_vault.c - a vault gives back what was put in, to whoever has a key. */
#include "vault_fixture.h"

#include "vault/handle.h"
#include "vault/slots.h"

#define FAR_AWAY INT64_C(253370764800000) /* wall clock, the year 9999 */

static struct ibc_slot_request passphrase_slot(const char *passphrase) {
    struct ibc_slot_request slot = cheap_passphrase_slot(passphrase);
    slot.expires_ms = FAR_AWAY;
    return slot;
}

static void a_new_vault_is_empty_and_tells_of_its_slots(void **state) {
    struct fixture *fixture = *state;
    ibc_auto_vault *vault = open_vault(fixture);
    struct stat info;
    assert_int_equal(stat(fixture->path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_string_equal(ibc_vault_path(vault), fixture->path);
    assert_int_equal(ibc_vault_generation(vault), 1);
    assert_int_equal(ibc_vault_profile_count(vault), 0);
    assert_int_equal(ibc_vault_slot_count(vault), 1);
    const struct ibc_slot_info *slot = ibc_vault_slot(vault, 0);
    const struct ibc_recipient recipient = ibc_identities_recipient(fixture->identities, 0);
    assert_int_equal(slot->type, IBC_SLOT_RECIPIENT);
    assert_memory_equal(slot->recipient.key, recipient.key, IBC_KEY_BYTES);
    assert_string_equal(slot->label, "test");
    assert_int_equal(slot->created_ms, 1000);
    assert_int_equal(slot->expires_ms, 0);
    struct ibc_profile *none = NULL;
    ASSERT_STATUS(ibc_vault_get(vault, "paper", &none, &error), IBC_ERR_NOT_FOUND);
    ASSERT_STATUS(ibc_vault_get(vault, "No Such Name", &none, &error), IBC_ERR_NOT_FOUND);
    assert_null(none);
    ASSERT_STATUS(ibc_vault_verify(vault, &error), IBC_OK);
}

/* Every member of a profile that has them all. */
static struct ibc_profile *make_rich_profile(void) {
    struct ibc_profile *profile = make_profile("rich", "first");
    const struct ibc_field fields[] = {
        {.name = ibc_view_of(IBC_FIELD_PASSWORD), .value = ibc_view_of("p\xc3\xa4ss \\ $x ' \"")},
        {.name = ibc_view_of("MONGO_INITDB_ROOT_PASSWORD"), .value = ibc_view_of("m")},
    };
    profile->versions[0].proven_ms = 1500;
    profile->versions[0].proven_kind = IBC_KIND_PAPER;
    ASSERT_STATUS(ibc_profile_add_version(profile, fields, 2, IBC_VERSION_ACTIVE, 2000, &error),
                  IBC_OK);
    ASSERT_STATUS(ibc_profile_add_version(profile, fields, 1, IBC_VERSION_STAGED, 3000, &error),
                  IBC_OK);
    profile->versions[0].state = IBC_VERSION_BURNED;
    profile->copies = calloc(2, sizeof *profile->copies);
    profile->copies[0] = (struct ibc_copy){
        .target = profile->versions[0].fields[0].value, .version = 1, .copied_ms = 7};
    profile->copies[1] = (struct ibc_copy){
        .target = profile->versions[0].fields[1].value, .version = 3, .copied_ms = 8};
    profile->copy_count = 2;
    return profile;
}

static void assert_same_version(const struct ibc_version *a, const struct ibc_version *b) {
    assert_int_equal(a->number, b->number);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->created_ms, b->created_ms);
    assert_int_equal(a->state_ms, b->state_ms);
    assert_int_equal(a->proven_ms, b->proven_ms);
    assert_int_equal(a->proven_kind, b->proven_kind);
    assert_int_equal(a->field_count, b->field_count);
    for (size_t i = 0; i < a->field_count; i++) {
        assert_true(ibc_view_equal(a->fields[i].name, b->fields[i].name));
        assert_true(ibc_view_equal(a->fields[i].value, b->fields[i].value));
    }
}

static void a_profile_comes_back_with_all_it_has(void **state) {
    struct fixture *fixture = *state;
    ibc_auto_profile *written = make_rich_profile();
    ibc_auto_vault_edit *edit = NULL;
    uint64_t generation = 0;
    ASSERT_STATUS(ibc_vault_edit_begin(fixture->path, &fixture->keyring, &edit, &error), IBC_OK);
    ASSERT_STATUS(ibc_vault_edit_put(edit, written, &error), IBC_OK);
    ASSERT_STATUS(ibc_vault_edit_commit(edit, &generation, &error), IBC_OK);
    assert_int_equal(generation, 2);

    ibc_auto_vault *vault = open_vault(fixture);
    ibc_auto_profile *read = NULL;
    ASSERT_STATUS(ibc_vault_get(vault, "rich", &read, &error), IBC_OK);
    assert_string_equal(read->name, written->name);
    assert_string_equal(read->account, written->account);
    assert_int_equal(read->kind, written->kind);
    assert_int_equal(read->created_ms, written->created_ms);
    assert_int_equal(read->version_count, written->version_count);
    for (size_t i = 0; i < read->version_count; i++) {
        assert_same_version(&read->versions[i], &written->versions[i]);
    }
    assert_int_equal(read->copy_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(ibc_view_equal(read->copies[i].target, written->copies[i].target));
        assert_int_equal(read->copies[i].version, written->copies[i].version);
        assert_int_equal(read->copies[i].copied_ms, written->copies[i].copied_ms);
    }
    ASSERT_STATUS(ibc_vault_verify(vault, &error), IBC_OK);
}

static void a_profile_that_was_read_can_be_sealed_again(void **state) {
    struct fixture *fixture = *state;
    put_profile(fixture, "paper", "one");
    ibc_auto_vault_edit *edit = NULL;
    ibc_auto_profile *profile = NULL;
    uint64_t generation = 0;
    const struct ibc_field changed = {.name = ibc_view_of(IBC_FIELD_PASSWORD),
                                      .value = ibc_view_of("two")};
    ASSERT_STATUS(ibc_vault_edit_begin(fixture->path, &fixture->keyring, &edit, &error), IBC_OK);
    ASSERT_STATUS(ibc_vault_get(ibc_vault_edit_vault(edit), "paper", &profile, &error), IBC_OK);
    ASSERT_STATUS(ibc_profile_add_version(profile, &changed, 1, IBC_VERSION_ACTIVE, 2000, &error),
                  IBC_OK);
    ASSERT_STATUS(ibc_vault_edit_put(edit, profile, &error), IBC_OK);
    ASSERT_STATUS(ibc_vault_edit_commit(edit, &generation, &error), IBC_OK);
    ASSERT_STATUS(ibc_vault_edit_commit(edit, &generation, &error), IBC_ERR_INTERNAL);

    ibc_auto_vault *vault = open_vault(fixture);
    assert_password(vault, "paper", "two");
    assert_int_equal(ibc_vault_profile_count(vault), 1);
}

/* Names whose order differs from that of their numbers and whose lengths make pages uneven. */
static void many_name(char out[static IBC_PROFILE_NAME_MAX + 1], int number) {
    static const char filler[] = "-------------------------------------------------";
    snprintf(out, IBC_PROFILE_NAME_MAX + 1, "p%d%.*s", number, number % 50, filler);
}

static void put_many(struct ibc_vault_edit *edit, int first, int end) {
    char name[IBC_PROFILE_NAME_MAX + 1];
    char password[24];
    for (int i = first; i < end; i++) {
        many_name(name, i);
        snprintf(password, sizeof password, "pass-%d", i);
        ibc_auto_profile *profile = make_profile(name, password);
        ASSERT_STATUS(ibc_vault_edit_put(edit, profile, &error), IBC_OK);
    }
}

struct names {
    int count;
    char last[IBC_PROFILE_NAME_MAX + 1];
};

static enum ibc_status check_order(void *context, const char *name, enum ibc_kind kind,
                                   struct ibc_error *err) {
    struct names *names = context;
    (void)err;
    assert_true(strcmp(names->last, name) < 0);
    assert_int_equal(kind, IBC_KIND_PAPER);
    snprintf(names->last, sizeof names->last, "%s", name);
    names->count++;
    return IBC_OK;
}

enum { MANY = 1000 };

/* Put profiles 0 to MANY in two edits, taking out those that 7 divides; the last edit. */
static void fill_with_many(const struct fixture *fixture) {
    uint64_t generation = 0;
    char name[IBC_PROFILE_NAME_MAX + 1];
    ibc_auto_vault_edit *first = NULL;
    ASSERT_STATUS(ibc_vault_edit_begin(fixture->path, &fixture->keyring, &first, &error), IBC_OK);
    put_many(first, MANY / 2, MANY);
    put_many(first, 0, 14);
    ASSERT_STATUS(ibc_vault_edit_commit(first, &generation, &error), IBC_OK);
    ibc_vault_edit_free(&first);

    ibc_auto_vault_edit *second = NULL;
    ASSERT_STATUS(ibc_vault_edit_begin(fixture->path, &fixture->keyring, &second, &error), IBC_OK);
    put_many(second, 0, MANY / 2);
    for (int i = 0; i < MANY; i += 7) {
        many_name(name, i);
        ASSERT_STATUS(ibc_vault_edit_remove(second, name, &error), IBC_OK);
        ASSERT_STATUS(ibc_vault_edit_remove(second, name, &error), IBC_ERR_NOT_FOUND);
    }
    ASSERT_STATUS(ibc_vault_edit_commit(second, &generation, &error), IBC_OK);
}

static void many_profiles_are_found_over_many_pages(void **state) {
    struct fixture *fixture = *state;
    fill_with_many(fixture);
    ibc_auto_vault *vault = open_vault(fixture);
    struct names names = {0};
    int expected = 0;
    for (int i = 0; i < MANY; i++) {
        char name[IBC_PROFILE_NAME_MAX + 1];
        char password[24];
        many_name(name, i);
        snprintf(password, sizeof password, "pass-%d", i);
        if (i % 7 != 0) {
            assert_password(vault, name, password);
            expected++;
        } else {
            ibc_auto_profile *none = NULL;
            ASSERT_STATUS(ibc_vault_get(vault, name, &none, &error), IBC_ERR_NOT_FOUND);
        }
    }
    assert_int_equal(ibc_vault_profile_count(vault), expected);
    ASSERT_STATUS(ibc_vault_each(vault, check_order, &names, &error), IBC_OK);
    assert_int_equal(names.count, expected);
    ASSERT_STATUS(ibc_vault_verify(vault, &error), IBC_OK);
}

static enum ibc_status stop_at_second(void *context, const char *name, enum ibc_kind kind,
                                      struct ibc_error *err) {
    int *count = context;
    (void)name;
    (void)kind;
    return ++*count == 2 ? ibc_fail(err, IBC_ERR_WAIT, "enough") : IBC_OK;
}

static void a_visit_can_end_the_walk(void **state) {
    struct fixture *fixture = *state;
    put_profile(fixture, "a", "x");
    put_profile(fixture, "b", "x");
    put_profile(fixture, "c", "x");
    ibc_auto_vault *vault = open_vault(fixture);
    int count = 0;
    ASSERT_STATUS(ibc_vault_each(vault, stop_at_second, &count, &error), IBC_ERR_WAIT);
    assert_int_equal(count, 2);
}

static void a_profile_that_breaks_the_rules_or_is_too_large_is_not_sealed(void **state) {
    struct fixture *fixture = *state;
    ibc_auto_profile *profile = make_profile("large", "x");
    ibc_auto_vault_edit *edit = NULL;
    ASSERT_STATUS(ibc_vault_edit_begin(fixture->path, &fixture->keyring, &edit, &error), IBC_OK);
    static char value[IBC_FIELD_VALUE_MAX + 1];
    memset(value, 'v', sizeof value - 1);
    const struct ibc_field field = {.name = ibc_view_of("BIG"), .value = ibc_view_of(value)};
    for (int i = 0; i < 300; i++) {
        ASSERT_STATUS(ibc_profile_add_version(profile, &field, 1, IBC_VERSION_ACTIVE, 1, &error),
                      IBC_OK);
    }
    ASSERT_STATUS(ibc_vault_edit_put(edit, profile, &error), IBC_ERR_USAGE);
    profile->version_count = 1;
    ASSERT_STATUS(ibc_vault_edit_put(edit, profile, &error), IBC_OK);
    profile->versions[0].state = 9;
    ASSERT_STATUS(ibc_vault_edit_put(edit, profile, &error), IBC_ERR_USAGE);
    profile->version_count = 301;
}

static void ids_tell_accounts_and_credentials_apart(void **state) {
    struct fixture *fixture = *state;
    ibc_auto_vault *vault = open_vault(fixture);
    static const unsigned char split[] = "a\0\0\0\0b\0\0\0\0c";
    unsigned char ids[7][IBC_ACCOUNT_ID_BYTES];
    unsigned char again[IBC_ACCOUNT_ID_BYTES];
    ibc_vault_account_id(vault, ibc_view_of("user"), ids[0]);
    ibc_vault_account_id(vault, ibc_view_of("user2"), ids[1]);
    ibc_vault_credential_id(vault, ibc_view_of("user"), ibc_view_of("pass"), ids[2]);
    ibc_vault_credential_id(vault, ibc_view_of("userp"), ibc_view_of("ass"), ids[3]);
    ibc_vault_credential_id(vault, ibc_view_of("user"), ibc_view_of(""), ids[4]);
    ibc_vault_credential_id(vault, (struct ibc_view){split, 1}, (struct ibc_view){split + 5, 6},
                            ids[5]);
    ibc_vault_credential_id(vault, (struct ibc_view){split, 6}, (struct ibc_view){split + 10, 1},
                            ids[6]);
    for (int i = 0; i < 7; i++) {
        for (int j = 0; j < i; j++) {
            assert_memory_not_equal(ids[i], ids[j], IBC_ACCOUNT_ID_BYTES);
        }
    }
    put_profile(fixture, "paper", "x");
    ibc_auto_vault *later = open_vault(fixture);
    ibc_vault_account_id(later, ibc_view_of("user"), again);
    assert_memory_equal(again, ids[0], sizeof again);
    assert_memory_equal(ibc_vault_audit_key(vault), ibc_vault_audit_key(later),
                        IBC_AUDIT_KEY_BYTES);
    assert_memory_equal(ibc_vault_ledger_key(vault), ibc_vault_ledger_key(later),
                        IBC_AUDIT_KEY_BYTES);
    assert_memory_not_equal(ibc_vault_ledger_key(vault), ibc_vault_audit_key(vault),
                            IBC_AUDIT_KEY_BYTES);
}

/* The ids of a credential, made as docs/vault-format.md tells a stranger to. */
static void documented_id(const struct ibc_vault *vault, const void *text, size_t size,
                          unsigned char out[static IBC_ACCOUNT_ID_BYTES]) {
    assert_int_equal(crypto_generichash_blake2b(out, IBC_ACCOUNT_ID_BYTES, text, size,
                                                vault->root.account_key, VAULT_KEY_BYTES),
                     0);
}

static void ids_are_the_documented_ones(void **state) {
    struct fixture *fixture = *state;
    ibc_auto_vault *vault = open_vault(fixture);
    static const char account[] = "\x0e\0\0\0ibcred account\6\0\0\0papera";
    static const char credential[] = "\x11\0\0\0ibcred credential\6\0\0\0papera\5\0\0\0 Pa\t ";
    unsigned char expected[IBC_ACCOUNT_ID_BYTES];
    unsigned char id[IBC_ACCOUNT_ID_BYTES];
    documented_id(vault, account, sizeof account - 1, expected);
    ibc_vault_account_id(vault, ibc_view_of("\t PaperA "), id);
    assert_memory_equal(id, expected, sizeof id);
    documented_id(vault, credential, sizeof credential - 1, expected);
    ibc_vault_credential_id(vault, ibc_view_of("\t PaperA "), ibc_view_of(" Pa\t "), id);
    assert_memory_equal(id, expected, sizeof id);
}

static void spellings_of_a_username_are_one_account(void **state) {
    struct fixture *fixture = *state;
    ibc_auto_vault *vault = open_vault(fixture);
    static const struct {
        const char *a;
        const char *b;
        bool same;
    } cases[] = {
        {"PaperA", "papera", true},
        {" papera ", "papera", true},
        {"\tPAPERA\r\n", "papera", true},
        {"AZ az", "az AZ", true},
        {"  ", "", true},
        {"paperb", "papera", false},
        {"pap era", "papera", false},
        {"pap  era", "pap era", false},
        {"papera\xc2\xa0", "papera", false},
        {"\xc3\x84", "\xc3\xa4", false},
        {"a@", "a`", false},
        {"a[", "a{", false},
        {"papera.", "papera", false},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        const struct ibc_view a = ibc_view_of(cases[i].a);
        const struct ibc_view b = ibc_view_of(cases[i].b);
        const struct ibc_view password = ibc_view_of("secret");
        unsigned char ids[2][IBC_ACCOUNT_ID_BYTES];
        ibc_vault_account_id(vault, a, ids[0]);
        ibc_vault_account_id(vault, b, ids[1]);
        assert_int_equal(memcmp(ids[0], ids[1], sizeof ids[0]) == 0, cases[i].same);
        ibc_vault_credential_id(vault, a, password, ids[0]);
        ibc_vault_credential_id(vault, b, password, ids[1]);
        assert_int_equal(memcmp(ids[0], ids[1], sizeof ids[0]) == 0, cases[i].same);
    }
}

static void a_password_counts_byte_for_byte(void **state) {
    struct fixture *fixture = *state;
    ibc_auto_vault *vault = open_vault(fixture);
    static const char *const passwords[] = {"secret", " secret", "secret ", "\tsecret",
                                            "Secret", "SECRET",  "",        " "};
    unsigned char ids[IBC_ARRAY_SIZE(passwords)][IBC_CREDENTIAL_ID_BYTES];
    for (size_t i = 0; i < IBC_ARRAY_SIZE(passwords); i++) {
        ibc_vault_credential_id(vault, ibc_view_of("papera"), ibc_view_of(passwords[i]), ids[i]);
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(ids[i], ids[j], sizeof ids[i]);
        }
    }
}

/* --- keys ------------------------------------------------------------------------------------ */

/* A second vault beside the first, with a recipient slot and two passphrase slots. */
static void make_mixed_vault(const struct fixture *fixture, char path[static 128]) {
    snprintf(path, 128, "%s/mixed.vault", fixture->directory);
    const struct ibc_slot_request slots[] = {
        passphrase_slot("correct horse"),
        recipient_slot(fixture->identities),
        passphrase_slot("battery staple"),
    };
    ASSERT_STATUS(ibc_vault_create(path, slots, 3, 1000, &error), IBC_OK);
}

static void every_slot_opens_with_its_own_key(void **state) {
    struct fixture *fixture = *state;
    char path[128];
    make_mixed_vault(fixture, path);
    static const struct {
        const char *passphrase;
        enum ibc_status status;
    } cases[] = {
        {"correct horse", IBC_OK}, {"battery staple", IBC_OK},  {"Correct horse", IBC_ERR_REFUSED},
        {"", IBC_ERR_REFUSED},     {NULL, IBC_ERR_UNAVAILABLE},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        struct asked asked = {.answer = cases[i].passphrase};
        const struct ibc_keyring keyring = {.ask = answer, .context = &asked};
        ibc_auto_vault *vault = NULL;
        ASSERT_STATUS(ibc_vault_open(path, &keyring, &vault, &error), cases[i].status);
        assert_int_equal(asked.times, 1);
        if (vault) {
            assert_int_equal(ibc_vault_slot(vault, 2)->type, IBC_SLOT_PASSPHRASE);
            assert_string_equal(ibc_vault_slot(vault, 2)->label, "phrase");
            assert_int_equal(ibc_vault_slot(vault, 2)->expires_ms, FAR_AWAY);
        }
    }
}

static void nobody_is_asked_while_an_identity_fits_or_no_passphrase_could(void **state) {
    struct fixture *fixture = *state;
    char path[128];
    make_mixed_vault(fixture, path);
    struct asked asked = {0};
    struct ibc_keyring keyring = {
        .identities = fixture->identities, .ask = answer, .context = &asked};
    ibc_auto_vault *vault = NULL;
    ASSERT_STATUS(ibc_vault_open(path, &keyring, &vault, &error), IBC_OK);
    keyring.identities = NULL;
    ibc_auto_vault *other = NULL;
    ASSERT_STATUS(ibc_vault_open(fixture->path, &keyring, &other, &error), IBC_ERR_REFUSED);
    assert_int_equal(asked.times, 0);
}

static void a_foreign_identity_is_refused(void **state) {
    struct fixture *fixture = *state;
    ibc_auto_identities *foreign = NULL;
    ASSERT_STATUS(ibc_identities_generate(&foreign, &error), IBC_OK);
    const struct ibc_keyring keyring = {.identities = foreign};
    struct ibc_vault *vault = (struct ibc_vault *)&error;
    ASSERT_STATUS(ibc_vault_open(fixture->path, &keyring, &vault, &error), IBC_ERR_REFUSED);
    assert_null(vault);
    const struct ibc_keyring empty = {0};
    ASSERT_STATUS(ibc_vault_open(fixture->path, &empty, &vault, &error), IBC_ERR_REFUSED);
}

static void slot_requests_are_checked(void **state) {
    struct fixture *fixture = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/other.vault", fixture->directory);
    static const char long_label[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    struct ibc_slot_request wrong[11];
    for (size_t i = 0; i < IBC_ARRAY_SIZE(wrong); i++) {
        wrong[i] = passphrase_slot("correct horse");
        wrong[i].expires_ms = 0;
    }
    wrong[0].argon2.passes = VAULT_PASSES_MAX + 1;
    wrong[1].argon2.memory_bytes = VAULT_MEMORY_MIN - 1024;
    wrong[2].argon2.memory_bytes = (uint64_t)VAULT_MEMORY_MAX + 1024;
    wrong[3].argon2.memory_bytes = VAULT_MEMORY_MIN + 1;
    wrong[4].passphrase = ibc_view_of("");
    wrong[5].label = long_label;
    wrong[6].label = "a\nb";
    wrong[7].type = 3;
    wrong[8].expires_ms = -1;
    wrong[9].type = IBC_SLOT_RECIPIENT; /* the key of all zeros has low order */
    wrong[10].expires_ms = FAR_AWAY;    /* and no other that stays */
    for (size_t i = 0; i < IBC_ARRAY_SIZE(wrong); i++) {
        ASSERT_STATUS(ibc_vault_create(path, &wrong[i], 1, 1000, &error), IBC_ERR_USAGE);
        assert_int_equal(access(path, F_OK), -1);
    }
    ASSERT_STATUS(ibc_vault_create(path, wrong, 0, 1000, &error), IBC_ERR_USAGE);
    ASSERT_STATUS(ibc_vault_create(path, wrong, IBC_SLOTS_MAX + 1, 1000, &error), IBC_ERR_USAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        VAULT_TEST(a_new_vault_is_empty_and_tells_of_its_slots),
        VAULT_TEST(a_profile_comes_back_with_all_it_has),
        VAULT_TEST(a_profile_that_was_read_can_be_sealed_again),
        VAULT_TEST(many_profiles_are_found_over_many_pages),
        VAULT_TEST(a_visit_can_end_the_walk),
        VAULT_TEST(a_profile_that_breaks_the_rules_or_is_too_large_is_not_sealed),
        VAULT_TEST(ids_tell_accounts_and_credentials_apart),
        VAULT_TEST(ids_are_the_documented_ones),
        VAULT_TEST(spellings_of_a_username_are_one_account),
        VAULT_TEST(a_password_counts_byte_for_byte),
        VAULT_TEST(every_slot_opens_with_its_own_key),
        VAULT_TEST(nobody_is_asked_while_an_identity_fits_or_no_passphrase_could),
        VAULT_TEST(a_foreign_identity_is_refused),
        VAULT_TEST(slot_requests_are_checked),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
