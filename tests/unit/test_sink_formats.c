/* test_sink_formats.c - values written for docker, systemd, a shell, JSON and a secret file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ibcred/dotenv.h>
#include <ibcred/sink.h>
#include <jansson.h>
#include <sodium.h>

#include "base/secret_heap.h"
#include "sink/format.h"
#include "sink_fixture.h"
#include "sink_values.h"

static void values_are_written_as_each_format_has_them(void **state) {
    (void)state;
    static const struct {
        const char *value;
        const char *docker;
        const char *systemd;
        const char *shell;
        const char *json;
    } cases[] = {
        {"secret1", "secret1", "secret1", "'secret1'", "\"secret1\""},
        {"", "", "", "''", "\"\""},
        {" a b ", " a b ", "' a b '", "' a b '", "\" a b \""},
        {"#;a", "#;a", "'#;a'", "'#;a'", "\"#;a\""},
        {"$HOME", "$HOME", "'$HOME'", "'$HOME'", "\"$HOME\""},
        {"`id`", "`id`", "`id`", "'`id`'", "\"`id`\""},
        {"a!b", "a!b", "a!b", "'a!b'", "\"a!b\""},
        {"C:\\", "C:\\", "\"C:\\\\\"", "'C:\\'", "\"C:\\\\\""},
        {"it's", "it's", "\"it's\"", "'it'\\''s'", "\"it's\""},
        {"'\"\\$`", "'\"\\$`", "\"'\\\"\\\\\\$\\`\"", "''\\''\"\\$`'", "\"'\\\"\\\\$`\""},
        {"a\tb", "a\tb", "'a\tb'", "'a\tb'", "\"a\\tb\""},
        {"gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F", "'gr\xC3\xBC\xC3\x9F'", "'gr\xC3\xBC\xC3\x9F'",
         "\"gr\xC3\xBC\xC3\x9F\""},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        const struct ibc_field field = field_of("X", cases[i].value);
        char file[128];
        snprintf(file, sizeof file, "X=%s\n", cases[i].docker);
        require_written(IBC_FORMAT_DOCKER, &field, 1, file);
        snprintf(file, sizeof file, "X=%s\n", cases[i].systemd);
        require_written(IBC_FORMAT_SYSTEMD, &field, 1, file);
        snprintf(file, sizeof file, "X=%s\n", cases[i].shell);
        require_written(IBC_FORMAT_SHELL, &field, 1, file);
        snprintf(file, sizeof file, "{\n  \"X\": %s\n}\n", cases[i].json);
        require_written(IBC_FORMAT_JSON, &field, 1, file);
        require_written(IBC_FORMAT_SECRET_FILE, &field, 1, cases[i].value);
    }
}

static void variables_keep_their_order(void **state) {
    (void)state;
    const struct ibc_field fields[] = {field_of("B", "1"), field_of("A", "2"), field_of("C", "3")};
    require_written(IBC_FORMAT_DOCKER, fields, 3, "B=1\nA=2\nC=3\n");
    require_written(IBC_FORMAT_SYSTEMD, fields, 3, "B=1\nA=2\nC=3\n");
    require_written(IBC_FORMAT_SHELL, fields, 3, "B='1'\nA='2'\nC='3'\n");
    require_written(IBC_FORMAT_JSON, fields, 3,
                    "{\n  \"B\": \"1\",\n  \"A\": \"2\",\n  \"C\": \"3\"\n}\n");
    require_written(IBC_FORMAT_SHELL, NULL, 0, "");
    require_written(IBC_FORMAT_JSON, NULL, 0, "{}\n");
}

static void what_is_lost_is_refused_with_the_ways_that_carry_it(void **state) {
    (void)state;
    static const struct {
        enum ibc_format format;
        const char *name;
        const char *value;
        const char *sentence;
    } cases[] = {
        {IBC_FORMAT_DOCKER, "P", "a\nb",
         "P holds a value that docker run --env-file would read wrongly, however it is written: "
         "use --format compose, --format compose-v1, --format compose-v2, --format systemd, "
         "--format shell, --format json or ibcred exec"},
        {IBC_FORMAT_DOCKER, "P", "a\r",
         "P holds a value that docker run --env-file would read wrongly, however it is written: "
         "use --format compose-v2, --format systemd, --format shell, --format json "
         "or ibcred exec"},
        {IBC_FORMAT_DOCKER, "P", "'quoted'",
         "P holds a value that docker run --env-file would read wrongly, however it is written: "
         "use --format compose, --format compose-v1, --format compose-v2, --format systemd, "
         "--format shell, --format json or ibcred exec"},
        {IBC_FORMAT_SYSTEMD, "P", "\xFF",
         "P holds a value that systemd would read wrongly, however it is written: use --format "
         "compose-v2, --format shell or ibcred exec"},
        {IBC_FORMAT_JSON, "P", "\xFF",
         "P holds a value that a reader of JSON would read wrongly, however it is written: use "
         "--format compose-v2, --format shell or ibcred exec"},
        {IBC_FORMAT_SECRET_FILE, "P", "a\n",
         "P holds a value that bash would read wrongly, however it is written: use --format "
         "compose, --format compose-v1, --format compose-v2, --format systemd, --format shell, "
         "--format json or ibcred exec"},
        {IBC_FORMAT_SHELL, "UID", "1",
         "UID is a name that a shell would read wrongly, however it is written: use --format "
         "compose, --format compose-v1, --format compose-v2, --format docker, --format systemd, "
         "--format json or ibcred exec"},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        const struct ibc_field field = field_of(cases[i].name, cases[i].value);
        struct ibc_secret text;
        struct ibc_error err = {0};
        assert_int_equal(ibc_sink_write(cases[i].format, &field, 1, &text, &err), IBC_ERR_MISMATCH);
        assert_string_equal(err.text, cases[i].sentence);
        assert_null(text.bytes);
    }
}

static void the_field_that_is_lost_is_the_one_named(void **state) {
    (void)state;
    static const enum ibc_format formats[] = {IBC_FORMAT_DOCKER, IBC_FORMAT_SYSTEMD,
                                              IBC_FORMAT_JSON};
    const struct ibc_field fields[] = {field_of("GOOD", "1"), field_of("BAD", "\xFF"),
                                       field_of("WORSE", "\xFF\n")};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(formats); i++) {
        struct ibc_secret text;
        struct ibc_error err = {0};
        assert_int_equal(ibc_sink_write(formats[i], fields, 3, &text, &err), IBC_ERR_MISMATCH);
        assert_memory_equal(err.text, "BAD holds", sizeof "BAD holds" - 1);
        /* A file of one value is no way for three. */
        assert_null(strstr(err.text, "secret-file"));
    }
}

static void a_nul_byte_is_refused_everywhere(void **state) {
    (void)state;
    static const struct ibc_field field = {.name = {(const unsigned char *)"P", 1},
                                           .value = {(const unsigned char *)"a\0b", 3}};
    for (int format = IBC_FORMAT_COMPOSE; format <= IBC_FORMAT_SECRET_FILE; format++) {
        struct ibc_secret text;
        struct ibc_error err = {0};
        assert_int_equal(ibc_sink_write((enum ibc_format)format, &field, 1, &text, &err),
                         IBC_ERR_MISMATCH);
        assert_non_null(strstr(err.text, ": use ibcred exec"));
        assert_null(text.bytes);
    }
}

static void a_secret_file_holds_one_value(void **state) {
    (void)state;
    const struct ibc_field fields[] = {field_of("A", "1"), field_of("B", "2")};
    struct ibc_secret text;
    struct ibc_error err;
    assert_int_equal(ibc_sink_write(IBC_FORMAT_SECRET_FILE, fields, 2, &text, &err), IBC_ERR_USAGE);
    assert_string_equal(err.text, "a secret file holds one value, not 2: name one, or use another "
                                  "--format");
    assert_int_equal(ibc_sink_write(IBC_FORMAT_SECRET_FILE, fields, 0, &text, &err), IBC_ERR_USAGE);
}

static void a_file_too_large_is_refused(void **state) {
    (void)state;
    enum { SIZE = IBC_FIELD_VALUE_MAX, COUNT = 300 };
    static const enum ibc_format formats[] = {IBC_FORMAT_DOCKER, IBC_FORMAT_SYSTEMD,
                                              IBC_FORMAT_SHELL, IBC_FORMAT_JSON};
    static unsigned char value[SIZE];
    static char names[COUNT][5];
    static struct ibc_field fields[COUNT];
    memset(value, 'x', SIZE);
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "V%03zu", i % 1000);
        fields[i] = (struct ibc_field){.name = ibc_view_of(names[i]), .value = {value, SIZE}};
    }
    for (size_t i = 0; i < IBC_ARRAY_SIZE(formats); i++) {
        struct ibc_secret text;
        struct ibc_error err;
        assert_int_equal(ibc_sink_write(formats[i], fields, COUNT, &text, &err), IBC_ERR_USAGE);
        assert_null(text.bytes);
    }
}

static void require_same(struct ibc_view read, const struct ibc_field *field) {
    assert_true(ibc_view_equal(read, field->value));
}

static void read_lines(enum ibc_dotenv_reader reader, struct ibc_view text,
                       const struct ibc_field *fields) {
    ibc_auto_dotenv *dotenv = NULL;
    struct ibc_error err;
    assert_int_equal(ibc_dotenv_parse(reader, text, "x", &dotenv, &err), IBC_OK);
    assert_int_equal(ibc_dotenv_count(dotenv), 2);
    for (size_t i = 0; i < 2; i++) {
        require_same(ibc_dotenv_at(dotenv, i)->value, &fields[i]);
        assert_false(ibc_dotenv_at(dotenv, i)->unbound);
    }
}

static void read_json(struct ibc_view text, const struct ibc_field *fields) {
    json_error_t error;
    json_t *object = json_loadb((const char *)text.bytes, text.size, 0, &error);
    assert_non_null(object);
    assert_int_equal(json_object_size(object), 2);
    static const char *const names[] = {"IB_PASSWORD", "OTHER"};
    for (size_t i = 0; i < 2; i++) {
        const json_t *value = json_object_get(object, names[i]);
        require_same((struct ibc_view){.bytes = (const unsigned char *)json_string_value(value),
                                       .size = json_string_length(value)},
                     &fields[i]);
    }
    json_decref(object);
}

static void read_back(enum ibc_format format, struct ibc_view text,
                      const struct ibc_field *fields) {
    switch (format) {
    case IBC_FORMAT_DOCKER:
        read_lines(IBC_READER_DOCKER, text, fields);
        break;
    case IBC_FORMAT_SYSTEMD:
        read_lines(IBC_READER_SYSTEMD, text, fields);
        break;
    case IBC_FORMAT_SHELL:
        read_lines(IBC_READER_SHELL, text, fields);
        break;
    case IBC_FORMAT_JSON:
        read_json(text, fields);
        break;
    default:
        require_same(text, fields);
    }
}

static bool has_text(struct ibc_view value, const char *text) {
    return memmem(value.bytes, value.size, text, strlen(text)) != NULL;
}

/* What each format has to carry: less would be a refusal without need. */
static bool is_due(enum ibc_format format, struct ibc_view value) {
    const unsigned char first = value.bytes[0], last = value.bytes[value.size - 1];
    const bool quoted = value.size >= 2 && (first == '\'' || first == '"') && first == last;
    const bool noncharacter =
        has_text(value, "\xEF\xBF\xBF") || has_text(value, "\xF4\x8F\xBF\xBF");
    return !(format == IBC_FORMAT_DOCKER && quoted) &&
           !(format == IBC_FORMAT_SYSTEMD && noncharacter);
}

static void every_value_that_can_be_sealed_is_carried(void **state) {
    (void)state;
    enum { ROUNDS = 3000 };
    struct values values;
    values_begin(&values, "formats");
    for (int round = 0; round < ROUNDS; round++) {
        const struct ibc_field fields[] = {
            {.name = ibc_view_of("IB_PASSWORD"), .value = values_next(&values)},
            {.name = ibc_view_of("OTHER"), .value = ibc_view_of("it's \"quoted\"")},
        };
        for (int format = IBC_FORMAT_DOCKER; format <= IBC_FORMAT_SECRET_FILE; format++) {
            ibc_auto_secret text = {0};
            struct ibc_error err;
            const enum ibc_status status =
                ibc_sink_write((enum ibc_format)format, fields,
                               format == IBC_FORMAT_SECRET_FILE ? 1 : 2, &text, &err);
            assert_int_equal(status, is_due((enum ibc_format)format, fields[0].value)
                                         ? IBC_OK
                                         : IBC_ERR_MISMATCH);
            if (status == IBC_OK) {
                read_back((enum ibc_format)format, ibc_secret_view(&text), fields);
            }
        }
    }
}

static bool write_wrongly(const struct ibc_field *field, struct ibc_secret_buffer *out) {
    ibc_secret_buffer_append_byte(out, '"');
    ibc_secret_buffer_append(out, field->value.bytes, field->value.size);
    ibc_secret_buffer_append_byte(out, '"');
    return true;
}

static void a_wrong_writing_is_caught(void **state) {
    (void)state;
    static writing *const writings[] = {write_wrongly, NULL};
    static const struct {
        enum ibc_dotenv_reader reader;
        const char *carried; /* NULL: nothing is */
        const char *lost;
    } cases[] = {
        {IBC_READER_DOCKER, NULL, "a"},       {IBC_READER_SYSTEMD, "a b", "a\\\\b"},
        {IBC_READER_SYSTEMD, "a", "a\\"},     {IBC_READER_SHELL, "a b", "a$b"},
        {IBC_READER_COMPOSE_V2, "a", "a$b"},  {IBC_READER_SHELL, "a", "\""},
        {IBC_READER_COMPOSE_V1, "$b", "a\\"}, {IBC_READER_SYSTEMD, "$", "a\"b"},
    };
    IBC_CLEANUP(reading_free) struct reading reading;
    reading_init(&reading);
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        const struct format wrong = {.writings = writings,
                                     .reader = {cases[i].reader},
                                     .reader_count = 1,
                                     .quotes = cases[i].reader != IBC_READER_DOCKER};
        ibc_auto_secret_buffer text;
        ibc_secret_buffer_init(&text, IBC_SINK_FILE_MAX);
        const struct ibc_field lost = field_of("X", cases[i].lost);
        assert_int_equal(write_lines(&reading, &wrong, &lost, 1, &text), 0);
        assert_int_equal(text.used, 0);
        if (cases[i].carried) {
            const struct ibc_field carried = field_of("X", cases[i].carried);
            assert_int_equal(write_lines(&reading, &wrong, &carried, 1, &text), 1);
        }
    }
}

static void a_file_that_is_not_the_one_meant_is_told(void **state) {
    (void)state;
    const struct ibc_field fields[] = {field_of("A", "1"), field_of("B", "2")};
    static const char *const others[] = {
        "",
        "{}",
        "[]",
        "{\"A\":\"1\"}",
        "{\"B\":\"2\",\"A\":\"1\"}",
        "{\"A\":\"1\",\"B\":\"3\"}",
        "{\"A\":\"1\",\"B\":2}",
        "{\"A\":\"1\",\"B\":\"2\",\"C\":\"3\"}",
        "{\"A\":\"1\",\"B\":\"2\"",
        "{\"A\":\"0\",\"A\":\"1\",\"B\":\"2\"}",
    };
    assert_true(json_reads_back(NULL, NULL, ibc_view_of("{\"A\":\"1\",\"B\":\"2\"}"), fields, 2));
    for (size_t i = 0; i < IBC_ARRAY_SIZE(others); i++) {
        assert_false(json_reads_back(NULL, NULL, ibc_view_of(others[i]), fields, 2));
    }
    assert_true(secret_file_reads_back(NULL, NULL, ibc_view_of("1"), fields, 1));
    assert_false(secret_file_reads_back(NULL, NULL, ibc_view_of("1\n"), fields, 1));
    assert_false(secret_file_reads_back(NULL, NULL, ibc_view_of("2"), fields, 1));
    assert_false(secret_file_reads_back(NULL, NULL, ibc_view_of("1"), fields, 2));
}

static size_t allocations;

static void *count_allocation(size_t size) {
    allocations++;
    return malloc(size);
}

static void json_is_written_in_guarded_memory_alone(void **state) {
    (void)state;
    json_malloc_t allocate;
    json_free_t release;
    const struct ibc_field field = field_of("A", "1");
    json_set_alloc_funcs(count_allocation, free);
    require_written(IBC_FORMAT_JSON, &field, 1, "{\n  \"A\": \"1\"\n}\n");
    json_get_alloc_funcs(&allocate, &release);
    json_set_alloc_funcs(malloc, free);
    assert_int_equal(allocations, 0);
    assert_int_equal(secret_heap_live(), 0);
    assert_ptr_equal(allocate, count_allocation);
}

static int start_sodium(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_written_as_each_format_has_them),
        cmocka_unit_test(variables_keep_their_order),
        cmocka_unit_test(what_is_lost_is_refused_with_the_ways_that_carry_it),
        cmocka_unit_test(the_field_that_is_lost_is_the_one_named),
        cmocka_unit_test(a_nul_byte_is_refused_everywhere),
        cmocka_unit_test(a_secret_file_holds_one_value),
        cmocka_unit_test(a_file_too_large_is_refused),
        cmocka_unit_test(every_value_that_can_be_sealed_is_carried),
        cmocka_unit_test(a_wrong_writing_is_caught),
        cmocka_unit_test(a_file_that_is_not_the_one_meant_is_told),
        cmocka_unit_test(json_is_written_in_guarded_memory_alone),
    };
    return cmocka_run_group_tests(tests, start_sodium, NULL);
}
