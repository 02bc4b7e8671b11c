/*
 * test_broker_login.c - what a log told of logins: written down once, held against the right
 * account, and a password that has logged in before is not burned by an automatic restart.
 */
#include "broker_world.h"

static bool attempt(struct world *world, int64_t seen_ns) {
    struct ibc_error err;
    bool again;
    assert_int_equal(ibc_broker_attempt(&world->broker, "paper", seen_ns, &again, &err), IBC_OK);
    return again;
}

static struct ibc_reported logged(struct world *world, enum ibc_outcome outcome, int64_t seen_ns) {
    return report_as(world, (struct ibc_report){.outcome = outcome, .seen_ns = seen_ns});
}

static struct ibc_reported automatic(struct world *world, enum ibc_outcome outcome,
                                     int64_t seen_ns) {
    return report_as(
        world, (struct ibc_report){.outcome = outcome, .seen_ns = seen_ns, .automatic = true});
}

/* The charge of the last release, under another number. */
static bool take_back(struct world *world, uint64_t sequence) {
    struct ibc_charge charge = world->released.charge;
    struct ibc_error err;
    bool done;
    charge.sequence = sequence;
    assert_int_equal(
        ibc_broker_take_back(&world->broker, "paper", &charge, "it never started", &done, &err),
        IBC_OK);
    return done;
}

/* --- once --- */

static void an_outcome_of_one_log_line_is_written_once(void **state) {
    struct world *world = *state;
    must_release(world);
    assert_false(logged(world, IBC_OUTCOME_SILENT_DROP, 200).again);
    assert_true(logged(world, IBC_OUTCOME_SILENT_DROP, 200).again);
    assert_ledger(world, "user1", "charge silent-drop");
    assert_int_equal(audited(world, "report", NULL, NULL), 1);
    reopen_vault(world);
    assert_true(logged(world, IBC_OUTCOME_SILENT_DROP, 200).again);

    assert_false(logged(world, IBC_OUTCOME_SILENT_DROP, 201).again);
    assert_true(logged(world, IBC_OUTCOME_SILENT_DROP, 200).again);
    assert_ledger(world, "user1", "charge silent-drop silent-drop");
    assert_int_equal(audited(world, "report", "silent-drop", "paper"), 2);
}

static void what_a_person_says_is_written_each_time(void **state) {
    struct world *world = *state;
    must_release(world);
    report(world, IBC_OUTCOME_SILENT_DROP);
    report(world, IBC_OUTCOME_SILENT_DROP);
    assert_ledger(world, "user1", "charge silent-drop silent-drop");
    assert_int_equal(audited(world, "report", "silent-drop", "paper"), 2);
}

static void a_login_of_one_log_line_is_written_once(void **state) {
    struct world *world = *state;
    must_release(world);
    assert_false(attempt(world, 100));
    assert_true(attempt(world, 100));
    assert_ledger(world, "user1", "charge attempt");
    assert_int_equal(audited(world, "login", "seen", "paper"), 1);

    assert_false(logged(world, IBC_OUTCOME_SILENT_DROP, 100).again); /* another event */
    assert_false(attempt(world, 300));
    assert_true(attempt(world, 100));
    assert_ledger(world, "user1", "charge attempt silent-drop attempt");
    assert_int_equal(audited(world, "login", "seen", "paper"), 2);
}

static void a_login_without_the_time_of_its_line_is_refused(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    bool again;
    assert_int_equal(ibc_broker_attempt(&world->broker, "paper", 0, &again, &err), IBC_ERR_USAGE);
    assert_int_equal(ibc_broker_attempt(&world->broker, "paper", -1, &again, &err), IBC_ERR_USAGE);
    assert_ledger(world, "user1", "");
}

/* --- what is charged --- */

static void the_login_of_a_release_costs_nothing_and_the_next_one_does(void **state) {
    struct world *world = *state;
    must_release(world);
    attempt(world, 100);
    assert_int_equal(verdict_of(world, "paper").attempts, 1);
    attempt(world, 200);
    assert_int_equal(verdict_of(world, "paper").attempts, 2);
}

static void a_login_that_nobody_released_closes_the_gate(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    must_release(world);
    attempt(world, 100);
    logged(world, IBC_OUTCOME_SUCCESS, 200);
    assert_int_equal(gate(world), IBC_GATE_ALLOW);
    attempt(world, 300);
    assert_int_equal(verdict_of(world, "paper").reason, IBC_REASON_IN_FLIGHT);
    assert_int_equal(release(world, IBC_MODE_PAPER, &err), IBC_ERR_WAIT);
    logged(world, IBC_OUTCOME_SUCCESS, 400);
    must_release(world);
}

/* --- an automatic restart --- */

static void a_rejection_at_an_automatic_restart_after_a_success_burns_nothing(void **state) {
    struct world *world = *state;
    must_release(world);
    logged(world, IBC_OUTCOME_SUCCESS, 100);
    attempt(world, 200);
    struct ibc_reported reported = automatic(world, IBC_OUTCOME_REJECTED, 300);
    assert_int_equal(reported.outcome, IBC_OUTCOME_FAILED);
    assert_false(reported.again);
    assert_ledger(world, "user1", "charge success attempt failed");
    assert_int_equal(audited(world, "report", "failed", "paper"), 1);
    assert_int_equal(audited(world, "report", "rejected", "paper"), 0);
    assert_int_equal(state_of(world, "paper", 1), IBC_VERSION_ACTIVE);
    struct ibc_gate_verdict verdict = verdict_of(world, "paper");
    assert_int_equal(verdict.decision, IBC_GATE_WAIT);
    assert_int_equal(verdict.reason, IBC_REASON_FAILED);
    assert_int_equal(verdict.failures, 1);

    reported = automatic(world, IBC_OUTCOME_REJECTED, 300);
    assert_true(reported.again);
    assert_int_equal(reported.outcome, IBC_OUTCOME_FAILED); /* as it was written down */
}

static void such_failures_hold_the_account_all_the_same(void **state) {
    struct world *world = *state;
    must_release(world);
    logged(world, IBC_OUTCOME_SUCCESS, 100);
    for (int64_t i = 0; i < world->policy.gate.max_failures; i++) {
        assert_int_equal(gate(world) == IBC_GATE_HOLD, false);
        assert_int_equal(automatic(world, IBC_OUTCOME_REJECTED, 200 + i).outcome,
                         IBC_OUTCOME_FAILED);
    }
    assert_int_equal(verdict_of(world, "paper").reason, IBC_REASON_FAILURES);
    assert_int_equal(state_of(world, "paper", 1), IBC_VERSION_ACTIVE);
}

static void assert_burned(struct world *world, size_t version) {
    assert_int_equal(state_of(world, "paper", version), IBC_VERSION_BURNED);
    assert_int_equal(verdict_of(world, "paper").reason, IBC_REASON_BURNED);
}

static void a_rejection_at_an_automatic_restart_without_any_success_burns(void **state) {
    struct world *world = *state;
    must_release(world);
    attempt(world, 100);
    logged(world, IBC_OUTCOME_SILENT_DROP, 150);
    assert_int_equal(automatic(world, IBC_OUTCOME_REJECTED, 200).outcome, IBC_OUTCOME_REJECTED);
    assert_ledger(world, "user1", "charge attempt silent-drop rejected");
    assert_burned(world, 1);
}

static void a_rejection_of_a_release_burns_although_it_has_logged_in_before(void **state) {
    struct world *world = *state;
    must_release(world);
    logged(world, IBC_OUTCOME_SUCCESS, 100);
    must_release(world);
    assert_int_equal(logged(world, IBC_OUTCOME_REJECTED, 200).outcome, IBC_OUTCOME_REJECTED);
    assert_burned(world, 1);
}

static void a_persons_rejection_always_burns(void **state) {
    struct world *world = *state;
    must_release(world);
    logged(world, IBC_OUTCOME_SUCCESS, 100);
    automatic(world, IBC_OUTCOME_REJECTED, 200);
    report(world, IBC_OUTCOME_REJECTED);
    assert_ledger(world, "user1", "charge success failed rejected");
    assert_burned(world, 1);
}

static void the_success_of_another_password_saves_none(void **state) {
    struct world *world = *state;
    must_release(world);
    logged(world, IBC_OUTCOME_SUCCESS, 100);
    seal_password(world, "second-pass2");
    must_release(world);
    assert_int_equal(automatic(world, IBC_OUTCOME_REJECTED, 200).outcome, IBC_OUTCOME_REJECTED);
    assert_burned(world, 2);
    assert_int_not_equal(state_of(world, "paper", 1), IBC_VERSION_BURNED);
}

static void only_rejections_become_failures(void **state) {
    struct world *world = *state;
    must_release(world);
    logged(world, IBC_OUTCOME_SUCCESS, 1);
    for (int outcome = IBC_OUTCOME_SUCCESS; outcome <= IBC_OUTCOME_UNKNOWN; outcome++) {
        enum ibc_outcome written = automatic(world, (enum ibc_outcome)outcome, outcome + 1).outcome;
        assert_int_equal(written, outcome == IBC_OUTCOME_REJECTED ? IBC_OUTCOME_FAILED : outcome);
    }
}

/* --- another username --- */

static void seal_user2(struct world *world) {
    seal(world, "paper", IBC_KIND_PAPER, "user2", "other-pass2", NULL);
}

/* The gateway that runs was started with the old ones. */
static void until_the_new_username_is_released_the_log_is_about_the_old_one(void **state) {
    struct world *world = *state;
    must_release(world);
    attempt(world, 100);
    logged(world, IBC_OUTCOME_SUCCESS, 200);
    seal_user2(world);
    assert_true(attempt(world, 100));
    assert_true(logged(world, IBC_OUTCOME_SUCCESS, 200).again);
    attempt(world, 300);
    assert_int_equal(automatic(world, IBC_OUTCOME_REJECTED, 400).outcome, IBC_OUTCOME_FAILED);
    assert_ledger(world, "user1", "charge attempt success attempt failed");
    assert_ledger(world, "user2", "");
    assert_int_equal(gate(world), IBC_GATE_ALLOW);

    must_release(world);
    assert_true(attempt(world, 300)); /* the old log, read once more */
    assert_true(logged(world, IBC_OUTCOME_SUCCESS, 200).again);
    attempt(world, 500);
    logged(world, IBC_OUTCOME_SUCCESS, 600);
    assert_ledger(world, "user1", "charge attempt success attempt failed");
    assert_ledger(world, "user2", "charge attempt success");
}

static void an_old_usernames_charge_that_nobody_reported_takes_no_later_login(void **state) {
    struct world *world = *state;
    must_release(world); /* and nothing is heard of it */
    seal_user2(world);
    must_release(world);
    logged(world, IBC_OUTCOME_SUCCESS, 100);
    attempt(world, 200);
    logged(world, IBC_OUTCOME_SUCCESS, 300);
    assert_ledger(world, "user1", "charge");
    assert_ledger(world, "user2", "charge success attempt success");
}

static void a_username_that_came_back_takes_no_login_of_the_one_that_runs(void **state) {
    struct world *world = *state;
    must_release(world);
    logged(world, IBC_OUTCOME_SUCCESS, 100);
    seal_user2(world);
    must_release(world);
    seal_password(world, "third-pass3"); /* of user1, whose gateway is gone */
    attempt(world, 200);
    assert_int_equal(automatic(world, IBC_OUTCOME_REJECTED, 300).outcome, IBC_OUTCOME_REJECTED);
    assert_ledger(world, "user1", "charge success");
    assert_ledger(world, "user2", "charge attempt rejected");
    assert_int_equal(state_of(world, "paper", 2), IBC_VERSION_BURNED);
    assert_int_equal(state_of(world, "paper", 3), IBC_VERSION_ACTIVE);
}

/* --- taking back --- */

static void a_charge_that_is_the_newest_entry_is_taken_back_once(void **state) {
    struct world *world = *state;
    must_release(world);
    uint64_t charge = world->released.charge.sequence;
    assert_int_equal(charge, 1);
    assert_int_equal(gate(world), IBC_GATE_WAIT);
    assert_false(take_back(world, charge + 1));
    assert_false(take_back(world, 0));
    assert_int_equal(gate(world), IBC_GATE_WAIT);
    assert_true(take_back(world, charge));
    assert_false(take_back(world, charge));
    assert_false(take_back(world, charge + 1)); /* the undelivered itself */
    assert_ledger(world, "user1", "charge undelivered");
    assert_int_equal(gate(world), IBC_GATE_ALLOW);
    assert_int_equal(verdict_of(world, "paper").attempts, 0);
    assert_int_equal(audited(world, "take-back", "done", "paper"), 1);

    must_release(world);
    assert_int_equal(world->released.charge.sequence, 3);
    assert_false(take_back(world, charge));
    assert_ledger(world, "user1", "charge undelivered charge");
}

static void a_charge_of_which_anything_was_heard_stays(void **state) {
    struct world *world = *state;
    assert_false(take_back(world, 1));
    must_release(world);
    attempt(world, 100);
    assert_false(take_back(world, 1));
    assert_false(take_back(world, 2)); /* an attempt is no charge */
    logged(world, IBC_OUTCOME_SILENT_DROP, 200);
    assert_false(take_back(world, 1));
    assert_ledger(world, "user1", "charge attempt silent-drop");
    assert_int_equal(audited(world, "take-back", NULL, NULL), 0);
}

static void a_charge_is_taken_back_from_the_username_that_it_was_for(void **state) {
    struct world *world = *state;
    must_release(world);
    seal_user2(world);
    assert_true(take_back(world, world->released.charge.sequence));
    assert_ledger(world, "user1", "charge undelivered");
    assert_ledger(world, "user2", "");
}

/* Both are the first of their ledgers. */
static void the_charge_of_another_username_is_not_taken_back_by_its_number(void **state) {
    struct world *world = *state;
    must_release(world);
    const struct ibc_charge first = world->released.charge;
    seal_user2(world);
    must_release(world);
    assert_int_equal(world->released.charge.sequence, first.sequence);
    world->released.charge = first;
    assert_false(take_back(world, first.sequence));
    assert_ledger(world, "user2", "charge");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BROKER_TEST(an_outcome_of_one_log_line_is_written_once),
        BROKER_TEST(what_a_person_says_is_written_each_time),
        BROKER_TEST(a_login_of_one_log_line_is_written_once),
        BROKER_TEST(a_login_without_the_time_of_its_line_is_refused),
        BROKER_TEST(the_login_of_a_release_costs_nothing_and_the_next_one_does),
        BROKER_TEST(a_login_that_nobody_released_closes_the_gate),
        BROKER_TEST(a_rejection_at_an_automatic_restart_after_a_success_burns_nothing),
        BROKER_TEST(such_failures_hold_the_account_all_the_same),
        BROKER_TEST(a_rejection_at_an_automatic_restart_without_any_success_burns),
        BROKER_TEST(a_rejection_of_a_release_burns_although_it_has_logged_in_before),
        BROKER_TEST(a_persons_rejection_always_burns),
        BROKER_TEST(the_success_of_another_password_saves_none),
        BROKER_TEST(only_rejections_become_failures),
        BROKER_TEST(until_the_new_username_is_released_the_log_is_about_the_old_one),
        BROKER_TEST(an_old_usernames_charge_that_nobody_reported_takes_no_later_login),
        BROKER_TEST(a_username_that_came_back_takes_no_login_of_the_one_that_runs),
        BROKER_TEST(a_charge_that_is_the_newest_entry_is_taken_back_once),
        BROKER_TEST(a_charge_of_which_anything_was_heard_stays),
        BROKER_TEST(a_charge_is_taken_back_from_the_username_that_it_was_for),
        BROKER_TEST(the_charge_of_another_username_is_not_taken_back_by_its_number),
    };
    return cmocka_run_group_tests_name("broker-login", tests, NULL, NULL);
}
