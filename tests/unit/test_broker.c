/* test_broker.c - the charge is on disk before the secret leaves, and only then. */
#include "broker_world.h"

static json_int_t last_audited_version(const struct world *world) {
    struct audit_search search = {0};
    struct ibc_error err;
    assert_int_equal(ibc_audit_each(world->state_fd, ibc_vault_id(world->vault),
                                    ibc_vault_audit_key(world->vault), search_line, &search, &err),
                     IBC_OK);
    return search.last_version;
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
    assert_string_equal(world->variables, "IB_USERNAME=user1 IB_PASSWORD=first-pass1 "
                                          "TRADING_MODE=paper IB_GATEWAY_PORT=4004 ");
    assert_int_equal(world->released.version, 1);
    assert_int_equal(world->released.charge.sequence, 1);
    assert_int_equal(world->released.paper_charge.sequence, 0);
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
    assert_int_equal(state_of(world, "paper", 1), IBC_VERSION_BURNED);
    assert_int_equal(state_of(world, "paper", 2), IBC_VERSION_ACTIVE);
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
    assert_int_equal(state_of(world, "paper", 1), IBC_VERSION_BURNED);
    assert_int_equal(state_of(world, "paper", 2), IBC_VERSION_ACTIVE);
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

static void a_clear_that_comes_after_a_seal_leaves_the_burned_version_burned(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    must_release(world);
    report(world, IBC_OUTCOME_REJECTED);
    reopen_vault(world);
    struct ibc_vault *before = world->vault;
    world->vault = NULL;
    seal_password(world, "second-pass2");
    ibc_vault_free(&world->vault);
    world->broker.vault = world->vault = before;
    bool warned;
    assert_int_equal(ibc_broker_clear(&world->broker, "paper", &warned, &err), IBC_OK);
    assert_false(warned);
    assert_int_equal(state_of(world, "paper", 1), IBC_VERSION_BURNED);
    assert_int_equal(state_of(world, "paper", 2), IBC_VERSION_ACTIVE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BROKER_TEST(charge_and_audit_line_are_on_disk_before_the_secret_leaves),
        BROKER_TEST(a_delivery_that_cannot_be_prepared_costs_no_attempt),
        BROKER_TEST(a_charge_whose_secret_did_not_leave_is_taken_back),
        BROKER_TEST(without_an_audit_log_nothing_is_charged_or_leaves),
        BROKER_TEST(a_refused_mode_is_not_even_prepared),
        BROKER_TEST(a_rejection_burns_the_version_that_was_charged_not_the_newest),
        BROKER_TEST(a_rejection_is_not_about_a_charge_that_was_taken_back),
        BROKER_TEST(success_proves_the_version_once_and_opens_the_gate),
        BROKER_TEST(clear_makes_the_burned_version_active_again),
        BROKER_TEST(a_clear_that_comes_after_a_seal_leaves_the_burned_version_burned),
    };
    return cmocka_run_group_tests_name("broker", tests, NULL, NULL);
}
