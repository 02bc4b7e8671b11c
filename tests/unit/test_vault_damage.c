/* test_vault_damage.c - whatever is changed in a vault is found, and nothing shows in it. */
#include "vault_fixture.h"

#include <ibcred/number.h>

/* Whole when open and verify find nothing; get gives the right bytes or none, either way. */
static bool is_whole(const struct fixture *fixture) {
    ibc_auto_vault *vault = NULL;
    if (ibc_vault_open(fixture->path, &fixture->keyring, &vault, &error) != IBC_OK) {
        assert_true(error.status == IBC_ERR_DATA || error.status == IBC_ERR_REFUSED);
        return false;
    }
    int wrong = 0;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(three); i++) {
        ibc_auto_profile *profile = NULL;
        if (ibc_vault_get(vault, three[i], &profile, &error) == IBC_OK) {
            assert_true(has_password(profile, three[i]));
        } else {
            assert_int_equal(error.status, IBC_ERR_DATA);
            wrong++;
        }
    }
    const bool verified = ibc_vault_verify(vault, &error) == IBC_OK;
    assert_int_equal(verified, wrong == 0);
    assert_true(verified || error.status == IBC_ERR_DATA);
    return verified;
}

/* Every bit is tried; under valgrind and its like IBCRED_TEST_STEP leaves some out. */
static size_t test_step(void) {
    uint64_t step = 1;
    const char *text = getenv("IBCRED_TEST_STEP");
    assert_true(!text || ibc_parse_number(text, strlen(text), 100000, &step));
    return (size_t)step;
}

static void every_flipped_bit_is_found(void **state) {
    struct fixture *fixture = *state;
    put_three(fixture);
    assert_true(is_whole(fixture));
    ibc_auto_secret content = read_file(fixture->path);
    ibc_auto_fd fd = open(fixture->path, O_WRONLY);
    for (size_t bit = 0; bit < content.size * 8; bit += test_step()) {
        const off_t at = (off_t)(bit / 8);
        const unsigned char right = content.bytes[at];
        const unsigned char wrong = (unsigned char)(right ^ (1u << bit % 8));
        assert_int_equal(pwrite(fd, &wrong, 1, at), 1);
        if (is_whole(fixture)) {
            fail_msg("bit %zu", bit);
        }
        assert_int_equal(pwrite(fd, &right, 1, at), 1);
    }
    assert_true(is_whole(fixture));
}

static void every_truncation_and_extension_is_found(void **state) {
    struct fixture *fixture = *state;
    put_three(fixture);
    ibc_auto_secret content = read_file(fixture->path);
    for (size_t size = content.size; size > 0; size -= size < test_step() ? size : test_step()) {
        assert_int_equal(truncate(fixture->path, (off_t)size - 1), 0);
        assert_false(is_whole(fixture));
    }
    ibc_auto_fd fd = open(fixture->path, O_WRONLY | O_TRUNC);
    assert_true(ibc_file_write_all(fd, ibc_secret_view(&content)));
    assert_true(is_whole(fixture));
    assert_true(ibc_file_write_all(fd, ibc_view_of("x")));
    assert_false(is_whole(fixture));
}

static void an_edit_refuses_a_vault_with_one_damaged_record(void **state) {
    struct fixture *fixture = *state;
    put_three(fixture);
    ibc_auto_secret content = read_file(fixture->path);
    ibc_auto_fd fd = open(fixture->path, O_WRONLY);
    const unsigned char wrong = content.bytes[content.size - 1] ^ 1;
    assert_int_equal(pwrite(fd, &wrong, 1, (off_t)content.size - 1), 1);
    ibc_auto_vault_edit *edit = NULL;
    ASSERT_STATUS(ibc_vault_edit_begin(fixture->path, &fixture->keyring, &edit, &error),
                  IBC_ERR_DATA);
    assert_non_null(strstr(error.text, "gamma"));
}

static void nothing_readable_is_in_the_file(void **state) {
    struct fixture *fixture = *state;
    put_profile(fixture, "profile-name", "s3cret-password");
    ibc_auto_secret content = read_file(fixture->path);
    static const char *const hidden[] = {"profile-name", "s3cret", "IB_PASSWORD", "DU1234567",
                                         "test"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(hidden); i++) {
        assert_null(memmem(content.bytes, content.size, hidden[i], strlen(hidden[i])));
    }
    const struct ibc_recipient recipient = ibc_identities_recipient(fixture->identities, 0);
    assert_null(memmem(content.bytes, content.size, recipient.key, sizeof recipient.key));
}

static void the_size_tells_nothing_of_a_password_or_name(void **state) {
    struct fixture *fixture = *state;
    struct stat first;
    struct stat second;
    put_profile(fixture, "a", "x");
    assert_int_equal(stat(fixture->path, &first), 0);
    ibc_auto_vault_edit *edit = NULL;
    ibc_auto_profile *profile = make_profile("a-much-longer-name", "and a longer password, too");
    uint64_t generation = 0;
    ASSERT_STATUS(ibc_vault_edit_begin(fixture->path, &fixture->keyring, &edit, &error), IBC_OK);
    ASSERT_STATUS(ibc_vault_edit_remove(edit, "a", &error), IBC_OK);
    ASSERT_STATUS(ibc_vault_edit_put(edit, profile, &error), IBC_OK);
    ASSERT_STATUS(ibc_vault_edit_commit(edit, &generation, &error), IBC_OK);
    assert_int_equal(stat(fixture->path, &second), 0);
    assert_int_equal(first.st_size, second.st_size);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        VAULT_TEST(every_flipped_bit_is_found),
        VAULT_TEST(every_truncation_and_extension_is_found),
        VAULT_TEST(an_edit_refuses_a_vault_with_one_damaged_record),
        VAULT_TEST(nothing_readable_is_in_the_file),
        VAULT_TEST(the_size_tells_nothing_of_a_password_or_name),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
