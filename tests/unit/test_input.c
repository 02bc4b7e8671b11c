/* test_input.c - credentials out of dotenv and JSON, and the memory they pass through. */
#include "input_fixture.h"

static const char *const wanted[] = {"IB_USERNAME", "IB_PASSWORD"};
enum { WANTED = 2 };

static void fields_are_taken_out_of_dotenv_in_the_order_asked_for(void **state) {
    (void)state;
    static const char text[] = "# gateway\nIB_PASSWORD='hunter2 #'\nOTHER=1\nIB_USERNAME=trader\n";
    for (int format = IBC_INPUT_AGREED; format <= IBC_INPUT_COMPOSE_V2; format++) {
        ibc_auto_input input = {0};
        struct ibc_error err;
        assert_int_equal(ibc_input_dotenv(ibc_view_of(text), ".env", (enum ibc_input_format)format,
                                          wanted, WANTED, &input, &err),
                         IBC_OK);
        assert_int_equal(input.count, 2);
        require_field(&input, 0, "IB_USERNAME", "trader");
        require_field(&input, 1, "IB_PASSWORD", "hunter2 #");
    }
}

struct dotenv_case {
    const char *text;
    enum ibc_input_format format;
    enum ibc_status status;
    const char *sentence; /* how it begins */
};

static void dotenv_that_cannot_be_taken_is_refused_with_its_place(void **state) {
    (void)state;
    static const struct dotenv_case cases[] = {
        {"IB_USERNAME=u\n", IBC_INPUT_AGREED, IBC_ERR_NOT_FOUND, ".env has no IB_PASSWORD"},
        {"IB_USERNAME=u\nIB_PASSWORD\n", IBC_INPUT_AGREED, IBC_ERR_NOT_FOUND,
         ".env has no IB_PASSWORD"},
        {"IB_USERNAME=u\n\nIB_PASSWORD=hunter2$x\n", IBC_INPUT_AGREED, IBC_ERR_MISMATCH,
         ".env:3: Docker Compose v1 and v2 would read different values for IB_PASSWORD"},
        {"IB_USERNAME=u\nIB_PASSWORD='hunter2\\\\'\n", IBC_INPUT_AGREED, IBC_ERR_MISMATCH,
         ".env:2: Docker Compose v1 and v2"},
        {"IB_USERNAME=u\nIB_PASSWORD=hunter2\nIB_PASSWORD\n", IBC_INPUT_AGREED, IBC_ERR_MISMATCH,
         ".env:2: Docker Compose v1 and v2"},
        {"IB_USERNAME=u\nIB_PASSWORD=hunter2${X}\n", IBC_INPUT_AGREED, IBC_ERR_MISMATCH,
         ".env:2: IB_PASSWORD refers to a variable that is not in the file above it; write its "
         "value out"},
        {"IB_USERNAME=u\nIB_PASSWORD=${IB_PASSWORD}\n", IBC_INPUT_COMPOSE_V1, IBC_ERR_MISMATCH,
         ".env:2: IB_PASSWORD refers to a variable"},
        {"IB_USERNAME=$USER\nIB_PASSWORD=hunter2\n", IBC_INPUT_COMPOSE_V2, IBC_ERR_MISMATCH,
         ".env:1: IB_USERNAME refers to a variable"},
        /* To v1 the "-" is part of the name. */
        {"IB_USERNAME=u\nIB_PASSWORD=hunter2${X-}\n", IBC_INPUT_AGREED, IBC_ERR_MISMATCH,
         ".env:2: IB_PASSWORD refers to a variable"},
        /* And the other way round: only v2 takes the name alone for the environment's. */
        {"X\nIB_USERNAME=u\nIB_PASSWORD=hunter2${X}\n", IBC_INPUT_AGREED, IBC_ERR_MISMATCH,
         ".env:3: IB_PASSWORD refers to a variable"},
        {"IB_USERNAME: u\n", IBC_INPUT_AGREED, IBC_ERR_DATA,
         ".env:1: text where the line should end, so that Docker Compose v1 skips it; correct it, "
         "or use --format compose-v2 "},
        {"IB_USERNAME=u\nA%=hunter2\n", IBC_INPUT_AGREED, IBC_ERR_DATA, ".env:2: "},
        {"IB_USERNAME=u\nIB_PASSWORD=\n", IBC_INPUT_AGREED, IBC_ERR_DATA,
         ".env:2: the value of IB_PASSWORD is empty"},
        {"IB_USERNAME=u\nIB_PASSWORD='hunter2\n'\n", IBC_INPUT_AGREED, IBC_ERR_DATA,
         ".env:2: the value of IB_PASSWORD holds"},
        {"IB_USERNAME=u\nIB_PASSWORD=\xFF\n", IBC_INPUT_COMPOSE_V2, IBC_ERR_DATA,
         ".env:2: the value of IB_PASSWORD is not UTF-8"},
        {"IB_USERNAME=u\nIB_PASSWORD='hunter2", IBC_INPUT_COMPOSE_V1, IBC_ERR_DATA, ".env:2: "},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        ibc_auto_input input = {0};
        struct ibc_error err;
        assert_int_equal(ibc_input_dotenv(ibc_view_of(cases[i].text), ".env", cases[i].format,
                                          wanted, WANTED, &input, &err),
                         cases[i].status);
        if (strncmp(err.text, cases[i].sentence, strlen(cases[i].sentence)) != 0) {
            fail_msg("%s\nis not\n%s", err.text, cases[i].sentence);
        }
        require_empty(&input, &err);
    }
}

static void a_format_decides_where_the_readers_differ(void **state) {
    (void)state;
    static const char text[] = "x=!\nIB_USERNAME=u\nIB_PASSWORD=hunter2$x\n";
    ibc_auto_input v1 = {0};
    ibc_auto_input v2 = {0};
    struct ibc_error err;
    assert_int_equal(ibc_input_dotenv(ibc_view_of(text), ".env", IBC_INPUT_COMPOSE_V1, wanted,
                                      WANTED, &v1, &err),
                     IBC_OK);
    require_field(&v1, 1, "IB_PASSWORD", "hunter2$x");
    assert_int_equal(ibc_input_dotenv(ibc_view_of(text), ".env", IBC_INPUT_COMPOSE_V2, wanted,
                                      WANTED, &v2, &err),
                     IBC_OK);
    require_field(&v2, 1, "IB_PASSWORD", "hunter2!");
}

static void references_that_the_file_answers_are_taken(void **state) {
    (void)state;
    static const char *const texts[] = {
        "IB_USERNAME=${X:-u}\nIB_PASSWORD=\"hunter2${IB_PASSWORD:-$}\"\n",
        "D=$\nIB_USERNAME=u\nIB_PASSWORD=hunter2${D}\n",
        "OTHER=${HOME}\nIB_USERNAME=u\nIB_PASSWORD='hunter2$'\n",
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(texts); i++) {
        ibc_auto_input input = {0};
        struct ibc_error err;
        assert_int_equal(ibc_input_dotenv(ibc_view_of(texts[i]), ".env", IBC_INPUT_AGREED, wanted,
                                          WANTED, &input, &err),
                         IBC_OK);
        require_field(&input, 0, "IB_USERNAME", "u");
        require_field(&input, 1, "IB_PASSWORD", "hunter2$");
    }
}

static void scrubbing_takes_out_the_lines_and_keeps_every_other_byte(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *left;
    } cases[] = {
        {"IB_USERNAME=u\nIB_PASSWORD=p\n", ""},
        {"A=1\nIB_PASSWORD=p\nB=2", "A=1\nB=2"},
        {"A=1\r\n  export IB_PASSWORD = 'p' # mine\r\nB=2\r\n", "A=1\r\nB=2\r\n"},
        {"\xEF\xBB\xBFIB_PASSWORD=p\nB=2\n", "\xEF\xBB\xBF"
                                             "B=2\n"},
        {"A=1\nIB_PASSWORD='p\n\nq'\nB=2\n", "A=1\nB=2\n"},
        {"IB_PASSWORD=p\nA=1\nIB_PASSWORD=q", "A=1\n"},
        {"# IB_PASSWORD=p\nIB_PASSWORD_OLD=p\n", "# IB_PASSWORD=p\nIB_PASSWORD_OLD=p\n"},
        {"\n\nIB_PASSWORD=p\n\n", "\n\n\n"},
        /* To v1 the value goes on to the quote in the second line. */
        {"IB_PASSWORD=\"p\\\\\"\n#\"\nA=1\n", "A=1\n"},
        {"", ""},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        ibc_auto_secret left = {0};
        struct ibc_error err;
        assert_int_equal(ibc_input_scrub(ibc_view_of(cases[i].text), ".env", IBC_INPUT_AGREED,
                                         wanted, WANTED, &left, &err),
                         IBC_OK);
        assert_true(ibc_view_is(ibc_secret_view(&left), cases[i].left));
    }
}

static void scrubbing_spares_another_variable_on_the_line(void **state) {
    (void)state;
    struct ibc_secret left;
    struct ibc_error err;
    assert_int_equal(ibc_input_scrub(ibc_view_of("A='1' IB_PASSWORD='hunter2'\n"), ".env",
                                     IBC_INPUT_COMPOSE_V2, wanted, WANTED, &left, &err),
                     IBC_ERR_DATA);
    assert_int_equal(strncmp(err.text, ".env:1: another variable", 24), 0);
    assert_null(left.bytes);
    assert_int_equal(ibc_input_scrub(ibc_view_of("A='1\n"), ".env", IBC_INPUT_AGREED, wanted,
                                     WANTED, &left, &err),
                     IBC_ERR_DATA);
}

static void fields_are_taken_out_of_json(void **state) {
    (void)state;
    static const char text[] = " {\"more\": [1, {}], \"IB_PASSWORD\": \"h\\u00fc\\\"\\\\ '$\",\n"
                               "\"IB_USERNAME\": \"trader\"}\n";
    ibc_auto_input input = {0};
    struct ibc_error err;
    assert_int_equal(ibc_input_json(ibc_view_of(text), "-", wanted, WANTED, &input, &err), IBC_OK);
    require_field(&input, 0, "IB_USERNAME", "trader");
    require_field(&input, 1, "IB_PASSWORD", "h\xC3\xBC\"\\ '$");
    assert_string_equal(input.profile, "");
}

struct json_case {
    const char *text;
    enum ibc_status status;
    const char *sentence;
};

static void json_that_cannot_be_taken_is_refused_with_its_place(void **state) {
    (void)state;
    static const struct json_case cases[] = {
        {"", IBC_ERR_DATA, "-: empty, where a JSON object should be"},
        {" ", IBC_ERR_DATA, "-:1:1: the JSON ends too early"},
        {"{\"IB_USERNAME\": \"u\",\n \"IB_PASSWORD\": hunter2}", IBC_ERR_DATA, "-:2:22: not JSON"},
        {"{\"IB_USERNAME\": \"u\",\n\"IB_USERNAME\": \"u\"}", IBC_ERR_DATA,
         "-:2:13: the same key a second time"},
        {"{\"IB_USERNAME\": \"u\"} x", IBC_ERR_DATA, "-:1:22: more text after"},
        {"[\"hunter2\"]", IBC_ERR_DATA, "-: not a JSON object"},
        {"{\"IB_USERNAME\": \"u\"}", IBC_ERR_NOT_FOUND, "- has no IB_PASSWORD"},
        {"{\"IB_USERNAME\": \"u\", \"IB_PASSWORD\": 1}", IBC_ERR_DATA,
         "-: IB_PASSWORD is not a string"},
        {"{\"IB_USERNAME\": \"u\", \"IB_PASSWORD\": \"\"}", IBC_ERR_DATA,
         "-: the value of IB_PASSWORD is empty"},
        {"{\"IB_USERNAME\": \"u\", \"IB_PASSWORD\": \"hunter2\\n\"}", IBC_ERR_DATA,
         "-: the value of IB_PASSWORD holds"},
        {"{\"IB_USERNAME\": \"u\", \"IB_PASSWORD\": \"\\u0000\"}", IBC_ERR_DATA, "-:1:"},
        {"{\"IB_USERNAME\": \"\xFF\"}", IBC_ERR_DATA, "-:1:17: not UTF-8"},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        ibc_auto_input input = {0};
        struct ibc_error err;
        assert_int_equal(
            ibc_input_json(ibc_view_of(cases[i].text), "-", wanted, WANTED, &input, &err),
            cases[i].status);
        if (strncmp(err.text, cases[i].sentence, strlen(cases[i].sentence)) != 0) {
            fail_msg("%s\nis not\n%s", err.text, cases[i].sentence);
        }
        require_empty(&input, &err);
    }
}

static void a_line_to_import_holds_one_profile(void **state) {
    (void)state;
    static const char text[] =
        "{\"profile\":\"follower-7\",\"kind\":\"paper\",\"account\":\"DU1234567\","
        "\"fields\":{\"IB_USERNAME\":\"u7\",\"IB_PASSWORD\":\"p7\",\"X\":\"y\"}}";
    ibc_auto_input input = {0};
    struct ibc_error err;
    assert_int_equal(ibc_input_json_line(ibc_view_of(text), "in", 3, &input, &err), IBC_OK);
    assert_string_equal(input.profile, "follower-7");
    assert_string_equal(input.account, "DU1234567");
    assert_int_equal(input.kind, IBC_KIND_PAPER);
    assert_int_equal(input.count, 3);
    require_field(&input, 0, "IB_USERNAME", "u7");
    require_field(&input, 2, "X", "y");
}

static void a_line_that_holds_anything_else_is_refused(void **state) {
    (void)state;
#define FIELDS "\"fields\":{\"IB_USERNAME\":\"u\",\"IB_PASSWORD\":\"hunter2\"}"
    static const struct json_case cases[] = {
        {"{\"profile\":\"a\",\"kind\":\"live\"}", IBC_ERR_DATA, "in:9: \"fields\" must be"},
        {"{\"profile\":\"a\",\"kind\":\"live\",\"fields\":{}}", IBC_ERR_DATA,
         "in:9: \"fields\" must be"},
        {"{\"profile\":\"a\",\"kind\":\"live\",\"fields\":[\"hunter2\"]}", IBC_ERR_DATA,
         "in:9: \"fields\" must be"},
        {"{\"kind\":\"live\"," FIELDS "}", IBC_ERR_DATA, "in:9: \"profile\" must be"},
        {"{\"profile\":\"A\",\"kind\":\"live\"," FIELDS "}", IBC_ERR_DATA,
         "in:9: \"profile\" must be"},
        {"{\"profile\":7,\"kind\":\"live\"," FIELDS "}", IBC_ERR_DATA, "in:9: \"profile\" must be"},
        {"{\"profile\":\"a\",\"kind\":\"Live\"," FIELDS "}", IBC_ERR_DATA,
         "in:9: \"kind\" must be"},
        {"{\"profile\":\"a\"," FIELDS "}", IBC_ERR_DATA, "in:9: \"kind\" must be"},
        {"{\"profile\":\"a\",\"kind\":\"live\",\"account\":1," FIELDS "}", IBC_ERR_DATA,
         "in:9: \"account\" must be"},
        {"{\"profile\":\"a\",\"kind\":\"live\",\"account\":\"DU123456789012345\"," FIELDS "}",
         IBC_ERR_DATA, "in:9: \"account\" must be"},
        {"{\"profile\":\"a\",\"kind\":\"live\",\"hunter2\":1," FIELDS "}", IBC_ERR_DATA,
         "in:9: a key other than"},
        {"{\"profile\":\"a\",\"kind\":\"live\",\"fields\":{\"hunter2\":[]}}", IBC_ERR_DATA,
         "in:9: a field that is not a string"},
        {"{\"profile\":\"a\",\"kind\":\"live\",\"fields\":{\"A B\":\"hunter2\"}}", IBC_ERR_DATA,
         "in:9: a field's name must be"},
        {"{\"profile\":\"a\",\"kind\":\"live\",\"fields\":{\"A\":\"1\",\"A\":\"2\"}}", IBC_ERR_DATA,
         "in:9:50: the same key"},
        {"{\"profile\":\"a\"", IBC_ERR_DATA, "in:9:14: the JSON ends too early"},
    };
#undef FIELDS
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        ibc_auto_input input = {0};
        struct ibc_error err;
        assert_int_equal(ibc_input_json_line(ibc_view_of(cases[i].text), "in", 9, &input, &err),
                         cases[i].status);
        if (strncmp(err.text, cases[i].sentence, strlen(cases[i].sentence)) != 0) {
            fail_msg("%s\nis not\n%s", err.text, cases[i].sentence);
        }
        require_empty(&input, &err);
    }
}

static void a_line_may_have_no_more_fields_than_a_profile(void **state) {
    (void)state;
    for (int count = IBC_INPUT_FIELDS_MAX; count <= IBC_INPUT_FIELDS_MAX + 1; count++) {
        char text[2048] = "{\"profile\":\"a\",\"kind\":\"live\",\"fields\":{";
        for (int i = 0; i < count; i++) {
            size_t used = strlen(text);
            snprintf(text + used, sizeof text - used, "%s\"F%d\":\"v\"", i ? "," : "", i);
        }
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "}}");
        ibc_auto_input input = {0};
        struct ibc_error err;
        enum ibc_status status = ibc_input_json_line(ibc_view_of(text), "in", 1, &input, &err);
        assert_int_equal(status, count > IBC_INPUT_FIELDS_MAX ? IBC_ERR_DATA : IBC_OK);
    }
}

static void json_is_told_from_dotenv_by_its_first_brace(void **state) {
    (void)state;
    assert_true(ibc_input_looks_like_json(ibc_view_of("{")));
    assert_true(ibc_input_looks_like_json(ibc_view_of(" \r\n\t{\"a\":1}")));
    assert_false(ibc_input_looks_like_json(ibc_view_of("A={")));
    assert_false(ibc_input_looks_like_json(ibc_view_of("")));
    assert_false(ibc_input_looks_like_json(ibc_view_of(" \n")));
}

static void the_heap_aligns_and_wipes_when_the_last_block_is_freed(void **state) {
    (void)state;
    assert_int_equal(secret_heap_live(), 0);
    unsigned char *first = secret_heap_alloc(5);
    unsigned char *second = secret_heap_alloc(0);
    unsigned char *large = secret_heap_alloc(3 * (size_t)SECRET_HEAP_CHUNK + 1);
    assert_non_null(first);
    assert_non_null(large);
    assert_int_equal((uintptr_t)first % SECRET_HEAP_ALIGNMENT, 0);
    assert_int_equal((uintptr_t)second % SECRET_HEAP_ALIGNMENT, 0);
    assert_int_equal((uintptr_t)large % SECRET_HEAP_ALIGNMENT, 0);
    assert_true(first != second);

    memset(first, 'x', 5);
    memset(large, 'x', 3 * (size_t)SECRET_HEAP_CHUNK + 1);
    secret_heap_free(second);
    secret_heap_free(large);
    assert_int_equal(first[4], 'x');
    secret_heap_free(NULL);
    assert_int_equal(secret_heap_live(), 1);
    secret_heap_free(first);

    unsigned char *again = secret_heap_alloc(5);
    assert_ptr_equal(again, first);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(again[i], 0);
    }
    secret_heap_free(again);
}

static void the_heap_is_bounded(void **state) {
    (void)state;
    assert_null(secret_heap_alloc(SIZE_MAX));
    assert_null(secret_heap_alloc((size_t)SECRET_HEAP_MAX));
    assert_int_equal(secret_heap_live(), 0);
}

static void json_leaves_nothing_in_use_behind(void **state) {
    (void)state;
    ibc_auto_input input = {0};
    struct ibc_error err;
    assert_int_equal(ibc_input_json(ibc_view_of("{\"IB_USERNAME\":\"u\",\"IB_PASSWORD\":\"p\"}"),
                                    "-", wanted, WANTED, &input, &err),
                     IBC_OK);
    assert_true(secret_heap_live() > 0);
    ibc_input_free(&input);
    assert_int_equal(secret_heap_live(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_taken_out_of_dotenv_in_the_order_asked_for),
        cmocka_unit_test(dotenv_that_cannot_be_taken_is_refused_with_its_place),
        cmocka_unit_test(a_format_decides_where_the_readers_differ),
        cmocka_unit_test(references_that_the_file_answers_are_taken),
        cmocka_unit_test(scrubbing_takes_out_the_lines_and_keeps_every_other_byte),
        cmocka_unit_test(scrubbing_spares_another_variable_on_the_line),
        cmocka_unit_test(fields_are_taken_out_of_json),
        cmocka_unit_test(json_that_cannot_be_taken_is_refused_with_its_place),
        cmocka_unit_test(a_line_to_import_holds_one_profile),
        cmocka_unit_test(a_line_that_holds_anything_else_is_refused),
        cmocka_unit_test(a_line_may_have_no_more_fields_than_a_profile),
        cmocka_unit_test(json_is_told_from_dotenv_by_its_first_brace),
        cmocka_unit_test(the_heap_aligns_and_wipes_when_the_last_block_is_freed),
        cmocka_unit_test(the_heap_is_bounded),
        cmocka_unit_test(json_leaves_nothing_in_use_behind),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
