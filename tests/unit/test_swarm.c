/* test_swarm.c - what a version's secret is called, and which others are older. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ibcred/swarm.h>

#define LATER   "2026-11-22T09:00:00.000Z"
#define THEN    "2026-11-22T08:00:00.000Z"
#define EARLIER "2026-11-22T07:59:59.999Z"

static const unsigned char vault_id[IBC_VAULT_ID_BYTES] = {0x00, 0x1f, 0xa0, 0xff, 0x55};

enum { THEN_SECONDS = 1795334400 };

static const struct ibc_version version_7 = {.number = 7,
                                             .created_ms = THEN_SECONDS * INT64_C(1000)};

/* --- names ------------------------------------------------------------------------------------ */

static void a_secret_is_named_and_labelled_by_its_version(void **state) {
    (void)state;
    struct ibc_swarm_secret secret;
    struct ibc_error err;
    assert_int_equal(ibc_swarm_secret_of(NULL, vault_id, "paper", &version_7, &secret, &err),
                     IBC_OK);
    assert_string_equal(secret.name, "ibcred_paper_v7");
    assert_string_equal(secret.profile, "paper");
    assert_string_equal(secret.version, "7");
    assert_string_equal(secret.vault, "001fa0ff");
    assert_string_equal(secret.sealed, THEN);
    assert_int_equal(ibc_swarm_secret_of("gw", vault_id, "paper", &version_7, &secret, &err),
                     IBC_OK);
    assert_string_equal(secret.name, "gw_v7");
    assert_string_equal(secret.profile, "paper");
}

static void names_that_a_swarm_does_not_take_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *base;
        enum ibc_status status;
    } cases[] = {
        {"a", IBC_OK},
        {"A.b-c_9", IBC_OK},
        {"9", IBC_OK},
        {"", IBC_ERR_USAGE},
        {"_a", IBC_ERR_USAGE},
        {"-a", IBC_ERR_USAGE},
        {".a", IBC_ERR_USAGE},
        {"a b", IBC_ERR_USAGE},
        {"a/b", IBC_ERR_USAGE},
        {"a\n", IBC_ERR_USAGE},
        {"\xc3\xa4", IBC_ERR_USAGE},
        /* With "_v7" 64 bytes, and 65. */
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", IBC_OK},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", IBC_ERR_USAGE},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        struct ibc_swarm_secret secret;
        struct ibc_error err = {0};
        enum ibc_status status =
            ibc_swarm_secret_of(cases[i].base, vault_id, "paper", &version_7, &secret, &err);
        if (status != cases[i].status) {
            fail_msg("base '%s' gives %d, not %d", cases[i].base, status, cases[i].status);
        }
        assert_true(status == IBC_OK || strstr(err.text, "--secret-name"));
    }
}

static void a_profile_with_a_long_name_needs_another_for_the_swarm(void **state) {
    (void)state;
    char profile[IBC_PROFILE_NAME_MAX + 1];
    memset(profile, 'p', IBC_PROFILE_NAME_MAX);
    profile[IBC_PROFILE_NAME_MAX] = '\0';
    struct ibc_swarm_secret secret;
    struct ibc_error err;
    assert_int_equal(ibc_swarm_secret_of(NULL, vault_id, profile, &version_7, &secret, &err),
                     IBC_ERR_USAGE);
    assert_int_equal(ibc_swarm_secret_of("short", vault_id, profile, &version_7, &secret, &err),
                     IBC_OK);
    assert_string_equal(secret.profile, profile);
}

/* --- kinship ---------------------------------------------------------------------------------- */

static void only_what_is_older_of_the_same_profile_and_vault_may_go(void **state) {
    (void)state;
    static const struct {
        struct ibc_docker_secret there;
        enum ibc_swarm_kinship expected;
    } cases[] = {
#define SECRET(p, v, n, s) {.profile = (p), .vault = (v), .version = (n), .sealed = (s)}
        {SECRET("paper", "001fa0ff", "7", THEN), IBC_SWARM_SAME},
        {SECRET("paper", "001fa0ff", "6", EARLIER), IBC_SWARM_OLDER},
        {SECRET("paper", "001fa0ff", "6", THEN), IBC_SWARM_OLDER},
        /* The clock was set back between two versions. */
        {SECRET("paper", "001fa0ff", "6", LATER), IBC_SWARM_OLDER},
        {SECRET("paper", "001fa0ff", "8", LATER), IBC_SWARM_NEWER},
        {SECRET("paper", "001fa0ff", "8", THEN), IBC_SWARM_NEWER},
        {SECRET("paper", "001fa0ff", "70", LATER), IBC_SWARM_NEWER},
        {SECRET("paper", "001fa0ff", "10", LATER), IBC_SWARM_NEWER},
        {SECRET("paper", "001fa0ff", "4294967295", LATER), IBC_SWARM_NEWER},
        /* Of a profile of that name that was removed. */
        {SECRET("paper", "001fa0ff", "7", EARLIER), IBC_SWARM_OLDER},
        {SECRET("paper", "001fa0ff", "9", EARLIER), IBC_SWARM_OLDER},
        {SECRET("paper", "001fa0ff", "7", LATER), IBC_SWARM_NEWER},
        /* Somebody else's. */
        {SECRET("live", "001fa0ff", "6", EARLIER), IBC_SWARM_FOREIGN},
        {SECRET("paper2", "001fa0ff", "6", EARLIER), IBC_SWARM_FOREIGN},
        {SECRET("", "001fa0ff", "6", EARLIER), IBC_SWARM_FOREIGN},
        {SECRET("paper", "001fa0fe", "6", EARLIER), IBC_SWARM_FOREIGN},
        {SECRET("paper", "001fa0ff0", "6", EARLIER), IBC_SWARM_FOREIGN},
        {SECRET("paper", "", "6", EARLIER), IBC_SWARM_FOREIGN},
        {SECRET("paper", "001fa0ff", "", EARLIER), IBC_SWARM_FOREIGN},
        {SECRET("paper", "001fa0ff", "0", EARLIER), IBC_SWARM_FOREIGN},
        {SECRET("paper", "001fa0ff", "06", EARLIER), IBC_SWARM_FOREIGN},
        {SECRET("paper", "001fa0ff", "-6", EARLIER), IBC_SWARM_FOREIGN},
        {SECRET("paper", "001fa0ff", "6x", EARLIER), IBC_SWARM_FOREIGN},
        {SECRET("paper", "001fa0ff", "4294967296", EARLIER), IBC_SWARM_FOREIGN},
        {SECRET("paper", "001fa0ff", "6", ""), IBC_SWARM_FOREIGN},
        {SECRET("paper", "001fa0ff", "6", "yesterday"), IBC_SWARM_FOREIGN},
        {SECRET("", "", "", ""), IBC_SWARM_FOREIGN},
#undef SECRET
    };
    struct ibc_swarm_secret wanted;
    struct ibc_error err;
    assert_int_equal(ibc_swarm_secret_of(NULL, vault_id, "paper", &version_7, &wanted, &err),
                     IBC_OK);
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        const struct ibc_docker_secret *there = &cases[i].there;
        enum ibc_swarm_kinship kinship = ibc_swarm_kinship(there, &wanted);
        if (kinship != cases[i].expected) {
            fail_msg("%s %s '%s' '%s' gives %d, not %d", there->profile, there->vault,
                     there->version, there->sealed, kinship, cases[i].expected);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_named_and_labelled_by_its_version),
        cmocka_unit_test(names_that_a_swarm_does_not_take_are_refused),
        cmocka_unit_test(a_profile_with_a_long_name_needs_another_for_the_swarm),
        cmocka_unit_test(only_what_is_older_of_the_same_profile_and_vault_may_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
