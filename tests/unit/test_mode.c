/* test_mode.c - every cell of kind × mode × policy, and what is said about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ibcred/policy.h>

#define P IBC_MODE_PASS
#define W IBC_MODE_PASS_WITH_WARNING
#define F IBC_MODE_REFUSED_POLICY /* forbidden */
#define K IBC_MODE_REFUSED_KIND
#define I IBC_MODE_REFUSED_INCOMPLETE

/* The columns: what the policy allows as (paper, live), by its leniency for live users in paper. */
enum { NEITHER, PAPER_ONLY, LIVE_ONLY, EITHER, ALLOWANCES };
static const enum ibc_leniency leniencies[] = {IBC_DENY, IBC_WARN, IBC_ALLOW};

struct cell_row {
    enum ibc_mode mode;
    size_t count;
    enum ibc_kind kinds[2];
    enum ibc_mode_verdict verdicts[ALLOWANCES][IBC_ARRAY_SIZE(leniencies)]; /* deny, warn, allow */
};

/* clang-format off */
static const struct cell_row rows[] = {
    /* mode            kinds                                 neither    paper only live only  either */
    {IBC_MODE_PAPER, 1, {IBC_KIND_PAPER},                 {{F, F, F}, {P, P, P}, {F, F, F}, {P, P, P}}},
    {IBC_MODE_PAPER, 1, {IBC_KIND_LIVE},                  {{F, F, F}, {K, W, P}, {F, F, F}, {K, W, P}}},
    {IBC_MODE_LIVE,  1, {IBC_KIND_PAPER},                 {{K, K, K}, {K, K, K}, {K, K, K}, {K, K, K}}},
    {IBC_MODE_LIVE,  1, {IBC_KIND_LIVE},                  {{F, F, F}, {F, F, F}, {P, P, P}, {P, P, P}}},
    {IBC_MODE_BOTH,  1, {IBC_KIND_PAPER},                 {{I, I, I}, {I, I, I}, {I, I, I}, {I, I, I}}},
    {IBC_MODE_BOTH,  1, {IBC_KIND_LIVE},                  {{I, I, I}, {I, I, I}, {I, I, I}, {I, I, I}}},
    {IBC_MODE_PAPER, 2, {IBC_KIND_PAPER, IBC_KIND_PAPER}, {{K, K, K}, {K, K, K}, {K, K, K}, {K, K, K}}},
    {IBC_MODE_PAPER, 2, {IBC_KIND_PAPER, IBC_KIND_LIVE},  {{K, K, K}, {K, K, K}, {K, K, K}, {K, K, K}}},
    {IBC_MODE_PAPER, 2, {IBC_KIND_LIVE, IBC_KIND_PAPER},  {{K, K, K}, {K, K, K}, {K, K, K}, {K, K, K}}},
    {IBC_MODE_PAPER, 2, {IBC_KIND_LIVE, IBC_KIND_LIVE},   {{K, K, K}, {K, K, K}, {K, K, K}, {K, K, K}}},
    {IBC_MODE_LIVE,  2, {IBC_KIND_PAPER, IBC_KIND_PAPER}, {{K, K, K}, {K, K, K}, {K, K, K}, {K, K, K}}},
    {IBC_MODE_LIVE,  2, {IBC_KIND_PAPER, IBC_KIND_LIVE},  {{K, K, K}, {K, K, K}, {K, K, K}, {K, K, K}}},
    {IBC_MODE_LIVE,  2, {IBC_KIND_LIVE, IBC_KIND_PAPER},  {{K, K, K}, {K, K, K}, {K, K, K}, {K, K, K}}},
    {IBC_MODE_LIVE,  2, {IBC_KIND_LIVE, IBC_KIND_LIVE},   {{K, K, K}, {K, K, K}, {K, K, K}, {K, K, K}}},
    {IBC_MODE_BOTH,  2, {IBC_KIND_PAPER, IBC_KIND_PAPER}, {{I, I, I}, {I, I, I}, {I, I, I}, {I, I, I}}},
    {IBC_MODE_BOTH,  2, {IBC_KIND_PAPER, IBC_KIND_LIVE},  {{F, F, F}, {F, F, F}, {F, F, F}, {P, P, P}}},
    {IBC_MODE_BOTH,  2, {IBC_KIND_LIVE, IBC_KIND_PAPER},  {{F, F, F}, {F, F, F}, {F, F, F}, {P, P, P}}},
    {IBC_MODE_BOTH,  2, {IBC_KIND_LIVE, IBC_KIND_LIVE},   {{I, I, I}, {I, I, I}, {I, I, I}, {I, I, I}}},
};
/* clang-format on */

static struct ibc_policy policy_of(int allowance, enum ibc_leniency leniency) {
    return (struct ibc_policy){.allow_paper = allowance == PAPER_ONLY || allowance == EITHER,
                               .allow_live = allowance == LIVE_ONLY || allowance == EITHER,
                               .live_user_in_paper = leniency};
}

static void every_cell_has_its_verdict(void **state) {
    (void)state;
    for (size_t row = 0; row < IBC_ARRAY_SIZE(rows); row++) {
        for (int allowance = 0; allowance < ALLOWANCES; allowance++) {
            for (size_t i = 0; i < IBC_ARRAY_SIZE(leniencies); i++) {
                struct ibc_policy policy = policy_of(allowance, leniencies[i]);
                enum ibc_mode_verdict verdict =
                    ibc_mode_check(&policy, rows[row].mode, rows[row].kinds, rows[row].count);
                if (verdict != rows[row].verdicts[allowance][i]) {
                    fail_msg("row %zu, allowance %d, leniency %zu: %d instead of %d", row,
                             allowance, i, verdict, rows[row].verdicts[allowance][i]);
                }
            }
        }
    }
}

static void a_paper_user_never_passes_into_live_mode(void **state) {
    (void)state;
    const enum ibc_kind paper = IBC_KIND_PAPER;
    for (int allowance = 0; allowance < ALLOWANCES; allowance++) {
        for (size_t i = 0; i < IBC_ARRAY_SIZE(leniencies); i++) {
            struct ibc_policy policy = policy_of(allowance, leniencies[i]);
            assert_int_equal(ibc_mode_check(&policy, IBC_MODE_LIVE, &paper, 1), K);
        }
    }
}

static void what_is_neither_kind_nor_mode_is_refused(void **state) {
    (void)state;
    const struct ibc_policy policy = policy_of(EITHER, IBC_ALLOW);
    const enum ibc_kind unset[2] = {(enum ibc_kind)0, (enum ibc_kind)0};
    const enum ibc_kind paper = IBC_KIND_PAPER;
    assert_int_equal(ibc_mode_check(&policy, IBC_MODE_PAPER, unset, 1), K);
    assert_int_equal(ibc_mode_check(&policy, IBC_MODE_LIVE, unset, 1), K);
    assert_int_equal(ibc_mode_check(&policy, IBC_MODE_BOTH, unset, 2), I);
    assert_int_equal(ibc_mode_check(&policy, IBC_MODE_PAPER, NULL, 0), K);
    assert_int_equal(ibc_mode_check(&policy, IBC_MODE_BOTH, NULL, 0), I);
    assert_int_equal(ibc_mode_check(&policy, (enum ibc_mode)0, &paper, 1), F);
}

struct explanation {
    enum ibc_mode_verdict verdict;
    enum ibc_mode mode;
    enum ibc_kind kind;
    enum ibc_status status;
    const char *says[3]; /* all of these; none means that nothing is said */
};

static const struct explanation explanations[] = {
    {P, IBC_MODE_PAPER, IBC_KIND_PAPER, IBC_OK, {NULL}},
    {W, IBC_MODE_PAPER, IBC_KIND_LIVE, IBC_OK, {"'jane'", "live user", "seal the paper user"}},
    {F, IBC_MODE_LIVE, IBC_KIND_LIVE, IBC_ERR_REFUSED, {"'jane'", "live mode", "set modes.live"}},
    {F,
     IBC_MODE_PAPER,
     IBC_KIND_PAPER,
     IBC_ERR_REFUSED,
     {"'jane'", "paper mode", "set modes.paper"}},
    {F,
     IBC_MODE_BOTH,
     IBC_KIND_LIVE,
     IBC_ERR_REFUSED,
     {"'jane'", "both", "modes.paper and modes.live"}},
    {K,
     IBC_MODE_LIVE,
     IBC_KIND_PAPER,
     IBC_ERR_MISMATCH,
     {"'jane'", "failed login", "ask for paper"}},
    {K,
     IBC_MODE_PAPER,
     IBC_KIND_LIVE,
     IBC_ERR_MISMATCH,
     {"'jane'", "live user", "live_user_in_paper"}},
    {K, IBC_MODE_PAPER, IBC_KIND_PAPER, IBC_ERR_MISMATCH, {"'jane'", "paper mode", "one profile"}},
    {I, IBC_MODE_BOTH, IBC_KIND_PAPER, IBC_ERR_MISMATCH, {"'jane'", "both", "name two profiles"}},
};

static void every_verdict_says_what_to_do_next(void **state) {
    (void)state;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(explanations); i++) {
        const struct explanation *at = &explanations[i];
        struct ibc_error err = {0};
        assert_int_equal(ibc_mode_explain(at->verdict, at->mode, "jane", at->kind, &err),
                         at->status);
        assert_int_equal(err.status, at->status);
        assert_int_equal(err.text[0] != '\0', at->says[0] != NULL);
        for (size_t j = 0; j < IBC_ARRAY_SIZE(at->says) && at->says[j] != NULL; j++) {
            if (strstr(err.text, at->says[j]) == NULL) {
                fail_msg("'%s' lacks '%s'", err.text, at->says[j]);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_has_its_verdict),
        cmocka_unit_test(a_paper_user_never_passes_into_live_mode),
        cmocka_unit_test(what_is_neither_kind_nor_mode_is_refused),
        cmocka_unit_test(every_verdict_says_what_to_do_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
