/* test_broker.c - the charge is on disk before the secret leaves, and only then. */
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

/* A vault with one paper profile, a state directory, and a delivery that watches. */
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

    enum ibc_status prepare_with, hand_over_with; /* what the delivery is to answer */
    int prepared, handed_over, abandoned;
    size_t lines_at_prepare, lines_at_hand_over; /* of ledger and audit log together */
    char seen_password[64];
};

/* Lines in all ledgers and audit logs of the state directory. */
static size_t lines_on_disk(const struct world *world) {
    size_t lines = 0;
    DIR *directory = opendir(world->state_path);
    assert_non_null(directory);
    const struct dirent *entry;
    while ((entry = readdir(directory))) {
        const char *dot = strrchr(entry->d_name, '.');
        if (!dot || (strcmp(dot, ".log") != 0 && strcmp(dot, ".jsonl") != 0)) {
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

static enum ibc_status watch_prepare(void *self, const struct ibc_field *variables, size_t count,
                                     struct ibc_error *err) {
    struct world *world = self;
    world->prepared++;
    world->lines_at_prepare = lines_on_disk(world);
    for (size_t i = 0; i < count; i++) {
        if (ibc_view_is(variables[i].name, "IB_PASSWORD")) {
            snprintf(world->seen_password, sizeof world->seen_password, "%.*s",
                     (int)variables[i].value.size, (const char *)variables[i].value.bytes);
        }
    }
    return world->prepare_with == IBC_OK ? IBC_OK : ibc_fail(err, world->prepare_with, "no");
}

static enum ibc_status watch_hand_over(void *self, struct ibc_error *err) {
    struct world *world = self;
    world->handed_over++;
    world->lines_at_hand_over = lines_on_disk(world);
    return world->hand_over_with == IBC_OK ? IBC_OK : ibc_fail(err, world->hand_over_with, "no");
}

static void watch_abandon(void *self) {
    struct world *world = self;
    world->abandoned++;
}

static enum ibc_status release(struct world *world, enum ibc_mode mode, struct ibc_error *err) {
    const struct ibc_delivery delivery = {
        .name = "watched",
        .self = world,
        .prepare = watch_prepare,
        .hand_over = watch_hand_over,
        .abandon = watch_abandon,
    };
    const struct ibc_request request = {.profile = "paper", .mode = mode};
    struct ibc_release released;
    world->prepared = world->handed_over = world->abandoned = 0;
    return ibc_broker_release(&world->broker, &request, &delivery, &released, err);
}

static enum ibc_gate_decision gate(struct world *world) {
    struct ibc_error err;
    struct ibc_gate_verdict verdict;
    assert_int_equal(ibc_broker_gate(&world->broker, "paper", &verdict, &err), IBC_OK);
    return verdict.decision;
}

static void report(struct world *world, enum ibc_outcome outcome) {
    struct ibc_error err;
    bool warned;
    assert_int_equal(ibc_broker_report(&world->broker, "paper", outcome, 0, &warned, &err), IBC_OK);
    assert_false(warned);
}

static void reopen_vault(struct world *world) {
    struct ibc_error err;
    ibc_vault_free(&world->vault);
    assert_int_equal(ibc_vault_open(world->vault_path, &world->keyring, &world->vault, &err),
                     IBC_OK);
    world->broker.vault = world->vault;
}

static void seal_password(struct world *world, const char *password) {
    struct ibc_error err;
    ibc_auto_vault_edit *edit = NULL;
    assert_int_equal(ibc_vault_edit_begin(world->vault_path, &world->keyring, &edit, &err), IBC_OK);
    ibc_auto_profile *profile = NULL;
    if (ibc_vault_get(ibc_vault_edit_vault(edit), "paper", &profile, &err) != IBC_OK) {
        assert_int_equal(ibc_profile_new("paper", IBC_KIND_PAPER, NULL, 1, &profile, &err), IBC_OK);
    }
    const struct ibc_field fields[] = {
        {ibc_view_of(IBC_FIELD_USERNAME), ibc_view_of("user1")},
        {ibc_view_of(IBC_FIELD_PASSWORD), ibc_view_of(password)},
    };
    assert_int_equal(ibc_profile_add_version(profile, fields, 2, IBC_VERSION_ACTIVE, 1, &err),
                     IBC_OK);
    assert_int_equal(ibc_vault_edit_put(edit, profile, &err), IBC_OK);
    uint64_t generation;
    assert_int_equal(ibc_vault_edit_commit(edit, &generation, &err), IBC_OK);
    ibc_vault_edit_free(&edit);
    reopen_vault(world);
}

static enum ibc_status read_version(void *context, struct ibc_view line, struct ibc_error *err) {
    (void)err;
    json_t *object = json_loadb((const char *)line.bytes, line.size, 0, NULL);
    assert_non_null(object);
    *(json_int_t *)context = json_integer_value(json_object_get(object, "version"));
    json_decref(object);
    return IBC_OK;
}

static json_int_t last_audited_version(const struct world *world) {
    struct ibc_error err;
    json_int_t version = 0;
    assert_int_equal(ibc_audit_each(world->state_fd, ibc_vault_id(world->vault),
                                    ibc_vault_audit_key(world->vault), read_version, &version,
                                    &err),
                     IBC_OK);
    return version;
}

static int set_up(void **state) {
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

static int tear_down(void **state) {
    struct world *world = *state;
    ibc_vault_free(&world->vault);
    ibc_identities_free(&world->identities);
    ibc_close(&world->state_fd);
    DIR *directory = opendir(world->state_path);
    const struct dirent *entry;
    char path[512];
    while (directory && (entry = readdir(directory))) {
        snprintf(path, sizeof path, "%s/%s", world->state_path, entry->d_name);
        (void)unlink(path);
    }
    closedir(directory);
    (void)unlink(world->vault_path);
    int failed = rmdir(world->state_path) != 0 || rmdir(world->directory) != 0;
    free(world);
    return failed;
}

static void charge_and_audit_line_are_on_disk_before_the_secret_leaves(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    assert_int_equal(release(world, IBC_MODE_PAPER, &err), IBC_OK);
    assert_int_equal(world->prepared, 1);
    assert_int_equal(world->handed_over, 1);
    assert_int_equal(world->abandoned, 0);
    assert_int_equal(world->lines_at_prepare, 0);
    assert_int_equal(world->lines_at_hand_over, 2);
    assert_string_equal(world->seen_password, "first-pass1");
    assert_int_equal(gate(world), IBC_GATE_WAIT);
}

static void a_delivery_that_cannot_be_prepared_costs_no_attempt(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    world->prepare_with = IBC_ERR_CREATE;
    assert_int_equal(release(world, IBC_MODE_PAPER, &err), IBC_ERR_CREATE);
    assert_int_equal(world->handed_over, 0);
    assert_int_equal(gate(world), IBC_GATE_ALLOW);
}

static void a_charge_whose_secret_did_not_leave_is_taken_back(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    world->hand_over_with = IBC_ERR_CREATE;
    assert_int_equal(release(world, IBC_MODE_PAPER, &err), IBC_ERR_CREATE);
    assert_int_equal(world->handed_over, 1);
    assert_int_equal(world->abandoned, 1);
    assert_int_equal(gate(world), IBC_GATE_ALLOW);
}

static void without_an_audit_log_nothing_is_charged_or_leaves(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    assert_int_equal(release(world, IBC_MODE_PAPER, &err), IBC_OK);
    report(world, IBC_OUTCOME_SUCCESS);
    DIR *directory = opendir(world->state_path);
    const struct dirent *entry;
    while ((entry = readdir(directory))) {
        if (strstr(entry->d_name, ".jsonl")) {
            assert_int_equal(fchmodat(world->state_fd, entry->d_name, 0620, 0), 0);
        }
    }
    closedir(directory);
    assert_int_equal(release(world, IBC_MODE_PAPER, &err), IBC_ERR_REFUSED);
    assert_int_equal(world->handed_over, 0);
    assert_int_equal(world->abandoned, 1);
    assert_int_equal(gate(world), IBC_GATE_ALLOW);
}

static void a_refused_mode_is_not_even_prepared(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    world->policy.allow_live = true;
    assert_int_equal(release(world, IBC_MODE_LIVE, &err), IBC_ERR_MISMATCH);
    assert_int_equal(release(world, IBC_MODE_BOTH, &err), IBC_ERR_MISMATCH);
    assert_int_equal(world->prepared, 0);
    assert_int_equal(gate(world), IBC_GATE_ALLOW);
}

static void a_rejection_burns_the_version_that_was_charged_not_the_newest(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    assert_int_equal(release(world, IBC_MODE_PAPER, &err), IBC_OK);
    seal_password(world, "second-pass2");
    report(world, IBC_OUTCOME_REJECTED);
    assert_int_equal(last_audited_version(world), 1);
    reopen_vault(world);
    ibc_auto_profile *profile = NULL;
    assert_int_equal(ibc_vault_get(world->vault, "paper", &profile, &err), IBC_OK);
    assert_int_equal(profile->versions[0].state, IBC_VERSION_BURNED);
    assert_int_equal(profile->versions[1].state, IBC_VERSION_ACTIVE);
    assert_int_equal(gate(world), IBC_GATE_WAIT);

    seal_password(world, "first-pass1");
    assert_int_equal(gate(world), IBC_GATE_HOLD);
    assert_int_equal(release(world, IBC_MODE_PAPER, &err), IBC_ERR_REFUSED);
    assert_int_equal(world->prepared, 0);
}

static void a_rejection_is_not_about_a_charge_that_was_taken_back(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    assert_int_equal(release(world, IBC_MODE_PAPER, &err), IBC_OK);
    report(world, IBC_OUTCOME_SUCCESS);
    seal_password(world, "second-pass2");
    world->hand_over_with = IBC_ERR_CREATE;
    assert_int_equal(release(world, IBC_MODE_PAPER, &err), IBC_ERR_CREATE);
    report(world, IBC_OUTCOME_REJECTED);
    reopen_vault(world);
    ibc_auto_profile *profile = NULL;
    assert_int_equal(ibc_vault_get(world->vault, "paper", &profile, &err), IBC_OK);
    assert_int_equal(profile->versions[0].state, IBC_VERSION_BURNED);
    assert_int_equal(profile->versions[1].state, IBC_VERSION_ACTIVE);
}

static void success_proves_the_version_once_and_opens_the_gate(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    assert_int_equal(release(world, IBC_MODE_PAPER, &err), IBC_OK);
    report(world, IBC_OUTCOME_SUCCESS);
    reopen_vault(world);
    const uint64_t generation = ibc_vault_generation(world->vault);
    assert_int_equal(release(world, IBC_MODE_PAPER, &err), IBC_OK);
    report(world, IBC_OUTCOME_SUCCESS);
    reopen_vault(world);
    assert_int_equal(ibc_vault_generation(world->vault), generation);
    ibc_auto_profile *profile = NULL;
    assert_int_equal(ibc_vault_get(world->vault, "paper", &profile, &err), IBC_OK);
    assert_true(profile->versions[0].proven_ms > 0);
}

static void clear_makes_the_burned_version_active_again(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    assert_int_equal(release(world, IBC_MODE_PAPER, &err), IBC_OK);
    report(world, IBC_OUTCOME_REJECTED);
    reopen_vault(world);
    assert_int_equal(release(world, IBC_MODE_PAPER, &err), IBC_ERR_REFUSED);
    bool warned;
    assert_int_equal(ibc_broker_clear(&world->broker, "paper", &warned, &err), IBC_OK);
    reopen_vault(world);
    assert_int_equal(release(world, IBC_MODE_PAPER, &err), IBC_OK);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(charge_and_audit_line_are_on_disk_before_the_secret_leaves),
        test(a_delivery_that_cannot_be_prepared_costs_no_attempt),
        test(a_charge_whose_secret_did_not_leave_is_taken_back),
        test(without_an_audit_log_nothing_is_charged_or_leaves),
        test(a_refused_mode_is_not_even_prepared),
        test(a_rejection_burns_the_version_that_was_charged_not_the_newest),
        test(a_rejection_is_not_about_a_charge_that_was_taken_back),
        test(success_proves_the_version_once_and_opens_the_gate),
        test(clear_makes_the_burned_version_active_again),
    };
    return cmocka_run_group_tests_name("broker", tests, NULL, NULL);
}
