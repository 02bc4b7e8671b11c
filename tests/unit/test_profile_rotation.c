/* test_profile_rotation.c - staged versions, what is kept of those before, and copies. */
#include <ibcred/profile.h>

#include "vault/profile_check.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct ibc_error error;

#define DAY INT64_C(86400000) /* milliseconds */

static void add_as(struct ibc_profile *profile, const char *password, enum ibc_version_state state,
                   int64_t now_ms) {
    const struct ibc_field field = {.name = ibc_view_of(IBC_FIELD_PASSWORD),
                                    .value = ibc_view_of(password)};
    assert_int_equal(ibc_profile_add_version(profile, &field, 1, state, now_ms, &error), IBC_OK);
}

/* With a username, and one active version. */
static struct ibc_profile *new_profile(void) {
    struct ibc_profile *profile = NULL;
    const struct ibc_field username = {.name = ibc_view_of(IBC_FIELD_USERNAME),
                                       .value = ibc_view_of("papera")};
    assert_int_equal(ibc_profile_new("paper", IBC_KIND_PAPER, NULL, 1, &profile, &error), IBC_OK);
    assert_int_equal(ibc_profile_add_version(profile, &username, 1, IBC_VERSION_ACTIVE, 1, &error),
                     IBC_OK);
    return profile;
}

/* The states of all versions, a letter each. */
static const char *states(const struct ibc_profile *profile) {
    static char text[IBC_VERSIONS_MAX + 1];
    size_t i = 0;
    for (; i < profile->version_count; i++) {
        text[i] = ibc_version_state_name(profile->versions[i].state)[0];
    }
    text[i] = '\0';
    return text;
}

static void assert_password(const struct ibc_version *version, const char *password) {
    assert_non_null(version);
    const struct ibc_field *field = ibc_version_field(version, IBC_FIELD_PASSWORD);
    assert_non_null(field);
    assert_true(ibc_view_is(field->value, password));
    assert_non_null(ibc_version_field(version, IBC_FIELD_USERNAME));
}

static void one_version_is_staged_and_the_active_one_stays(void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    add_as(profile, "one", IBC_VERSION_ACTIVE, 2);
    assert_null(ibc_profile_staged(profile));
    add_as(profile, "two", IBC_VERSION_STAGED, 3);
    assert_string_equal(states(profile), "ras");
    add_as(profile, "three", IBC_VERSION_STAGED, 4);
    assert_string_equal(states(profile), "rars");
    assert_int_equal(profile->versions[2].state_ms, 4);
    assert_password(ibc_profile_staged(profile), "three");
    assert_password(ibc_profile_active(profile), "one");
    assert_int_equal(profile_check(profile, &error), IBC_OK);
}

static void sealing_ends_what_was_staged(void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    add_as(profile, "one", IBC_VERSION_STAGED, 2);
    add_as(profile, "two", IBC_VERSION_ACTIVE, 3);
    assert_string_equal(states(profile), "rra");
}

static void fields_are_carried_over_from_the_active_version_and_not_from_a_staged_one(
    void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    add_as(profile, "proven", IBC_VERSION_ACTIVE, 2);
    add_as(profile, "perhaps-wrong", IBC_VERSION_STAGED, 3);
    const struct ibc_field other = {.name = ibc_view_of("MONGO"), .value = ibc_view_of("m")};
    assert_int_equal(ibc_profile_add_version(profile, &other, 1, IBC_VERSION_ACTIVE, 4, &error),
                     IBC_OK);
    assert_password(ibc_profile_active(profile), "proven");
}

static void where_none_is_active_the_burned_one_is_current_and_not_what_was_staged(void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    profile->versions[0].state = IBC_VERSION_BURNED;
    add_as(profile, "two", IBC_VERSION_STAGED, 2);
    assert_int_equal(ibc_profile_current(profile)->number, 1);
    assert_true(ibc_profile_unstage(profile, 3));
    assert_string_equal(states(profile), "br");
    assert_int_equal(ibc_profile_current(profile)->number, 1);
    profile->versions[1].state = IBC_VERSION_BURNED;
    assert_int_equal(ibc_profile_current(profile)->number, 2);
    profile->versions[0].state = profile->versions[1].state = IBC_VERSION_RETIRED;
    assert_int_equal(ibc_profile_current(profile)->number, 2);
}

static void promoting_retires_the_active_one(void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    assert_false(ibc_profile_promote(profile, 2));
    add_as(profile, "one", IBC_VERSION_STAGED, 2);
    assert_true(ibc_profile_promote(profile, 3));
    assert_string_equal(states(profile), "ra");
    assert_int_equal(profile->versions[0].state_ms, 3);
    assert_int_equal(profile->versions[1].state_ms, 3);
    assert_int_equal(profile->versions[1].created_ms, 2);

    profile->versions[1].state = IBC_VERSION_BURNED;
    add_as(profile, "two", IBC_VERSION_STAGED, 4);
    assert_true(ibc_profile_promote(profile, 5));
    assert_string_equal(states(profile), "rba");
}

static void unstaging_leaves_the_active_one_alone(void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    assert_false(ibc_profile_unstage(profile, 2));
    add_as(profile, "one", IBC_VERSION_STAGED, 2);
    assert_true(ibc_profile_unstage(profile, 3));
    assert_string_equal(states(profile), "ar");
    assert_int_equal(profile->versions[1].state_ms, 3);
}

static void prune(struct ibc_profile *profile, int64_t versions, int64_t age_s, int64_t now_ms) {
    const struct ibc_retention keep = {.versions = versions, .age = age_s};
    const size_t before = profile->version_count;
    const bool dropped = ibc_profile_prune(profile, &keep, now_ms);
    assert_int_equal(dropped, before != profile->version_count);
    assert_int_equal(profile_check(profile, &error), IBC_OK);
}

static void the_newest_retired_versions_are_kept_and_those_of_late(void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    for (int i = 1; i <= 5; i++) {
        char password[16];
        snprintf(password, sizeof password, "password%d", i);
        add_as(profile, password, IBC_VERSION_ACTIVE, i * DAY);
    }
    assert_string_equal(states(profile), "rrrrra"); /* retired on days 1 to 5 */
    prune(profile, 10, 0, 10 * DAY);
    assert_string_equal(states(profile), "rrrrra");
    prune(profile, 1, 7 * 86400, 10 * DAY); /* the newest one, and those of day 4 and 5 */
    assert_string_equal(states(profile), "rra");
    assert_int_equal(profile->versions[0].number, 4);
    assert_password(&profile->versions[0], "password3");
    prune(profile, 0, 0, 10 * DAY);
    assert_string_equal(states(profile), "a");
    assert_password(ibc_profile_active(profile), "password5");
}

static void what_was_staged_and_dropped_takes_no_place_of_what_was_active_after_it(void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    const struct ibc_retention one = {.versions = 1, .age = 0};
    add_as(profile, "dropped", IBC_VERSION_STAGED, 2);
    assert_true(ibc_profile_unstage(profile, 3));
    add_as(profile, "proven", IBC_VERSION_STAGED, 4);
    assert_true(ibc_profile_promote(profile, 5));
    assert_true(ibc_profile_prune(profile, &one, 6));
    assert_string_equal(states(profile), "ra");
    assert_int_equal(profile->versions[0].number, 1);
}

static void what_is_staged_burned_or_copied_is_never_dropped(void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    add_as(profile, "copied", IBC_VERSION_ACTIVE, 2);
    add_as(profile, "burned", IBC_VERSION_BURNED, 3);
    add_as(profile, "active", IBC_VERSION_ACTIVE, 4);
    add_as(profile, "staged", IBC_VERSION_STAGED, 5);
    assert_int_equal(ibc_profile_note_copy(profile, ibc_view_of("target"), 2, 6, &error), IBC_OK);
    prune(profile, 0, 0, 10 * DAY);
    assert_string_equal(states(profile), "rbas");
    assert_true(ibc_profile_forget_copy(profile, ibc_view_of("target")));
    prune(profile, 0, 0, 10 * DAY);
    assert_string_equal(states(profile), "bas");
}

static void a_clock_that_went_back_drops_nothing(void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    add_as(profile, "one", IBC_VERSION_ACTIVE, 100 * DAY);
    prune(profile, 0, 86400, 50 * DAY);
    assert_string_equal(states(profile), "ra");
}

static void only_an_earlier_end_of_a_password_is_news(void **state) {
    (void)state;
    struct ibc_version version = {0};
    assert_true(ibc_version_expire(&version, 30 * DAY));
    assert_false(ibc_version_expire(&version, 30 * DAY));
    assert_false(ibc_version_expire(&version, 31 * DAY));
    assert_false(ibc_version_expire(&version, 29 * DAY + 1));
    assert_int_equal(version.expires_ms, 30 * DAY);
    assert_true(ibc_version_expire(&version, 29 * DAY));
    assert_true(ibc_version_expire(&version, 3 * DAY));
    assert_int_equal(version.expires_ms, 3 * DAY);
}

/* --- copies --- */

static void copies_are_kept_in_order_and_once_a_target(void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    static const char *const targets[] = {"m", "a", "z", "b", "m"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(targets); i++) {
        assert_int_equal(
            ibc_profile_note_copy(profile, ibc_view_of(targets[i]), 1, (int64_t)i, &error), IBC_OK);
    }
    assert_int_equal(profile->copy_count, 4);
    assert_int_equal(profile_check(profile, &error), IBC_OK);
    assert_true(ibc_view_is(profile->copies[2].target, "m"));
    assert_int_equal(profile->copies[2].copied_ms, 4);
    assert_false(ibc_profile_forget_copy(profile, ibc_view_of("c")));
    assert_true(ibc_profile_forget_copy(profile, ibc_view_of("a")));
    assert_true(ibc_profile_forget_copy(profile, ibc_view_of("z")));
    assert_int_equal(profile->copy_count, 2);
    assert_true(ibc_view_is(profile->copies[0].target, "b"));
    assert_true(ibc_view_is(profile->copies[1].target, "m"));
}

static void a_copy_is_behind_until_the_active_version_is_there(void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    const struct ibc_view target = ibc_view_of("target");
    assert_int_equal(ibc_profile_note_copy(profile, target, 1, 0, &error), IBC_OK);
    assert_true(ibc_copy_is_behind(profile, &profile->copies[0]));
    assert_int_equal(ibc_profile_note_copy(profile, target, 1, 5, &error), IBC_OK);
    assert_false(ibc_copy_is_behind(profile, &profile->copies[0]));
    add_as(profile, "two", IBC_VERSION_STAGED, 6);
    assert_false(ibc_copy_is_behind(profile, &profile->copies[0]));
    ibc_profile_promote(profile, 7);
    assert_true(ibc_copy_is_behind(profile, &profile->copies[0]));
    profile->versions[1].state = IBC_VERSION_BURNED; /* nothing to bring */
    assert_false(ibc_copy_is_behind(profile, &profile->copies[0]));
}

static void a_copy_that_no_vault_could_keep_is_refused(void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    char longest[IBC_COPY_TARGET_MAX + 2];
    memset(longest, 't', sizeof longest);
    const struct {
        struct ibc_view target;
        uint32_t version;
        int64_t copied_ms;
    } cases[] = {
        {{0}, 1, 1},
        {{(const unsigned char *)longest, sizeof longest - 1}, 1, 1},
        {ibc_view_of("a\nb"), 1, 1},
        {ibc_view_of("target"), 2, 1},
        {ibc_view_of("target"), 1, -1},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        assert_int_equal(ibc_profile_note_copy(profile, cases[i].target, cases[i].version,
                                               cases[i].copied_ms, &error),
                         IBC_ERR_USAGE);
    }
    const struct ibc_view full = {(const unsigned char *)longest, IBC_COPY_TARGET_MAX};
    assert_int_equal(ibc_profile_note_copy(profile, full, 1, 1, &error), IBC_OK);
    for (int i = 1; i < IBC_COPIES_MAX; i++) {
        char target[16];
        snprintf(target, sizeof target, "t%d", i);
        assert_int_equal(ibc_profile_note_copy(profile, ibc_view_of(target), 1, 1, &error), IBC_OK);
    }
    assert_int_equal(ibc_profile_note_copy(profile, ibc_view_of("more"), 1, 1, &error),
                     IBC_ERR_USAGE);
    assert_int_equal(profile->copy_count, IBC_COPIES_MAX);
    assert_int_equal(profile_check(profile, &error), IBC_OK);
}

int main(void) {
    if (ibc_secret_init(&error) != IBC_OK) {
        return EXIT_FAILURE;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_version_is_staged_and_the_active_one_stays),
        cmocka_unit_test(sealing_ends_what_was_staged),
        cmocka_unit_test(fields_are_carried_over_from_the_active_version_and_not_from_a_staged_one),
        cmocka_unit_test(where_none_is_active_the_burned_one_is_current_and_not_what_was_staged),
        cmocka_unit_test(promoting_retires_the_active_one),
        cmocka_unit_test(unstaging_leaves_the_active_one_alone),
        cmocka_unit_test(the_newest_retired_versions_are_kept_and_those_of_late),
        cmocka_unit_test(what_was_staged_and_dropped_takes_no_place_of_what_was_active_after_it),
        cmocka_unit_test(what_is_staged_burned_or_copied_is_never_dropped),
        cmocka_unit_test(a_clock_that_went_back_drops_nothing),
        cmocka_unit_test(only_an_earlier_end_of_a_password_is_news),
        cmocka_unit_test(copies_are_kept_in_order_and_once_a_target),
        cmocka_unit_test(a_copy_is_behind_until_the_active_version_is_there),
        cmocka_unit_test(a_copy_that_no_vault_could_keep_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
