/* test_identity.c - identities and recipients, alone and with the real age-keygen. */
#include <ibcred/identity.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ibcred/file.h>
#include <sodium.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define IDENTITY  "AGE-SECRET-KEY-1AHWRCRAF88SP3P49ZDJUG007HQYNL8DL2UETF6WR0LWPNTFNCM0SFVZ7E9"
#define RECIPIENT "age18ntwvpxkp208etda2x0d4nhpdxvllkmq43eyg0u52920vlzehcrs5csqj9"

extern char **environ;

static struct ibc_error error;

static void identities_parse_as_age_reads_them(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t count;
    } cases[] = {
        {IDENTITY, 1},
        {IDENTITY "\n", 1},
        {IDENTITY "\r\n", 1},
        {"# created: 2026-11-22T08:35:44Z\n\n# public key: " RECIPIENT "\n" IDENTITY "\n", 1},
        {IDENTITY "\n" IDENTITY "\n#\n\n", 2},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        ibc_auto_identities *identities = NULL;
        assert_int_equal(
            ibc_identities_parse(ibc_view_of(cases[i].text), "key", &identities, &error), IBC_OK);
        assert_int_equal(ibc_identities_count(identities), cases[i].count);
        char text[IBC_RECIPIENT_TEXT_MAX];
        const struct ibc_recipient recipient =
            ibc_identities_recipient(identities, cases[i].count - 1);
        ibc_recipient_format(&recipient, text);
        assert_string_equal(text, RECIPIENT);
    }
}

static void malformed_identities_are_refused_with_their_line(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *where;
    } cases[] = {
        {"", "key holds no identity"},
        {"# only a comment\n", "key holds no identity"},
        {"age-secret-key-1ahwrcraf88sp3p49zdjug007hqynl8dl2uetf6wr0lwpntfncm0sfvz7e9\n", "key:1:"},
        {"#\n\n" RECIPIENT "\n", "key:3:"},
        {IDENTITY "\n " IDENTITY "\n", "key:2:"},
        {IDENTITY " \n", "key:1:"},
        {IDENTITY "\n" IDENTITY "X\n", "key:2:"},
        {"AGE-SECRET-KEY-1AHWRCRAF88SP3P49ZDJUG007HQYNL8DL2UETF6WR0LWPNTFNCM0SFVZ7E8\n", "key:1:"},
        {"AGE-PLUGIN-YUBIKEY-1QQQQQQQQ\n", "key:1:"},
        {"-----BEGIN AGE ENCRYPTED FILE-----\n", "key:1:"},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        struct ibc_identities *identities = (struct ibc_identities *)&error;
        assert_int_equal(
            ibc_identities_parse(ibc_view_of(cases[i].text), "key", &identities, &error),
            IBC_ERR_DATA);
        assert_null(identities);
        assert_non_null(strstr(error.text, cases[i].where));
        assert_null(strstr(error.text, "AHWRC"));
    }
}

static void more_than_32_identities_are_refused(void **state) {
    (void)state;
    char text[(IBC_IDENTITIES_MAX + 1) * sizeof IDENTITY + 1] = {0};
    size_t used = 0;
    for (int i = 0; i < IBC_IDENTITIES_MAX; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s\n", IDENTITY);
    }
    ibc_auto_identities *most = NULL;
    assert_int_equal(ibc_identities_parse(ibc_view_of(text), "key", &most, &error), IBC_OK);
    assert_int_equal(ibc_identities_count(most), IBC_IDENTITIES_MAX);

    snprintf(text + used, sizeof text - used, "%s\n", IDENTITY);
    ibc_auto_identities *too_many = NULL;
    assert_int_equal(ibc_identities_parse(ibc_view_of(text), "key", &too_many, &error),
                     IBC_ERR_DATA);
    assert_non_null(strstr(error.text, "key:33:"));
}

static void recipients_are_strict(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        "age1",
        "AGE18NTWVPXKP208ETDA2X0D4NHPDXVLLKMQ43EYG0U52920VLZEHCRS5CSQJ9",
        "age18ntwvpxkp208etda2x0d4nhpdxvllkmq43eyg0u52920vlzehcrs5csqj8",
        "age18ntwvpxkp208etda2x0d4nhpdxvllkmq43eyg0u52920vlzehcrs5csqj9 ",
        "Age18ntwvpxkp208etda2x0d4nhpdxvllkmq43eyg0u52920vlzehcrs5csqj9",
        IDENTITY,
    };
    struct ibc_recipient recipient;
    assert_int_equal(ibc_recipient_parse(RECIPIENT, &recipient, &error), IBC_OK);
    for (size_t i = 0; i < IBC_ARRAY_SIZE(wrong); i++) {
        assert_int_equal(ibc_recipient_parse(wrong[i], &recipient, &error), IBC_ERR_USAGE);
        assert_null(strstr(error.text, "AHWRC"));
    }
}

static void a_generated_identity_comes_back_from_its_text(void **state) {
    (void)state;
    ibc_auto_identities *made = NULL;
    ibc_auto_identities *read_back = NULL;
    ibc_auto_secret text = {0};
    assert_int_equal(ibc_identities_generate(&made, &error), IBC_OK);
    assert_int_equal(ibc_identities_format(made, 1795334400000, &text, &error), IBC_OK);
    assert_memory_equal(text.bytes, "# created: 2026-11-22T08:00:00.000Z\n# public key: age1", 53);
    assert_int_equal(text.bytes[text.size - 1], '\n');
    assert_int_equal(ibc_identities_parse(ibc_secret_view(&text), "text", &read_back, &error),
                     IBC_OK);
    assert_int_equal(ibc_identities_count(read_back), 1);
    assert_memory_equal(ibc_identities_key(made, 0), ibc_identities_key(read_back, 0),
                        IBC_KEY_BYTES);
}

/* --- files ----------------------------------------------------------------------------------- */

static char directory[] = "/tmp/test_identity.XXXXXX";

static int make_directory(void **state) {
    (void)state;
    return mkdtemp(directory) ? 0 : 1;
}

static int remove_directory(void **state) {
    (void)state;
    return rmdir(directory);
}

static void write_file(const char *path, struct ibc_view text, mode_t mode) {
    ibc_auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert_true(fd >= 0);
    assert_true(ibc_file_write_all(fd, text));
    assert_int_equal(fchmod(fd, mode), 0);
}

static void an_identity_file_that_others_can_write_is_refused(void **state) {
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "%s/key", directory);
    ibc_auto_identities *identities = NULL;
    assert_int_equal(ibc_identities_load(path, &identities, &error), IBC_ERR_NOT_FOUND);
    write_file(path, ibc_view_of(IDENTITY "\n"), 0620);
    assert_int_equal(ibc_identities_load(path, &identities, &error), IBC_ERR_REFUSED);
    assert_null(identities);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(ibc_identities_load(path, &identities, &error), IBC_OK);
    unlink(path);
}

/*
 * Run age-keygen, with what it prints going to `output`. Skips the test where there is none,
 * which is a failure in CI.
 */
static void run_age_keygen(char *const *arguments, const char *output) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child;
    const int failure = posix_spawnp(&child, "age-keygen", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failure == ENOENT) {
        unlink(output);
        if (getenv("CI")) {
            fail_msg("age-keygen is not installed");
        }
        skip();
    }
    int status = -1;
    assert_int_equal(failure, 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void identities_of_age_keygen_are_read(void **state) {
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "%s/age-key", directory);
    char *const arguments[] = {"age-keygen", NULL};
    run_age_keygen(arguments, path);

    ibc_auto_identities *identities = NULL;
    ibc_auto_fd fd = open(path, O_RDONLY);
    ibc_auto_secret text = {0};
    char recipient_text[IBC_RECIPIENT_TEXT_MAX];
    assert_int_equal(ibc_identities_load(path, &identities, &error), IBC_OK);
    assert_int_equal(ibc_file_read_all(fd, path, 4096, &text, &error), IBC_OK);
    const struct ibc_recipient recipient = ibc_identities_recipient(identities, 0);
    ibc_recipient_format(&recipient, recipient_text);
    assert_non_null(memmem(text.bytes, text.size, recipient_text, strlen(recipient_text)));
    unlink(path);
}

static void age_keygen_reads_our_identities(void **state) {
    (void)state;
    char path[64];
    char output[64];
    snprintf(path, sizeof path, "%s/our-key", directory);
    snprintf(output, sizeof output, "%s/public", directory);
    ibc_auto_identities *identities = NULL;
    ibc_auto_secret text = {0};
    assert_int_equal(ibc_identities_generate(&identities, &error), IBC_OK);
    assert_int_equal(ibc_identities_format(identities, 0, &text, &error), IBC_OK);
    write_file(path, ibc_secret_view(&text), 0600);
    char *const arguments[] = {"age-keygen", "-y", path, NULL};
    run_age_keygen(arguments, output);

    ibc_auto_fd fd = open(output, O_RDONLY);
    char printed[128] = {0};
    char expected[IBC_RECIPIENT_TEXT_MAX + 1];
    assert_true(read(fd, printed, sizeof printed - 1) > 0);
    const struct ibc_recipient recipient = ibc_identities_recipient(identities, 0);
    ibc_recipient_format(&recipient, expected);
    assert_memory_equal(printed, expected, strlen(expected));
    unlink(path);
    unlink(output);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities_parse_as_age_reads_them),
        cmocka_unit_test(malformed_identities_are_refused_with_their_line),
        cmocka_unit_test(more_than_32_identities_are_refused),
        cmocka_unit_test(recipients_are_strict),
        cmocka_unit_test(a_generated_identity_comes_back_from_its_text),
        cmocka_unit_test(an_identity_file_that_others_can_write_is_refused),
        cmocka_unit_test(identities_of_age_keygen_are_read),
        cmocka_unit_test(age_keygen_reads_our_identities),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, make_directory, remove_directory);
}
