/*
 * test_broker_attest.c - whose accounts a login had: what agrees proves, and what contradicts holds
 * the account until a person clears it, with and without its ledger.
 */
#include "broker_world.h"

static const int64_t day_ms = 86400000;

static struct ibc_attested attest_as(struct world *world, const char *profile,
                                     struct ibc_attestation seen) {
    struct ibc_error err;
    struct ibc_attested attested;
    if (ibc_broker_attest(&world->broker, profile, &seen, &attested, &err) != IBC_OK) {
        fail_msg("%s", err.text);
    }
    assert_false(attested.warned);
    return attested;
}

/* The gateway of the paper profile, in paper mode, was seen to have such accounts. */
static struct ibc_attested attest(struct world *world, enum ibc_kind kind, int64_t seen_ns) {
    return attest_as(world, "paper",
                     (struct ibc_attestation){IBC_MODE_PAPER, kind, seen_ns, OF_LAST_CHARGE});
}

static void assert_held(struct world *world, const char *profile) {
    struct ibc_gate_verdict verdict = verdict_of(world, profile);
    assert_int_equal(verdict.decision, IBC_GATE_HOLD);
    assert_int_equal(verdict.reason, IBC_REASON_CONTRADICTED);
    assert_int_equal(verdict.wait_ms, 0);
}

static void clear(struct world *world, const char *profile) {
    struct ibc_error err;
    bool warned;
    assert_int_equal(ibc_broker_clear(&world->broker, profile, &warned, &err), IBC_OK);
    assert_false(warned);
    reopen_vault(world);
}

/* --- what the vault has --- */

/* Of a version, counted from 1, as the vault's file has it. */
static struct ibc_version version_of(struct world *world, const char *name, size_t number) {
    reopen_vault(world);
    struct ibc_error err;
    ibc_auto_profile *profile = NULL;
    assert_int_equal(ibc_vault_get(world->vault, name, &profile, &err), IBC_OK);
    assert_true(number <= profile->version_count);
    struct ibc_version version = profile->versions[number - 1];
    version.fields = NULL;
    return version;
}

static uint64_t generation_of(struct world *world) {
    reopen_vault(world);
    return ibc_vault_generation(world->vault);
}

/* As if the mark had been written so long ago. */
static void age_mark(struct world *world, int64_t by_ms) {
    struct ibc_error err;
    ibc_auto_vault_edit *edit = NULL;
    assert_int_equal(ibc_vault_edit_begin(world->vault_path, &world->keyring, &edit, &err), IBC_OK);
    ibc_auto_profile *profile = NULL;
    assert_int_equal(ibc_vault_get(ibc_vault_edit_vault(edit), "paper", &profile, &err), IBC_OK);
    profile->versions[0].proven_ms -= by_ms;
    assert_int_equal(ibc_vault_edit_put(edit, profile, &err), IBC_OK);
    uint64_t generation;
    assert_int_equal(ibc_vault_edit_commit(edit, &generation, &err), IBC_OK);
    ibc_vault_edit_free(&edit);
    reopen_vault(world);
}

static void lose_the_ledgers(const struct world *world) {
    DIR *directory = opendir(world->state_path);
    assert_non_null(directory);
    const struct dirent *entry;
    while ((entry = readdir(directory))) {
        if (strncmp(entry->d_name, "ledger-", 7) == 0) {
            assert_int_equal(unlinkat(world->state_fd, entry->d_name, 0), 0);
        }
    }
    closedir(directory);
}

/* --- agreement --- */

static void what_agrees_is_audited_and_proves_the_version_by_that_kind(void **state) {
    struct world *world = *state;
    must_release(world);
    report(world, IBC_OUTCOME_SUCCESS);
    assert_int_equal(version_of(world, "paper", 1).proven_kind, 0);
    struct ibc_attested attested = attest(world, IBC_KIND_PAPER, 5);
    assert_false(attested.contradicts);
    assert_false(attested.again);
    assert_ledger(world, "user1", "charge success");
    assert_int_equal(audited(world, "attest", "attested", "paper"), 1);
    assert_int_equal(audited(world, "attest", NULL, NULL), 1);
    assert_true(version_of(world, "paper", 1).proven_ms > 0);
    assert_int_equal(version_of(world, "paper", 1).proven_kind, IBC_KIND_PAPER);
    assert_int_equal(gate(world), IBC_GATE_ALLOW);
}

static void what_agrees_proves_the_version_that_was_charged_not_the_newest(void **state) {
    struct world *world = *state;
    must_release(world);
    seal_password(world, "second-pass2");
    attest(world, IBC_KIND_PAPER, 5);
    assert_int_equal(version_of(world, "paper", 1).proven_kind, IBC_KIND_PAPER);
    assert_int_equal(version_of(world, "paper", 2).proven_kind, 0);
}

static void a_live_user_in_paper_mode_sees_paper_accounts(void **state) {
    struct world *world = *state;
    seal(world, "live", IBC_KIND_LIVE, "user2", "live-pass2", NULL);
    assert_false(
        attest_as(world, "live",
                  (struct ibc_attestation){IBC_MODE_PAPER, IBC_KIND_PAPER, 5, OF_LAST_CHARGE})
            .contradicts);
    assert_false(
        attest_as(world, "live",
                  (struct ibc_attestation){IBC_MODE_LIVE, IBC_KIND_LIVE, 6, OF_LAST_CHARGE})
            .contradicts);
    assert_int_equal(version_of(world, "live", 1).proven_kind, IBC_KIND_LIVE);
    assert_int_equal(verdict_of(world, "live").decision, IBC_GATE_ALLOW);
}

static void the_vault_is_written_for_a_new_kind_or_a_day_old_mark_and_not_at_each_login(
    void **state) {
    struct world *world = *state;
    must_release(world);
    report(world, IBC_OUTCOME_SUCCESS);
    attest(world, IBC_KIND_PAPER, 5);
    const uint64_t generation = generation_of(world);
    report(world, IBC_OUTCOME_SUCCESS);
    attest(world, IBC_KIND_PAPER, 6);
    assert_int_equal(generation_of(world), generation);

    age_mark(world, day_ms - 60000);
    report(world, IBC_OUTCOME_SUCCESS);
    attest(world, IBC_KIND_PAPER, 7);
    assert_int_equal(generation_of(world), generation + 1);

    age_mark(world, 60000);
    const int64_t before = version_of(world, "paper", 1).proven_ms;
    report(world, IBC_OUTCOME_SUCCESS);
    assert_int_equal(generation_of(world), generation + 3);
    assert_true(version_of(world, "paper", 1).proven_ms >= before + day_ms);
    assert_int_equal(version_of(world, "paper", 1).proven_kind, IBC_KIND_PAPER);
    attest(world, IBC_KIND_PAPER, 8);
    assert_int_equal(generation_of(world), generation + 3);
}

/* --- contradiction --- */

static void a_live_account_under_paper_holds_the_account(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    must_release(world);
    report(world, IBC_OUTCOME_SUCCESS);
    assert_true(attest(world, IBC_KIND_LIVE, 5).contradicts);
    assert_ledger(world, "user1", "charge success contradicted");
    assert_int_equal(audited(world, "attest", "contradicted", "paper"), 1);
    assert_int_equal(version_of(world, "paper", 1).proven_kind, IBC_KIND_LIVE);
    assert_int_equal(version_of(world, "paper", 1).state, IBC_VERSION_ACTIVE);
    assert_held(world, "paper");
    assert_int_equal(release(world, IBC_MODE_PAPER, &err), IBC_ERR_REFUSED);
    assert_non_null(strstr(err.text, "another kind than was asked for"));
    assert_int_equal(world->prepared, 0);

    report(world, IBC_OUTCOME_SUCCESS);
    assert_held(world, "paper");
}

static void a_paper_account_under_live_holds_the_account(void **state) {
    struct world *world = *state;
    seal(world, "live", IBC_KIND_LIVE, "user2", "live-pass2", NULL);
    assert_true(
        attest_as(world, "live",
                  (struct ibc_attestation){IBC_MODE_LIVE, IBC_KIND_PAPER, 5, OF_LAST_CHARGE})
            .contradicts);
    assert_held(world, "live");
    assert_int_equal(version_of(world, "live", 1).proven_kind, IBC_KIND_PAPER);
    clear(world, "live");
    assert_int_equal(verdict_of(world, "live").decision, IBC_GATE_ALLOW);
    assert_int_equal(version_of(world, "live", 1).proven_kind, IBC_KIND_PAPER);
}

static void a_live_user_in_paper_mode_who_sees_a_live_account_is_held(void **state) {
    struct world *world = *state;
    seal(world, "live", IBC_KIND_LIVE, "user2", "live-pass2", NULL);
    assert_true(
        attest_as(world, "live",
                  (struct ibc_attestation){IBC_MODE_PAPER, IBC_KIND_LIVE, 5, OF_LAST_CHARGE})
            .contradicts);
    assert_held(world, "live");
}

static void a_live_account_of_a_paper_user_contradicts_in_live_mode_too(void **state) {
    struct world *world = *state;
    assert_true(attest_as(world, "paper",
                          (struct ibc_attestation){IBC_MODE_LIVE, IBC_KIND_LIVE, 5, OF_LAST_CHARGE})
                    .contradicts);
    assert_held(world, "paper");
}

static void a_contradiction_of_one_time_is_written_once(void **state) {
    struct world *world = *state;
    must_release(world);
    assert_false(attest(world, IBC_KIND_LIVE, 5).again);
    struct ibc_attested attested = attest(world, IBC_KIND_LIVE, 5);
    assert_true(attested.again);
    assert_true(attested.contradicts);
    assert_ledger(world, "user1", "charge contradicted");
    assert_int_equal(audited(world, "attest", NULL, NULL), 1);
    assert_false(attest(world, IBC_KIND_LIVE, 6).again);
    assert_ledger(world, "user1", "charge contradicted contradicted");
}

static void what_was_cleared_is_not_written_again_by_a_log_that_is_read_again(void **state) {
    struct world *world = *state;
    must_release(world);
    attest(world, IBC_KIND_LIVE, 5);
    reopen_vault(world);
    clear(world, "paper");
    assert_true(attest(world, IBC_KIND_LIVE, 5).again);
    assert_int_equal(version_of(world, "paper", 1).proven_kind, 0);
    assert_int_equal(gate(world), IBC_GATE_ALLOW);
}

static void a_success_of_the_same_time_hides_no_contradiction(void **state) {
    struct world *world = *state;
    must_release(world);
    report_as(world, (struct ibc_report){.outcome = IBC_OUTCOME_SUCCESS, .seen_ns = 5});
    assert_false(attest(world, IBC_KIND_LIVE, 5).again);
    assert_ledger(world, "user1", "charge success contradicted");
    assert_true(
        report_as(world, (struct ibc_report){.outcome = IBC_OUTCOME_SUCCESS, .seen_ns = 5}).again);
    assert_true(attest(world, IBC_KIND_LIVE, 5).again);
    assert_ledger(world, "user1", "charge success contradicted");
}

static void a_contradicted_login_has_logged_in_for_a_later_automatic_rejection(void **state) {
    struct world *world = *state;
    must_release(world);
    attest(world, IBC_KIND_LIVE, 5);
    struct ibc_reported reported =
        report_as(world, (struct ibc_report){IBC_OUTCOME_REJECTED, 0, 6, true, OF_LAST_CHARGE});
    assert_int_equal(reported.outcome, IBC_OUTCOME_FAILED);
}

static void a_persons_contradiction_holds_and_marks_nothing(void **state) {
    struct world *world = *state;
    must_release(world);
    report(world, IBC_OUTCOME_CONTRADICTED);
    assert_held(world, "paper");
    assert_int_equal(version_of(world, "paper", 1).proven_ms, 0);
    clear(world, "paper");
    assert_int_equal(gate(world), IBC_GATE_ALLOW);
}

static void what_can_prove_nothing_is_refused(void **state) {
    struct world *world = *state;
    static const struct ibc_attestation bad[] = {
        {IBC_MODE_BOTH, IBC_KIND_PAPER, 5, OF_LAST_CHARGE},
        {(enum ibc_mode)0, IBC_KIND_PAPER, 5, OF_LAST_CHARGE},
        {IBC_MODE_PAPER, (enum ibc_kind)0, 5, OF_LAST_CHARGE},
        {IBC_MODE_PAPER, (enum ibc_kind)3, 5, OF_LAST_CHARGE},
        {IBC_MODE_PAPER, IBC_KIND_PAPER, -1, OF_LAST_CHARGE},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(bad); i++) {
        struct ibc_error err;
        struct ibc_attested attested;
        assert_int_equal(ibc_broker_attest(&world->broker, "paper", &bad[i], &attested, &err),
                         IBC_ERR_USAGE);
    }
    assert_int_equal(lines_on_disk(world), 0);
    assert_int_equal(version_of(world, "paper", 1).proven_ms, 0);
}

/* --- without the ledger --- */

static void a_lost_ledger_releases_no_contradicted_username(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    must_release(world);
    attest(world, IBC_KIND_LIVE, 5);
    lose_the_ledgers(world);
    reopen_vault(world);
    assert_held(world, "paper");
    assert_int_equal(release(world, IBC_MODE_PAPER, &err), IBC_ERR_REFUSED);
    assert_non_null(strstr(err.text, "another kind than was asked for"));

    seal_password(world, "second-pass2");
    assert_held(world, "paper");
    seal(world, "paper", IBC_KIND_PAPER, "user2", "third-pass3", NULL);
    assert_int_equal(gate(world), IBC_GATE_ALLOW);
}

static void a_later_login_that_agrees_takes_no_contradiction_out_of_the_vault(void **state) {
    struct world *world = *state;
    must_release(world);
    report(world, IBC_OUTCOME_SUCCESS);
    attest(world, IBC_KIND_LIVE, 5);
    assert_false(attest(world, IBC_KIND_PAPER, 6).contradicts);
    assert_int_equal(version_of(world, "paper", 1).proven_kind, IBC_KIND_LIVE);
    lose_the_ledgers(world);
    assert_int_equal(gate(world), IBC_GATE_HOLD);
}

static void a_clear_wipes_the_mark_of_every_password_of_the_username(void **state) {
    struct world *world = *state;
    must_release(world);
    attest(world, IBC_KIND_LIVE, 5);
    reopen_vault(world);
    seal_password(world, "second-pass2");
    clear(world, "paper");
    assert_int_equal(version_of(world, "paper", 1).proven_ms, 0);
    assert_int_equal(version_of(world, "paper", 1).proven_kind, 0);
    assert_int_equal(gate(world), IBC_GATE_ALLOW);
    must_release(world);
}

static void a_clear_leaves_the_mark_of_what_agrees_alone(void **state) {
    struct world *world = *state;
    must_release(world);
    attest(world, IBC_KIND_PAPER, 5);
    const uint64_t generation = generation_of(world);
    clear(world, "paper");
    assert_int_equal(generation_of(world), generation);
    assert_int_equal(version_of(world, "paper", 1).proven_kind, IBC_KIND_PAPER);
}

static void a_clear_leaves_the_mark_of_another_username_alone(void **state) {
    struct world *world = *state;
    must_release(world);
    attest(world, IBC_KIND_LIVE, 5);
    seal(world, "paper", IBC_KIND_PAPER, "user2", "second-pass2", NULL);
    clear(world, "paper");
    assert_int_equal(version_of(world, "paper", 1).proven_kind, IBC_KIND_LIVE);
}

static void a_vault_that_cannot_be_marked_is_only_a_warning(void **state) {
    struct world *world = *state;
    must_release(world);
    char elsewhere[96];
    snprintf(elsewhere, sizeof elsewhere, "%s.away", world->vault_path);
    assert_int_equal(rename(world->vault_path, elsewhere), 0);
    struct ibc_error err;
    struct ibc_attested attested;
    const struct ibc_attestation seen = {IBC_MODE_PAPER, IBC_KIND_LIVE, 5, OF_LAST_CHARGE};
    assert_int_equal(ibc_broker_attest(&world->broker, "paper", &seen, &attested, &err), IBC_OK);
    assert_true(attested.warned);
    assert_true(attested.contradicts);
    assert_ledger(world, "user1", "charge contradicted");
    assert_int_equal(audited(world, "attest", "contradicted", "paper"), 1);
    assert_int_equal(rename(elsewhere, world->vault_path), 0);
    assert_held(world, "paper");
}

static void a_contradiction_of_either_stops_both(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    world->policy.allow_live = true;
    seal(world, "live", IBC_KIND_LIVE, "user2", "live-pass2", NULL);
    attest(world, IBC_KIND_LIVE, 5);
    lose_the_ledgers(world);
    reopen_vault(world);
    const struct ibc_request both = {
        .profile = "live", .paper_profile = "paper", .mode = IBC_MODE_BOTH};
    assert_int_equal(release_request(world, &both, &err), IBC_ERR_REFUSED);
    assert_non_null(strstr(err.text, "profile 'paper' is held"));
    assert_int_equal(world->prepared, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BROKER_TEST(what_agrees_is_audited_and_proves_the_version_by_that_kind),
        BROKER_TEST(what_agrees_proves_the_version_that_was_charged_not_the_newest),
        BROKER_TEST(a_live_user_in_paper_mode_sees_paper_accounts),
        BROKER_TEST(the_vault_is_written_for_a_new_kind_or_a_day_old_mark_and_not_at_each_login),
        BROKER_TEST(a_live_account_under_paper_holds_the_account),
        BROKER_TEST(a_paper_account_under_live_holds_the_account),
        BROKER_TEST(a_live_user_in_paper_mode_who_sees_a_live_account_is_held),
        BROKER_TEST(a_live_account_of_a_paper_user_contradicts_in_live_mode_too),
        BROKER_TEST(a_contradiction_of_one_time_is_written_once),
        BROKER_TEST(what_was_cleared_is_not_written_again_by_a_log_that_is_read_again),
        BROKER_TEST(a_success_of_the_same_time_hides_no_contradiction),
        BROKER_TEST(a_contradicted_login_has_logged_in_for_a_later_automatic_rejection),
        BROKER_TEST(a_persons_contradiction_holds_and_marks_nothing),
        BROKER_TEST(what_can_prove_nothing_is_refused),
        BROKER_TEST(a_lost_ledger_releases_no_contradicted_username),
        BROKER_TEST(a_later_login_that_agrees_takes_no_contradiction_out_of_the_vault),
        BROKER_TEST(a_clear_wipes_the_mark_of_every_password_of_the_username),
        BROKER_TEST(a_clear_leaves_the_mark_of_what_agrees_alone),
        BROKER_TEST(a_clear_leaves_the_mark_of_another_username_alone),
        BROKER_TEST(a_vault_that_cannot_be_marked_is_only_a_warning),
        BROKER_TEST(a_contradiction_of_either_stops_both),
    };
    return cmocka_run_group_tests_name("broker_attest", tests, NULL, NULL);
}
