/* test_username.c - usernames that are account ids, or contradict what they are sealed as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ibcred/policy.h>

struct username_case {
    const char *username;
    enum ibc_kind kind;
    enum ibc_username_verdict expected;
};

static void check_all(const struct username_case *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        enum ibc_username_verdict verdict =
            ibc_username_check(ibc_view_of(cases[i].username), cases[i].kind);
        if (verdict != cases[i].expected) {
            fail_msg("'%s' sealed as %s gives %d, not %d", cases[i].username,
                     ibc_kind_name(cases[i].kind), verdict, cases[i].expected);
        }
    }
}

static void account_ids_are_not_usernames(void **state) {
    (void)state;
    static const char *const ids[] = {"U1234567", "DU1234567", "F12345",   "DF123456789",
                                      "I1234567", "DI12345",   "u1234567", "du12345",
                                      "dU123456", "Df1234567"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(ids); i++) {
        check_all(&(struct username_case){ids[i], IBC_KIND_PAPER, IBC_USERNAME_ACCOUNT_ID}, 1);
        check_all(&(struct username_case){ids[i], IBC_KIND_LIVE, IBC_USERNAME_ACCOUNT_ID}, 1);
    }
}

static void what_only_resembles_an_account_id_is_fine(void **state) {
    (void)state;
    static const char *const names[] = {
        "",           "u",         "d",         "du",        "u1234",       "U1234567890",
        "DDU1234567", "UD1234567", "U1234567x", "xU1234567", "U12 34567",   "X1234567",
        "D1234567",   "U-123456",  "DU",        "uu123456",  "U123456\xc2", "edemo1234",
        "mylive123",  "newspaper"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(names); i++) {
        check_all(&(struct username_case){names[i], IBC_KIND_PAPER, IBC_USERNAME_FINE}, 1);
        check_all(&(struct username_case){names[i], IBC_KIND_LIVE, IBC_USERNAME_FINE}, 1);
    }
}

static void a_name_that_says_the_other_kind_contradicts(void **state) {
    (void)state;
    static const struct username_case cases[] = {
        {"paperjane", IBC_KIND_PAPER, IBC_USERNAME_FINE},
        {"paperjane", IBC_KIND_LIVE, IBC_USERNAME_CONTRADICTS},
        {"PaperJane", IBC_KIND_LIVE, IBC_USERNAME_CONTRADICTS},
        {"demo123", IBC_KIND_PAPER, IBC_USERNAME_FINE},
        {"demo123", IBC_KIND_LIVE, IBC_USERNAME_CONTRADICTS},
        {"livejane", IBC_KIND_LIVE, IBC_USERNAME_FINE},
        {"livejane", IBC_KIND_PAPER, IBC_USERNAME_CONTRADICTS},
        {"live", IBC_KIND_PAPER, IBC_USERNAME_CONTRADICTS},
        {"liv", IBC_KIND_PAPER, IBC_USERNAME_FINE},
        {"pape", IBC_KIND_LIVE, IBC_USERNAME_FINE},
    };
    check_all(cases, IBC_ARRAY_SIZE(cases));
}

static void a_nul_in_the_name_matches_no_letter(void **state) {
    (void)state;
    static const unsigned char bytes[] = {'\0', 'U', '1', '2', '3', '4', '5'};
    struct ibc_view name = {.bytes = bytes, .size = sizeof bytes};
    assert_int_equal(ibc_username_check(name, IBC_KIND_LIVE), IBC_USERNAME_FINE);
}

static void an_account_id_tells_paper_from_live_and_nothing_else_does(void **state) {
    (void)state;
    const struct {
        const char *account;
        int kind; /* 0: tells nothing */
    } table[] = {
        {"DU1234567", IBC_KIND_PAPER},
        {"DF12345", IBC_KIND_PAPER},
        {"DI12345", IBC_KIND_PAPER},
        {"U1234567", IBC_KIND_LIVE},
        {"F12345", IBC_KIND_LIVE},
        {"I12345", IBC_KIND_LIVE},
        {"", 0},
        {"X1234567", 0},
        {"DX12345", 0},
        {"U12", 0},
        {"DU", 0},
        {"paper1", 0},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(table); i++) {
        enum ibc_kind kind = 0;
        assert_int_equal(ibc_account_kind(table[i].account, &kind), table[i].kind != 0);
        assert_int_equal(kind, table[i].kind);
    }
}

static void a_mask_leaves_the_kind_and_two_digits(void **state) {
    (void)state;
    const struct {
        const char *account, *mask;
    } table[] = {
        {"DU1234567", "DU*****67"},
        {"U1234567", "U*****67"},
        {"DF12345", "DF***45"},
        {"paper-user-1", "************"},
        {"", ""},
        {"U1", "**"},
        {"U12345678901234567890", "****************"},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(table); i++) {
        char mask[IBC_ACCOUNT_ID_MAX + 1];
        ibc_account_mask(table[i].account, mask);
        assert_string_equal(mask, table[i].mask);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mask_leaves_the_kind_and_two_digits),
        cmocka_unit_test(an_account_id_tells_paper_from_live_and_nothing_else_does),
        cmocka_unit_test(account_ids_are_not_usernames),
        cmocka_unit_test(what_only_resembles_an_account_id_is_fine),
        cmocka_unit_test(a_name_that_says_the_other_kind_contradicts),
        cmocka_unit_test(a_nul_in_the_name_matches_no_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
