/* test_vault_write.c - writing keeps the old vault or makes the new one, whoever disturbs it. */
#include "vault_fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* --- files ----------------------------------------------------------------------------------- */

static void creation_replaces_nothing_and_leaves_nothing(void **state) {
    struct fixture *fixture = *state;
    const struct ibc_slot_request slot = recipient_slot(fixture->identities);
    char path[128];
    ASSERT_STATUS(ibc_vault_create(fixture->path, &slot, 1, 1, &error), IBC_ERR_CREATE);
    snprintf(path, sizeof path, "%s/no/such/directory", fixture->directory);
    ASSERT_STATUS(ibc_vault_create(path, &slot, 1, 1, &error), IBC_ERR_CREATE);
    assert_int_equal(count_files(fixture->directory), 1);
    ibc_auto_vault *vault = open_vault(fixture);
    ASSERT_STATUS(ibc_vault_verify(vault, &error), IBC_OK);

    snprintf(path, sizeof path, "%s/dangling", fixture->directory);
    assert_int_equal(symlink("/nonexistent/target", path), 0);
    ASSERT_STATUS(ibc_vault_create(path, &slot, 1, 1, &error), IBC_ERR_CREATE);
}

static void a_file_that_is_missing_or_not_to_be_trusted_is_refused(void **state) {
    struct fixture *fixture = *state;
    ibc_auto_vault *vault = NULL;
    ibc_auto_vault_edit *edit = NULL;
    assert_int_equal(chmod(fixture->path, 0660), 0);
    ASSERT_STATUS(ibc_vault_open(fixture->path, &fixture->keyring, &vault, &error),
                  IBC_ERR_REFUSED);
    ASSERT_STATUS(ibc_vault_edit_begin(fixture->path, &fixture->keyring, &edit, &error),
                  IBC_ERR_REFUSED);
    assert_int_equal(unlink(fixture->path), 0);
    ASSERT_STATUS(ibc_vault_open(fixture->path, &fixture->keyring, &vault, &error),
                  IBC_ERR_NOT_FOUND);
    ASSERT_STATUS(ibc_vault_edit_begin(fixture->path, &fixture->keyring, &edit, &error),
                  IBC_ERR_NOT_FOUND);
}

static void an_edit_keeps_the_mode_and_follows_a_symbolic_link(void **state) {
    struct fixture *fixture = *state;
    char real[160];
    snprintf(real, sizeof real, "%s/real.vault", fixture->directory);
    assert_int_equal(rename(fixture->path, real), 0);
    assert_int_equal(symlink("real.vault", fixture->path), 0);
    assert_int_equal(chmod(real, 0640), 0);
    put_profile(fixture, "paper", "x");

    struct stat info;
    assert_int_equal(lstat(fixture->path, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_int_equal(lstat(real, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
    assert_int_equal(count_files(fixture->directory), 2);
    ibc_auto_vault *vault = open_vault(fixture);
    assert_password(vault, "paper", "x");
}

static void what_a_killed_writer_left_does_not_stop_the_next(void **state) {
    struct fixture *fixture = *state;
    char stale[160];
    char victim[160];
    snprintf(stale, sizeof stale, "%s.new", fixture->path);
    snprintf(victim, sizeof victim, "%s/victim", fixture->directory);
    ibc_auto_fd fd = open(victim, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(symlink("victim", stale), 0);
    put_profile(fixture, "paper", "x");
    struct stat info;
    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(info.st_size, 0);
    assert_int_equal(access(stale, F_OK), -1);
}

static void an_edit_that_is_dropped_changes_nothing(void **state) {
    struct fixture *fixture = *state;
    put_profile(fixture, "paper", "x");
    ibc_auto_vault_edit *edit = NULL;
    ibc_auto_profile *profile = make_profile("other", "y");
    ASSERT_STATUS(ibc_vault_edit_begin(fixture->path, &fixture->keyring, &edit, &error), IBC_OK);
    ASSERT_STATUS(ibc_vault_edit_put(edit, profile, &error), IBC_OK);
    ASSERT_STATUS(ibc_vault_edit_remove(edit, "paper", &error), IBC_OK);
    ibc_vault_edit_free(&edit);

    ibc_auto_vault *vault = open_vault(fixture);
    assert_int_equal(ibc_vault_generation(vault), 2);
    assert_password(vault, "paper", "x");
    assert_int_equal(count_files(fixture->directory), 1);
}

static void a_vault_that_was_replaced_under_an_edit_is_not_overwritten(void **state) {
    struct fixture *fixture = *state;
    char other[160];
    snprintf(other, sizeof other, "%s/other.vault", fixture->directory);
    const struct ibc_slot_request slot = recipient_slot(fixture->identities);
    ASSERT_STATUS(ibc_vault_create(other, &slot, 1, 1, &error), IBC_OK);

    ibc_auto_vault_edit *edit = NULL;
    uint64_t generation = 0;
    ASSERT_STATUS(ibc_vault_edit_begin(fixture->path, &fixture->keyring, &edit, &error), IBC_OK);
    assert_int_equal(rename(other, fixture->path), 0);
    ASSERT_STATUS(ibc_vault_edit_commit(edit, &generation, &error), IBC_ERR_IO);
    assert_int_equal(count_files(fixture->directory), 1);
    ibc_auto_vault *vault = open_vault(fixture);
    assert_int_equal(ibc_vault_generation(vault), 1);
}

/* Begin an edit, put a profile and try to commit it; the status of that. */
static enum ibc_status try_to_write(const struct fixture *fixture) {
    ibc_auto_vault_edit *edit = NULL;
    ibc_auto_profile *profile = make_profile("paper", "new");
    uint64_t generation = 0;
    ASSERT_STATUS(ibc_vault_edit_begin(fixture->path, &fixture->keyring, &edit, &error), IBC_OK);
    ASSERT_STATUS(ibc_vault_edit_put(edit, profile, &error), IBC_OK);
    return ibc_vault_edit_commit(edit, &generation, &error);
}

static void a_temporary_that_cannot_be_made_fails_the_commit(void **state) {
    struct fixture *fixture = *state;
    char temporary[160];
    snprintf(temporary, sizeof temporary, "%s.new", fixture->path);
    put_profile(fixture, "paper", "old");
    assert_int_equal(mkdir(temporary, 0700), 0);
    ASSERT_STATUS(try_to_write(fixture), IBC_ERR_CREATE);
    assert_int_equal(rmdir(temporary), 0);
    ibc_auto_vault *vault = open_vault(fixture);
    assert_password(vault, "paper", "old");
}

static void a_full_disk_fails_the_commit_and_leaves_the_old_vault(void **state) {
    struct fixture *fixture = *state;
    put_profile(fixture, "paper", "old");
    struct rlimit kept;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &kept), 0);
    const struct rlimit small = {.rlim_cur = 4096, .rlim_max = kept.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const enum ibc_status status = try_to_write(fixture);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &kept), 0);
    signal(SIGXFSZ, SIG_DFL);

    assert_int_equal(status, IBC_ERR_IO);
    assert_int_equal(count_files(fixture->directory), 1);
    ibc_auto_vault *vault = open_vault(fixture);
    assert_password(vault, "paper", "old");
}

/* --- writers at once, and killed ------------------------------------------------------------- */

/* Add a version to profile "shared" and a profile of one's own; exits with 0 when all went well. */
static void write_once(const struct fixture *fixture, int writer, int round) {
    char name[32];
    snprintf(name, sizeof name, "writer-%d-%d", writer, round);
    ibc_auto_vault_edit *edit = NULL;
    ibc_auto_profile *shared = NULL;
    ibc_auto_profile *own = make_profile(name, name);
    uint64_t generation = 0;
    if (ibc_vault_edit_begin(fixture->path, &fixture->keyring, &edit, &error) != IBC_OK ||
        ibc_vault_get(ibc_vault_edit_vault(edit), "shared", &shared, &error) != IBC_OK ||
        ibc_profile_add_version(shared, NULL, 0, IBC_VERSION_ACTIVE, 1, &error) != IBC_OK ||
        ibc_vault_edit_put(edit, shared, &error) != IBC_OK ||
        ibc_vault_edit_put(edit, own, &error) != IBC_OK ||
        ibc_vault_edit_commit(edit, &generation, &error) != IBC_OK) {
        fprintf(stderr, "writer %d: %s\n", writer, error.text);
        _exit(1);
    }
}

static void forty_writers_at_once_lose_nothing(void **state) {
    enum { WRITERS = 40, ROUNDS = 3 };
    struct fixture *fixture = *state;
    put_profile(fixture, "shared", "x");
    for (int writer = 0; writer < WRITERS; writer++) {
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            for (int round = 0; round < ROUNDS; round++) {
                write_once(fixture, writer, round);
            }
            _exit(0);
        }
    }
    for (int writer = 0; writer < WRITERS; writer++) {
        int status = -1;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    ibc_auto_vault *vault = open_vault(fixture);
    ibc_auto_profile *shared = NULL;
    ASSERT_STATUS(ibc_vault_verify(vault, &error), IBC_OK);
    ASSERT_STATUS(ibc_vault_get(vault, "shared", &shared, &error), IBC_OK);
    assert_int_equal(shared->version_count, 1 + WRITERS * ROUNDS);
    assert_int_equal(ibc_vault_profile_count(vault), 1 + WRITERS * ROUNDS);
    assert_int_equal(ibc_vault_generation(vault), 2 + WRITERS * ROUNDS);
}

/* Write until killed, telling each generation that is known to be durable through `pipe`. */
static void write_until_killed(const struct fixture *fixture, int pipe) {
    for (;;) {
        ibc_auto_vault_edit *edit = NULL;
        uint64_t generation = 0;
        char password[32];
        if (ibc_vault_edit_begin(fixture->path, &fixture->keyring, &edit, &error) != IBC_OK) {
            _exit(1);
        }
        snprintf(password, sizeof password, "%llu",
                 (unsigned long long)ibc_vault_generation(ibc_vault_edit_vault(edit)) + 1);
        for (size_t i = 0; i < IBC_ARRAY_SIZE(three); i++) {
            ibc_auto_profile *profile = make_profile(three[i], password);
            if (ibc_vault_edit_put(edit, profile, &error) != IBC_OK) {
                _exit(1);
            }
        }
        if (ibc_vault_edit_commit(edit, &generation, &error) != IBC_OK ||
            write(pipe, &generation, sizeof generation) != sizeof generation) {
            _exit(1);
        }
    }
}

/* The last generation that the killed writer had told of, or `known`. */
static uint64_t last_told(int pipe, uint64_t known) {
    uint64_t told;
    while (read(pipe, &told, sizeof told) == sizeof told) {
        known = told;
    }
    return known;
}

static void a_writer_killed_anywhere_leaves_a_whole_vault(void **state) {
    enum { KILLS = 100, LONGEST = 6000, LONGEST_EVER = 1000000 /* microseconds */ };
    struct fixture *fixture = *state;
    uint64_t known = 1;
    unsigned longest = LONGEST;
    for (int kill_number = 0; kill_number < KILLS; kill_number++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            write_until_killed(fixture, ends[1]);
        }
        close(ends[1]);
        usleep(randombytes_uniform(longest));
        assert_int_equal(kill(child, SIGKILL), 0);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        known = last_told(ends[0], known);
        close(ends[0]);

        ibc_auto_vault *vault = open_vault(fixture);
        const uint64_t generation = ibc_vault_generation(vault);
        ASSERT_STATUS(ibc_vault_verify(vault, &error), IBC_OK);
        assert_true(generation == known || generation == known + 1);
        char password[32];
        snprintf(password, sizeof password, "%llu", (unsigned long long)generation);
        for (size_t i = 0; i < IBC_ARRAY_SIZE(three) && generation > 1; i++) {
            assert_password(vault, three[i], password);
        }
        /* Where a write takes long, as under valgrind, give it the time for one. */
        longest = generation > known || longest >= LONGEST_EVER ? LONGEST : longest * 2;
        known = generation;
    }
    assert_true(known > 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        VAULT_TEST(creation_replaces_nothing_and_leaves_nothing),
        VAULT_TEST(a_file_that_is_missing_or_not_to_be_trusted_is_refused),
        VAULT_TEST(an_edit_keeps_the_mode_and_follows_a_symbolic_link),
        VAULT_TEST(what_a_killed_writer_left_does_not_stop_the_next),
        VAULT_TEST(an_edit_that_is_dropped_changes_nothing),
        VAULT_TEST(a_vault_that_was_replaced_under_an_edit_is_not_overwritten),
        VAULT_TEST(a_temporary_that_cannot_be_made_fails_the_commit),
        VAULT_TEST(a_full_disk_fails_the_commit_and_leaves_the_old_vault),
        VAULT_TEST(forty_writers_at_once_lose_nothing),
        VAULT_TEST(a_writer_killed_anywhere_leaves_a_whole_vault),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
