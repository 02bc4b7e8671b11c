/* test_profile.c - what a profile may hold, and how it grows. */
#include <ibcred/profile.h>

#include "base/utf8.h"
#include "vault/profile_check.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sodium.h>

static struct ibc_error error;

static struct ibc_field field(const char *name, const char *value) {
    return (struct ibc_field){.name = ibc_view_of(name), .value = ibc_view_of(value)};
}

static struct ibc_profile *new_profile(void) {
    struct ibc_profile *profile = NULL;
    assert_int_equal(ibc_profile_new("paper", IBC_KIND_PAPER, NULL, 1000, &profile, &error),
                     IBC_OK);
    return profile;
}

static void add(struct ibc_profile *profile, const char *username, const char *password,
                int64_t now_ms) {
    const struct ibc_field fields[] = {field(IBC_FIELD_USERNAME, username),
                                       field(IBC_FIELD_PASSWORD, password)};
    assert_int_equal(
        ibc_profile_add_version(profile, fields, 2, IBC_VERSION_ACTIVE, now_ms, &error), IBC_OK);
}

static void assert_value(const struct ibc_version *version, const char *name, const char *value) {
    const struct ibc_field *found = ibc_version_field(version, name);
    assert_non_null(found);
    assert_true(ibc_view_is(found->value, value));
}

static void names_are_lower_case_words(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool valid;
    } cases[] = {
        {"paper", true},
        {"a", true},
        {"0", true},
        {"follower-1.live_x", true},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
        {"", false},
        {".hidden", false},
        {"-x", false},
        {"_x", false},
        {"Paper", false},
        {"a b", false},
        {"a/b", false},
        {"a\n", false},
        {"p\xc3\xa4per", false},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        if (ibc_profile_name_valid(cases[i].name) != cases[i].valid) {
            fail_msg("'%s'", cases[i].name);
        }
    }
}

static void utf8_is_read_strictly(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        {"", true},
        {"plain ~", true},
        {"\xc2\x80 \xdf\xbf", true},
        {"\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf", true},
        {"\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf", true},
        {"\x80", false},
        {"\xc0\x80", false},
        {"\xc1\xbf", false},
        {"\xc3", false},
        {"\xc3(", false},
        {"\xe0\x9f\xbf", false},
        {"\xe2\x82", false},
        {"\xe2\x28\xa1", false},
        {"\xed\xa0\x80", false},
        {"\xf0\x8f\xbf\xbf", false},
        {"\xf4\x90\x80\x80", false},
        {"\xf5\x80\x80\x80", false},
        {"\xff", false},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        if (utf8_valid(ibc_view_of(cases[i].text)) != cases[i].valid) {
            fail_msg("case %zu", i);
        }
    }
    assert_true(utf8_printable(ibc_view_of("l\xc3\xa4ptop key")));
    assert_false(utf8_printable(ibc_view_of("a\tb")));
    assert_false(utf8_printable(ibc_view_of("a\x7f")));
}

static void fields_are_checked_and_their_values_never_told(void **state) {
    (void)state;
    static char long_value[IBC_FIELD_VALUE_MAX + 2];
    memset(long_value, 's', sizeof long_value - 1);
    static char long_name[IBC_FIELD_NAME_MAX + 2];
    memset(long_name, 'N', sizeof long_name - 1);
    const struct {
        struct ibc_view name;
        struct ibc_view value;
        bool valid;
    } cases[] = {
        {ibc_view_of("IB_PASSWORD"), ibc_view_of("s3cret \\ $ \" ' # !"), true},
        {ibc_view_of("_x9"), ibc_view_of("s\xc3\xa4"), true},
        {ibc_view_of("X"), {(unsigned char *)long_value, IBC_FIELD_VALUE_MAX}, true},
        {{(unsigned char *)long_name, IBC_FIELD_NAME_MAX}, ibc_view_of("s3cret"), true},
        {ibc_view_of("X"), ibc_view_of(long_value), false},
        {ibc_view_of(long_name), ibc_view_of("s3cret"), false},
        {ibc_view_of(""), ibc_view_of("s3cret"), false},
        {ibc_view_of("9X"), ibc_view_of("s3cret"), false},
        {ibc_view_of("s3cret-"), ibc_view_of("s3cret"), false},
        {ibc_view_of("X"), ibc_view_of(""), false},
        {ibc_view_of("X"), ibc_view_of("s3cret\n"), false},
        {ibc_view_of("X"), ibc_view_of("s3cret\r"), false},
        {ibc_view_of("X"), {(const unsigned char *)"s3cret\0x", 8}, false},
        {ibc_view_of("X"), ibc_view_of("s3cret\xff"), false},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        const struct ibc_field checked = {.name = cases[i].name, .value = cases[i].value};
        const enum ibc_status status = ibc_field_check(&checked, &error);
        if (status != (cases[i].valid ? IBC_OK : IBC_ERR_USAGE)) {
            fail_msg("case %zu", i);
        }
        assert_true(status == IBC_OK || !strstr(error.text, "s3cret"));
    }
}

static void a_new_profile_checks_its_head(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum ibc_kind kind;
        const char *account;
        int64_t now_ms;
        enum ibc_status status;
    } cases[] = {
        {"p", IBC_KIND_LIVE, NULL, 0, IBC_OK},
        {"p", IBC_KIND_PAPER, "DU1234567", 1, IBC_OK},
        {"p", IBC_KIND_PAPER, "ABCDEFGHIJ123456", 1, IBC_OK},
        {"P", IBC_KIND_PAPER, NULL, 0, IBC_ERR_USAGE},
        {"p", 0, NULL, 0, IBC_ERR_USAGE},
        {"p", 3, NULL, 0, IBC_ERR_USAGE},
        {"p", IBC_KIND_PAPER, "du1234567", 0, IBC_ERR_USAGE},
        {"p", IBC_KIND_PAPER, "ABCDEFGHIJ1234567", 0, IBC_ERR_USAGE},
        {"p", IBC_KIND_PAPER, "", -1, IBC_ERR_USAGE},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        ibc_auto_profile *profile = NULL;
        assert_int_equal(ibc_profile_new(cases[i].name, cases[i].kind, cases[i].account,
                                         cases[i].now_ms, &profile, &error),
                         cases[i].status);
        assert_int_equal(profile != NULL, cases[i].status == IBC_OK);
    }
}

static void a_version_keeps_its_fields_sorted_and_carries_over_the_rest(void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    const struct ibc_field first[] = {field("Z", "z1"), field("A", "a1"), field("M", "m1")};
    const struct ibc_field second[] = {field("M", "m2"), field("B", "b2")};
    assert_int_equal(ibc_profile_add_version(profile, first, 3, IBC_VERSION_ACTIVE, 2000, &error),
                     IBC_OK);
    assert_int_equal(ibc_profile_add_version(profile, second, 2, IBC_VERSION_STAGED, 3000, &error),
                     IBC_OK);

    const struct ibc_version *version = &profile->versions[1];
    static const char *const names[] = {"A", "B", "M", "Z"};
    assert_int_equal(version->number, 2);
    assert_int_equal(version->field_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(ibc_view_is(version->fields[i].name, names[i]));
    }
    assert_value(version, "A", "a1");
    assert_value(version, "M", "m2");
    assert_value(&profile->versions[0], "M", "m1");
    assert_null(ibc_version_field(&profile->versions[0], "B"));
    assert_int_equal(profile_check(profile, &error), IBC_OK);
}

static void a_new_active_version_retires_the_one_before(void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    assert_null(ibc_profile_active(profile));
    add(profile, "user", "one", 2000);
    add(profile, "user", "two", 3000);
    assert_int_equal(profile->versions[0].state, IBC_VERSION_RETIRED);
    assert_int_equal(profile->versions[0].state_ms, 3000);
    assert_int_equal(profile->versions[0].created_ms, 2000);
    assert_ptr_equal(ibc_profile_active(profile), &profile->versions[1]);

    const struct ibc_field staged[] = {field(IBC_FIELD_PASSWORD, "three")};
    assert_int_equal(ibc_profile_add_version(profile, staged, 1, IBC_VERSION_STAGED, 4000, &error),
                     IBC_OK);
    assert_ptr_equal(ibc_profile_active(profile), &profile->versions[1]);
}

static void views_stay_right_while_the_storage_grows(void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    char value[64];
    for (int i = 1; i <= 400; i++) {
        snprintf(value, sizeof value, "a password of some length, number %d", i);
        add(profile, "user", value, 1000 + i);
    }
    for (int i = 1; i <= 400; i++) {
        snprintf(value, sizeof value, "a password of some length, number %d", i);
        assert_value(&profile->versions[i - 1], IBC_FIELD_PASSWORD, value);
    }
    assert_int_equal(profile_check(profile, &error), IBC_OK);
}

static void fields_may_come_from_the_profile_itself(void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    static char value[IBC_FIELD_VALUE_MAX + 1];
    memset(value, 'v', sizeof value - 1);
    add(profile, "user", value, 1000);
    for (int i = 0; i < 8; i++) {
        const struct ibc_version *active = ibc_profile_active(profile);
        const struct ibc_field own[] = {active->fields[0], active->fields[1]};
        assert_int_equal(active->field_count, 2);
        assert_int_equal(ibc_profile_add_version(profile, own, 2, IBC_VERSION_ACTIVE, 2000, &error),
                         IBC_OK);
    }
    assert_value(ibc_profile_active(profile), IBC_FIELD_PASSWORD, value);
}

static void a_refused_version_changes_nothing(void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    assert_int_equal(ibc_profile_add_version(profile, NULL, 0, IBC_VERSION_ACTIVE, 1, &error),
                     IBC_ERR_USAGE);
    add(profile, "user", "one", 2000);

    struct ibc_field many[IBC_FIELDS_MAX + 1];
    char names[IBC_FIELDS_MAX + 1][8];
    for (size_t i = 0; i < IBC_ARRAY_SIZE(many); i++) {
        snprintf(names[i], sizeof names[i], "F%zu", i);
        many[i] = field(names[i], "x");
    }
    const struct ibc_field twice[] = {field("A", "1"), field("B", "2"), field("A", "3")};
    const struct ibc_field bad[] = {field("A", "1"), field("B", "")};
    const struct {
        const struct ibc_field *fields;
        size_t count;
    } cases[] = {{many, IBC_FIELDS_MAX + 1}, {many, IBC_FIELDS_MAX}, {twice, 3}, {bad, 2}};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        assert_int_equal(ibc_profile_add_version(profile, cases[i].fields, cases[i].count,
                                                 IBC_VERSION_ACTIVE, 3000, &error),
                         IBC_ERR_USAGE);
    }
    assert_int_equal(profile->version_count, 1);
    assert_int_equal(profile->versions[0].state, IBC_VERSION_ACTIVE);
    assert_value(&profile->versions[0], IBC_FIELD_PASSWORD, "one");
}

static void versions_end_at_1024(void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    const struct ibc_field one[] = {field("A", "1")};
    for (int i = 0; i < IBC_VERSIONS_MAX; i++) {
        assert_int_equal(ibc_profile_add_version(profile, one, 1, IBC_VERSION_ACTIVE, 1, &error),
                         IBC_OK);
    }
    assert_int_equal(ibc_profile_add_version(profile, one, 1, IBC_VERSION_ACTIVE, 1, &error),
                     IBC_ERR_USAGE);
    assert_int_equal(profile_check(profile, &error), IBC_OK);
}

static void what_breaks_a_rule_is_found(void **state) {
    (void)state;
    ibc_auto_profile *profile = new_profile();
    add(profile, "user", "one", 2000);
    add(profile, "user", "two", 3000);
    struct ibc_version *versions = profile->versions;
    struct ibc_copy copies[] = {{.target = ibc_view_of("b"), .version = 1},
                                {.target = ibc_view_of("a"), .version = 2}};

#define ASSERT_BREAKS(lvalue, broken)                                                              \
    do {                                                                                           \
        const __typeof__(lvalue) kept = (lvalue);                                                  \
        assert_int_equal(profile_check(profile, &error), IBC_OK);                                  \
        (lvalue) = (broken);                                                                       \
        assert_int_equal(profile_check(profile, &error), IBC_ERR_USAGE);                           \
        (lvalue) = kept;                                                                           \
    } while (0)

    ASSERT_BREAKS(versions[0].state, IBC_VERSION_ACTIVE);
    ASSERT_BREAKS(versions[0].state, 0);
    ASSERT_BREAKS(versions[0].state, 5);
    ASSERT_BREAKS(versions[0].number, 0);
    ASSERT_BREAKS(versions[0].number, 2);
    ASSERT_BREAKS(versions[1].created_ms, -1);
    ASSERT_BREAKS(versions[1].state_ms, -1);
    ASSERT_BREAKS(versions[1].proven_ms, -1);
    ASSERT_BREAKS(versions[1].proven_kind, IBC_KIND_LIVE);
    ASSERT_BREAKS(versions[1].proven_kind, 3);
    ASSERT_BREAKS(versions[1].field_count, 0);
    ASSERT_BREAKS(versions[1].fields[0], versions[1].fields[1]);
    ASSERT_BREAKS(versions[1].fields[0].value.size, 0);
    ASSERT_BREAKS(profile->kind, 0);
    ASSERT_BREAKS(profile->created_ms, -1);

    profile->copies = copies;
    profile->copy_count = 1;
    ASSERT_BREAKS(profile->copy_count, 2);
    ASSERT_BREAKS(copies[0].version, 3);
    ASSERT_BREAKS(copies[0].copied_ms, -1);
    ASSERT_BREAKS(copies[0].target.size, 0);
    ASSERT_BREAKS(copies[0].target, ibc_view_of("a\n"));
    profile->copies = NULL;
    profile->copy_count = 0;
#undef ASSERT_BREAKS
}

static void a_proof_is_written_when_it_is_new_or_a_day_old(void **state) {
    (void)state;
    enum { DAY = 86400000 };
    const int64_t at = INT64_C(1763798400000);
    const struct {
        int64_t proven_ms;
        enum ibc_kind proven_kind;
        enum ibc_kind kind;
        int64_t now_ms;
        bool changed;
        enum ibc_kind then;
    } cases[] = {
        {0, 0, 0, at, true, 0},
        {0, 0, IBC_KIND_PAPER, at, true, IBC_KIND_PAPER},
        {at, 0, 0, at + DAY - 1, false, 0},
        {at, 0, 0, at + DAY, true, 0},
        {at, 0, IBC_KIND_PAPER, at + 1, true, IBC_KIND_PAPER},
        {at, IBC_KIND_PAPER, IBC_KIND_PAPER, at + DAY - 1, false, IBC_KIND_PAPER},
        {at, IBC_KIND_PAPER, IBC_KIND_PAPER, at + DAY, true, IBC_KIND_PAPER},
        {at, IBC_KIND_PAPER, IBC_KIND_LIVE, at + 1, true, IBC_KIND_LIVE},
        {at, IBC_KIND_LIVE, 0, at + 1, false, IBC_KIND_LIVE},
        {at, IBC_KIND_LIVE, 0, at + DAY, true, IBC_KIND_LIVE},
        {at, IBC_KIND_LIVE, 0, at - DAY + 1, false, IBC_KIND_LIVE},
        {at, IBC_KIND_LIVE, 0, at - DAY, true, IBC_KIND_LIVE},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        struct ibc_version version = {.proven_ms = cases[i].proven_ms,
                                      .proven_kind = cases[i].proven_kind};
        assert_int_equal(ibc_version_prove(&version, cases[i].kind, cases[i].now_ms),
                         cases[i].changed);
        assert_int_equal(version.proven_ms,
                         cases[i].changed ? cases[i].now_ms : cases[i].proven_ms);
        assert_int_equal(version.proven_kind, cases[i].then);
    }
}

static void only_a_live_account_of_a_paper_user_contradicts(void **state) {
    (void)state;
    for (int kind = 1; kind <= 2; kind++) {
        for (int seen = 0; seen <= 2; seen++) {
            const struct ibc_profile profile = {.kind = (enum ibc_kind)kind};
            const struct ibc_version version = {.proven_ms = seen,
                                                .proven_kind = (enum ibc_kind)seen};
            assert_int_equal(ibc_version_contradicts(&profile, &version),
                             kind == IBC_KIND_PAPER && seen == IBC_KIND_LIVE);
        }
    }
}

static void states_have_names(void **state) {
    (void)state;
    assert_string_equal(ibc_version_state_name(IBC_VERSION_STAGED), "staged");
    assert_string_equal(ibc_version_state_name(IBC_VERSION_ACTIVE), "active");
    assert_string_equal(ibc_version_state_name(IBC_VERSION_BURNED), "burned");
    assert_string_equal(ibc_version_state_name(IBC_VERSION_RETIRED), "retired");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_lower_case_words),
        cmocka_unit_test(utf8_is_read_strictly),
        cmocka_unit_test(fields_are_checked_and_their_values_never_told),
        cmocka_unit_test(a_new_profile_checks_its_head),
        cmocka_unit_test(a_version_keeps_its_fields_sorted_and_carries_over_the_rest),
        cmocka_unit_test(a_new_active_version_retires_the_one_before),
        cmocka_unit_test(views_stay_right_while_the_storage_grows),
        cmocka_unit_test(fields_may_come_from_the_profile_itself),
        cmocka_unit_test(a_refused_version_changes_nothing),
        cmocka_unit_test(versions_end_at_1024),
        cmocka_unit_test(what_breaks_a_rule_is_found),
        cmocka_unit_test(a_proof_is_written_when_it_is_new_or_a_day_old),
        cmocka_unit_test(only_a_live_account_of_a_paper_user_contradicts),
        cmocka_unit_test(states_have_names),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
