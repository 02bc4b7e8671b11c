/* test_forge_answer.c - what forges answer, when they are asked again, and what values they take.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ci/answer.h"
#include "ci/retry.h"

#define HUB IBC_FORGE_GITHUB
#define LAB IBC_FORGE_GITLAB
#define NOW INT64_C(784111700) /* 77 seconds before RFC 9110's example of a date */

static void waits_follow_what_the_forge_says(void **state) {
    (void)state;
    static const char date[] = "Sun, 06 Nov 1994 08:49:37 GMT";
    static const char before[] = "Sun, 06 Nov 1994 08:49:07 GMT";

    static const struct {
        struct retry_facts facts;
        int64_t delay; /* after the third try; 0: it does not pass */
    } cases[] = {
        {{HUB, 200, NULL, NULL, "0", NULL, false}, 0},
        {{HUB, 404, "9", NULL, NULL, NULL, false}, 0},
        {{HUB, 422, NULL, NULL, NULL, NULL, true}, 0},
        {{HUB, 429, NULL, NULL, NULL, NULL, false}, 4},
        {{HUB, 500, NULL, NULL, NULL, NULL, false}, 4},
        {{LAB, 599, NULL, NULL, NULL, NULL, false}, 4},
        {{LAB, 600, NULL, NULL, NULL, NULL, false}, 0},
        {{LAB, 503, "0", NULL, NULL, NULL, false}, 1},
        {{LAB, 429, "17", date, NULL, NULL, false}, 17},
        {{LAB, 429, date, NULL, NULL, NULL, false}, 77},
        {{LAB, 429, date, before, NULL, NULL, false}, 30},
        {{LAB, 429, before, date, NULL, NULL, false}, 1},
        {{LAB, 429, date, "yesterday", NULL, NULL, false}, 77},
        {{LAB, 429, "soon", NULL, NULL, NULL, false}, 4},
        {{LAB, 429, "-5", NULL, NULL, NULL, false}, 4},
        {{LAB, 429, "", NULL, NULL, NULL, false}, 4},
        {{LAB, 429, "99999999999", NULL, NULL, NULL, false}, 604800},
        {{LAB, 403, "9", NULL, "0", NULL, true}, 0},
        {{HUB, 403, NULL, NULL, NULL, NULL, false}, 0},
        {{HUB, 403, NULL, NULL, "1", "784111720", false}, 0},
        {{HUB, 403, "9", NULL, NULL, NULL, false}, 9},
        {{HUB, 403, NULL, NULL, "0", "784111720", false}, 20},
        {{HUB, 403, NULL, before, "0", "784111757", false}, 10},
        {{HUB, 403, NULL, NULL, "0", "1", false}, 1},
        {{HUB, 403, NULL, NULL, "0", NULL, false}, 4},
        {{HUB, 403, "9", NULL, "0", "784111720", true}, 9},
        {{HUB, 403, NULL, NULL, "57", NULL, true}, 60},
        {{HUB, 429, NULL, NULL, NULL, NULL, true}, 60},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        const struct retry_facts *facts = &cases[i].facts;
        const int64_t delay = retry_passes(facts) ? retry_delay(facts, 3, NOW) : 0;
        if (delay != cases[i].delay) {
            fail_msg("%zu: %lld", i, (long long)delay);
        }
    }
}

static void backing_off_doubles_up_to_a_minute(void **state) {
    (void)state;
    static const int64_t expected[] = {1, 1, 2, 4, 8, 16, 32, 60, 60};
    for (unsigned i = 0; i < IBC_ARRAY_SIZE(expected); i++) {
        assert_int_equal(retry_back_off(i), expected[i]);
    }
    assert_int_equal(retry_back_off(UINT32_MAX), 60);
}

static void only_the_one_form_of_a_date_is_one(void **state) {
    (void)state;
    static const char *const none[] = {
        "",
        "Sun",
        "Sun, 06 Nov 1994 08:49:37 GM",
        "Sun, 06 Nov 1994 08:49:37 GMTx",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Xun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1969 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49:-7 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(none); i++) {
        assert_int_equal(retry_date(none[i]), -1);
    }
    assert_int_equal(retry_date("Sun, 06 Nov 1994 08:49:37 GMT"), NOW + 77);
    assert_int_equal(retry_date("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
    assert_int_equal(retry_date("Tue, 29 Feb 2028 12:00:00 GMT"), 1835438400);
}

static json_t *load(const char *text) {
    return answer_load(ibc_view_of(text));
}

#define KEY "3q2+796tvu/erb7v3q2+796tvu/erb7v3q2+796tvu8="

static void a_key_is_32_bytes_with_a_name(void **state) {
    (void)state;
    static const char *const none[] = {
        "",
        "<html>",
        "null",
        "[]",
        "{}",
        "{\"key\":\"" KEY "\"}",
        "{\"key_id\":\"\",\"key\":\"" KEY "\"}",
        "{\"key_id\":7,\"key\":\"" KEY "\"}",
        "{\"key_id\":\"a\\nb\",\"key\":\"" KEY "\"}",
        "{\"key_id\":\"1\",\"key\":\"" KEY "=\"}",
        "{\"key_id\":\"1\",\"key\":\"" KEY "AAAA\"}",
        "{\"key_id\":\"1\",\"key\":\"AAAA\"}",
        "{\"key_id\":\"1\",\"key\":\"3q2+796tvu/erb7v3q2+796tvu/erb7v3q2+796tvu\"}",
        "{\"key_id\":\"1\",\"key\":\"3q2-796tvu_erb7v3q2-796tvu_erb7v3q2-796tvu8=\"}",
        "{\"key_id\":\"1\",\"key\":[1]}",
    };
    struct answer_key key;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(none); i++) {
        json_auto_t *json = load(none[i]);
        if (answer_read_key(json, &key)) {
            fail_msg("%s", none[i]);
        }
    }
    json_auto_t *json = load("{\"key_id\":\"33895\",\"key\":\"" KEY "\",\"id\":2}");
    assert_true(answer_read_key(json, &key));
    assert_string_equal(key.id, "33895");
    for (size_t i = 0; i < sizeof key.key; i++) {
        assert_int_equal(key.key[i], (0xdeadbeef >> (24 - 8 * (i % 4))) & 0xff);
    }
}

static void a_variable_is_the_one_that_was_asked_for(void **state) {
    (void)state;
    struct answer_variable variable;
    json_auto_t *json = load("{\"key\":\"X\",\"value\":\"v\",\"environment_scope\":\"live/*\","
                             "\"masked\":true,\"raw\":true,\"protected\":false}");
    assert_true(answer_read_variable(json, "X", &variable));
    assert_string_equal(variable.scope, "live/*");
    assert_true(variable.masked && variable.raw && !variable.is_protected);
    assert_false(answer_read_variable(json, "Y", &variable));
    json_auto_t *bare = load("{\"key\":\"X\"}");
    assert_true(answer_read_variable(bare, "X", &variable));
    assert_string_equal(variable.scope, "*");
    json_auto_t *odd = load("{\"key\":\"X\",\"environment_scope\":5}");
    assert_false(answer_read_variable(odd, "X", &variable));
    json_auto_t *list = load("[{\"key\":\"X\"}]");
    assert_false(answer_read_variable(list, "X", &variable));
    assert_false(answer_read_variable(NULL, "X", &variable));
}

static void who_may_read_a_secret_is_one_of_three(void **state) {
    (void)state;
    static const char *const none[] = {
        "{}",
        "[]",
        "{\"name\":\"X\"}",
        "{\"visibility\":\"all\"}",
        "{\"name\":\"Y\",\"visibility\":\"all\"}",
        "{\"name\":7,\"visibility\":\"all\"}",
        "{\"name\":\"X\",\"visibility\":\"\"}",
        "{\"name\":\"X\",\"visibility\":\"ALL\"}",
        "{\"name\":\"X\",\"visibility\":\"internal\"}",
        "{\"name\":\"X\",\"visibility\":[\"all\"]}",
    };
    static const char *const names[] = {"selected", "private", "all"};
    enum answer_visibility visibility;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(none); i++) {
        json_auto_t *json = load(none[i]);
        if (answer_read_visibility(json, "X", &visibility)) {
            fail_msg("%s", none[i]);
        }
    }
    assert_false(answer_read_visibility(NULL, "X", &visibility));
    /* In the order of how many may read it. */
    for (size_t i = 0; i < IBC_ARRAY_SIZE(names); i++) {
        json_auto_t *json = json_pack("{s:s, s:s}", "name", "x", "visibility", names[i]);
        assert_true(answer_read_visibility(json, "X", &visibility));
        assert_int_equal(visibility, i);
        assert_string_equal(visibility_name(visibility), names[i]);
    }
}

static void a_page_of_repositories_is_their_ids(void **state) {
    (void)state;
    static const char *const none[] = {
        "{}",
        "[]",
        "{\"total_count\":0}",
        "{\"repositories\":[]}",
        "{\"total_count\":\"0\",\"repositories\":[]}",
        "{\"total_count\":-1,\"repositories\":[]}",
        "{\"total_count\":0.0,\"repositories\":[]}",
        "{\"total_count\":0,\"repositories\":{}}",
        "{\"total_count\":1,\"repositories\":[1]}",
        "{\"total_count\":1,\"repositories\":[{}]}",
        "{\"total_count\":1,\"repositories\":[{\"id\":0}]}",
        "{\"total_count\":1,\"repositories\":[{\"id\":-1}]}",
        "{\"total_count\":1,\"repositories\":[{\"id\":\"1\"}]}",
        "{\"total_count\":1,\"repositories\":[{\"id\":1.0}]}",
        "{\"total_count\":1,\"repositories\":[{\"id\":true}]}",
        "{\"total_count\":1,\"repositories\":[{\"id\":9007199254740992}]}",
        "{\"total_count\":1,\"repositories\":[{\"id\":9223372036854775808}]}",
    };
    struct answer_page page;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(none); i++) {
        json_auto_t *json = load(none[i]);
        if (answer_read_page(json, &page)) {
            fail_msg("%s", none[i]);
        }
    }
    assert_false(answer_read_page(NULL, &page));
    json_auto_t *empty = load("{\"total_count\":7,\"repositories\":[]}");
    assert_true(answer_read_page(empty, &page));
    assert_int_equal(page.total, 7);
    assert_int_equal(page.count, 0);
    json_auto_t *two = load("{\"total_count\":2,\"repositories\":[{\"id\":1,\"name\":\"r\"},"
                            "{\"id\":9007199254740991}]}");
    assert_true(answer_read_page(two, &page));
    assert_int_equal(page.count, 2);
    assert_int_equal(page.ids[0], 1);
    assert_int_equal(page.ids[1], UINT64_C(9007199254740991));
}

static void a_page_has_as_many_as_were_asked_for(void **state) {
    (void)state;
    struct answer_page page;
    json_auto_t *json = json_pack("{s:i, s:[]}", "total_count", 99, "repositories");
    json_t *repositories = json_object_get(json, "repositories");
    for (int i = 1; i <= ANSWER_PAGE_MAX; i++) {
        json_array_append_new(repositories, json_pack("{s:i}", "id", i));
    }
    assert_true(answer_read_page(json, &page));
    assert_int_equal(page.count, ANSWER_PAGE_MAX);
    assert_int_equal(page.ids[ANSWER_PAGE_MAX - 1], ANSWER_PAGE_MAX);
    json_array_append_new(repositories, json_pack("{s:i}", "id", ANSWER_PAGE_MAX + 1));
    assert_false(answer_read_page(json, &page));
}

static void words_are_found_wherever_a_forge_puts_them(void **state) {
    (void)state;
    static const char *const said[] = {
        "{\"message\":\"(X) HAS ALREADY been taken\"}",
        "{\"message\":{\"key\":[\"(X) has already been taken\"]}}",
        "{\"error\":\"has already been taken\",\"message\":5}",
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(said); i++) {
        json_auto_t *json = load(said[i]);
        assert_true(answer_says(json, "already been taken"));
        assert_false(answer_says(json, "is invalid"));
    }
    json_auto_t *elsewhere = load("{\"value\":\"already been taken\"}");
    assert_false(answer_says(elsewhere, "already been taken"));
    assert_false(answer_says(NULL, "x"));
    json_auto_t *list = load("[\"message\"]");
    assert_false(answer_says(list, "message"));
}

static const struct ibc_forge_secret github = {
    .forge = IBC_FORGE_GITHUB, .url = "https://h/repos/o/r/actions/secrets/X", .field = "F"};
static const struct ibc_forge_secret gitlab = {
    .forge = IBC_FORGE_GITLAB, .field = "F", .scope = "*", .masked = true};
static const struct ibc_forge_secret unmasked = {
    .forge = IBC_FORGE_GITLAB, .field = "F", .scope = "*"};
static const struct ibc_forge_secret gitea = {.forge = IBC_FORGE_GITEA, .field = "F"};

static void values_are_those_that_the_forge_keeps_and_hides(void **state) {
    (void)state;
    static const struct {
        const struct ibc_forge_secret *secret;
        const char *value;
        bool taken;
    } cases[] = {
        {&github, "x", true},
        {&github, "", false},
        {&github, "\xff", false},
        {&gitlab, "1234567", false},
        {&gitlab, "12345678", true},
        {&gitlab, "$\"'\\{}%`", true},
        {&gitlab, "12345678 ", false},
        {&gitlab, "1234\t5678", false},
        {&gitlab, "12345678\v", false},
        {&gitlab, "\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6", false},
        {&gitlab, "\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6", true},
        {&unmasked, "a b", true},
        {&unmasked, "", false},
        {&gitea, "a b", true},
        {&gitea, "", false},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        struct ibc_error err = {0};
        enum ibc_status status =
            ibc_forge_check_value(cases[i].secret, ibc_view_of(cases[i].value), &err);
        assert_int_equal(status, cases[i].taken ? IBC_OK : IBC_ERR_MISMATCH);
        assert_true(cases[i].taken || cases[i].value[0] == '\0' ||
                    !strstr(err.text, cases[i].value));
    }
    struct ibc_error err = {0};
    assert_int_equal(ibc_forge_check_value(&github, (struct ibc_view){0}, &err), IBC_ERR_MISMATCH);
    assert_int_equal(
        ibc_forge_check_value(&github, (struct ibc_view){(const unsigned char *)"a\0b", 3}, &err),
        IBC_ERR_MISMATCH);
}

static void values_have_a_size_that_they_may_have(void **state) {
    (void)state;
    static const struct {
        const struct ibc_forge_secret *secret;
        size_t most;
    } cases[] = {{&github, 49152}, {&gitlab, 10000}, {&unmasked, 10000}, {&gitea, 65536}};
    static unsigned char bytes[65537];
    memset(bytes, 'a', sizeof bytes);
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        struct ibc_error err = {0};
        struct ibc_view value = {bytes, cases[i].most};
        assert_int_equal(ibc_forge_check_value(cases[i].secret, value, &err), IBC_OK);
        value.size++;
        assert_int_equal(ibc_forge_check_value(cases[i].secret, value, &err), IBC_ERR_MISMATCH);
        assert_non_null(strstr(err.text, "too large"));
    }
}

static void every_code_becomes_a_sentence_of_the_right_kind(void **state) {
    (void)state;
    static const struct ibc_forge_secret *const secrets[] = {&github, &gitlab, &gitea};
    json_auto_t *echo = load("{\"message\":\"s3cret is invalid, already been taken, SAML\"}");
    for (size_t i = 0; i < IBC_ARRAY_SIZE(secrets); i++) {
        for (int code = 100; code <= 999; code++) {
            struct ibc_error err = {0};
            const bool refused = code >= 300 && code <= 499;
            assert_int_equal(answer_refused(secrets[i], code, echo, &err),
                             refused ? IBC_ERR_REFUSED : IBC_ERR_UNAVAILABLE);
            assert_null(strstr(err.text, "s3cret"));
            assert_int_equal(err.text[strlen(err.text) - 1], ')');
        }
    }
}

static void tokens_are_what_a_header_can_carry(void **state) {
    (void)state;
    static const char *const none[] = {"", "a b", "a\n", "a\r\nX: y", "t\xc3\xb6ken", "\x7f"};
    struct ibc_forge_client *client = NULL;
    struct ibc_error err = {0};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(none); i++) {
        const struct ibc_forge_options options = {.token = ibc_view_of(none[i])};
        assert_int_equal(ibc_forge_open(&options, &client, &err), IBC_ERR_USAGE);
        assert_null(client);
    }
    const struct ibc_forge_options options = {.token = ibc_view_of("github_pat_11A-~!")};
    assert_int_equal(ibc_forge_open(&options, &client, &err), IBC_OK);
    ibc_forge_close(&client);
    assert_null(client);
    ibc_forge_close(&client);
}

static int start(void **state) {
    struct ibc_error err;
    (void)state;
    return ibc_secret_init(&err) == IBC_OK ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_follow_what_the_forge_says),
        cmocka_unit_test(backing_off_doubles_up_to_a_minute),
        cmocka_unit_test(only_the_one_form_of_a_date_is_one),
        cmocka_unit_test(a_key_is_32_bytes_with_a_name),
        cmocka_unit_test(a_variable_is_the_one_that_was_asked_for),
        cmocka_unit_test(who_may_read_a_secret_is_one_of_three),
        cmocka_unit_test(a_page_of_repositories_is_their_ids),
        cmocka_unit_test(a_page_has_as_many_as_were_asked_for),
        cmocka_unit_test(words_are_found_wherever_a_forge_puts_them),
        cmocka_unit_test(values_are_those_that_the_forge_keeps_and_hides),
        cmocka_unit_test(values_have_a_size_that_they_may_have),
        cmocka_unit_test(every_code_becomes_a_sentence_of_the_right_kind),
        cmocka_unit_test(tokens_are_what_a_header_can_carry),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
