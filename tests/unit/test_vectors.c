/*
 * test_vectors.c - every vault under tests/vectors/vault gets the answer that its index names.
 *
 * IBCRED_VECTORS names the directory where the tests do not run at the top of the tree.
 */
#include <ibcred/vault.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ibcred/file.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 512, COLUMNS = 5, FEWEST_VECTORS = 60 };

static struct ibc_error error;

static const char *vectors_directory(void) {
    const char *directory = getenv("IBCRED_VECTORS");
    return directory ? directory : "tests/vectors/vault";
}

static void path_of(const char *name, char out[static LINE_MAX_BYTES]) {
    snprintf(out, LINE_MAX_BYTES, "%s/%s", vectors_directory(), name);
}

/* A checkout may leave files writable by the group, which a vault must not be. */
static struct ibc_secret read_vector(const char *name) {
    char path[LINE_MAX_BYTES];
    struct ibc_secret content;
    path_of(name, path);
    ibc_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fail_msg("%s: %s", path, strerror(errno));
    }
    assert_int_equal(ibc_file_read_all(fd, path, 1 << 20, &content, &error), IBC_OK);
    return content;
}

static enum ibc_status give_passphrase(void *context, struct ibc_secret *out,
                                       struct ibc_error *err) {
    const struct ibc_secret *passphrase = context;
    return ibc_secret_copy(out, ibc_secret_view(passphrase), err);
}

/* The keys that a vector is opened with: an identity file, a passphrase file, or "-" for none. */
struct keys {
    struct ibc_secret text;
    struct ibc_identities *identities;
    struct ibc_keyring keyring;
};

static void load_keys(const char *name, struct keys *keys) {
    *keys = (struct keys){0};
    if (strcmp(name, "-") == 0) {
        return;
    }
    keys->text = read_vector(name);
    if (strstr(name, "passphrase")) {
        keys->keyring.ask = give_passphrase;
        keys->keyring.context = &keys->text;
        return;
    }
    assert_int_equal(
        ibc_identities_parse(ibc_secret_view(&keys->text), name, &keys->identities, &error),
        IBC_OK);
    keys->keyring.identities = keys->identities;
}

static void free_keys(struct keys *keys) {
    ibc_secret_free(&keys->text);
    ibc_identities_free(&keys->identities);
}

/* In a right vector every profile's username or password is told by its name. */
static enum ibc_status check_profile(void *context, const char *name, enum ibc_kind kind,
                                     struct ibc_error *err) {
    const struct ibc_vault *vault = context;
    ibc_auto_profile *profile = NULL;
    assert_int_equal(ibc_vault_get(vault, name, &profile, err), IBC_OK);
    assert_int_equal(profile->kind, kind);
    const struct ibc_version *active = ibc_profile_active(profile);
    assert_non_null(active);
    char password[128];
    snprintf(password, sizeof password, "password of %s", name);
    const struct ibc_field *field = ibc_version_field(active, IBC_FIELD_PASSWORD);
    assert_non_null(field);
    assert_true(ibc_view_is(field->value, password) || ibc_view_is(field->value, "p"));
    return IBC_OK;
}

static const char *status_word(enum ibc_status status) {
    switch (status) {
    case IBC_OK:
        return "ok";
    case IBC_ERR_DATA:
        return "data";
    case IBC_ERR_REFUSED:
        return "refused";
    default:
        return "another status";
    }
}

static void write_copy(const char *path, const char *vector) {
    ibc_auto_secret content = read_vector(vector);
    ibc_auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_true(ibc_file_write_all(fd, ibc_secret_view(&content)));
}

/* Open, then verify: which of the two finds something, and the status it ends with. */
static enum ibc_status examine(const char *path, const struct ibc_keyring *keyring,
                               const char **found) {
    ibc_auto_vault *vault = NULL;
    *found = "open";
    enum ibc_status status = ibc_vault_open(path, keyring, &vault, &error);
    if (status != IBC_OK) {
        return status;
    }
    *found = "verify";
    status = ibc_vault_verify(vault, &error);
    if (status != IBC_OK) {
        return status;
    }
    *found = "-";
    return ibc_vault_each(vault, check_profile, vault, &error);
}

/* Also with a writer: what is wrong must be found before anything is written. */
static void run_vector(const char *path, char *const columns[static COLUMNS]) {
    struct keys keys;
    load_keys(columns[1], &keys);
    write_copy(path, columns[0]);

    const char *found = NULL;
    const enum ibc_status status = examine(path, &keys.keyring, &found);
    if (strcmp(status_word(status), columns[3]) != 0 || strcmp(found, columns[2]) != 0) {
        fail_msg("%s (%s): %s by %s instead of %s by %s: %s", columns[0], columns[4],
                 status_word(status), found, columns[3], columns[2],
                 status == IBC_OK ? "" : error.text);
    }
    ibc_auto_vault_edit *edit = NULL;
    assert_int_equal(ibc_vault_edit_begin(path, &keys.keyring, &edit, &error), status);
    free_keys(&keys);
}

static void split(char *line, char *columns[static COLUMNS]) {
    line[strcspn(line, "\n")] = '\0';
    for (int i = 0; i < COLUMNS; i++) {
        columns[i] = strsep(&line, "\t");
        assert_non_null(columns[i]);
    }
}

static void every_vector_gets_the_answer_that_the_index_names(void **state) {
    (void)state;
    char index_path[LINE_MAX_BYTES];
    char scratch[] = "/tmp/test_vectors.XXXXXX";
    char path[sizeof scratch + 16];
    assert_non_null(mkdtemp(scratch));
    snprintf(path, sizeof path, "%s/vault", scratch);
    path_of("index.tsv", index_path);
    FILE *index = fopen(index_path, "r");
    if (!index) {
        fail_msg("%s: %s", index_path, strerror(errno));
    }

    char line[LINE_MAX_BYTES];
    int count = 0;
    while (fgets(line, sizeof line, index)) {
        if (line[0] == '#') {
            continue;
        }
        char *columns[COLUMNS];
        split(line, columns);
        run_vector(path, columns);
        count++;
    }
    fclose(index);
    unlink(path);
    rmdir(scratch);
    assert_true(count >= FEWEST_VECTORS);
}

/* Ids are kept in the state directory: they must come out the same for ever. */
static void ids_are_those_of_the_format(void **state) {
    (void)state;
    static const char account[] = "aa44109d2a90169a0acff7a34c04be37";
    static const char credential[] = "425e4734a7b84ce6f1a95f75fcf46680";
    char path[] = "/tmp/test_vectors.XXXXXX";
    ibc_auto_fd fd = mkstemp(path);
    assert_true(fd >= 0);
    struct keys keys;
    load_keys("identity.txt", &keys);
    write_copy(path, "good-one.vault");
    ibc_auto_vault *vault = NULL;
    assert_int_equal(ibc_vault_open(path, &keys.keyring, &vault, &error), IBC_OK);

    unsigned char id[IBC_ACCOUNT_ID_BYTES];
    char hex[2 * sizeof id + 1];
    ibc_vault_account_id(vault, ibc_view_of("alpha"), id);
    assert_string_equal(sodium_bin2hex(hex, sizeof hex, id, sizeof id), account);
    ibc_vault_credential_id(vault, ibc_view_of("alpha"), ibc_view_of("password of alpha"), id);
    assert_string_equal(sodium_bin2hex(hex, sizeof hex, id, sizeof id), credential);
    free_keys(&keys);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_those_of_the_format),
        cmocka_unit_test(every_vector_gets_the_answer_that_the_index_names),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
