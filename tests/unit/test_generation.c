/* test_generation.c - the highest generation seen of a vault is not forgotten. */
#include "vault_fixture.h"

#include <sys/wait.h>

static const unsigned char some_id[IBC_VAULT_ID_BYTES] = {0xab, 1, 2, 3};
static const char seen_file[] = "vault-ab010203000000000000000000000000.seen";

static void an_older_generation_is_refused_unless_accepted(void **state) {
    struct fixture *fixture = *state;
    static const unsigned char other_id[IBC_VAULT_ID_BYTES] = {9};
    ibc_auto_fd fd = open(fixture->directory, O_RDONLY | O_DIRECTORY);
    ASSERT_STATUS(ibc_generation_check(fd, some_id, 5, false, &error), IBC_OK);
    ASSERT_STATUS(ibc_generation_check(fd, some_id, 5, false, &error), IBC_OK);
    ASSERT_STATUS(ibc_generation_check(fd, some_id, 4, false, &error), IBC_ERR_DATA);
    ASSERT_STATUS(ibc_generation_check(fd, other_id, 1, false, &error), IBC_OK);
    ASSERT_STATUS(ibc_generation_check(fd, some_id, 12, false, &error), IBC_OK);
    ASSERT_STATUS(ibc_generation_check(fd, some_id, 11, false, &error), IBC_ERR_DATA);
    ASSERT_STATUS(ibc_generation_check(fd, some_id, 3, true, &error), IBC_OK);
    ASSERT_STATUS(ibc_generation_check(fd, some_id, 2, false, &error), IBC_ERR_DATA);
    ASSERT_STATUS(ibc_generation_check(fd, some_id, 4, false, &error), IBC_OK);
}

static void the_floor_is_only_written_when_it_changes(void **state) {
    struct fixture *fixture = *state;
    ibc_auto_fd fd = open(fixture->directory, O_RDONLY | O_DIRECTORY);
    struct stat before;
    struct stat after;
    ASSERT_STATUS(ibc_generation_check(fd, some_id, 5, false, &error), IBC_OK);
    assert_int_equal(fstatat(fd, seen_file, &before, 0), 0);
    assert_int_equal(before.st_mode & 07777, 0600);
    ASSERT_STATUS(ibc_generation_check(fd, some_id, 5, false, &error), IBC_OK);
    ASSERT_STATUS(ibc_generation_check(fd, some_id, 4, false, &error), IBC_ERR_DATA);
    assert_int_equal(fstatat(fd, seen_file, &after, 0), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

static void a_writer_raises_the_floor_and_never_lowers_it(void **state) {
    struct fixture *fixture = *state;
    static const struct {
        uint64_t remembered;
        uint64_t floor; /* afterwards */
    } cases[] = {{5, 5}, {5, 5}, {7, 7}, {6, 7}, {1, 7}, {0, 7}, {8, 8}};
    ibc_auto_fd fd = open(fixture->directory, O_RDONLY | O_DIRECTORY);
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        const uint64_t floor = cases[i].floor;
        ASSERT_STATUS(ibc_generation_remember(fd, some_id, cases[i].remembered, &error), IBC_OK);
        ASSERT_STATUS(ibc_generation_check(fd, some_id, floor - 1, false, &error), IBC_ERR_DATA);
        ASSERT_STATUS(ibc_generation_check(fd, some_id, floor, false, &error), IBC_OK);
    }
}

static void a_damaged_floor_is_not_taken_for_none(void **state) {
    struct fixture *fixture = *state;
    static const char *const damaged[] = {
        "x\n", "5", "05\n", "-1\n", "\n", "5\n5\n", "99999999999999999999\n"};
    ibc_auto_fd fd = open(fixture->directory, O_RDONLY | O_DIRECTORY);
    for (size_t i = 0; i < IBC_ARRAY_SIZE(damaged); i++) {
        ibc_auto_fd file = openat(fd, seen_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        assert_true(ibc_file_write_all(file, ibc_view_of(damaged[i])));
        ASSERT_STATUS(ibc_generation_check(fd, some_id, 9, false, &error), IBC_ERR_DATA);
        ASSERT_STATUS(ibc_generation_remember(fd, some_id, 9, &error), IBC_ERR_DATA);
    }
    assert_int_equal(unlinkat(fd, seen_file, 0), 0);
    assert_int_equal(symlinkat("elsewhere", fd, seen_file), 0);
    ASSERT_STATUS(ibc_generation_check(fd, some_id, 9, false, &error), IBC_ERR_CREATE);
}

static void floors_raised_at_once_end_at_the_highest(void **state) {
    enum { PROCESSES = 20 };
    struct fixture *fixture = *state;
    ibc_auto_fd fd = open(fixture->directory, O_RDONLY | O_DIRECTORY);
    for (int i = 1; i <= PROCESSES; i++) {
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            const enum ibc_status status =
                ibc_generation_check(fd, some_id, (uint64_t)i, false, &error);
            _exit(status == IBC_OK || status == IBC_ERR_DATA ? 0 : 1);
        }
    }
    for (int i = 1; i <= PROCESSES; i++) {
        int status = -1;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    ASSERT_STATUS(ibc_generation_check(fd, some_id, PROCESSES, false, &error), IBC_OK);
    ASSERT_STATUS(ibc_generation_check(fd, some_id, PROCESSES - 1, false, &error), IBC_ERR_DATA);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        VAULT_TEST(an_older_generation_is_refused_unless_accepted),
        VAULT_TEST(the_floor_is_only_written_when_it_changes),
        VAULT_TEST(a_writer_raises_the_floor_and_never_lowers_it),
        VAULT_TEST(a_damaged_floor_is_not_taken_for_none),
        VAULT_TEST(floors_raised_at_once_end_at_the_highest),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
