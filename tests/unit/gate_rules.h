/*
 * gate_rules.h - the gate's numbers as the unit tests use them, policy file or not.
 */
#ifndef IBCRED_TESTS_GATE_RULES_H
#define IBCRED_TESTS_GATE_RULES_H

#include <ibcred/policy.h>

static const struct ibc_gate_rules test_rules = {
    .max_failures = 3,
    .max_attempts = 8,
    .window = 86400,
    .attempt_timeout = 300,
    .rejected_wait = 61,
    .throttled_wait = 59,
    .throttled_margin = 3,
    .throttled_cap = 300,
    .second_factor_wait = 62,
    .session_conflict_wait = 305,
    .silent_drop_wait = 60,
    .silent_drop_cap = 600,
    .persistent_drop_wait = 1200,
    .persistent_drop_growth = 150,
    .persistent_drop_cap = 3600,
    .unknown_wait = 63,
};

#endif
