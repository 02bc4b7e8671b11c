/* test_vault_keys.c - keys come, expire and go. */
#include "vault_keys_fixture.h"

#define LATER INT64_C(253370764800000) /* wall clock, the year 9999 */

/* --- adding and removing --------------------------------------------------------------------- */

static void an_added_key_opens_and_the_records_stay_as_they_are(void **state) {
    struct fixture *fixture = *state;
    put_three(fixture);
    ibc_auto_vault *before = open_vault(fixture);
    ibc_auto_secret old_records = records_of(fixture, before);
    ibc_auto_identities *other = new_identity();
    struct ibc_slot_request request = recipient_slot(other);
    request.label = "laptop";
    request.expires_ms = LATER;
    add_slot(fixture, &request, 4000);
    const struct ibc_slot_request phrase = cheap_passphrase_slot("correct horse");
    add_slot(fixture, &phrase, 4000);

    ibc_auto_vault *after = NULL;
    ibc_auto_vault *by_passphrase = NULL;
    ASSERT_STATUS(open_with(fixture, other, &after), IBC_OK);
    ASSERT_STATUS(open_with_passphrase(fixture, "correct horse", &by_passphrase), IBC_OK);
    assert_three(after);
    assert_three(by_passphrase);
    assert_int_equal(ibc_vault_slot_count(after), 3);
    const struct ibc_slot_info *slot = ibc_vault_slot(after, 1);
    assert_string_equal(slot->label, "laptop");
    assert_int_equal(slot->created_ms, 4000);
    assert_int_equal(slot->expires_ms, LATER);
    ibc_auto_secret new_records = records_of(fixture, after);
    assert_true(ibc_view_equal(ibc_secret_view(&old_records), ibc_secret_view(&new_records)));
    assert_true(same_data_key(before, after));
}

static void a_key_that_cannot_be_added_changes_nothing(void **state) {
    struct fixture *fixture = *state;
    ibc_auto_identities *other = new_identity();
    struct ibc_slot_request wrong[6];
    for (size_t i = 0; i < IBC_ARRAY_SIZE(wrong); i++) {
        wrong[i] = recipient_slot(other);
    }
    wrong[0] = recipient_slot(fixture->identities); /* which has a slot */
    wrong[1].expires_ms = 4000;                     /* over at once */
    wrong[2].label = "a\nb";
    wrong[3].type = 3;
    wrong[4] = cheap_passphrase_slot("");
    wrong[5].recipient = (struct ibc_recipient){0};
    ibc_auto_vault_edit *edit = begin(fixture);
    for (size_t i = 0; i < IBC_ARRAY_SIZE(wrong); i++) {
        ASSERT_STATUS(ibc_vault_edit_add_slot(edit, &wrong[i], 4000, &error), IBC_ERR_USAGE);
    }
    commit(&edit);
    ibc_auto_vault *vault = open_vault(fixture);
    assert_int_equal(ibc_vault_slot_count(vault), 1);
}

static void a_vault_has_sixty_four_keys_and_no_more(void **state) {
    struct fixture *fixture = *state;
    ibc_auto_vault_edit *edit = begin(fixture);
    for (int i = 1; i <= IBC_SLOTS_MAX; i++) {
        ibc_auto_identities *other = new_identity();
        const struct ibc_slot_request request = recipient_slot(other);
        ASSERT_STATUS(ibc_vault_edit_add_slot(edit, &request, 4000, &error),
                      i < IBC_SLOTS_MAX ? IBC_OK : IBC_ERR_USAGE);
    }
    ASSERT_STATUS(ibc_vault_edit_remove_slot(edit, 0, &error), IBC_OK);
    const struct ibc_slot_request again = recipient_slot(fixture->identities);
    ASSERT_STATUS(ibc_vault_edit_add_slot(edit, &again, 4000, &error), IBC_OK);
    rotate(edit, &fixture->keyring);
    commit(&edit);
    ibc_auto_vault *vault = open_vault(fixture);
    assert_int_equal(ibc_vault_slot_count(vault), IBC_SLOTS_MAX);
}

static void one_key_that_never_expires_stays(void **state) {
    struct fixture *fixture = *state;
    ibc_auto_identities *other = new_identity();
    struct ibc_slot_request request = recipient_slot(other);
    request.expires_ms = LATER;
    add_slot(fixture, &request, 4000);
    ibc_auto_vault_edit *edit = begin(fixture);
    ASSERT_STATUS(ibc_vault_edit_remove_slot(edit, 0, &error), IBC_ERR_USAGE);
    ASSERT_STATUS(ibc_vault_edit_remove_slot(edit, 2, &error), IBC_ERR_USAGE);
    ASSERT_STATUS(ibc_vault_edit_remove_slot(edit, 1, &error), IBC_OK);
    ASSERT_STATUS(ibc_vault_edit_remove_slot(edit, 1, &error), IBC_ERR_USAGE);
    commit(&edit);
    ibc_auto_vault *vault = open_vault(fixture);
    assert_int_equal(ibc_vault_slot_count(vault), 1);
}

/* --- expiry ---------------------------------------------------------------------------------- */

static void a_key_expires_at_its_time_and_not_before(void **state) {
    (void)state;
    struct ibc_slot_info slot = {.expires_ms = 5000};
    assert_false(ibc_slot_expired(&slot, 4999));
    assert_true(ibc_slot_expired(&slot, 5000));
    slot.expires_ms = 0;
    assert_false(ibc_slot_expired(&slot, INT64_MAX));
}

static void an_expired_key_opens_nothing_and_makes_room_for_itself(void **state) {
    struct fixture *fixture = *state;
    ibc_auto_identities *other = new_identity();
    struct ibc_slot_request request = recipient_slot(other);
    struct ibc_slot_request phrase = cheap_passphrase_slot("correct horse");
    request.expires_ms = phrase.expires_ms = 9000; /* in 1970 */
    add_slot(fixture, &request, 4000);
    add_slot(fixture, &phrase, 4000);

    ibc_auto_vault *vault = NULL;
    ASSERT_STATUS(open_with(fixture, other, &vault), IBC_ERR_REFUSED);
    assert_non_null(strstr(error.text, "expired at 1970-01-01"));
    ASSERT_STATUS(open_with_passphrase(fixture, "correct horse", &vault), IBC_ERR_REFUSED);
    assert_non_null(strstr(error.text, "expired at 1970-01-01"));
    assert_null(vault);
    struct asked nobody = {.answer = NULL};
    const struct ibc_keyring both = {.identities = other, .ask = answer, .context = &nobody};
    ASSERT_STATUS(ibc_vault_open(fixture->path, &both, &vault, &error), IBC_ERR_REFUSED);
    assert_non_null(strstr(error.text, "expired at 1970-01-01"));
    assert_int_equal(nobody.times, 1);

    request.expires_ms = 0;
    add_slot(fixture, &request, 10000);
    ASSERT_STATUS(open_with(fixture, other, &vault), IBC_OK);
    assert_int_equal(ibc_vault_slot_count(vault), 3); /* the fixture's, the passphrase, the new */
}

static void a_key_that_fits_goes_on_behind_one_that_expired(void **state) {
    struct fixture *fixture = *state;
    ibc_auto_identities *other = new_identity();
    struct ibc_slot_request request = recipient_slot(other);
    request.expires_ms = 9000;
    struct ibc_slot_request phrase = cheap_passphrase_slot("battery staple");
    phrase.expires_ms = 9000;
    add_slot(fixture, &request, 4000);
    add_slot(fixture, &phrase, 4000);
    phrase.expires_ms = 0;
    add_slot(fixture, &phrase, 4000);

    struct asked asked = {.answer = "battery staple"};
    const struct ibc_keyring keyring = {.identities = other, .ask = answer, .context = &asked};
    ibc_auto_vault *vault = NULL;
    ASSERT_STATUS(ibc_vault_open(fixture->path, &keyring, &vault, &error), IBC_OK);
    assert_int_equal(asked.times, 1);
}

static void a_new_data_key_leaves_expired_keys_out(void **state) {
    struct fixture *fixture = *state;
    ibc_auto_identities *other = new_identity();
    struct ibc_slot_request request = recipient_slot(other);
    struct ibc_slot_request phrase = cheap_passphrase_slot("nobody knows it any more");
    request.expires_ms = phrase.expires_ms = 4500;
    add_slot(fixture, &request, 4000);
    add_slot(fixture, &phrase, 4000);
    ibc_auto_vault_edit *edit = begin(fixture);
    rotate(edit, &fixture->keyring); /* at 5000; and no passphrase is needed */
    commit(&edit);
    ibc_auto_vault *vault = open_vault(fixture);
    assert_int_equal(ibc_vault_slot_count(vault), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        VAULT_TEST(an_added_key_opens_and_the_records_stay_as_they_are),
        VAULT_TEST(a_key_that_cannot_be_added_changes_nothing),
        VAULT_TEST(a_vault_has_sixty_four_keys_and_no_more),
        VAULT_TEST(one_key_that_never_expires_stays),
        cmocka_unit_test(a_key_expires_at_its_time_and_not_before),
        VAULT_TEST(an_expired_key_opens_nothing_and_makes_room_for_itself),
        VAULT_TEST(a_key_that_fits_goes_on_behind_one_that_expired),
        VAULT_TEST(a_new_data_key_leaves_expired_keys_out),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
