/*
 * broker_world.h - a vault, a state directory, and a delivery that watches, for the broker's tests.
 */
#ifndef IBCRED_TESTS_BROKER_WORLD_H
#define IBCRED_TESTS_BROKER_WORLD_H

#include <ibcred/broker.h>
#include <ibcred/file.h>

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* What is said of a login is about the last charge. */
#define OF_LAST_CHARGE                                                                             \
    { {0}, 0 }

struct world {
    char directory[64];
    char vault_path[80];
    char state_path[80];
    int state_fd;
    struct ibc_identities *identities;
    struct ibc_keyring keyring;
    struct ibc_policy policy;
    struct ibc_vault *vault;
    struct ibc_broker broker;
    struct ibc_release released; /* by the last release() */

    enum ibc_status prepare_with, hand_over_with; /* what the delivery is to answer */
    int prepared, handed_over, abandoned;
    size_t lines_at_prepare, lines_at_hand_over; /* of ledger and audit log together */
    char variables[1024];                        /* "NAME=value " of each */
};

/* --- what is on disk --- */

/* Lines in all ledgers and audit logs of the state directory. */
static inline size_t lines_on_disk(const struct world *world) {
    size_t lines = 0;
    DIR *directory = opendir(world->state_path);
    assert_non_null(directory);
    const struct dirent *entry;
    while ((entry = readdir(directory))) {
        const char *dot = strrchr(entry->d_name, '.');
        struct stat info;
        if (!dot || (strcmp(dot, ".log") != 0 && strcmp(dot, ".jsonl") != 0) ||
            fstatat(world->state_fd, entry->d_name, &info, 0) != 0 || !S_ISREG(info.st_mode)) {
            continue;
        }
        ibc_auto_fd fd = openat(world->state_fd, entry->d_name, O_RDONLY);
        ibc_auto_secret text = {0};
        struct ibc_error err;
        assert_int_equal(ibc_file_read_all(fd, entry->d_name, 1 << 20, &text, &err), IBC_OK);
        for (size_t i = 0; i < text.size; i++) {
            lines += text.bytes[i] == '\n';
        }
    }
    closedir(directory);
    return lines;
}

static inline struct ibc_ledger *ledger_of(const struct world *world, const char *username) {
    unsigned char id[IBC_ACCOUNT_ID_BYTES];
    ibc_vault_account_id(world->vault, ibc_view_of(username), id);
    struct ibc_ledger *ledger;
    struct ibc_error err;
    assert_int_equal(
        ibc_ledger_open(world->state_fd, id, ibc_vault_ledger_key(world->vault), &ledger, &err),
        IBC_OK);
    return ledger;
}

/* The user's ledger is exactly this: events, outcomes by their names, with a space between. */
static inline void assert_ledger(const struct world *world, const char *username,
                                 const char *expected) {
    static const char *const events[] = {NULL, "charge", "undelivered", NULL, "clear", "attempt"};
    ibc_auto_ledger *ledger = ledger_of(world, username);
    size_t count;
    const struct ibc_ledger_entry *entries = ibc_ledger_entries(ledger, &count);
    char text[1024] = "";
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s", used > 0 ? " " : "",
                 entries[i].event == IBC_LEDGER_OUTCOME ? ibc_outcome_name(entries[i].outcome)
                                                        : events[entries[i].event]);
    }
    assert_string_equal(text, expected);
}

struct audit_search {
    const char *event, *verdict, *profile;
    size_t found;
    json_int_t last_version;
};

static inline enum ibc_status search_line(void *context, struct ibc_view line,
                                          struct ibc_error *err) {
    (void)err;
    struct audit_search *search = context;
    json_t *object = json_loadb((const char *)line.bytes, line.size, 0, NULL);
    assert_non_null(object);
    const char *event, *verdict, *profile;
    assert_int_equal(json_unpack(object, "{s:s, s:s, s:s}", "event", &event, "verdict", &verdict,
                                 "profile", &profile),
                     0);
    search->last_version = json_integer_value(json_object_get(object, "version"));
    search->found += (!search->event || strcmp(event, search->event) == 0) &&
                     (!search->verdict || strcmp(verdict, search->verdict) == 0) &&
                     (!search->profile || strcmp(profile, search->profile) == 0);
    json_decref(object);
    return IBC_OK;
}

/* How many lines of the audit log have these; NULL: any. */
static inline size_t audited(const struct world *world, const char *event, const char *verdict,
                             const char *profile) {
    struct audit_search search = {.event = event, .verdict = verdict, .profile = profile};
    struct ibc_error err;
    assert_int_equal(ibc_audit_each(world->state_fd, ibc_vault_id(world->vault),
                                    ibc_vault_audit_key(world->vault), search_line, &search, &err),
                     IBC_OK);
    return search.found;
}

/* --- the delivery --- */

static inline enum ibc_status watch_prepare(void *self, const struct ibc_field *variables,
                                            size_t count, struct ibc_error *err) {
    struct world *world = self;
    world->prepared++;
    world->lines_at_prepare = lines_on_disk(world);
    world->variables[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(world->variables);
        snprintf(world->variables + used, sizeof world->variables - used, "%.*s=%.*s ",
                 (int)variables[i].name.size, (const char *)variables[i].name.bytes,
                 (int)variables[i].value.size, (const char *)variables[i].value.bytes);
    }
    return world->prepare_with == IBC_OK ? IBC_OK : ibc_fail(err, world->prepare_with, "no");
}

static inline enum ibc_status watch_hand_over(void *self, struct ibc_error *err) {
    struct world *world = self;
    world->handed_over++;
    world->lines_at_hand_over = lines_on_disk(world);
    return world->hand_over_with == IBC_OK ? IBC_OK : ibc_fail(err, world->hand_over_with, "no");
}

static inline void watch_abandon(void *self) {
    struct world *world = self;
    world->abandoned++;
}

static inline enum ibc_status release_request(struct world *world,
                                              const struct ibc_request *request,
                                              struct ibc_error *err) {
    const struct ibc_delivery delivery = {
        .name = "watched",
        .self = world,
        .prepare = watch_prepare,
        .hand_over = watch_hand_over,
        .abandon = watch_abandon,
    };
    world->prepared = world->handed_over = world->abandoned = 0;
    return ibc_broker_release(&world->broker, request, &delivery, &world->released, err);
}

static inline enum ibc_status release_as(struct world *world, enum ibc_canary canary) {
    struct ibc_error err;
    const struct ibc_request request = {
        .profile = "paper", .mode = IBC_MODE_PAPER, .canary = canary};
    return release_request(world, &request, &err);
}

static inline enum ibc_status release(struct world *world, enum ibc_mode mode,
                                      struct ibc_error *err) {
    return release_request(world, &(struct ibc_request){.profile = "paper", .mode = mode}, err);
}

static inline void must_release(struct world *world) {
    struct ibc_error err;
    if (release(world, IBC_MODE_PAPER, &err) != IBC_OK) {
        fail_msg("%s", err.text);
    }
}

/* --- what is asked and told --- */

static inline struct ibc_gate_verdict verdict_of(struct world *world, const char *profile) {
    struct ibc_error err;
    struct ibc_gate_verdict verdict;
    assert_int_equal(ibc_broker_gate(&world->broker, profile, &verdict, &err), IBC_OK);
    return verdict;
}

static inline enum ibc_gate_decision gate(struct world *world) {
    return verdict_of(world, "paper").decision;
}

static inline struct ibc_reported report_as(struct world *world, struct ibc_report report) {
    struct ibc_error err;
    struct ibc_reported reported;
    assert_int_equal(ibc_broker_report(&world->broker, "paper", &report, &reported, &err), IBC_OK);
    assert_false(reported.warned);
    return reported;
}

/* As a person says it. */
static inline void report(struct world *world, enum ibc_outcome outcome) {
    struct ibc_reported reported = report_as(world, (struct ibc_report){.outcome = outcome});
    assert_int_equal(reported.outcome, outcome);
    assert_false(reported.again);
}

/* --- the vault --- */

static inline void reopen_vault(struct world *world) {
    struct ibc_error err;
    ibc_vault_free(&world->vault);
    assert_int_equal(ibc_vault_open(world->vault_path, &world->keyring, &world->vault, &err),
                     IBC_OK);
    world->broker.vault = world->vault;
}

/* A new version of the profile, which need not be there; `extra` is a field, or NULL. */
static inline void seal(struct world *world, const char *name, enum ibc_kind kind,
                        const char *username, const char *password, const char *extra) {
    struct ibc_error err;
    ibc_auto_vault_edit *edit = NULL;
    assert_int_equal(ibc_vault_edit_begin(world->vault_path, &world->keyring, &edit, &err), IBC_OK);
    ibc_auto_profile *profile = NULL;
    if (ibc_vault_get(ibc_vault_edit_vault(edit), name, &profile, &err) != IBC_OK) {
        assert_int_equal(ibc_profile_new(name, kind, NULL, 1, &profile, &err), IBC_OK);
    }
    const struct ibc_field fields[] = {
        {ibc_view_of(IBC_FIELD_USERNAME), ibc_view_of(username)},
        {ibc_view_of(IBC_FIELD_PASSWORD), ibc_view_of(password)},
        {ibc_view_of(extra ? extra : ""), ibc_view_of(name)},
    };
    assert_int_equal(
        ibc_profile_add_version(profile, fields, extra ? 3 : 2, IBC_VERSION_ACTIVE, 1, &err),
        IBC_OK);
    assert_int_equal(ibc_vault_edit_put(edit, profile, &err), IBC_OK);
    uint64_t generation;
    assert_int_equal(ibc_vault_edit_commit(edit, &generation, &err), IBC_OK);
    ibc_vault_edit_free(&edit);
    reopen_vault(world);
}

static inline void seal_password(struct world *world, const char *password) {
    seal(world, "paper", IBC_KIND_PAPER, "user1", password, NULL);
}

/* Stage a password of the profile, by the wall clock as it is now. */
static inline void stage_in(struct world *world, const char *name, const char *password) {
    struct ibc_error err;
    ibc_auto_vault_edit *edit = NULL;
    ibc_auto_profile *profile = NULL;
    const struct ibc_field field = {ibc_view_of(IBC_FIELD_PASSWORD), ibc_view_of(password)};
    uint64_t generation;
    assert_int_equal(ibc_vault_edit_begin(world->vault_path, &world->keyring, &edit, &err), IBC_OK);
    assert_int_equal(ibc_vault_get(ibc_vault_edit_vault(edit), name, &profile, &err), IBC_OK);
    assert_int_equal(
        ibc_profile_add_version(profile, &field, 1, IBC_VERSION_STAGED, ibc_clock_wall_ms(), &err),
        IBC_OK);
    assert_int_equal(ibc_vault_edit_put(edit, profile, &err), IBC_OK);
    assert_int_equal(ibc_vault_edit_commit(edit, &generation, &err), IBC_OK);
    ibc_vault_edit_free(&edit);
    reopen_vault(world);
}

static inline void stage(struct world *world, const char *password) {
    stage_in(world, "paper", password);
}

/* Of a version, counted from 1, as the vault's file has it. */
static inline enum ibc_version_state state_of(struct world *world, const char *name,
                                              size_t version) {
    reopen_vault(world);
    struct ibc_error err;
    ibc_auto_profile *profile = NULL;
    assert_int_equal(ibc_vault_get(world->vault, name, &profile, &err), IBC_OK);
    assert_true(version <= profile->version_count);
    return profile->versions[version - 1].state;
}

/* --- the world --- */

/* With one paper profile, "paper", of user1. */
static inline int set_up(void **state) {
    struct world *world = calloc(1, sizeof *world);
    struct ibc_error err;
    snprintf(world->directory, sizeof world->directory, "/tmp/ibcred-test-broker.XXXXXX");
    if (ibc_secret_init(&err) != IBC_OK || !mkdtemp(world->directory)) {
        return -1;
    }
    snprintf(world->vault_path, sizeof world->vault_path, "%s/vault", world->directory);
    snprintf(world->state_path, sizeof world->state_path, "%s/state", world->directory);
    assert_int_equal(ibc_directory_open_private(world->state_path, "state", &world->state_fd, &err),
                     IBC_OK);
    assert_int_equal(ibc_identities_generate(&world->identities, &err), IBC_OK);
    ibc_policy_default(&world->policy);
    world->keyring = (struct ibc_keyring){.identities = world->identities};
    const struct ibc_slot_request slot = {
        .type = IBC_SLOT_RECIPIENT, .recipient = ibc_identities_recipient(world->identities, 0)};
    assert_int_equal(ibc_vault_create(world->vault_path, &slot, 1, 1, &err), IBC_OK);
    world->broker = (struct ibc_broker){
        .keyring = &world->keyring, .policy = &world->policy, .state_fd = world->state_fd};
    seal_password(world, "first-pass1");
    *state = world;
    return 0;
}

static inline int tear_down(void **state) {
    struct world *world = *state;
    ibc_vault_free(&world->vault);
    ibc_identities_free(&world->identities);
    DIR *directory = opendir(world->state_path);
    const struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        if (unlinkat(world->state_fd, entry->d_name, 0) != 0) {
            (void)unlinkat(world->state_fd, entry->d_name, AT_REMOVEDIR);
        }
    }
    closedir(directory);
    ibc_close(&world->state_fd);
    (void)unlink(world->vault_path);
    int failed = rmdir(world->state_path) != 0 || rmdir(world->directory) != 0;
    free(world);
    return failed;
}

#define BROKER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
