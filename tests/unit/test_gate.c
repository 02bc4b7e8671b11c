/* test_gate.c - the gate's decision, situation by situation, and its words. */
#include "gate/budget.h"
#include "gate_rules.h"
#include <ibcred/gate.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { HOUR = 3600, DAY = 86400, SCRIPT_MAX = 64 };

static const unsigned char mine[IBC_CREDENTIAL_ID_BYTES] = "mine";
static const unsigned char other[IBC_CREDENTIAL_ID_BYTES] = "other";

/* A ledger in the making. Seconds are those since boot. */
struct script {
    struct ibc_ledger_entry entries[SCRIPT_MAX];
    size_t count;
    const unsigned char *credential; /* of the next entries */
    unsigned char boot;
};

static struct script new_script(void) {
    return (struct script){.credential = mine, .boot = 1};
}

static struct ibc_instant instant(unsigned char boot, int64_t boot_ms) {
    return (struct ibc_instant){.boot_id = {boot}, .boot_ms = boot_ms, .wall_ms = 1763798400000};
}

static void add(struct script *script, enum ibc_ledger_event event, enum ibc_outcome outcome,
                int64_t wait, int64_t at) {
    assert_true(script->count < SCRIPT_MAX);
    struct ibc_ledger_entry *entry = &script->entries[script->count++];
    *entry = (struct ibc_ledger_entry){
        .sequence = script->count,
        .event = event,
        .outcome = outcome,
        .wait = wait,
        .at = instant(script->boot, at * 1000),
    };
    memcpy(entry->credential, script->credential, sizeof entry->credential);
}

static void charge(struct script *script, int64_t at) {
    add(script, IBC_LEDGER_CHARGE, 0, 0, at);
}

static void undelivered(struct script *script, int64_t at) {
    add(script, IBC_LEDGER_UNDELIVERED, 0, 0, at);
}

/* A login is seen in the log. */
static void attempt(struct script *script, int64_t at) {
    add(script, IBC_LEDGER_ATTEMPT, 0, 0, at);
    script->entries[script->count - 1].seen_ns = at + 1;
}

static void outcome(struct script *script, enum ibc_outcome value, int64_t at) {
    add(script, IBC_LEDGER_OUTCOME, value, 0, at);
}

static void throttled(struct script *script, int64_t wait, int64_t at) {
    add(script, IBC_LEDGER_OUTCOME, IBC_OUTCOME_THROTTLED, wait, at);
}

static void clear(struct script *script, int64_t at) {
    add(script, IBC_LEDGER_CLEAR, 0, 0, at);
}

static struct ibc_gate_verdict verdict_ms(const struct script *script,
                                          const unsigned char *credential, int64_t now_ms) {
    struct ibc_instant now = instant(script->boot, now_ms);
    return ibc_gate_decide(script->entries, script->count, &test_rules, credential, &now, 0);
}

static struct ibc_gate_verdict verdict(const struct script *script, int64_t now) {
    return verdict_ms(script, other, now * 1000);
}

static void assert_allowed(const struct script *script, int64_t now) {
    struct ibc_gate_verdict found = verdict(script, now);
    assert_string_equal(ibc_gate_reason_name(found.reason), "none");
    assert_int_equal(found.decision, IBC_GATE_ALLOW);
    assert_int_equal(found.wait_ms, 0);
}

static void assert_held(const struct script *script, const unsigned char *credential, int64_t now,
                        enum ibc_gate_reason reason) {
    struct ibc_gate_verdict found = verdict_ms(script, credential, now * 1000);
    assert_string_equal(ibc_gate_reason_name(found.reason), ibc_gate_reason_name(reason));
    assert_int_equal(found.decision, IBC_GATE_HOLD);
    assert_int_equal(found.wait_ms, 0);
}

/* From `now` to the millisecond before `until` the gate says wait for this reason. */
static void assert_waits(const struct script *script, int64_t now, int64_t until,
                         enum ibc_gate_reason reason) {
    const int64_t moments[] = {now * 1000, (now + until) * 500, until * 1000 - 1};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(moments); i++) {
        struct ibc_gate_verdict found = verdict_ms(script, other, moments[i]);
        assert_string_equal(ibc_gate_reason_name(found.reason), ibc_gate_reason_name(reason));
        assert_int_equal(found.decision, IBC_GATE_WAIT);
        assert_int_equal(found.wait_ms, until * 1000 - moments[i]);
    }
}

/* --- one attempt --- */

static void what_is_in_flight_is_told_whatever_the_reason(void **state) {
    (void)state;
    struct script script = new_script();
    const struct ibc_instant now = instant(1, 150000);
    assert_int_equal(verdict(&script, 100).in_flight_ms, 0);
    charge(&script, 100);
    assert_int_equal(verdict(&script, 150).in_flight_ms, 250000);
    const struct ibc_gate_verdict found = ibc_gate_decide(script.entries, script.count, &test_rules,
                                                          other, &now, (int64_t)HOUR * 1000);
    assert_int_equal(found.reason, IBC_REASON_MAINTENANCE);
    assert_int_equal(found.in_flight_ms, 250000);
    assert_int_equal(verdict(&script, 400).in_flight_ms, 0);
    outcome(&script, IBC_OUTCOME_FAILED, 401);
    assert_int_equal(verdict(&script, 401).in_flight_ms, 0);
}

static void an_empty_ledger_allows(void **state) {
    (void)state;
    struct script script = new_script();
    assert_allowed(&script, 0);
}

static void a_charge_stands_in_the_way_until_it_times_out_and_is_unknown(void **state) {
    (void)state;
    struct script script = new_script();
    charge(&script, 100);
    assert_waits(&script, 100, 400, IBC_REASON_IN_FLIGHT);
    assert_int_equal(verdict(&script, 100).attempts, 1);
    assert_waits(&script, 400, 463, IBC_REASON_UNKNOWN);
    assert_allowed(&script, 463);
    assert_int_equal(verdict(&script, 463).attempts, 1);
    assert_int_equal(verdict(&script, 463).failures, 0);
}

/* What each outcome does, however it comes. */
static const struct effect {
    enum ibc_outcome outcome;
    int64_t printed;
    enum ibc_gate_reason reason;
    int64_t wait;
    int64_t failures;
    int64_t attempts;
    int64_t attempts_without_charge;
    bool burns;
} effects[] = {
    {IBC_OUTCOME_SUCCESS, 0, IBC_REASON_NONE, 0, 0, 0, 0, false},
    {IBC_OUTCOME_REJECTED, 0, IBC_REASON_REJECTED, 61, 1, 1, 1, true},
    {IBC_OUTCOME_THROTTLED, 0, IBC_REASON_THROTTLED, 59 + 3, 0, 1, 1, false},
    {IBC_OUTCOME_THROTTLED, 10, IBC_REASON_THROTTLED, 59 + 3, 0, 1, 1, false},
    {IBC_OUTCOME_THROTTLED, 287, IBC_REASON_THROTTLED, 287 + 3, 0, 1, 1, false},
    {IBC_OUTCOME_THROTTLED, 5000, IBC_REASON_THROTTLED, 5000 + 3, 0, 1, 1, false},
    {IBC_OUTCOME_SECOND_FACTOR_TIMEOUT, 0, IBC_REASON_SECOND_FACTOR, 62, 1, 1, 1, false},
    {IBC_OUTCOME_SESSION_CONFLICT, 0, IBC_REASON_SESSION_CONFLICT, 305, 0, 0, 0, false},
    {IBC_OUTCOME_SILENT_DROP, 0, IBC_REASON_SILENT_DROP, 60, 0, 0, 0, false},
    {IBC_OUTCOME_FAILED, 0, IBC_REASON_FAILED, 61, 1, 1, 1, false},
    {IBC_OUTCOME_UNKNOWN, 0, IBC_REASON_UNKNOWN, 63, 0, 1, 0, false},
};

static void check_effect(const struct script *script, const struct effect *effect, int64_t at,
                         int64_t attempts) {
    if (effect->wait > 0) {
        assert_waits(script, at, at + effect->wait, effect->reason);
    }
    assert_allowed(script, at + effect->wait);
    struct ibc_gate_verdict found = verdict(script, at);
    assert_int_equal(found.failures, effect->failures);
    assert_int_equal(found.attempts, attempts);
    if (effect->burns) {
        assert_held(script, mine, at, IBC_REASON_BURNED);
        assert_held(script, mine, at + 90 * DAY, IBC_REASON_BURNED);
    } else {
        int64_t end = (at + effect->wait) * 1000;
        assert_int_equal(verdict_ms(script, mine, end).decision, IBC_GATE_ALLOW);
    }
}

static void each_outcome_of_a_charge_has_its_effect(void **state) {
    (void)state;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(effects); i++) {
        struct script script = new_script();
        charge(&script, 100);
        add(&script, IBC_LEDGER_OUTCOME, effects[i].outcome, effects[i].printed, 120);
        check_effect(&script, &effects[i], 120, effects[i].attempts);
    }
}

static void each_outcome_without_a_charge_has_its_effect(void **state) {
    (void)state;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(effects); i++) {
        struct script script = new_script();
        add(&script, IBC_LEDGER_OUTCOME, effects[i].outcome, effects[i].printed, 120);
        check_effect(&script, &effects[i], 120, effects[i].attempts_without_charge);
    }
}

static void each_outcome_of_a_login_that_was_seen_has_its_effect(void **state) {
    (void)state;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(effects); i++) {
        for (int charged = 0; charged < 2; charged++) {
            struct script script = new_script();
            if (charged) {
                charge(&script, 100);
            }
            attempt(&script, 110);
            add(&script, IBC_LEDGER_OUTCOME, effects[i].outcome, effects[i].printed, 120);
            check_effect(&script, &effects[i], 120, effects[i].attempts);
        }
    }
}

static void an_outcome_that_comes_after_the_time_out_replaces_it(void **state) {
    (void)state;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(effects); i++) {
        struct script script = new_script();
        charge(&script, 100);
        add(&script, IBC_LEDGER_OUTCOME, effects[i].outcome, effects[i].printed, 400 + HOUR);
        check_effect(&script, &effects[i], 400 + HOUR, effects[i].attempts);
    }
}

static void an_outcome_of_another_credential_burns_only_that(void **state) {
    (void)state;
    struct script script = new_script();
    charge(&script, 100);
    outcome(&script, IBC_OUTCOME_REJECTED, 110);
    assert_held(&script, mine, 200, IBC_REASON_BURNED);
    assert_allowed(&script, 200);
}

static void a_charge_before_the_last_one_timed_out_counts_that_as_unknown(void **state) {
    (void)state;
    struct script script = new_script();
    charge(&script, 100);
    charge(&script, 130);
    outcome(&script, IBC_OUTCOME_SESSION_CONFLICT, 131);
    assert_int_equal(verdict(&script, 131).attempts, 1);
    assert_waits(&script, 131, 400 + 63, IBC_REASON_UNKNOWN);
}

static void an_undelivered_charge_is_as_if_it_had_not_been(void **state) {
    (void)state;
    struct script script = new_script();
    charge(&script, 100);
    undelivered(&script, 101);
    assert_allowed(&script, 101);
    assert_int_equal(verdict(&script, 101).attempts, 0);

    outcome(&script, IBC_OUTCOME_SILENT_DROP, 200);
    charge(&script, 300);
    undelivered(&script, 301);
    outcome(&script, IBC_OUTCOME_SILENT_DROP, 302);
    assert_waits(&script, 302, 302 + 120, IBC_REASON_SILENT_DROP);
}

static void undelivered_cancels_only_the_charge_just_before_it(void **state) {
    (void)state;
    struct script script = new_script();
    charge(&script, 100);
    outcome(&script, IBC_OUTCOME_SECOND_FACTOR_TIMEOUT, 110);
    undelivered(&script, 111);
    assert_waits(&script, 111, 172, IBC_REASON_SECOND_FACTOR);
    assert_int_equal(verdict(&script, 111).attempts, 1);

    struct script alone = new_script();
    undelivered(&alone, 5);
    assert_allowed(&alone, 5);
}

static void an_earlier_charge_still_in_flight_survives_an_undelivered_one(void **state) {
    (void)state;
    struct script script = new_script();
    charge(&script, 100);
    charge(&script, 150);
    undelivered(&script, 151);
    assert_waits(&script, 151, 400, IBC_REASON_IN_FLIGHT);
}

/* --- logins that were seen --- */

static void the_first_login_seen_is_the_charges_and_has_its_time_from_there(void **state) {
    (void)state;
    struct script script = new_script();
    charge(&script, 100);
    attempt(&script, 130);
    assert_int_equal(verdict(&script, 130).attempts, 1);
    assert_waits(&script, 130, 430, IBC_REASON_IN_FLIGHT);
    assert_waits(&script, 430, 493, IBC_REASON_UNKNOWN);
    assert_int_equal(verdict(&script, 493).attempts, 1);
    assert_allowed(&script, 493);
}

static void a_login_seen_when_its_charge_had_timed_out_is_in_flight(void **state) {
    (void)state;
    struct script script = new_script();
    charge(&script, 100);
    assert_allowed(&script, 5000);
    attempt(&script, 5000);
    assert_int_equal(verdict(&script, 5000).attempts, 1);
    assert_waits(&script, 5000, 5300, IBC_REASON_IN_FLIGHT);
    assert_waits(&script, 5300, 5363, IBC_REASON_UNKNOWN);
    assert_int_equal(verdict(&script, 5363).attempts, 1);
}

static void a_second_login_without_a_release_is_charged(void **state) {
    (void)state;
    struct script script = new_script();
    charge(&script, 100);
    attempt(&script, 110);
    outcome(&script, IBC_OUTCOME_SECOND_FACTOR_TIMEOUT, 120);
    attempt(&script, 200);
    assert_int_equal(verdict(&script, 200).attempts, 2);
    assert_waits(&script, 200, 500, IBC_REASON_IN_FLIGHT);
    assert_waits(&script, 500, 563, IBC_REASON_UNKNOWN);
    assert_int_equal(verdict(&script, 563).attempts, 2);
    assert_allowed(&script, 563);
    assert_int_equal(verdict(&script, 120 + DAY).attempts, 1);
    assert_int_equal(verdict(&script, 500 + DAY - 1).attempts, 1);
    assert_int_equal(verdict(&script, 500 + DAY).attempts, 0);
}

static void a_second_login_while_the_first_is_in_flight_counts_that_as_unknown(void **state) {
    (void)state;
    struct script script = new_script();
    charge(&script, 100);
    attempt(&script, 110);
    attempt(&script, 150);
    assert_int_equal(verdict(&script, 150).attempts, 2);
    assert_int_equal(verdict(&script, 150).wait_ms, (410 + 63 - 150) * 1000);
    assert_waits(&script, 450, 450 + 63, IBC_REASON_UNKNOWN);
    outcome(&script, IBC_OUTCOME_SESSION_CONFLICT, 151);
    assert_int_equal(verdict(&script, 151).attempts, 1);
    assert_waits(&script, 151, 410 + 63, IBC_REASON_UNKNOWN);
}

static void a_login_seen_after_a_success_or_a_clear_is_charged(void **state) {
    (void)state;
    for (int cleared = 0; cleared < 2; cleared++) {
        struct script script = new_script();
        charge(&script, 100);
        attempt(&script, 101);
        if (cleared) {
            clear(&script, 102);
        } else {
            outcome(&script, IBC_OUTCOME_SUCCESS, 102);
        }
        assert_int_equal(verdict(&script, 103).attempts, 0);
        attempt(&script, HOUR);
        assert_int_equal(verdict(&script, HOUR).attempts, 1);
        assert_waits(&script, HOUR, HOUR + 300, IBC_REASON_IN_FLIGHT);
        assert_int_equal(verdict(&script, HOUR + 400).attempts, 1);
        outcome(&script, IBC_OUTCOME_SUCCESS, HOUR + 401);
        assert_allowed(&script, HOUR + 401);
        assert_int_equal(verdict(&script, HOUR + 401).attempts, 0);
    }
}

static void a_login_seen_after_an_undelivered_charge_is_charged(void **state) {
    (void)state;
    struct script script = new_script();
    charge(&script, 100);
    undelivered(&script, 101);
    attempt(&script, 102);
    assert_int_equal(verdict(&script, 102).attempts, 1);
    assert_waits(&script, 102, 402, IBC_REASON_IN_FLIGHT);
    undelivered(&script, 103); /* takes back charges only */
    assert_waits(&script, 103, 402, IBC_REASON_IN_FLIGHT);
}

static void a_charge_after_a_login_that_was_seen_has_one_of_its_own(void **state) {
    (void)state;
    struct script script = new_script();
    attempt(&script, 100);
    outcome(&script, IBC_OUTCOME_SILENT_DROP, 101);
    charge(&script, 200);
    attempt(&script, 210);
    assert_int_equal(verdict(&script, 210).attempts, 1);
    attempt(&script, 220);
    assert_int_equal(verdict(&script, 220).attempts, 2);
}

static void logins_of_the_container_alone_spend_the_budget(void **state) {
    (void)state;
    struct script script = new_script();
    for (int i = 0; i < 8; i++) {
        assert_int_equal(verdict(&script, 1000 + i * HOUR).decision, IBC_GATE_ALLOW);
        attempt(&script, 1000 + i * HOUR);
    }
    assert_int_equal(verdict(&script, 1000 + 7 * HOUR).attempts, 8);
    assert_waits(&script, 1300 + 7 * HOUR, 1300 + DAY, IBC_REASON_ATTEMPTS);
}

static void a_failed_login_counts_as_a_failure_and_burns_nothing(void **state) {
    (void)state;
    struct script script = new_script();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(verdict_ms(&script, mine, (1000 + i * HOUR) * 1000).decision,
                         IBC_GATE_ALLOW);
        attempt(&script, 1000 + i * HOUR);
        outcome(&script, IBC_OUTCOME_FAILED, 1010 + i * HOUR);
    }
    assert_held(&script, mine, 1010 + 2 * HOUR, IBC_REASON_FAILURES);
    assert_int_equal(verdict(&script, 1010 + 2 * HOUR).failures, 3);
    clear(&script, 1020 + 2 * HOUR);
    assert_allowed(&script, 1020 + 2 * HOUR);
}

/* --- a contradiction --- */

static void a_contradicted_login_holds_the_account_whatever_the_credential(void **state) {
    (void)state;
    for (int charged = 0; charged < 2; charged++) {
        struct script script = new_script();
        if (charged) {
            charge(&script, 100);
        }
        outcome(&script, IBC_OUTCOME_CONTRADICTED, 120);
        assert_held(&script, mine, 120, IBC_REASON_CONTRADICTED);
        assert_held(&script, other, 120, IBC_REASON_CONTRADICTED);
        assert_held(&script, other, 120 + 90 * DAY, IBC_REASON_CONTRADICTED);
        assert_int_equal(verdict(&script, 120).failures, 0);
        assert_int_equal(verdict(&script, 120).attempts, 0);
    }
}

static void only_a_person_ends_a_contradiction(void **state) {
    (void)state;
    struct script script = new_script();
    outcome(&script, IBC_OUTCOME_CONTRADICTED, 120);
    charge(&script, 200);
    outcome(&script, IBC_OUTCOME_SUCCESS, 210);
    assert_held(&script, mine, 300, IBC_REASON_CONTRADICTED);
    script.credential = other;
    clear(&script, 301);
    assert_allowed(&script, 301);
    assert_int_equal(verdict_ms(&script, mine, 301000).decision, IBC_GATE_ALLOW);
    outcome(&script, IBC_OUTCOME_CONTRADICTED, 302);
    assert_held(&script, mine, 302, IBC_REASON_CONTRADICTED);
}

static void a_contradicted_login_ends_waits_and_budgets_as_it_did_log_in(void **state) {
    (void)state;
    struct script script = new_script();
    for (int i = 0; i < 4; i++) {
        outcome(&script, IBC_OUTCOME_FAILED, 100 + i);
    }
    throttled(&script, 4000, 110);
    outcome(&script, IBC_OUTCOME_CONTRADICTED, 120);
    struct ibc_gate_verdict found = verdict(&script, 120);
    assert_int_equal(found.failures, 0);
    assert_int_equal(found.attempts, 0);
    assert_int_equal(found.budget_ms, 0);
}

static void a_contradiction_is_named_before_every_other_hold(void **state) {
    (void)state;
    struct script script = new_script();
    outcome(&script, IBC_OUTCOME_CONTRADICTED, 90);
    for (int i = 0; i < 3; i++) {
        outcome(&script, IBC_OUTCOME_REJECTED, 100 + i);
    }
    assert_held(&script, mine, 200, IBC_REASON_CONTRADICTED);
    assert_held(&script, other, 200, IBC_REASON_CONTRADICTED);
}

/* --- success and clear --- */

static void make_a_mess(struct script *script) {
    for (int i = 0; i < 4; i++) {
        charge(script, 100 + i * 1000);
        outcome(script, IBC_OUTCOME_SECOND_FACTOR_TIMEOUT, 110 + i * 1000);
    }
    throttled(script, 4000, 5000);
    outcome(script, IBC_OUTCOME_REJECTED, 5001);
    charge(script, 5002);
}

static void a_success_clears_everything_but_a_burned_credential(void **state) {
    (void)state;
    struct script script = new_script();
    make_a_mess(&script);
    assert_held(&script, other, 5003, IBC_REASON_FAILURES);
    outcome(&script, IBC_OUTCOME_SUCCESS, 5003);
    assert_allowed(&script, 5003);
    assert_int_equal(verdict(&script, 5003).failures, 0);
    assert_int_equal(verdict(&script, 5003).attempts, 0);
    assert_held(&script, mine, 5003, IBC_REASON_BURNED);
}

static void a_clear_wipes_the_slate_and_the_burn_of_its_credential(void **state) {
    (void)state;
    struct script script = new_script();
    make_a_mess(&script);
    clear(&script, 5003);
    assert_allowed(&script, 5003);
    assert_int_equal(verdict_ms(&script, mine, 5003000).decision, IBC_GATE_ALLOW);
    assert_int_equal(verdict(&script, 5003).failures, 0);
    assert_int_equal(verdict(&script, 5003).attempts, 0);
}

static void a_clear_for_another_credential_leaves_the_burn(void **state) {
    (void)state;
    struct script script = new_script();
    make_a_mess(&script);
    script.credential = other;
    clear(&script, 5003);
    assert_allowed(&script, 5003);
    assert_held(&script, mine, 5003, IBC_REASON_BURNED);
}

static void a_cleared_credential_burns_again(void **state) {
    (void)state;
    struct script script = new_script();
    outcome(&script, IBC_OUTCOME_REJECTED, 100);
    clear(&script, 101);
    outcome(&script, IBC_OUTCOME_REJECTED, 102);
    assert_held(&script, mine, 500, IBC_REASON_BURNED);
}

/* --- repetition --- */

static void throttling_doubles_to_its_cap_while_it_repeats(void **state) {
    (void)state;
    const int64_t waits[] = {59, 118, 236, 300, 300, 300};
    struct script script = new_script();
    int64_t at = 100;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(waits); i++) {
        charge(&script, at);
        throttled(&script, 0, at + 1);
        assert_waits(&script, at + 1, at + 1 + waits[i] + 3, IBC_REASON_THROTTLED);
        at += 1 + waits[i] + 3;
        assert_allowed(&script, at);
    }
}

static void a_printed_wait_is_waited_out_although_the_cap_is_lower(void **state) {
    (void)state;
    struct script script = new_script();
    throttled(&script, 0, 100);
    throttled(&script, 7200, 200);
    throttled(&script, 5, 300);
    assert_waits(&script, 300, 200 + 7200 + 3, IBC_REASON_THROTTLED);
    assert_allowed(&script, 200 + 7200 + 3);
}

static void another_outcome_ends_a_row_of_throttling(void **state) {
    (void)state;
    struct script script = new_script();
    throttled(&script, 0, 100);
    throttled(&script, 0, 200);
    outcome(&script, IBC_OUTCOME_SILENT_DROP, 400);
    throttled(&script, 0, 500);
    assert_waits(&script, 500, 500 + 62, IBC_REASON_THROTTLED);
}

static void a_timed_out_attempt_ends_a_row(void **state) {
    (void)state;
    struct script script = new_script();
    outcome(&script, IBC_OUTCOME_SILENT_DROP, 100);
    charge(&script, 200);
    charge(&script, 1000);
    outcome(&script, IBC_OUTCOME_SILENT_DROP, 1001);
    assert_waits(&script, 1001, 1001 + 60, IBC_REASON_SILENT_DROP);
}

static void silent_drops_double_and_then_persist(void **state) {
    (void)state;
    const int64_t waits[] = {60, 120, 240, 480, 600, 1200, 1800, 2700, 3600, 3600, 3600};
    struct script script = new_script();
    int64_t at = 100;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(waits); i++) {
        charge(&script, at);
        outcome(&script, IBC_OUTCOME_SILENT_DROP, at + 1);
        assert_waits(&script, at + 1, at + 1 + waits[i], IBC_REASON_SILENT_DROP);
        at += 1 + waits[i];
        assert_allowed(&script, at);
    }
    outcome(&script, IBC_OUTCOME_UNKNOWN, at);
    outcome(&script, IBC_OUTCOME_SILENT_DROP, at + 1000);
    assert_waits(&script, at + 1000, at + 1060, IBC_REASON_SILENT_DROP);
}

/* --- budgets --- */

static void failures_hold_the_account_and_time_does_not_release_it(void **state) {
    (void)state;
    struct script script = new_script();
    outcome(&script, IBC_OUTCOME_REJECTED, 100);
    outcome(&script, IBC_OUTCOME_SECOND_FACTOR_TIMEOUT, 200);
    assert_allowed(&script, 300);
    outcome(&script, IBC_OUTCOME_REJECTED, 100 + DAY - 1);
    assert_held(&script, other, 100 + DAY - 1, IBC_REASON_FAILURES);
    struct ibc_gate_verdict found = verdict(&script, 100 + DAY - 1);
    assert_int_equal(found.failures, 3);
    assert_int_equal(found.budget_ms, (DAY - 1) * 1000);
    assert_held(&script, other, 100 * DAY, IBC_REASON_FAILURES);
    assert_int_equal(verdict(&script, 100 * DAY).failures, 3);
}

static void a_failure_as_old_as_the_window_is_not_counted(void **state) {
    (void)state;
    struct script script = new_script();
    outcome(&script, IBC_OUTCOME_REJECTED, 100);
    outcome(&script, IBC_OUTCOME_REJECTED, 200);
    outcome(&script, IBC_OUTCOME_REJECTED, 100 + DAY);
    assert_int_equal(verdict(&script, 100 + DAY).failures, 2);
    assert_allowed(&script, 100 + DAY + 61);
}

static void a_burn_is_named_before_the_budget(void **state) {
    (void)state;
    struct script script = new_script();
    for (int i = 0; i < 3; i++) {
        outcome(&script, IBC_OUTCOME_REJECTED, 100 + i);
    }
    assert_held(&script, mine, 200, IBC_REASON_BURNED);
    assert_held(&script, other, 200, IBC_REASON_FAILURES);
}

static void spent_attempts_wait_until_the_oldest_leaves_the_window(void **state) {
    (void)state;
    struct script script = new_script();
    for (int i = 0; i < 8; i++) {
        assert_allowed(&script, 1000 + i * HOUR);
        charge(&script, 1000 + i * HOUR);
        outcome(&script, IBC_OUTCOME_UNKNOWN, 1010 + i * HOUR);
    }
    assert_waits(&script, 1010 + 7 * HOUR, 1010 + DAY, IBC_REASON_ATTEMPTS);
    struct ibc_gate_verdict found = verdict(&script, 1010 + 8 * HOUR);
    assert_int_equal(found.attempts, 8);
    assert_int_equal(found.budget_ms, 8 * HOUR * 1000);
    assert_allowed(&script, 1010 + DAY);
    charge(&script, 1010 + DAY);
    outcome(&script, IBC_OUTCOME_UNKNOWN, 1020 + DAY);
    assert_waits(&script, 1020 + DAY, 1010 + HOUR + DAY, IBC_REASON_ATTEMPTS);
}

static void the_attempt_in_flight_counts_as_one(void **state) {
    (void)state;
    struct script script = new_script();
    for (int i = 0; i < 7; i++) {
        charge(&script, 1000 + i * HOUR);
        outcome(&script, IBC_OUTCOME_UNKNOWN, 1010 + i * HOUR);
    }
    charge(&script, 1000 + 7 * HOUR);
    assert_int_equal(verdict(&script, 1001 + 7 * HOUR).attempts, 8);
    assert_waits(&script, 1000 + 7 * HOUR, 1010 + DAY, IBC_REASON_ATTEMPTS);
}

static void harmless_attempts_are_not_counted(void **state) {
    (void)state;
    struct script script = new_script();
    for (int i = 0; i < 20; i++) {
        charge(&script, 1000 + i * 2 * HOUR);
        outcome(&script, i % 2 ? IBC_OUTCOME_SILENT_DROP : IBC_OUTCOME_SESSION_CONFLICT,
                1010 + i * 2 * HOUR);
        assert_int_equal(verdict(&script, 1010 + i * 2 * HOUR).attempts, 0);
    }
    assert_allowed(&script, 1000 + 40 * HOUR);
}

static void a_budget_larger_than_the_gate_can_keep_is_taken_as_that(void **state) {
    (void)state;
    struct ibc_gate_rules rules = test_rules;
    rules.max_failures = 1000;
    rules.max_attempts = 1000;
    struct script script = new_script();
    for (int i = 0; i < BUDGET_LIMIT_MAX; i++) {
        outcome(&script, IBC_OUTCOME_REJECTED, 100 + i);
    }
    struct ibc_instant now = instant(1, HOUR * 1000);
    struct ibc_gate_verdict found =
        ibc_gate_decide(script.entries, script.count, &rules, other, &now, 0);
    assert_int_equal(found.reason, IBC_REASON_FAILURES);
    found = ibc_gate_decide(script.entries, script.count - 1, &rules, other, &now, 0);
    assert_int_equal(found.decision, IBC_GATE_ALLOW);
}

/* --- several reasons --- */

static void maintenance_is_one_more_wait_and_the_longest_wins(void **state) {
    (void)state;
    struct script script = new_script();
    struct ibc_instant now = instant(1, 100000);
    struct ibc_gate_verdict found = ibc_gate_decide(NULL, 0, &test_rules, mine, &now, 5000);
    assert_int_equal(found.reason, IBC_REASON_MAINTENANCE);
    assert_int_equal(found.decision, IBC_GATE_WAIT);
    assert_int_equal(found.wait_ms, 5000);

    outcome(&script, IBC_OUTCOME_SESSION_CONFLICT, 100);
    found = ibc_gate_decide(script.entries, 1, &test_rules, mine, &now, 304999);
    assert_int_equal(found.reason, IBC_REASON_SESSION_CONFLICT);
    found = ibc_gate_decide(script.entries, 1, &test_rules, mine, &now, 305001);
    assert_int_equal(found.reason, IBC_REASON_MAINTENANCE);
}

static void a_hold_comes_before_every_wait(void **state) {
    (void)state;
    struct script script = new_script();
    outcome(&script, IBC_OUTCOME_REJECTED, 100);
    struct ibc_instant now = instant(1, 100000);
    struct ibc_gate_verdict found =
        ibc_gate_decide(script.entries, 1, &test_rules, mine, &now, 1000 * DAY);
    assert_int_equal(found.decision, IBC_GATE_HOLD);
    assert_int_equal(found.reason, IBC_REASON_BURNED);
}

static void an_earlier_longer_wait_outlasts_a_later_shorter_one(void **state) {
    (void)state;
    struct script script = new_script();
    throttled(&script, 3600, 100);
    outcome(&script, IBC_OUTCOME_SILENT_DROP, 110);
    assert_waits(&script, 110, 100 + 3600 + 3, IBC_REASON_THROTTLED);
}

/* --- time --- */

static void the_wall_clock_is_never_believed(void **state) {
    (void)state;
    struct script script = new_script();
    outcome(&script, IBC_OUTCOME_SESSION_CONFLICT, 100);
    const int64_t walls[] = {0, 1763798400000 - INT64_C(900000000), 1763798400000,
                             1763798400000 + INT64_C(90000000000), INT64_MAX};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(walls); i++) {
        struct ibc_instant now = instant(1, 404999);
        now.wall_ms = walls[i];
        struct ibc_gate_verdict found =
            ibc_gate_decide(script.entries, 1, &test_rules, mine, &now, 0);
        assert_int_equal(found.wait_ms, 1);
        now.boot_ms++;
        found = ibc_gate_decide(script.entries, 1, &test_rules, mine, &now, 0);
        assert_int_equal(found.decision, IBC_GATE_ALLOW);
    }
}

static void an_entry_from_the_future_of_its_boot_has_just_happened(void **state) {
    (void)state;
    struct script script = new_script();
    outcome(&script, IBC_OUTCOME_SESSION_CONFLICT, 1000);
    assert_int_equal(verdict(&script, 10).wait_ms, 305000);
    assert_int_equal(verdict(&script, 1000).wait_ms, 305000);
}

static void an_entry_out_of_order_is_no_earlier_than_the_one_before(void **state) {
    (void)state;
    struct script script = new_script();
    outcome(&script, IBC_OUTCOME_SILENT_DROP, 1000);
    outcome(&script, IBC_OUTCOME_SESSION_CONFLICT, 990);
    assert_waits(&script, 1000, 1305, IBC_REASON_SESSION_CONFLICT);
}

static void after_a_reboot_only_the_new_boots_own_time_counts(void **state) {
    (void)state;
    struct script script = new_script();
    outcome(&script, IBC_OUTCOME_SESSION_CONFLICT, 1000);
    script.boot = 2;
    assert_int_equal(verdict(&script, 0).wait_ms, 305000);
    assert_waits(&script, 20, 305, IBC_REASON_SESSION_CONFLICT);
    assert_allowed(&script, 305);
}

static void each_boot_in_between_counts_as_far_as_it_was_seen(void **state) {
    (void)state;
    struct script script = new_script();
    throttled(&script, 1000 - 3, 5000);
    script.credential = other;
    outcome(&script, IBC_OUTCOME_SILENT_DROP, 5010); /* 10 s on in the first boot */
    script.boot = 2;
    outcome(&script, IBC_OUTCOME_SILENT_DROP, 200); /* 200 s in the second */
    outcome(&script, IBC_OUTCOME_SILENT_DROP, 250); /* and 50 s more */
    script.boot = 3;
    assert_int_equal(verdict(&script, 30).reason, IBC_REASON_THROTTLED);
    assert_waits(&script, 30, 1000 - 10 - 250, IBC_REASON_THROTTLED);
    assert_allowed(&script, 1000 - 10 - 250);
}

static void budgets_age_by_proven_time_too(void **state) {
    (void)state;
    struct script script = new_script();
    outcome(&script, IBC_OUTCOME_REJECTED, 100);
    script.boot = 2;
    outcome(&script, IBC_OUTCOME_REJECTED, DAY / 2);
    script.boot = 3;
    assert_int_equal(verdict(&script, DAY / 2 - 1).failures, 2);
    assert_int_equal(verdict(&script, DAY / 2).failures, 1);
}

static void absurd_numbers_make_the_longest_wait_not_none(void **state) {
    (void)state;
    struct ibc_gate_rules rules = test_rules;
    rules.session_conflict_wait = INT64_MAX;
    rules.throttled_wait = INT64_MAX;
    rules.throttled_cap = INT64_MAX;
    rules.throttled_margin = INT64_MAX;
    rules.window = INT64_MAX;
    struct script script = new_script();
    outcome(&script, IBC_OUTCOME_SESSION_CONFLICT, 100);
    throttled(&script, 0, 200);
    throttled(&script, 0, 201);
    script.entries[1].at.boot_ms = INT64_MAX;
    script.entries[2].at.boot_id[0] = 9;
    struct ibc_instant now = instant(7, INT64_MAX);
    struct ibc_gate_verdict found =
        ibc_gate_decide(script.entries, 1, &rules, mine, &(struct ibc_instant){.boot_id = {1}}, 0);
    assert_int_equal(found.decision, IBC_GATE_WAIT);
    assert_true(found.wait_ms > INT64_MAX / 2);
    found = ibc_gate_decide(script.entries, 3, &rules, mine, &now, 0);
    assert_true(found.wait_ms >= 0);
    now.boot_ms = INT64_MIN;
    found = ibc_gate_decide(script.entries, 1, &rules, mine, &now, 0);
    assert_int_equal(found.decision, IBC_GATE_WAIT);
}

/* --- words --- */

static void every_reason_has_a_word_of_its_own(void **state) {
    (void)state;
    for (int a = IBC_REASON_NONE; a <= IBC_REASON_BURNED; a++) {
        const char *name = ibc_gate_reason_name((enum ibc_gate_reason)a);
        assert_true(name[0] != '\0' && strchr(name, ' ') == NULL);
        for (int b = IBC_REASON_NONE; b < a; b++) {
            assert_string_not_equal(name, ibc_gate_reason_name((enum ibc_gate_reason)b));
        }
    }
    assert_string_equal(ibc_gate_reason_name((enum ibc_gate_reason)99), "?");
}

static void each_verdict_is_explained_with_what_to_do(void **state) {
    (void)state;
    const struct {
        struct ibc_gate_verdict verdict;
        enum ibc_status status;
        int64_t retry_after;
        const char *holds[3];
    } table[] = {
        {{.decision = IBC_GATE_ALLOW}, IBC_OK, 0, {""}},
        {{IBC_GATE_WAIT, IBC_REASON_IN_FLIGHT, 61001, 0, 1, 0, 0},
         IBC_ERR_WAIT,
         62,
         {"'paper'", "1 min 2 s", "ibcred report paper"}},
        {{IBC_GATE_WAIT, IBC_REASON_REJECTED, 1000, 1, 1, 0, 0},
         IBC_ERR_WAIT,
         1,
         {"rejected", "1 s", "gate paper --wait"}},
        {{IBC_GATE_WAIT, IBC_REASON_THROTTLED, 1, 0, 1, 0, 0},
         IBC_ERR_WAIT,
         1,
         {"too many failed", "1 s", "gate paper --wait"}},
        {{IBC_GATE_WAIT, IBC_REASON_SECOND_FACTOR, 60000, 1, 1, 0, 0},
         IBC_ERR_WAIT,
         60,
         {"second factor", "1 min", "gate paper --wait"}},
        {{IBC_GATE_WAIT, IBC_REASON_SESSION_CONFLICT, 60000, 0, 0, 0, 0},
         IBC_ERR_WAIT,
         60,
         {"another session", "1 min", "gate paper --wait"}},
        {{IBC_GATE_WAIT, IBC_REASON_SILENT_DROP, 60000, 0, 0, 0, 0},
         IBC_ERR_WAIT,
         60,
         {"dropped", "1 min", "gate paper --wait"}},
        {{IBC_GATE_WAIT, IBC_REASON_FAILED, 60000, 1, 1, 0, 0},
         IBC_ERR_WAIT,
         60,
         {"failed, though not", "1 min", "gate paper --wait"}},
        {{IBC_GATE_WAIT, IBC_REASON_UNKNOWN, 60000, 0, 1, 0, 0},
         IBC_ERR_WAIT,
         60,
         {"nothing was heard", "1 min", "gate paper --wait"}},
        {{IBC_GATE_WAIT, IBC_REASON_MAINTENANCE, 3600000, 0, 0, 0, 0},
         IBC_ERR_WAIT,
         3600,
         {"maintenance", "1 h", "gate paper --wait"}},
        {{IBC_GATE_WAIT, IBC_REASON_ATTEMPTS, INT64_MAX, 0, 8, 0, 0},
         IBC_ERR_WAIT,
         INT64_MAX / 1000 + 1,
         {"8 of", "allows 8", "report paper success"}},
        {{IBC_GATE_HOLD, IBC_REASON_FAILURES, 0, 4, 4, 0, 0},
         IBC_ERR_REFUSED,
         0,
         {"4 of", "fewer than 3", "gate paper --clear"}},
        {{IBC_GATE_HOLD, IBC_REASON_CONTRADICTED, 0, 0, 0, 0, 0},
         IBC_ERR_REFUSED,
         0,
         {"another kind than was asked for", "right mode", "gate paper --clear"}},
        {{IBC_GATE_HOLD, IBC_REASON_BURNED, 0, 1, 1, 0, 0},
         IBC_ERR_REFUSED,
         0,
         {"rejected this very", "ibcred seal paper", "gate paper --clear"}},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(table); i++) {
        struct ibc_error err = {0};
        assert_int_equal(ibc_gate_explain(&table[i].verdict, &test_rules, "paper", &err),
                         table[i].status);
        assert_int_equal(err.retry_after, table[i].retry_after);
        for (size_t j = 0; j < 3 && table[i].holds[j]; j++) {
            assert_non_null(strstr(err.text, table[i].holds[j]));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_flight_is_told_whatever_the_reason),
        cmocka_unit_test(an_empty_ledger_allows),
        cmocka_unit_test(a_charge_stands_in_the_way_until_it_times_out_and_is_unknown),
        cmocka_unit_test(each_outcome_of_a_charge_has_its_effect),
        cmocka_unit_test(each_outcome_without_a_charge_has_its_effect),
        cmocka_unit_test(each_outcome_of_a_login_that_was_seen_has_its_effect),
        cmocka_unit_test(an_outcome_that_comes_after_the_time_out_replaces_it),
        cmocka_unit_test(an_outcome_of_another_credential_burns_only_that),
        cmocka_unit_test(a_charge_before_the_last_one_timed_out_counts_that_as_unknown),
        cmocka_unit_test(an_undelivered_charge_is_as_if_it_had_not_been),
        cmocka_unit_test(undelivered_cancels_only_the_charge_just_before_it),
        cmocka_unit_test(an_earlier_charge_still_in_flight_survives_an_undelivered_one),
        cmocka_unit_test(the_first_login_seen_is_the_charges_and_has_its_time_from_there),
        cmocka_unit_test(a_login_seen_when_its_charge_had_timed_out_is_in_flight),
        cmocka_unit_test(a_second_login_without_a_release_is_charged),
        cmocka_unit_test(a_second_login_while_the_first_is_in_flight_counts_that_as_unknown),
        cmocka_unit_test(a_login_seen_after_a_success_or_a_clear_is_charged),
        cmocka_unit_test(a_login_seen_after_an_undelivered_charge_is_charged),
        cmocka_unit_test(a_charge_after_a_login_that_was_seen_has_one_of_its_own),
        cmocka_unit_test(logins_of_the_container_alone_spend_the_budget),
        cmocka_unit_test(a_failed_login_counts_as_a_failure_and_burns_nothing),
        cmocka_unit_test(a_contradicted_login_holds_the_account_whatever_the_credential),
        cmocka_unit_test(only_a_person_ends_a_contradiction),
        cmocka_unit_test(a_contradicted_login_ends_waits_and_budgets_as_it_did_log_in),
        cmocka_unit_test(a_contradiction_is_named_before_every_other_hold),
        cmocka_unit_test(a_success_clears_everything_but_a_burned_credential),
        cmocka_unit_test(a_clear_wipes_the_slate_and_the_burn_of_its_credential),
        cmocka_unit_test(a_clear_for_another_credential_leaves_the_burn),
        cmocka_unit_test(a_cleared_credential_burns_again),
        cmocka_unit_test(throttling_doubles_to_its_cap_while_it_repeats),
        cmocka_unit_test(a_printed_wait_is_waited_out_although_the_cap_is_lower),
        cmocka_unit_test(another_outcome_ends_a_row_of_throttling),
        cmocka_unit_test(a_timed_out_attempt_ends_a_row),
        cmocka_unit_test(silent_drops_double_and_then_persist),
        cmocka_unit_test(failures_hold_the_account_and_time_does_not_release_it),
        cmocka_unit_test(a_failure_as_old_as_the_window_is_not_counted),
        cmocka_unit_test(a_burn_is_named_before_the_budget),
        cmocka_unit_test(spent_attempts_wait_until_the_oldest_leaves_the_window),
        cmocka_unit_test(the_attempt_in_flight_counts_as_one),
        cmocka_unit_test(harmless_attempts_are_not_counted),
        cmocka_unit_test(a_budget_larger_than_the_gate_can_keep_is_taken_as_that),
        cmocka_unit_test(maintenance_is_one_more_wait_and_the_longest_wins),
        cmocka_unit_test(a_hold_comes_before_every_wait),
        cmocka_unit_test(an_earlier_longer_wait_outlasts_a_later_shorter_one),
        cmocka_unit_test(the_wall_clock_is_never_believed),
        cmocka_unit_test(an_entry_from_the_future_of_its_boot_has_just_happened),
        cmocka_unit_test(an_entry_out_of_order_is_no_earlier_than_the_one_before),
        cmocka_unit_test(after_a_reboot_only_the_new_boots_own_time_counts),
        cmocka_unit_test(each_boot_in_between_counts_as_far_as_it_was_seen),
        cmocka_unit_test(budgets_age_by_proven_time_too),
        cmocka_unit_test(absurd_numbers_make_the_longest_wait_not_none),
        cmocka_unit_test(every_reason_has_a_word_of_its_own),
        cmocka_unit_test(each_verdict_is_explained_with_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
