/*
 * vault_fixture.h - a directory with a vault in it, for tests.
 */
#ifndef IBCRED_TESTS_VAULT_FIXTURE_H
#define IBCRED_TESTS_VAULT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <ibcred/file.h>
#include <ibcred/vault.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    char directory[64];
    char path[128]; /* of the vault, which is there and empty */
    struct ibc_identities *identities;
    struct ibc_keyring keyring; /* the identities, no passphrase */
};

static struct ibc_error error;

#define ASSERT_STATUS(call, expected)                                                              \
    do {                                                                                           \
        const enum ibc_status status_ = (call);                                                    \
        if (status_ != (expected)) {                                                               \
            fail_msg("%s: status %d instead of %d (%s)", #call, (int)status_, (int)(expected),     \
                     status_ == IBC_OK ? "" : error.text);                                         \
        }                                                                                          \
    } while (0)

static inline struct ibc_slot_request recipient_slot(const struct ibc_identities *identities) {
    return (struct ibc_slot_request){
        .type = IBC_SLOT_RECIPIENT,
        .recipient = ibc_identities_recipient(identities, 0),
        .label = "test",
    };
}

/* The cheapest that the format allows. */
static inline struct ibc_slot_request cheap_passphrase_slot(const char *passphrase) {
    return (struct ibc_slot_request){
        .type = IBC_SLOT_PASSPHRASE,
        .passphrase = ibc_view_of(passphrase),
        .argon2 = {.passes = 1, .memory_bytes = 8 << 20},
        .label = "phrase",
    };
}

/* Somebody who answers when a passphrase is asked for. */
struct asked {
    const char *answer; /* NULL refuses */
    int times;
};

static inline enum ibc_status answer(void *context, struct ibc_secret *out, struct ibc_error *err) {
    struct asked *asked = context;
    asked->times++;
    if (!asked->answer) {
        *out = (struct ibc_secret){0};
        return ibc_fail(err, IBC_ERR_UNAVAILABLE, "nobody is there");
    }
    return ibc_secret_copy(out, ibc_view_of(asked->answer), err);
}

/* On tmpfs where there is one: these tests write many thousand times. */
static inline int fixture_set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    snprintf(fixture->directory, sizeof fixture->directory, "%s/test_vault.XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(fixture->directory));
    snprintf(fixture->path, sizeof fixture->path, "%s/test.vault", fixture->directory);
    ASSERT_STATUS(ibc_identities_generate(&fixture->identities, &error), IBC_OK);
    fixture->keyring = (struct ibc_keyring){.identities = fixture->identities};
    const struct ibc_slot_request slot = recipient_slot(fixture->identities);
    ASSERT_STATUS(ibc_vault_create(fixture->path, &slot, 1, 1000, &error), IBC_OK);
    *state = fixture;
    return 0;
}

static inline int fixture_tear_down(void **state) {
    struct fixture *fixture = *state;
    DIR *directory = opendir(fixture->directory);
    for (struct dirent *entry; directory && (entry = readdir(directory)) != NULL;) {
        unlinkat(dirfd(directory), entry->d_name, 0);
    }
    closedir(directory);
    assert_int_equal(rmdir(fixture->directory), 0);
    ibc_identities_free(&fixture->identities);
    free(fixture);
    return 0;
}

/* A profile with one active version, whose username is the profile's name. */
static inline struct ibc_profile *make_profile(const char *name, const char *password) {
    struct ibc_profile *profile = NULL;
    const struct ibc_field fields[] = {
        {.name = ibc_view_of(IBC_FIELD_USERNAME), .value = ibc_view_of(name)},
        {.name = ibc_view_of(IBC_FIELD_PASSWORD), .value = ibc_view_of(password)},
    };
    ASSERT_STATUS(ibc_profile_new(name, IBC_KIND_PAPER, "DU1234567", 1000, &profile, &error),
                  IBC_OK);
    ASSERT_STATUS(ibc_profile_add_version(profile, fields, 2, IBC_VERSION_ACTIVE, 1000, &error),
                  IBC_OK);
    return profile;
}

/* Put one profile into the vault, in an edit of its own. */
static inline void put_profile(const struct fixture *fixture, const char *name,
                               const char *password) {
    ibc_auto_profile *profile = make_profile(name, password);
    ibc_auto_vault_edit *edit = NULL;
    uint64_t generation = 0;
    ASSERT_STATUS(ibc_vault_edit_begin(fixture->path, &fixture->keyring, &edit, &error), IBC_OK);
    ASSERT_STATUS(ibc_vault_edit_put(edit, profile, &error), IBC_OK);
    ASSERT_STATUS(ibc_vault_edit_commit(edit, &generation, &error), IBC_OK);
}

static inline struct ibc_vault *open_vault(const struct fixture *fixture) {
    struct ibc_vault *vault = NULL;
    ASSERT_STATUS(ibc_vault_open(fixture->path, &fixture->keyring, &vault, &error), IBC_OK);
    return vault;
}

static inline bool has_password(const struct ibc_profile *profile, const char *password) {
    const struct ibc_version *active = ibc_profile_active(profile);
    const struct ibc_field *field = active ? ibc_version_field(active, IBC_FIELD_PASSWORD) : NULL;
    return field && ibc_view_is(field->value, password);
}

static inline void assert_password(const struct ibc_vault *vault, const char *name,
                                   const char *password) {
    ibc_auto_profile *profile = NULL;
    ASSERT_STATUS(ibc_vault_get(vault, name, &profile, &error), IBC_OK);
    assert_string_equal(profile->name, name);
    assert_true(has_password(profile, password));
}

/* The profiles of a vault that is to be damaged; each one's password is its name. */
static const char *const three[] = {"alpha", "beta", "gamma"};

static inline void put_three(const struct fixture *fixture) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(three); i++) {
        put_profile(fixture, three[i], three[i]);
    }
}

/* How many names are in a directory. */
static inline int count_files(const char *path) {
    DIR *directory = opendir(path);
    int count = 0;
    while (readdir(directory)) {
        count++;
    }
    closedir(directory);
    return count - 2;
}

static inline struct ibc_secret read_file(const char *path) {
    struct ibc_secret content;
    ibc_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    ASSERT_STATUS(ibc_file_read_all(fd, path, 1 << 20, &content, &error), IBC_OK);
    return content;
}

#define VAULT_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

#endif
