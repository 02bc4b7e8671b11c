/* test_broker_both.c - mode both: two accounts are asked and charged, or none. */
#include "broker_world.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { ROUNDS = 50, RELEASERS = 4 };

static const struct ibc_request both = {
    .profile = "live", .paper_profile = "paper", .mode = IBC_MODE_BOTH};

static int set_up_both(void **state) {
    int failed = set_up(state);
    if (failed == 0) {
        struct world *world = *state;
        seal(world, "live", IBC_KIND_LIVE, "user2", "live-pass2", NULL);
        world->policy.allow_live = true;
        signal(SIGXFSZ, SIG_IGN);
    }
    return failed;
}

static enum ibc_status release_both(struct world *world, struct ibc_error *err) {
    return release_request(world, &both, err);
}

static void report_of(struct world *world, const char *profile, enum ibc_outcome outcome) {
    struct ibc_error err;
    struct ibc_reported reported;
    assert_int_equal(ibc_broker_report(&world->broker, profile,
                                       &(struct ibc_report){.outcome = outcome}, &reported, &err),
                     IBC_OK);
}

static void assert_nothing_left(const struct world *world, const char *user1, const char *user2) {
    assert_int_equal(world->handed_over, 0);
    assert_ledger(world, "user1", user1);
    assert_ledger(world, "user2", user2);
}

struct ledger_name {
    char text[64];
};

static struct ledger_name ledger_name(const struct world *world, const char *username) {
    unsigned char id[IBC_ACCOUNT_ID_BYTES];
    ibc_vault_account_id(world->vault, ibc_view_of(username), id);
    char hex[2 * sizeof id + 1] = "";
    for (size_t i = 0; i < sizeof id; i++) {
        snprintf(hex + 2 * i, 3, "%02x", id[i]);
    }
    struct ledger_name name;
    snprintf(name.text, sizeof name.text, "ledger-%s.log", hex);
    return name;
}

static size_t size_of_ledger(const struct world *world, const char *username) {
    struct stat info;
    assert_int_equal(fstatat(world->state_fd, ledger_name(world, username).text, &info, 0), 0);
    return (size_t)info.st_size;
}

/* Release while no file may grow beyond `limit` bytes. */
static enum ibc_status release_within(struct world *world, size_t limit, struct ibc_error *err) {
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit tight = {.rlim_cur = limit, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    enum ibc_status status = release_both(world, err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    return status;
}

/* --- both leave --- */

static void both_are_charged_and_written_down_before_the_secrets_leave(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    assert_int_equal(release_both(world, &err), IBC_OK);
    assert_int_equal(world->prepared, 1);
    assert_int_equal(world->lines_at_prepare, 0);
    assert_int_equal(world->lines_at_hand_over, 4);
    assert_int_equal(world->handed_over, 1);
    assert_int_equal(world->abandoned, 0);
    assert_ledger(world, "user1", "charge");
    assert_ledger(world, "user2", "charge");
    assert_int_equal(audited(world, "release", "allowed", "live"), 1);
    assert_int_equal(audited(world, "release", "allowed", "paper"), 1);
    assert_int_equal(audited(world, NULL, NULL, NULL), 2);
    assert_int_equal(verdict_of(world, "live").reason, IBC_REASON_IN_FLIGHT);
    assert_int_equal(verdict_of(world, "paper").reason, IBC_REASON_IN_FLIGHT);
}

static void the_variables_of_the_paper_user_end_in_paper(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    assert_int_equal(release_both(world, &err), IBC_OK);
    assert_string_equal(world->variables,
                        "IB_USERNAME=user2 IB_PASSWORD=live-pass2 IB_USERNAME_PAPER=user1 "
                        "IB_PASSWORD_PAPER=first-pass1 TRADING_MODE=both IB_GATEWAY_PORT=4003 ");
    report_of(world, "live", IBC_OUTCOME_SUCCESS);
    report_of(world, "paper", IBC_OUTCOME_SUCCESS);
    struct ibc_request tws = both;
    tws.names = IBC_NAMES_TWS;
    assert_int_equal(release_request(world, &tws, &err), IBC_OK);
    assert_string_equal(world->variables,
                        "TWS_USERID=user2 TWS_PASSWORD=live-pass2 TWS_USERID_PAPER=user1 "
                        "TWS_PASSWORD_PAPER=first-pass1 TRADING_MODE=both IB_GATEWAY_PORT=4003 ");
}

static void a_further_field_of_both_is_the_live_ones(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    world->policy.all_fields = true;
    seal(world, "live", IBC_KIND_LIVE, "user2", "live-pass2", "SHARED");
    seal(world, "paper", IBC_KIND_PAPER, "user1", "first-pass1", "SHARED");
    assert_int_equal(release_both(world, &err), IBC_OK);
    assert_non_null(strstr(world->variables, " SHARED=live "));
    assert_null(strstr(world->variables, "SHARED=paper"));
    report_of(world, "live", IBC_OUTCOME_SUCCESS);
    report_of(world, "paper", IBC_OUTCOME_SUCCESS);
    seal(world, "paper", IBC_KIND_PAPER, "user1", "first-pass1", "ALONE");
    assert_int_equal(release_both(world, &err), IBC_OK);
    assert_non_null(strstr(world->variables, " SHARED=live "));
    assert_non_null(strstr(world->variables, " ALONE=paper "));
}

static void no_field_passes_for_a_credential_of_the_paper_user(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    world->policy.all_fields = true;
    static const char *const names[] = {"IB_USERNAME_PAPER", "IB_PASSWORD_PAPER",
                                        "TWS_USERID_PAPER",  "TWS_PASSWORD_PAPER",
                                        "TWS_PASSWORD_FILE", "TWS_PASSWORD_PAPER_FILE",
                                        "IBCRED_SECRET_DIR", "IBCRED_PASSWORD_PAPER_FILE"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(names); i++) {
        seal(world, "live", IBC_KIND_LIVE, "user2", "live-pass2", names[i]);
        assert_int_equal(release_both(world, &err), IBC_OK);
        assert_null(strstr(world->variables, "=live "));
        report_of(world, "live", IBC_OUTCOME_SUCCESS);
        report_of(world, "paper", IBC_OUTCOME_SUCCESS);
    }
}

static void each_charge_has_its_number_and_is_taken_back_by_it(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    report_of(world, "paper", IBC_OUTCOME_SUCCESS);
    report_of(world, "paper", IBC_OUTCOME_SUCCESS);
    assert_int_equal(release_both(world, &err), IBC_OK);
    const struct ibc_charge live = world->released.charge, paper = world->released.paper_charge;
    assert_int_equal(live.sequence, 1);
    assert_int_equal(paper.sequence, 3);
    bool done;
    assert_int_equal(ibc_broker_take_back(&world->broker, "paper", &live, "why", &done, &err),
                     IBC_OK);
    assert_false(done);
    assert_int_equal(ibc_broker_take_back(&world->broker, "paper", &paper, "why", &done, &err),
                     IBC_OK);
    assert_true(done);
    assert_int_equal(ibc_broker_take_back(&world->broker, "live", &live, "why", &done, &err),
                     IBC_OK);
    assert_true(done);
    assert_int_equal(verdict_of(world, "live").decision, IBC_GATE_ALLOW);
    assert_int_equal(verdict_of(world, "paper").decision, IBC_GATE_ALLOW);
}

/* --- refused --- */

static void assert_mismatch(struct world *world, const struct ibc_request *request,
                            const char *says) {
    struct ibc_error err;
    assert_int_equal(release_request(world, request, &err), IBC_ERR_MISMATCH);
    assert_non_null(strstr(err.text, says));
    assert_int_equal(world->prepared, 0);
    assert_nothing_left(world, "", "");
}

static void one_username_in_both_profiles_is_refused(void **state) {
    struct world *world = *state;
    seal(world, "live", IBC_KIND_LIVE, "user1", "live-pass2", NULL);
    assert_mismatch(world, &both, "same username");
    assert_mismatch(
        world,
        &(struct ibc_request){.profile = "paper", .paper_profile = "paper", .mode = IBC_MODE_BOTH},
        "same username");
}

static void profiles_the_wrong_way_round_are_refused(void **state) {
    struct world *world = *state;
    assert_mismatch(
        world,
        &(struct ibc_request){.profile = "paper", .paper_profile = "live", .mode = IBC_MODE_BOTH},
        "the other way round");
}

static void two_profiles_of_one_kind_or_for_one_mode_are_refused(void **state) {
    struct world *world = *state;
    seal(world, "other", IBC_KIND_PAPER, "user3", "other-pass3", NULL);
    assert_mismatch(
        world,
        &(struct ibc_request){.profile = "other", .paper_profile = "paper", .mode = IBC_MODE_BOTH},
        "mode both");
    seal(world, "other2", IBC_KIND_LIVE, "user4", "other-pass4", NULL);
    assert_mismatch(
        world,
        &(struct ibc_request){.profile = "live", .paper_profile = "other2", .mode = IBC_MODE_BOTH},
        "mode both");
    assert_mismatch(
        world,
        &(struct ibc_request){.profile = "live", .paper_profile = "paper", .mode = IBC_MODE_LIVE},
        "live mode");
    assert_mismatch(world, &(struct ibc_request){.profile = "live", .mode = IBC_MODE_BOTH},
                    "two profiles");
}

static void both_modes_must_be_allowed(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    for (int i = 0; i < 2; i++) {
        world->policy.allow_live = i == 0;
        world->policy.allow_paper = i == 1;
        assert_int_equal(release_both(world, &err), IBC_ERR_REFUSED);
        assert_int_equal(world->prepared, 0);
    }
    assert_nothing_left(world, "", "");
}

static void a_profile_that_is_not_there_charges_nobody(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    struct ibc_request request = both;
    request.paper_profile = "nobody";
    assert_int_equal(release_request(world, &request, &err), IBC_ERR_NOT_FOUND);
    assert_nothing_left(world, "", "");
}

static void a_burned_version_of_either_stops_both(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    report_of(world, "paper", IBC_OUTCOME_REJECTED);
    reopen_vault(world);
    assert_int_equal(release_both(world, &err), IBC_ERR_REFUSED);
    assert_non_null(strstr(err.text, "'paper'"));
    assert_nothing_left(world, "rejected", "");

    /* Also where only the vault remembers. */
    assert_int_equal(unlinkat(world->state_fd, ledger_name(world, "user1").text, 0), 0);
    assert_int_equal(release_both(world, &err), IBC_ERR_REFUSED);
    assert_non_null(strstr(err.text, "'paper': version 1 is burned"));
    assert_nothing_left(world, "", "");
}

/* --- the gate --- */

static void the_gate_of_either_stops_both_and_charges_none(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    report_of(world, "paper", IBC_OUTCOME_SILENT_DROP);
    assert_int_equal(release_both(world, &err), IBC_ERR_WAIT);
    assert_non_null(strstr(err.text, "'paper'"));
    assert_int_equal(world->prepared, 0);
    assert_nothing_left(world, "silent-drop", "");
    assert_int_equal(audited(world, "release", "wait", NULL), 2);

    report_of(world, "paper", IBC_OUTCOME_SUCCESS);
    report_of(world, "live", IBC_OUTCOME_SILENT_DROP);
    assert_int_equal(release_both(world, &err), IBC_ERR_WAIT);
    assert_non_null(strstr(err.text, "'live'"));
    assert_nothing_left(world, "silent-drop success", "silent-drop");
}

static void of_two_waits_the_longer_one_speaks(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    report_of(world, "paper", IBC_OUTCOME_SILENT_DROP);     /* 60 s */
    report_of(world, "live", IBC_OUTCOME_SESSION_CONFLICT); /* 5 min */
    assert_int_equal(release_both(world, &err), IBC_ERR_WAIT);
    assert_non_null(strstr(err.text, "'live'"));
    assert_in_range(err.retry_after, 200, 300);
    report_of(world, "live", IBC_OUTCOME_SUCCESS);
    report_of(world, "live", IBC_OUTCOME_SILENT_DROP);
    report_of(world, "paper", IBC_OUTCOME_SESSION_CONFLICT);
    assert_int_equal(release_both(world, &err), IBC_ERR_WAIT);
    assert_non_null(strstr(err.text, "'paper'"));
    assert_in_range(err.retry_after, 200, 300);
}

static void a_hold_of_either_speaks_before_a_wait(void **state) {
    struct world *world = *state;
    static const char *const profiles[] = {"live", "paper"};
    for (size_t held = 0; held < 2; held++) {
        struct ibc_error err;
        for (int64_t i = 0; i < world->policy.gate.max_failures; i++) {
            report_of(world, profiles[held], IBC_OUTCOME_FAILED);
        }
        report_of(world, profiles[1 - held], IBC_OUTCOME_SILENT_DROP);
        assert_int_equal(release_both(world, &err), IBC_ERR_REFUSED);
        assert_non_null(strstr(err.text, profiles[held]));
        assert_int_equal(world->prepared, 0);
        report_of(world, "live", IBC_OUTCOME_SUCCESS);
        report_of(world, "paper", IBC_OUTCOME_SUCCESS);
    }
}

static void a_check_of_both_answers_and_charges_nothing(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    struct ibc_finding findings[IBC_FINDINGS];
    uint32_t version;
    report_of(world, "paper", IBC_OUTCOME_SILENT_DROP);
    struct ibc_request request = both;
    request.format = IBC_FORMAT_COMPOSE;
    assert_int_equal(ibc_broker_check(&world->broker, &request, &version, findings, &err), IBC_OK);
    assert_int_equal(version, 1);
    for (size_t i = 0; i < IBC_FINDINGS; i++) {
        bool gate = strcmp(findings[i].name, "gate") == 0;
        assert_int_equal(findings[i].status, gate ? IBC_ERR_WAIT : IBC_OK);
    }
    assert_nothing_left(world, "silent-drop", "");
}

/* --- failures on the way --- */

static void a_hand_over_that_fails_takes_back_both(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    world->hand_over_with = IBC_ERR_CREATE;
    assert_int_equal(release_both(world, &err), IBC_ERR_CREATE);
    assert_int_equal(world->handed_over, 1);
    assert_int_equal(world->abandoned, 1);
    assert_int_equal(world->released.charge.sequence, 0);
    assert_ledger(world, "user1", "charge undelivered");
    assert_ledger(world, "user2", "charge undelivered");
    assert_int_equal(audited(world, "release", "failed", "live"), 1);
    assert_int_equal(audited(world, "release", "failed", "paper"), 1);
    assert_int_equal(verdict_of(world, "live").decision, IBC_GATE_ALLOW);
    assert_int_equal(verdict_of(world, "paper").decision, IBC_GATE_ALLOW);
}

static void a_delivery_that_cannot_be_prepared_charges_nobody(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    world->prepare_with = IBC_ERR_CREATE;
    assert_int_equal(release_both(world, &err), IBC_ERR_CREATE);
    assert_nothing_left(world, "", "");
}

/* The live account is charged first, the paper one second. */
static void a_second_charge_that_fails_takes_back_the_first(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    for (int i = 0; i < 5; i++) {
        report_of(world, "paper", IBC_OUTCOME_SUCCESS);
    }
    size_t lines = audited(world, NULL, NULL, NULL);
    assert_int_equal(release_within(world, size_of_ledger(world, "user1") + 20, &err), IBC_ERR_IO);
    assert_int_equal(world->abandoned, 1);
    assert_nothing_left(world, "success success success success success", "charge undelivered");
    assert_int_equal(audited(world, NULL, NULL, NULL), lines);
    assert_int_equal(release_both(world, &err), IBC_OK);
}

static void a_first_charge_that_fails_charges_nobody(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    for (int i = 0; i < 5; i++) {
        report_of(world, "live", IBC_OUTCOME_SUCCESS);
    }
    assert_int_equal(release_within(world, size_of_ledger(world, "user2") + 20, &err), IBC_ERR_IO);
    assert_int_equal(world->abandoned, 1);
    assert_nothing_left(world, "", "success success success success success");
    assert_int_equal(release_both(world, &err), IBC_OK);
}

/* Lines of the audit log are longer than those of the ledger. */
static void an_audit_log_that_cannot_grow_takes_back_both(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    report_of(world, "paper", IBC_OUTCOME_SUCCESS);
    report_of(world, "live", IBC_OUTCOME_SUCCESS);
    size_t limit = 4 * size_of_ledger(world, "user1");
    enum ibc_status status;
    int releases = 0;
    while ((status = release_within(world, limit, &err)) == IBC_OK) {
        report_of(world, "paper", IBC_OUTCOME_SUCCESS);
        report_of(world, "live", IBC_OUTCOME_SUCCESS);
        assert_true(++releases < 5);
    }
    assert_int_equal(status, IBC_ERR_IO);
    assert_int_equal(releases, 0);
    assert_nothing_left(world, "success charge undelivered", "success charge undelivered");
    assert_int_equal(verdict_of(world, "live").decision, IBC_GATE_ALLOW);
    assert_int_equal(verdict_of(world, "paper").decision, IBC_GATE_ALLOW);
}

static void a_ledger_that_cannot_be_opened_charges_nobody(void **state) {
    struct world *world = *state;
    struct ibc_error err;
    assert_int_equal(mkdirat(world->state_fd, ledger_name(world, "user1").text, 0700), 0);
    assert_int_equal(release_both(world, &err), IBC_ERR_IO);
    assert_int_equal(world->prepared, 0);
    assert_ledger(world, "user2", "");
}

/* --- many at once --- */

/* Release and take back, again and again. 0, or the status of what went wrong. */
static int release_for_ever(struct world *world, const struct ibc_request *request, int start_fd) {
    char gun;
    (void)!read(start_fd, &gun, 1);
    world->hand_over_with = IBC_ERR_CREATE;
    for (int i = 0; i < ROUNDS; i++) {
        struct ibc_error err;
        alarm(60); /* ends who waits for ever; no release is as slow as that */
        enum ibc_status status = release_request(world, request, &err);
        if (status != IBC_ERR_CREATE || world->handed_over != 1) {
            return status == IBC_OK ? 99 : (int)status;
        }
    }
    return 0;
}

static void count_charges(const struct world *world, const char *username) {
    ibc_auto_ledger *ledger = ledger_of(world, username);
    size_t count;
    const struct ibc_ledger_entry *entries = ibc_ledger_entries(ledger, &count);
    assert_int_equal(count, (size_t)RELEASERS * ROUNDS * 2);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(entries[i].event, i % 2 ? IBC_LEDGER_UNDELIVERED : IBC_LEDGER_CHARGE);
    }
}

/* live is user2 and paper user1; live2 is user1 and paper2 user2: whoever locks in the order of the
 * request waits for ever. */
static void two_who_name_the_accounts_the_other_way_round_never_wait_for_ever(void **state) {
    struct world *world = *state;
    seal(world, "live2", IBC_KIND_LIVE, "user1", "live-pass2", NULL);
    seal(world, "paper2", IBC_KIND_PAPER, "user2", "first-pass1", NULL);
    const struct ibc_request other = {
        .profile = "live2", .paper_profile = "paper2", .mode = IBC_MODE_BOTH};
    int gun[2];
    assert_int_equal(pipe(gun), 0);
    pid_t children[RELEASERS];
    for (int i = 0; i < RELEASERS; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            close(gun[1]);
            _exit(release_for_ever(world, i % 2 ? &other : &both, gun[0]));
        }
    }
    close(gun[0]);
    close(gun[1]);
    for (int i = 0; i < RELEASERS; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    count_charges(world, "user1");
    count_charges(world, "user2");
}

#define BOTH_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_both, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_TEST(both_are_charged_and_written_down_before_the_secrets_leave),
        BOTH_TEST(the_variables_of_the_paper_user_end_in_paper),
        BOTH_TEST(a_further_field_of_both_is_the_live_ones),
        BOTH_TEST(no_field_passes_for_a_credential_of_the_paper_user),
        BOTH_TEST(each_charge_has_its_number_and_is_taken_back_by_it),
        BOTH_TEST(one_username_in_both_profiles_is_refused),
        BOTH_TEST(profiles_the_wrong_way_round_are_refused),
        BOTH_TEST(two_profiles_of_one_kind_or_for_one_mode_are_refused),
        BOTH_TEST(both_modes_must_be_allowed),
        BOTH_TEST(a_profile_that_is_not_there_charges_nobody),
        BOTH_TEST(a_burned_version_of_either_stops_both),
        BOTH_TEST(the_gate_of_either_stops_both_and_charges_none),
        BOTH_TEST(of_two_waits_the_longer_one_speaks),
        BOTH_TEST(a_hold_of_either_speaks_before_a_wait),
        BOTH_TEST(a_check_of_both_answers_and_charges_nothing),
        BOTH_TEST(a_hand_over_that_fails_takes_back_both),
        BOTH_TEST(a_delivery_that_cannot_be_prepared_charges_nobody),
        BOTH_TEST(a_second_charge_that_fails_takes_back_the_first),
        BOTH_TEST(a_first_charge_that_fails_charges_nobody),
        BOTH_TEST(an_audit_log_that_cannot_grow_takes_back_both),
        BOTH_TEST(a_ledger_that_cannot_be_opened_charges_nobody),
        BOTH_TEST(two_who_name_the_accounts_the_other_way_round_never_wait_for_ever),
    };
    return cmocka_run_group_tests_name("broker-both", tests, NULL, NULL);
}
