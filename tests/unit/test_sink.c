/* test_sink.c - values written so that Docker Compose gets them back; what holds for all formats.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ibcred/dotenv.h>
#include <sodium.h>

#include "sink_fixture.h"

#define COMPOSE_FORMATS 3
static const enum ibc_format formats[COMPOSE_FORMATS] = {IBC_FORMAT_COMPOSE, IBC_FORMAT_COMPOSE_V1,
                                                         IBC_FORMAT_COMPOSE_V2};

static void values_are_written_as_plainly_as_their_readers_allow(void **state) {
    (void)state;
    static const struct {
        const char *value;
        const char *both;
        const char *v1;
        const char *v2;
    } cases[] = {
        {"secret1", "secret1", "secret1", "secret1"},
        {"C:\\dir\\", "C:\\dir\\", "C:\\dir\\", "C:\\dir\\"},
        {"a=b!&%", "a=b!&%", "a=b!&%", "a=b!&%"},
        {"a#b", "'a#b'", "'a#b'", "'a#b'"},
        {"a b", "'a b'", "'a b'", "'a b'"},
        {" a ", "' a '", "' a '", "' a '"},
        {"pa$word", "'pa$word'", "'pa$word'", "'pa$word'"},
        {"it's", "\"it's\"", "\"it's\"", "\"it's\""},
        {"'\"", "\"'\\\"\"", "\"'\\\"\"", "\"'\\\"\""},
        {"a b\\", "\"a b\\\\${X:-}\"", "\"a b\\\\${X:-}\"", "\"a b\\\\\""},
        {"${HOME}", "\"${X:-$}{HOME}\"", "\"${X:-$}{HOME}\"", "'${HOME}'"},
        {"it's $x", "\"it's ${X:-$}x\"", "\"it's $x\"", "\"it's \\$x\""},
        {"a\\\\ b", "\"a\\\\\\\\ b\"", "\"a\\\\\\\\ b\"", "'a\\\\ b'"},
        {"gr\xC3\xBC\xC3\x9F", "'gr\xC3\xBC\xC3\x9F'", "'gr\xC3\xBC\xC3\x9F'",
         "'gr\xC3\xBC\xC3\x9F'"},
        {"", "", "", ""},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        const char *expected[COMPOSE_FORMATS] = {cases[i].both, cases[i].v1, cases[i].v2};
        const struct ibc_field field = field_of("X", cases[i].value);
        for (size_t format = 0; format < COMPOSE_FORMATS; format++) {
            char line[128];
            snprintf(line, sizeof line, "X=%s\n", expected[format]);
            require_written(formats[format], &field, 1, line);
        }
    }
}

static void variables_keep_their_order(void **state) {
    (void)state;
    const struct ibc_field fields[] = {field_of("B", "it's"), field_of("A", "\" \\"),
                                       field_of("C", "'")};
    require_written(IBC_FORMAT_COMPOSE, fields, IBC_ARRAY_SIZE(fields),
                    "B=\"it's\"\nA=\"\\\" \\\\${A:-}\"\nC=\"'\"\n");
    require_written(IBC_FORMAT_COMPOSE, NULL, 0, "");
}

static struct ibc_view random_value(unsigned char *bytes, size_t most) {
    static const char heavy[] = "\\$\"'#!=&%{}:- ";
    size_t size = 1 + randombytes_uniform((uint32_t)most);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = randombytes_uniform(10) < 7
                       ? (unsigned char)heavy[randombytes_uniform(sizeof heavy - 1)]
                       : (unsigned char)(' ' + randombytes_uniform('~' - ' ' + 1));
    }
    return (struct ibc_view){.bytes = bytes, .size = size};
}

static void every_printable_value_is_carried_and_read_back(void **state) {
    (void)state;
    enum { ROUNDS = 2000, SIZE_MAX_ = 40 };
    unsigned char bytes[SIZE_MAX_];
    for (int round = 0; round < ROUNDS; round++) {
        const struct ibc_field field = {.name = ibc_view_of("IB_PASSWORD"),
                                        .value = random_value(bytes, SIZE_MAX_)};
        ibc_auto_secret text = {0};
        struct ibc_error err;
        assert_int_equal(ibc_sink_write(IBC_FORMAT_COMPOSE, &field, 1, &text, &err), IBC_OK);
        for (int reader = IBC_READER_COMPOSE_V1; reader <= IBC_READER_COMPOSE_V2; reader++) {
            ibc_auto_dotenv *dotenv = NULL;
            assert_int_equal(ibc_dotenv_parse((enum ibc_dotenv_reader)reader,
                                              ibc_secret_view(&text), "x", &dotenv, &err),
                             IBC_OK);
            assert_int_equal(ibc_dotenv_count(dotenv), 1);
            assert_true(ibc_view_equal(ibc_dotenv_at(dotenv, 0)->value, field.value));
            assert_false(ibc_dotenv_at(dotenv, 0)->unbound);
        }
    }
}

static void what_only_one_reader_gets_back_is_refused_with_the_ways_that_carry_it(void **state) {
    (void)state;
    /* Not UTF-8: v1 refuses to decode it, v2 does not look. */
    const struct ibc_field fields[] = {field_of("GOOD", "1"),
                                       field_of("IB_PASSWORD", "hunter2\xFF")};
    static const struct {
        enum ibc_format format;
        const char *sentence;
    } cases[] = {
        {IBC_FORMAT_COMPOSE,
         "IB_PASSWORD holds a value that Docker Compose v1 and v2 would read differently, however "
         "it is written: use --format compose-v2, --format shell or ibcred exec"},
        {IBC_FORMAT_COMPOSE_V1,
         "IB_PASSWORD holds a value that Docker Compose v1 would read wrongly, however it is "
         "written: use --format compose-v2, --format shell or ibcred exec"},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        struct ibc_secret text;
        struct ibc_error err;
        assert_int_equal(ibc_sink_write(cases[i].format, fields, 2, &text, &err), IBC_ERR_MISMATCH);
        assert_string_equal(err.text, cases[i].sentence);
        assert_null(text.bytes);
    }
    require_written(IBC_FORMAT_COMPOSE_V2, fields, 2, "GOOD=1\nIB_PASSWORD='hunter2\xFF'\n");
}

static void what_no_reader_gets_back_names_exec_alone(void **state) {
    (void)state;
    static const struct ibc_field fields[] = {
        {.name = {(const unsigned char *)"NUL", 3}, .value = {(const unsigned char *)"\0", 1}},
        {.name = {(const unsigned char *)"A=1\nB", 5}, .value = {(const unsigned char *)"2", 1}},
        {.name = {(const unsigned char *)"A B", 3}, .value = {(const unsigned char *)"2", 1}},
        {.name = {(const unsigned char *)"#A", 2}, .value = {(const unsigned char *)"2", 1}},
        {.name = {(const unsigned char *)"", 0}, .value = {(const unsigned char *)"", 0}},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(fields); i++) {
        struct ibc_secret text;
        struct ibc_error err;
        assert_int_equal(ibc_sink_write(IBC_FORMAT_COMPOSE_V1, &fields[i], 1, &text, &err),
                         IBC_ERR_MISMATCH);
        assert_null(text.bytes);
    }
    struct ibc_secret text;
    struct ibc_error err;
    assert_int_equal(ibc_sink_write(IBC_FORMAT_COMPOSE, &fields[0], 1, &text, &err),
                     IBC_ERR_MISMATCH);
    assert_non_null(strstr(err.text, ": use ibcred exec"));
}

static void a_file_too_large_is_refused(void **state) {
    (void)state;
    enum { SIZE = IBC_FIELD_VALUE_MAX, COUNT = 64 };
    static unsigned char dollars[SIZE];
    static char names[COUNT][4];
    static struct ibc_field fields[COUNT];
    memset(dollars, '$', SIZE);
    dollars[0] = '\'';
    dollars[1] = '{';
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "V%02zu", i % 100);
        fields[i] = (struct ibc_field){.name = ibc_view_of(names[i]), .value = {dollars, SIZE}};
    }
    struct ibc_secret text;
    struct ibc_error err;
    assert_int_equal(ibc_sink_write(IBC_FORMAT_COMPOSE, fields, COUNT, &text, &err), IBC_ERR_USAGE);
    assert_null(text.bytes);
}

static void a_name_twice_is_refused(void **state) {
    (void)state;
    const struct ibc_field fields[] = {field_of("A", "1"), field_of("B", "2"), field_of("A", "3")};
    struct ibc_secret text;
    struct ibc_error err;
    assert_int_equal(ibc_sink_write(IBC_FORMAT_COMPOSE, fields, 3, &text, &err), IBC_ERR_USAGE);
    assert_string_equal(err.text, "A is to be written twice; leave one out");
    assert_null(text.bytes);
}

static void an_environment_with_another_value_is_refused(void **state) {
    (void)state;
    static const char another_password[] =
        "the environment has another IB_PASSWORD, which Compose puts above the env file; unset "
        "IB_PASSWORD, or use: ibcred exec";
    static const char another_username[] =
        "the environment has another IB_USERNAME, which Compose puts above the env file; unset "
        "IB_USERNAME, or use: ibcred exec";
    static const struct {
        char *environment[3];
        const char *sentence; /* NULL: accepted */
    } cases[] = {
        {{NULL}, NULL},
        {{"HOME=/", "PATH=/bin"}, NULL},
        {{"IB_PASSWORD=hunter2", "IB_USERNAME=trader"}, NULL},
        {{"IB_PASSWORD=hunter3"}, another_password},
        {{"IB_PASSWORD=hunter"}, another_password},
        {{"IB_PASSWORD=hunter22"}, another_password},
        {{"IB_PASSWORD="}, another_password},
        {{"IB_PASSWORD==hunter2"}, another_password},
        {{"HOME=/", "IB_USERNAME=other"}, another_username},
        {{"IB_PASSWORD=hunter2", "IB_PASSWORD=hunter3"}, another_password},
        {{"IB_PASSWORD"}, NULL},
        {{"IB_PASSWORD_FILE=hunter3", "IB_PASS=hunter3"}, NULL},
        {{"ib_password=hunter3", "XIB_PASSWORD=hunter3"}, NULL},
        {{"", "="}, NULL},
    };
    const struct ibc_field fields[] = {field_of("IB_USERNAME", "trader"),
                                       field_of("IB_PASSWORD", "hunter2")};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        struct ibc_error err = {0};
        enum ibc_status status =
            ibc_sink_check_environment(IBC_FORMAT_COMPOSE, fields, 2, cases[i].environment, &err);
        assert_int_equal(
            ibc_sink_check_environment(IBC_FORMAT_DOCKER, fields, 2, cases[i].environment, &err),
            IBC_OK);
        assert_string_equal(err.text, cases[i].sentence ? cases[i].sentence : "");
        assert_int_equal(status, cases[i].sentence ? IBC_ERR_MISMATCH : IBC_OK);
    }
    struct ibc_error err;
    assert_int_equal(ibc_sink_check_environment(IBC_FORMAT_COMPOSE, fields, 2, NULL, &err), IBC_OK);
}

static void formats_have_names(void **state) {
    (void)state;
    static const struct {
        enum ibc_format format;
        const char *name;
    } cases[] = {
        {IBC_FORMAT_COMPOSE, "compose"},
        {IBC_FORMAT_COMPOSE_V1, "compose-v1"},
        {IBC_FORMAT_COMPOSE_V2, "compose-v2"},
        {IBC_FORMAT_DOCKER, "docker"},
        {IBC_FORMAT_SYSTEMD, "systemd"},
        {IBC_FORMAT_SHELL, "shell"},
        {IBC_FORMAT_JSON, "json"},
        {IBC_FORMAT_SECRET_FILE, "secret-file"},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        enum ibc_format format;
        assert_string_equal(ibc_format_name(cases[i].format), cases[i].name);
        assert_true(ibc_format_parse(cases[i].name, &format));
        assert_int_equal(format, cases[i].format);
    }
    enum ibc_format untouched = IBC_FORMAT_COMPOSE_V2;
    assert_false(ibc_format_parse("Compose", &untouched));
    assert_int_equal(untouched, IBC_FORMAT_COMPOSE_V2);
    assert_string_equal(
        ibc_format_names(),
        "compose, compose-v1, compose-v2, docker, systemd, shell, json or secret-file");
    assert_ptr_equal(ibc_format_names(), ibc_format_names());
}

static void a_format_that_is_none_is_refused(void **state) {
    (void)state;
    const struct ibc_field field = field_of("A", "1");
    struct ibc_secret text;
    struct ibc_error err;
    assert_int_equal(ibc_sink_write((enum ibc_format)99, &field, 1, &text, &err), IBC_ERR_USAGE);
    assert_string_equal(err.text, "no such format: use compose, compose-v1, compose-v2, docker, "
                                  "systemd, shell, json or secret-file");
    assert_string_equal(ibc_format_name((enum ibc_format)99), "unknown");
}

static int start_sodium(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_written_as_plainly_as_their_readers_allow),
        cmocka_unit_test(variables_keep_their_order),
        cmocka_unit_test(every_printable_value_is_carried_and_read_back),
        cmocka_unit_test(what_only_one_reader_gets_back_is_refused_with_the_ways_that_carry_it),
        cmocka_unit_test(what_no_reader_gets_back_names_exec_alone),
        cmocka_unit_test(a_file_too_large_is_refused),
        cmocka_unit_test(a_name_twice_is_refused),
        cmocka_unit_test(an_environment_with_another_value_is_refused),
        cmocka_unit_test(formats_have_names),
        cmocka_unit_test(a_format_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, start_sodium, NULL);
}
