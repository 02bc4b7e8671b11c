/* test_broker_hold.c - what is staged is dropped or released, and never both. */
#include "broker_world.h"

#include <ibcred/clock.h>
#include <sys/file.h>

/* Who changes the vault while our world looks at the one of before. */
struct writer {
    struct ibc_vault_edit *edit;
    struct ibc_broker broker;
    struct ibc_profile *profile; /* "paper" */
};

static void begin(const struct world *world, struct writer *writer) {
    struct ibc_error err;
    *writer = (struct writer){.broker = world->broker};
    assert_int_equal(ibc_vault_edit_begin(world->vault_path, &world->keyring, &writer->edit, &err),
                     IBC_OK);
    writer->broker.vault = ibc_vault_edit_vault(writer->edit);
    assert_int_equal(ibc_vault_get(writer->broker.vault, "paper", &writer->profile, &err), IBC_OK);
}

/* Write the profile down where it is wanted, and let go. */
static void end(struct writer *writer, bool commit) {
    struct ibc_error err;
    uint64_t generation;
    if (commit) {
        assert_int_equal(ibc_vault_edit_put(writer->edit, writer->profile, &err), IBC_OK);
        assert_int_equal(ibc_vault_edit_commit(writer->edit, &generation, &err), IBC_OK);
    }
    ibc_profile_free(&writer->profile);
    ibc_vault_edit_free(&writer->edit);
}

static void drop_staged(const struct world *world) {
    struct writer writer;
    begin(world, &writer);
    assert_true(ibc_profile_unstage(writer.profile, ibc_clock_wall_ms()));
    end(&writer, true);
}

static enum ibc_status hold(const struct ibc_broker *broker, const char *const *profiles,
                            size_t count, struct ibc_hold **out, struct ibc_error *err) {
    enum ibc_status status = ibc_broker_hold(broker, profiles, count, out, err);
    assert_int_equal(*out == NULL, status != IBC_OK);
    return status;
}

/* How many ledgers somebody has locked. */
static size_t locked_ledgers(const struct world *world) {
    size_t locked = 0;
    DIR *directory = opendir(world->state_path);
    const struct dirent *entry;
    while ((entry = readdir(directory))) {
        if (strncmp(entry->d_name, "ledger-", strlen("ledger-")) == 0) {
            ibc_auto_fd fd = openat(world->state_fd, entry->d_name, O_RDONLY);
            locked += flock(fd, LOCK_EX | LOCK_NB) != 0;
        }
    }
    closedir(directory);
    return locked;
}

/* --- releasing --- */

static void what_was_dropped_since_the_vault_was_opened_is_not_released(void **state) {
    struct world *world = *state;
    stage(world, "second-pass2");
    drop_staged(world);
    struct ibc_error err;
    const struct ibc_request request = {
        .profile = "paper", .mode = IBC_MODE_PAPER, .canary = IBC_CANARY_ANY};
    assert_int_equal(release_request(world, &request, &err), IBC_ERR_WAIT);
    assert_in_range(err.retry_after, 1, 1);
    assert_non_null(strstr(err.text, "version 2 was staged and is not any more"));
    assert_int_equal(world->prepared, 0);
    assert_ledger(world, "user1", "");
    reopen_vault(world);
    assert_int_equal(release_request(world, &request, &err), IBC_OK);
    assert_int_equal(world->released.version, 1);
}

static void nor_where_another_one_is_staged_since(void **state) {
    struct world *world = *state;
    stage(world, "second-pass2");
    struct writer writer;
    struct ibc_error err;
    begin(world, &writer);
    const struct ibc_field field = {ibc_view_of(IBC_FIELD_PASSWORD), ibc_view_of("third-pass3")};
    assert_int_equal(ibc_profile_add_version(writer.profile, &field, 1, IBC_VERSION_STAGED,
                                             ibc_clock_wall_ms(), &err),
                     IBC_OK);
    end(&writer, true);
    assert_int_equal(release_as(world, IBC_CANARY_ONLY), IBC_ERR_WAIT);
    assert_int_equal(world->prepared, 0);
}

static void any_other_change_of_the_vault_keeps_nobody(void **state) {
    struct world *world = *state;
    stage(world, "second-pass2");
    struct writer writer;
    begin(world, &writer);
    snprintf(writer.profile->account, sizeof writer.profile->account, "DU1234567");
    end(&writer, true);
    assert_int_equal(release_as(world, IBC_CANARY_ONLY), IBC_OK);
    assert_int_equal(world->released.version, 2);
    assert_true(world->released.canary);
}

static void a_release_of_the_active_version_does_not_look_again(void **state) {
    struct world *world = *state;
    stage(world, "second-pass2");
    assert_int_equal(unlink(world->vault_path), 0);
    assert_int_equal(release_as(world, IBC_CANARY_NEVER), IBC_OK);
    assert_int_equal(world->released.version, 1);
}

/* --- dropping --- */

static void accounts_that_are_held_are_locked_each_once(void **state) {
    struct world *world = *state;
    seal(world, "twin", IBC_KIND_PAPER, "user1", "first-pass1", NULL);
    seal(world, "other", IBC_KIND_PAPER, "user2", "first-pass1", NULL);
    static const char *const profiles[] = {"twin", "other", "paper"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(profiles); i++) {
        stage_in(world, profiles[i], "second-pass2");
    }
    struct ibc_error err;
    ibc_auto_hold *held = NULL;
    assert_int_equal(hold(&world->broker, profiles, 0, &held, &err), IBC_OK);
    assert_int_equal(locked_ledgers(world), 0);
    ibc_hold_free(&held);
    assert_int_equal(hold(&world->broker, profiles, 3, &held, &err), IBC_OK);
    assert_int_equal(locked_ledgers(world), 2);
    ibc_hold_free(&held);
    assert_int_equal(locked_ledgers(world), 0);
}

static void what_was_released_cannot_be_held(void **state) {
    struct world *world = *state;
    static const char *const profiles[] = {"other", "paper"};
    seal(world, "other", IBC_KIND_PAPER, "user2", "first-pass1", NULL);
    stage_in(world, "other", "second-pass2");
    stage(world, "second-pass2");
    assert_int_equal(release_as(world, IBC_CANARY_ONLY), IBC_OK);
    struct ibc_error err;
    ibc_auto_hold *held = NULL;
    assert_int_equal(hold(&world->broker, profiles, 2, &held, &err), IBC_ERR_WAIT);
    assert_in_range(err.retry_after, 1, world->policy.gate.attempt_timeout);
    assert_non_null(strstr(err.text, "profile 'paper': version 2"));
    assert_int_equal(locked_ledgers(world), 0);
    report(world, IBC_OUTCOME_THROTTLED);
    assert_int_equal(hold(&world->broker, profiles, 2, &held, &err), IBC_OK);
}

/* An older container that is still watched logs of its own login. */
static void another_passwords_outcome_says_nothing_of_what_was_released(void **state) {
    struct world *world = *state;
    const char *const names[] = {"paper"};
    struct ibc_error err;
    struct ibc_reported reported;
    struct ibc_settled settled;
    ibc_auto_hold *held = NULL;
    assert_int_equal(release_as(world, IBC_CANARY_NEVER), IBC_OK);
    const struct ibc_charge old = world->released.charge;
    const struct ibc_report success = {.outcome = IBC_OUTCOME_SUCCESS, .origin = {.charge = old}};
    assert_int_equal(ibc_broker_report(&world->broker, "paper", &success, &reported, &err), IBC_OK);
    reopen_vault(world);
    stage(world, "second-pass2");
    reopen_vault(world);
    assert_int_equal(release_as(world, IBC_CANARY_ONLY), IBC_OK);
    const struct ibc_report conflict = {.outcome = IBC_OUTCOME_SESSION_CONFLICT,
                                        .automatic = true,
                                        .seen_ns = 42,
                                        .origin = {.charge = old}};
    assert_int_equal(ibc_broker_report(&world->broker, "paper", &conflict, &reported, &err),
                     IBC_OK);
    reopen_vault(world);
    assert_int_equal(ibc_broker_settle(&world->broker, "paper", &settled, &err), IBC_OK);
    assert_int_equal(settled.staging, IBC_STAGING_TRIED);
    assert_int_equal(ibc_broker_hold(&world->broker, names, 1, &held, &err), IBC_ERR_WAIT);
    assert_null(held);
    assert_true(err.retry_after > 0);
}

static void what_was_decided_cannot_be_held(void **state) {
    struct world *world = *state;
    static const char *const profiles[] = {"paper"};
    stage(world, "second-pass2");
    assert_int_equal(release_as(world, IBC_CANARY_ONLY), IBC_OK);
    /* The vault that we look at is the one of before the report. */
    report(world, IBC_OUTCOME_SUCCESS);
    struct ibc_error err;
    ibc_auto_hold *held = NULL;
    assert_int_equal(hold(&world->broker, profiles, 1, &held, &err), IBC_ERR_WAIT);
    assert_int_equal(locked_ledgers(world), 0);
}

/* --- settling what is edited --- */

static struct ibc_settled settle_edited(const struct writer *writer) {
    struct ibc_error err;
    struct ibc_settled settled;
    assert_int_equal(ibc_broker_settle_edited(&writer->broker, writer->profile, &settled, &err),
                     IBC_OK);
    return settled;
}

static void an_edited_profile_is_brought_up_to_the_ledger_and_not_written(void **state) {
    struct world *world = *state;
    stage(world, "second-pass2");
    struct writer writer;
    begin(world, &writer);
    assert_int_equal(settle_edited(&writer).staging, IBC_STAGING_WAITS);
    end(&writer, false);
    assert_int_equal(release_as(world, IBC_CANARY_ONLY), IBC_OK);
    begin(world, &writer);
    assert_int_equal(settle_edited(&writer).staging, IBC_STAGING_TRIED);

    /* The report must wait for the vault, but the ledger has it. */
    ibc_auto_ledger *ledger = ledger_of(world, "user1");
    struct ibc_ledger_entry entry = {.event = IBC_LEDGER_OUTCOME, .outcome = IBC_OUTCOME_SUCCESS};
    struct ibc_error err;
    memcpy(entry.credential, world->released.charge.credential, sizeof entry.credential);
    assert_int_equal(ibc_clock_now(&entry.at, &err), IBC_OK);
    assert_int_equal(ibc_ledger_append(ledger, &entry, &err), IBC_OK);
    ibc_ledger_free(&ledger);
    const struct ibc_settled settled = settle_edited(&writer);
    assert_int_equal(settled.staging, IBC_STAGING_PROMOTED);
    assert_int_equal(settled.version, 2);
    assert_int_equal(ibc_profile_active(writer.profile)->number, 2);
    assert_null(ibc_profile_staged(writer.profile));
    assert_int_equal(settle_edited(&writer).staging, IBC_STAGING_NONE);
    end(&writer, false);
    assert_int_equal(state_of(world, "paper", 2), IBC_VERSION_STAGED);
    assert_int_equal(audited(world, "rotate", "promoted", "paper"), 0);
    assert_int_equal(ibc_broker_note_settled(&world->broker, "paper", &settled, &err), IBC_OK);
    assert_int_equal(audited(world, "rotate", "promoted", "paper"), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BROKER_TEST(what_was_dropped_since_the_vault_was_opened_is_not_released),
        BROKER_TEST(nor_where_another_one_is_staged_since),
        BROKER_TEST(any_other_change_of_the_vault_keeps_nobody),
        BROKER_TEST(a_release_of_the_active_version_does_not_look_again),
        BROKER_TEST(accounts_that_are_held_are_locked_each_once),
        BROKER_TEST(what_was_released_cannot_be_held),
        BROKER_TEST(another_passwords_outcome_says_nothing_of_what_was_released),
        BROKER_TEST(what_was_decided_cannot_be_held),
        BROKER_TEST(an_edited_profile_is_brought_up_to_the_ledger_and_not_written),
    };
    return cmocka_run_group_tests_name("broker-hold", tests, NULL, NULL);
}
