/*
 * test_broker_rotation.c - a staged version's first login decides about it, whatever is cut off
 * between the ledger and the vault.
 */
#include "broker_world.h"

#include "broker/canary.h"

/* What was let go last is that password. */
static void assert_released(const struct world *world, uint32_t version, const char *password) {
    char expected[64];
    snprintf(expected, sizeof expected, IBC_FIELD_PASSWORD "=%s ", password);
    assert_int_equal(world->handed_over, 1);
    assert_int_equal(world->released.version, version);
    assert_non_null(strstr(world->variables, expected));
}

/* As after a crash: the ledger has the outcome of the staged password, the vault does not know. */
static void put_into_ledger(struct world *world, const char *password, enum ibc_outcome outcome) {
    ibc_auto_ledger *ledger = ledger_of(world, "user1");
    struct ibc_ledger_entry entry = {.event = IBC_LEDGER_OUTCOME, .outcome = outcome};
    struct ibc_error err;
    ibc_vault_credential_id(world->vault, ibc_view_of("user1"), ibc_view_of(password),
                            entry.credential);
    assert_int_equal(ibc_clock_now(&entry.at, &err), IBC_OK);
    assert_int_equal(ibc_ledger_append(ledger, &entry, &err), IBC_OK);
}

/* A charge of that password, so much later than now. */
static void put_charge(struct world *world, const char *password, int64_t later_ms) {
    ibc_auto_ledger *ledger = ledger_of(world, "user1");
    struct ibc_ledger_entry entry = {.event = IBC_LEDGER_CHARGE};
    struct ibc_error err;
    ibc_vault_credential_id(world->vault, ibc_view_of("user1"), ibc_view_of(password),
                            entry.credential);
    assert_int_equal(ibc_clock_now(&entry.at, &err), IBC_OK);
    entry.at.wall_ms += later_ms;
    assert_int_equal(ibc_ledger_append(ledger, &entry, &err), IBC_OK);
}

static struct ibc_settled settle(struct world *world) {
    struct ibc_error err;
    struct ibc_settled settled;
    assert_int_equal(ibc_broker_settle(&world->broker, "paper", &settled, &err), IBC_OK);
    return settled;
}

/* --- releasing --- */

static void only_who_asks_for_it_gets_the_staged_version(void **state) {
    struct world *world = *state;
    assert_int_equal(release_as(world, IBC_CANARY_ONLY), IBC_ERR_NOT_FOUND);
    assert_int_equal(world->prepared, 0);
    stage(world, "second-pass2");

    assert_int_equal(release_as(world, IBC_CANARY_NEVER), IBC_OK);
    assert_released(world, 1, "first-pass1");
    assert_false(world->released.canary);
    report(world, IBC_OUTCOME_SUCCESS);
    assert_int_equal(state_of(world, "paper", 2), IBC_VERSION_STAGED);

    assert_int_equal(release_as(world, IBC_CANARY_ANY), IBC_OK);
    assert_released(world, 2, "second-pass2");
    assert_true(world->released.canary);
}

static void without_a_staged_version_any_means_the_active_one(void **state) {
    struct world *world = *state;
    assert_int_equal(release_as(world, IBC_CANARY_ANY), IBC_OK);
    assert_released(world, 1, "first-pass1");
    assert_false(world->released.canary);
}

static void where_none_is_active_a_staged_one_must_be_asked_for(void **state) {
    struct world *world = *state;
    must_release(world);
    report(world, IBC_OUTCOME_REJECTED);
    reopen_vault(world);
    stage(world, "second-pass2");
    world->policy.gate.rejected_wait = 0;
    assert_int_equal(release_as(world, IBC_CANARY_NEVER), IBC_ERR_REFUSED);
    assert_int_equal(release_as(world, IBC_CANARY_ONLY), IBC_OK);
    assert_released(world, 2, "second-pass2");
}

/* --- what comes of it --- */

static void a_first_login_promotes(void **state) {
    struct world *world = *state;
    stage(world, "second-pass2");
    assert_int_equal(release_as(world, IBC_CANARY_ONLY), IBC_OK);
    struct ibc_reported reported =
        report_as(world, (struct ibc_report){.outcome = IBC_OUTCOME_SUCCESS});
    assert_int_equal(reported.promoted, 2);
    assert_int_equal(reported.burned, 0);
    assert_int_equal(state_of(world, "paper", 1), IBC_VERSION_RETIRED);
    assert_int_equal(state_of(world, "paper", 2), IBC_VERSION_ACTIVE);
    assert_int_equal(audited(world, "rotate", "promoted", "paper"), 1);
    must_release(world);
    assert_released(world, 2, "second-pass2");
    assert_int_equal(report_as(world, (struct ibc_report){.outcome = IBC_OUTCOME_SUCCESS}).promoted,
                     0);
}

static void a_rejection_burns_it_and_the_active_one_stays(void **state) {
    struct world *world = *state;
    world->policy.gate.rejected_wait = 0;
    stage(world, "second-pass2");
    assert_int_equal(release_as(world, IBC_CANARY_ANY), IBC_OK);
    struct ibc_reported reported =
        report_as(world, (struct ibc_report){.outcome = IBC_OUTCOME_REJECTED});
    assert_int_equal(reported.burned, 2);
    assert_int_equal(reported.promoted, 0);
    assert_int_equal(state_of(world, "paper", 1), IBC_VERSION_ACTIVE);
    assert_int_equal(state_of(world, "paper", 2), IBC_VERSION_BURNED);
    assert_int_equal(audited(world, "rotate", "burned", "paper"), 1);
    assert_int_equal(verdict_of(world, "paper").failures, 1);
    assert_int_equal(release_as(world, IBC_CANARY_ANY), IBC_OK);
    assert_released(world, 1, "first-pass1");
}

/* What the gateway says is about what it was made with, whatever was released since. */
static void a_login_of_an_older_gateway_says_nothing_of_the_staged_version(void **state) {
    struct world *world = *state;
    struct ibc_instant now;
    struct ibc_error err;
    must_release(world);
    const struct ibc_charge first = world->released.charge;
    report(world, IBC_OUTCOME_SUCCESS);
    stage(world, "second-pass2");
    assert_int_equal(release_as(world, IBC_CANARY_ONLY), IBC_OK);
    assert_int_equal(ibc_clock_now(&now, &err), IBC_OK);

    struct ibc_report older = {.outcome = IBC_OUTCOME_SUCCESS, .automatic = true};
    older.origin.charge = first;
    assert_int_equal(report_as(world, older).promoted, 0);
    older.outcome = IBC_OUTCOME_REJECTED;
    assert_int_equal(report_as(world, older).burned, 0);
    assert_int_equal(state_of(world, "paper", 1), IBC_VERSION_ACTIVE);
    assert_int_equal(state_of(world, "paper", 2), IBC_VERSION_STAGED);
}

/* Of a gateway that is only watched it is known when it was made; its clock may be another. */
static void the_time_at_which_a_gateway_took_its_password_tells_which_one(void **state) {
    static const struct {
        int64_t later_ms; /* than the staged version's charge, the gateway was made */
        uint32_t promoted;
    } cases[] = {{-3600000, 0}, {-61000, 0}, {-59000, 2}, {0, 2}, {3600000, 2}};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        void *own = NULL;
        assert_int_equal(set_up(&own), 0);
        struct world *world = own;
        put_charge(world, "first-pass1", -7200000);
        stage(world, "second-pass2");
        put_charge(world, "second-pass2", 0);
        struct ibc_instant now;
        struct ibc_error err;
        assert_int_equal(ibc_clock_now(&now, &err), IBC_OK);
        struct ibc_report seen = {.outcome = IBC_OUTCOME_SUCCESS, .automatic = true};
        seen.origin.taken_ns = (now.wall_ms + cases[i].later_ms) * 1000000;
        assert_int_equal(report_as(world, seen).promoted, cases[i].promoted);
        tear_down(&own);
    }
    (void)state;
}

static void other_outcomes_leave_it_staged(void **state) {
    static const enum ibc_outcome outcomes[] = {
        IBC_OUTCOME_THROTTLED,        IBC_OUTCOME_SECOND_FACTOR_TIMEOUT,
        IBC_OUTCOME_SESSION_CONFLICT, IBC_OUTCOME_SILENT_DROP,
        IBC_OUTCOME_FAILED,           IBC_OUTCOME_UNKNOWN,
    };
    struct world *world = *state;
    stage(world, "second-pass2");
    for (size_t i = 0; i < IBC_ARRAY_SIZE(outcomes); i++) {
        bool warned;
        struct ibc_error err;
        assert_int_equal(release_as(world, IBC_CANARY_ANY), IBC_OK);
        assert_released(world, 2, "second-pass2");
        assert_int_equal(settle(world).staging, IBC_STAGING_TRIED);
        report(world, outcomes[i]);
        assert_int_equal(settle(world).staging, IBC_STAGING_WAITS);
        assert_int_equal(state_of(world, "paper", 2), IBC_VERSION_STAGED);
        assert_int_equal(ibc_broker_clear(&world->broker, "paper", &warned, &err), IBC_OK);
    }
}

static void a_wrong_account_proves_the_password_all_the_same(void **state) {
    struct world *world = *state;
    stage(world, "second-pass2");
    assert_int_equal(release_as(world, IBC_CANARY_ANY), IBC_OK);
    const struct ibc_attestation live = {.mode = IBC_MODE_PAPER, .kind = IBC_KIND_LIVE};
    struct ibc_attested attested;
    struct ibc_error err;
    assert_int_equal(ibc_broker_attest(&world->broker, "paper", &live, &attested, &err), IBC_OK);
    assert_true(attested.contradicts);
    assert_int_equal(state_of(world, "paper", 2), IBC_VERSION_ACTIVE);
    assert_int_equal(verdict_of(world, "paper").reason, IBC_REASON_CONTRADICTED);
}

static void a_login_that_was_never_made_with_it_promotes_nothing(void **state) {
    struct world *world = *state;
    must_release(world);
    report(world, IBC_OUTCOME_REJECTED);
    reopen_vault(world);
    stage(world, "second-pass2");
    report(world, IBC_OUTCOME_SUCCESS);
    assert_int_equal(state_of(world, "paper", 1), IBC_VERSION_BURNED);
    assert_int_equal(state_of(world, "paper", 2), IBC_VERSION_STAGED);
}

/* It had logged in once, before another replaced it: a supervisor's login with it is its first. */
static void a_password_of_before_is_burned_by_a_supervisors_login_too(void **state) {
    struct world *world = *state;
    world->policy.gate.rejected_wait = 0;
    must_release(world);
    report(world, IBC_OUTCOME_SUCCESS);
    seal_password(world, "second-pass2");
    usleep(2000); /* a wall clock of milliseconds */
    stage(world, "first-pass1");
    assert_int_equal(release_as(world, IBC_CANARY_ANY), IBC_OK);
    const struct ibc_report rejection = {
        .outcome = IBC_OUTCOME_REJECTED, .seen_ns = 100, .automatic = true};
    const struct ibc_reported reported = report_as(world, rejection);
    assert_int_equal(reported.outcome, IBC_OUTCOME_REJECTED);
    assert_int_equal(reported.burned, 3);
    assert_int_equal(state_of(world, "paper", 2), IBC_VERSION_ACTIVE);
}

/* --- cut off --- */

static void what_is_in_flight_is_so_behind_any_other_wait(void **state) {
    struct world *world = *state;
    world->policy.gate.max_attempts = 1;
    stage(world, "second-pass2");
    assert_int_equal(release_as(world, IBC_CANARY_ANY), IBC_OK);
    assert_int_equal(verdict_of(world, "paper").reason, IBC_REASON_ATTEMPTS);
    const struct ibc_settled settled = settle(world);
    assert_int_equal(settled.staging, IBC_STAGING_TRIED);
    assert_in_range(settled.retry_after, 1, world->policy.gate.attempt_timeout);
}

static void a_login_that_the_vault_does_not_know_of_counts(void **state) {
    struct world *world = *state;
    stage(world, "second-pass2");
    put_into_ledger(world, "second-pass2", IBC_OUTCOME_SUCCESS);
    assert_int_equal(release_as(world, IBC_CANARY_NEVER), IBC_OK);
    assert_released(world, 2, "second-pass2");
    assert_false(world->released.canary);
    report(world, IBC_OUTCOME_UNKNOWN);

    const struct ibc_settled settled = settle(world);
    assert_int_equal(settled.staging, IBC_STAGING_PROMOTED);
    assert_int_equal(settled.version, 2);
    assert_int_equal(state_of(world, "paper", 1), IBC_VERSION_RETIRED);
    assert_int_equal(state_of(world, "paper", 2), IBC_VERSION_ACTIVE);
    assert_int_equal(settle(world).staging, IBC_STAGING_NONE);
}

static void so_does_one_to_the_wrong_account(void **state) {
    struct world *world = *state;
    stage(world, "second-pass2");
    put_into_ledger(world, "second-pass2", IBC_OUTCOME_CONTRADICTED);
    assert_int_equal(settle(world).staging, IBC_STAGING_PROMOTED);
}

static void a_rejection_that_the_vault_does_not_know_of_counts(void **state) {
    struct world *world = *state;
    world->policy.gate.rejected_wait = 0;
    stage(world, "second-pass2");
    put_into_ledger(world, "second-pass2", IBC_OUTCOME_REJECTED);
    assert_int_equal(release_as(world, IBC_CANARY_ONLY), IBC_ERR_NOT_FOUND);
    assert_int_equal(release_as(world, IBC_CANARY_ANY), IBC_OK);
    assert_released(world, 1, "first-pass1");

    assert_int_equal(settle(world).staging, IBC_STAGING_BURNED);
    assert_int_equal(state_of(world, "paper", 1), IBC_VERSION_ACTIVE);
    assert_int_equal(state_of(world, "paper", 2), IBC_VERSION_BURNED);
}

static void what_happened_before_it_was_staged_says_nothing_of_it(void **state) {
    struct world *world = *state;
    put_into_ledger(world, "second-pass2", IBC_OUTCOME_SUCCESS);
    usleep(2000); /* a wall clock of milliseconds */
    stage(world, "second-pass2");
    assert_int_equal(settle(world).staging, IBC_STAGING_WAITS);
    assert_int_equal(release_as(world, IBC_CANARY_NEVER), IBC_OK);
    assert_released(world, 1, "first-pass1");
}

static void a_password_that_was_rejected_before_is_held_until_a_person_clears_it(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    bool burned, warned;
    const struct ibc_view username = ibc_view_of("user1"), password = ibc_view_of("second-pass2");
    world->policy.gate.rejected_wait = 0;
    put_into_ledger(world, "second-pass2", IBC_OUTCOME_REJECTED);
    usleep(2000);
    stage(world, "second-pass2");
    assert_int_equal(ibc_broker_is_burned(&world->broker, username, password, &burned, &err),
                     IBC_OK);
    assert_true(burned);
    assert_int_equal(release_as(world, IBC_CANARY_ANY), IBC_ERR_REFUSED);
    assert_int_equal(verdict_of(world, "paper").reason, IBC_REASON_BURNED);
    assert_int_equal(ibc_broker_clear(&world->broker, "paper", &warned, &err), IBC_OK);
    assert_int_equal(ibc_broker_is_burned(&world->broker, username, password, &burned, &err),
                     IBC_OK);
    assert_false(burned);
    assert_int_equal(release_as(world, IBC_CANARY_ANY), IBC_OK);
    assert_released(world, 2, "second-pass2");
}

static void a_login_of_the_active_version_says_nothing_of_the_staged_one(void **state) {
    struct world *world = *state;
    stage(world, "second-pass2");
    put_into_ledger(world, "first-pass1", IBC_OUTCOME_SUCCESS);
    assert_int_equal(settle(world).staging, IBC_STAGING_WAITS);
}

static void a_release_of_the_active_version_is_no_trial_of_the_staged_one(void **state) {
    struct world *world = *state;
    world->policy.gate.rejected_wait = 0;
    stage(world, "second-pass2");
    assert_int_equal(release_as(world, IBC_CANARY_ANY), IBC_OK);
    report(world, IBC_OUTCOME_SUCCESS);
    stage(world, "third-pass3");
    assert_int_equal(release_as(world, IBC_CANARY_ANY), IBC_OK);
    report(world, IBC_OUTCOME_FAILED);
    assert_int_equal(release_as(world, IBC_CANARY_NEVER), IBC_OK);
    assert_int_equal(settle(world).staging, IBC_STAGING_WAITS);
}

/* --- what is kept, and when it ends --- */

static void promoting_drops_what_the_policy_does_not_keep(void **state) {
    struct world *world = *state;
    world->policy.rotation_keep.versions = 1;
    world->policy.rotation_keep.age = 0;
    seal_password(world, "middle-pass1");
    stage(world, "last-pass3");
    assert_int_equal(release_as(world, IBC_CANARY_ANY), IBC_OK);
    report(world, IBC_OUTCOME_SUCCESS);
    assert_int_equal(state_of(world, "paper", 1), IBC_VERSION_RETIRED);
    assert_int_equal(state_of(world, "paper", 2), IBC_VERSION_ACTIVE);
    struct ibc_error err;
    ibc_auto_profile *profile = NULL;
    assert_int_equal(ibc_vault_get(world->vault, "paper", &profile, &err), IBC_OK);
    assert_int_equal(profile->version_count, 2);
    assert_int_equal(profile->versions[0].number, 2);
}

static int64_t expiry_of(struct world *world, size_t version) {
    struct ibc_error err;
    ibc_auto_profile *profile = NULL;
    reopen_vault(world);
    assert_int_equal(ibc_vault_get(world->vault, "paper", &profile, &err), IBC_OK);
    return profile->versions[version - 1].expires_ms;
}

static void the_end_of_a_password_is_written_to_the_one_that_logged_in(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    struct ibc_instant now;
    stage(world, "second-pass2");
    assert_int_equal(release_as(world, IBC_CANARY_NEVER), IBC_OK);
    assert_int_equal(ibc_clock_now(&now, &err), IBC_OK);
    assert_int_equal(ibc_broker_expiry(&world->broker, "paper", 10, &err), IBC_OK);
    const int64_t end = now.wall_ms + 10 * INT64_C(86400000);
    assert_in_range(expiry_of(world, 1), end, end + 60000);
    assert_int_equal(expiry_of(world, 2), 0);

    const uint64_t generation = ibc_vault_generation(world->vault);
    assert_int_equal(ibc_broker_expiry(&world->broker, "paper", 10, &err), IBC_OK);
    reopen_vault(world);
    assert_int_equal(ibc_vault_generation(world->vault), generation);
    assert_int_equal(ibc_broker_expiry(&world->broker, "paper", -1, &err), IBC_OK);
    assert_in_range(expiry_of(world, 1), now.wall_ms, now.wall_ms + 60000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BROKER_TEST(only_who_asks_for_it_gets_the_staged_version),
        BROKER_TEST(without_a_staged_version_any_means_the_active_one),
        BROKER_TEST(where_none_is_active_a_staged_one_must_be_asked_for),
        BROKER_TEST(a_first_login_promotes),
        BROKER_TEST(a_rejection_burns_it_and_the_active_one_stays),
        BROKER_TEST(a_login_of_an_older_gateway_says_nothing_of_the_staged_version),
        cmocka_unit_test(the_time_at_which_a_gateway_took_its_password_tells_which_one),
        BROKER_TEST(other_outcomes_leave_it_staged),
        BROKER_TEST(a_wrong_account_proves_the_password_all_the_same),
        BROKER_TEST(a_login_that_was_never_made_with_it_promotes_nothing),
        BROKER_TEST(a_password_of_before_is_burned_by_a_supervisors_login_too),
        BROKER_TEST(what_is_in_flight_is_so_behind_any_other_wait),
        BROKER_TEST(a_login_that_the_vault_does_not_know_of_counts),
        BROKER_TEST(so_does_one_to_the_wrong_account),
        BROKER_TEST(a_rejection_that_the_vault_does_not_know_of_counts),
        BROKER_TEST(what_happened_before_it_was_staged_says_nothing_of_it),
        BROKER_TEST(a_password_that_was_rejected_before_is_held_until_a_person_clears_it),
        BROKER_TEST(a_login_of_the_active_version_says_nothing_of_the_staged_one),
        BROKER_TEST(a_release_of_the_active_version_is_no_trial_of_the_staged_one),
        BROKER_TEST(promoting_drops_what_the_policy_does_not_keep),
        BROKER_TEST(the_end_of_a_password_is_written_to_the_one_that_logged_in),
    };
    return cmocka_run_group_tests_name("broker-rotation", tests, NULL, NULL);
}
