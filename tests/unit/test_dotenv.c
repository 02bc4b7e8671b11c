/* test_dotenv.c - env files as docker-compose v1 and Docker Compose v2 read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ibcred/dotenv.h>
#include <sodium.h>

enum { SHOWN_MAX = 512, READER_COUNT = 2 };

static const enum ibc_dotenv_reader readers[READER_COUNT] = {IBC_READER_COMPOSE_V1,
                                                             IBC_READER_COMPOSE_V2};

/*
 * A text and what each reader makes of it: "[NAME=value][NAME]…", where [NAME] has no value, or
 * "refused at LINE".
 */
struct reading_case {
    const char *text;
    const char *v1;
    const char *v2;
};

static struct ibc_view text_of(const char *text) {
    return ibc_view_of(text);
}

static void show(enum ibc_dotenv_reader reader, struct ibc_view text, char *out) {
    ibc_auto_dotenv *dotenv = NULL;
    struct ibc_error err;
    if (ibc_dotenv_parse(reader, text, "x.env", &dotenv, &err) != IBC_OK) {
        assert_null(dotenv);
        assert_int_equal(err.status, IBC_ERR_DATA);
        const char *line = strchr(err.text, ':');
        assert_non_null(line);
        snprintf(out, SHOWN_MAX, "refused at %d", (int)strtol(line + 1, NULL, 10));
        return;
    }
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < ibc_dotenv_count(dotenv); i++) {
        const struct ibc_dotenv_entry *entry = ibc_dotenv_at(dotenv, i);
        used +=
            (size_t)snprintf(out + used, SHOWN_MAX - used, "[%.*s%s%.*s]", (int)entry->name.size,
                             entry->name.size > 0 ? (const char *)entry->name.bytes : "",
                             entry->has_value ? "=" : "", (int)entry->value.size,
                             entry->value.size > 0 ? (const char *)entry->value.bytes : "");
        assert_true(used < SHOWN_MAX);
    }
}

static void check(const struct reading_case *cases, size_t count) {
    char shown[SHOWN_MAX];
    for (size_t i = 0; i < count; i++) {
        const char *expected[READER_COUNT] = {cases[i].v1, cases[i].v2};
        for (size_t reader = 0; reader < READER_COUNT; reader++) {
            show(readers[reader], text_of(cases[i].text), shown);
            if (strcmp(shown, expected[reader]) != 0) {
                print_error("v%zu: %s\n", reader + 1, cases[i].text);
            }
            assert_string_equal(shown, expected[reader]);
        }
    }
}

static void lines_bind_names_to_values(void **state) {
    (void)state;
    static const struct reading_case cases[] = {
        {"", "", ""},
        {"\n \t\n", "", ""},
        {"A=1", "[A=1]", "[A=1]"},
        {"A=1\nB=2\n", "[A=1][B=2]", "[A=1][B=2]"},
        {"A=1\r\nB='2'\r\n", "[A=1][B=2]", "[A=1][B=2]"},
        {"A=1\rB=2", "[A=1][B=2]", "[A=1\rB=2]"},
        {"\xEF\xBB\xBF"
         "A=1\n",
         "[A=1]", "[A=1]"},
        {" A = 1 \n", "[A=1]", "[A=1]"},
        {"A=\nB=2\n", "[A=][B=2]", "[A=][B=2]"},
        {"A=a=b", "[A=a=b]", "[A=a=b]"},
        {"A=1\nA=2\n", "[A=1][A=2]", "[A=1][A=2]"},
        {"export A=1\nexport\tB=2", "[A=1][B=2]", "[A=1][B=2]"},
        {"export=1", "[export=1]", "[export=1]"},
        {"exported=1", "[exported=1]", "[exported=1]"},
        {"A.b-c[0]=1", "[A.b-c[0]=1]", "[A.b-c[0]=1]"},
        {"A: 1\n", "refused at 1", "[A=1]"},
        {"'A b'=1\n", "[A b=1]", "refused at 1"},
        {"A\tB=1\n", "refused at 1", "[A\tB=1]"},
        {"=1\n", "refused at 1", "[=1]"},
    };
    check(cases, IBC_ARRAY_SIZE(cases));
}

static void comments_begin_where_each_reader_sees_them(void **state) {
    (void)state;
    static const struct reading_case cases[] = {
        {"# A=1\n  # B=2\nC=3", "[C=3]", "[C=3]"},
        {"A=1 # one\n", "[A=1]", "[A=1]"},
        {"A=1\t# one\n", "[A=1]", "[A=1\t# one]"},
        {"A=1#one\n", "[A=1#one]", "[A=1#one]"},
        {"A= #one\n", "[A=#one]", "[A=#one]"},
        {"A='1'# one\nB=2", "[A=1][B=2]", "[A=1][B=2]"},
        {"A # one\nB=2", "[A][B=2]", "refused at 1"},
        {"export # one\nB=2", "[B=2]", "refused at 1"},
    };
    check(cases, IBC_ARRAY_SIZE(cases));
}

static void names_without_a_value_bind_nothing(void **state) {
    (void)state;
    static const struct reading_case cases[] = {
        {"A\nB=2\n", "[A][B=2]", "[B=2]"},
        {"export A\nB=2\n", "[A][B=2]", "[B=2]"},
        {"A=1\nA\nB=${A}", "[A=1][A][B=]", "[A=1][B=1]"},
        {"A=1\nB", "[A=1][B]", "[A=1][=B]"},
    };
    check(cases, IBC_ARRAY_SIZE(cases));
}

static void quotes_hold_what_their_reader_unescapes(void **state) {
    (void)state;
    static const struct reading_case cases[] = {
        {"A=' 1 # '", "[A= 1 # ]", "[A= 1 # ]"},
        {"A='two\nlines'\nB=2", "[A=two\nlines][B=2]", "[A=two\nlines][B=2]"},
        {"A='two\r\nlines'", "[A=two\nlines]", "[A=two\r\nlines]"},
        {"A=''", "[A=]", "[A=]"},
        {"A='it\\'s'", "[A=it's]", "[A=it's]"},
        {"A='a\\\\b'", "[A=a\\b]", "[A=a\\\\b]"},
        {"A='a\\nb'", "[A=a\\nb]", "[A=a\\nb]"},
        {"A=\"a\\\\b\"", "[A=a\\b]", "[A=a\\b]"},
        {"A=\"a\\\"b\"", "[A=a\"b]", "[A=a\"b]"},
        {"A=\"a\\'b\"", "[A=a'b]", "[A=a\\'b]"},
        {"A=\"\\a\\b\\f\\n\\r\\t\\v\"", "[A=\a\b\f\n\r\t\v]", "[A=\a\b\f\n\r\t\v]"},
        {"A=\"\\x\\c\"", "[A=\\x\\c]", "[A=\\x\\c]"},
        {"A=\"\\$x\"", "[A=\\$x]", "[A=$x]"},
        {"A=\"\\0101\\0377\"", "[A=\\0101\\0377]", "[A=A\xC3\xBF]"},
        {"A=\"\\0\\07\\0400\\0128\"", "[A=\\0\\07\\0400\\0128]", "[A=\\\\7\\400\\128]"},
        {"A=it's", "[A=it's]", "[A=it's]"},
        {"A=a\\nb\\", "[A=a\\nb\\]", "[A=a\\nb\\]"},
    };
    check(cases, IBC_ARRAY_SIZE(cases));
}

static void quotes_close_where_each_reader_closes_them(void **state) {
    (void)state;
    static const struct reading_case cases[] = {
        {"A='1", "refused at 1", "refused at 1"},
        {"A=1\n\nB=\"2\nC=3", "refused at 3", "refused at 3"},
        {"A='1' B='2'", "refused at 1", "[A=1][B=2]"},
        {"A='1'B=2", "refused at 1", "[A=1][B=2]"},
        {"A='1'x\n", "refused at 1", "[A=1]"},
        /* To v1 the last backslash escapes the quote, unless no other quote is left. */
        {"A='1\\'\n", "[A=1\\]", "refused at 1"},
        {"A=\"1\\\\\"\n", "[A=1\\]", "[A=1\\]"},
        {"A=\"1\\\\\"\nB=\"2\"\n", "refused at 1", "[A=1\\][B=2]"},
    };
    check(cases, IBC_ARRAY_SIZE(cases));
}

static void variables_are_put_in(void **state) {
    (void)state;
    static const struct reading_case cases[] = {
        {"A=1\nB=<${A}>", "[A=1][B=<1>]", "[A=1][B=<1>]"},
        {"A=1\nB=\"<${A}>\"", "[A=1][B=<1>]", "[A=1][B=<1>]"},
        {"A=1\nB='<${A}>'", "[A=1][B=<1>]", "[A=1][B=<${A}>]"},
        {"A=1\nB=$A.", "[A=1][B=$A.]", "[A=1][B=1.]"},
        {"A=$x$1$", "[A=$x$1$]", "[A=$1$]"},
        {"A=a$$b", "[A=a$$b]", "[A=a$b]"},
        {"A=${A}${B}", "[A=]", "[A=]"},
        {"A=${x:-y}${x:-}", "[A=y]", "[A=y]"},
        {"A=${x-y}", "[A=]", "[A=y]"},
        {"A=\nB=${A:-y}${A-z}", "[A=][B=]", "[A=][B=y]"},
        {"A=1\nB=${A:+y}${x:+z}${A+w}", "[A=1][B=${A:+y}${x:+z}]", "[A=1][B=yw]"},
        {"A=1\nB=${A:?no}${A?no}", "[A=1][B=${A:?no}]", "[A=1][B=11]"},
        {"A=${x:?no}", "[A=${x:?no}]", "refused at 1"},
        {"A=${x?no}", "[A=]", "refused at 1"},
        {"A=${", "[A=${]", "refused at 1"},
        {"A=${}", "[A=]", "refused at 1"},
        {"A=${x:-y", "[A=${x:-y]", "refused at 1"},
        {"A=${x:-${y:-z}}", "[A=${y:-z}]", "[A=z]"},
        {"A=${x:-{}", "[A={]", "[A={]"},
        {"A=${x:-a}b}${x:-c}", "[A=ab}c]", "[A=ab}c]"},
        /* compose-go passes over the byte after each "{" when it counts braces. */
        {"A=1\nB=${A:-{{}}}", "[A=1][B=1}}]", "[A=1][B=1}]"},
        {"A=$\xC5\xBF.", "[A=$\xC5\xBF.]", "[A=.]"},
    };
    check(cases, IBC_ARRAY_SIZE(cases));
}

static void values_that_the_environment_would_complete_are_unbound(void **state) {
    (void)state;
    static const struct {
        const char *text; /* its last line counts */
        bool v1;
        bool v2;
    } cases[] = {
        {"A=1", false, false},
        {"A=$x", false, true},
        {"A=${x}", true, true},
        {"A=\"<${x}>\"", true, true},
        {"A='<${x}>'", true, false},
        {"A='$x'", false, false},
        {"A=\"\\$x\"", false, false},
        {"A=${A}", true, true},
        {"x=1\nA=${x}", false, false},
        {"x=1\nA=${x}${y}", true, true},
        {"x=\nA=${x}", false, false},
        /* In v1 a name alone hides the environment's, in v2 it asks for it. */
        {"x\nA=${x}", false, true},
        {"A=${x}\nx=1\nA=1", false, false},
        {"A=${x:-y}", false, false},
        {"A=${x:-}", false, false},
        {"A=${x:-y}${z}", true, true},
        {"A=${x-y}", true, false},
        {"A=${x:+y}", false, true},
        {"x=1\nA=${x:+y}${x:?z}", false, false},
        {"A=${x:-$y}", false, true},
        {"x=1\nA=${x:-$y}", false, false},
        {"x=1\nA=$y${x:-1}", false, true},
        {"x=1\nA=${x:+$y}", false, true},
        {"x=1\nA=${x:?$y}", false, false},
        {"x=${y}\nA=<${x}>", true, true},
        {"x=${y}\nA=${x:-z}", true, true},
        {"x=${y}\nA=1", false, false},
        {"x=${y}\nx=1\nA=${x}", false, false},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        const bool expected[READER_COUNT] = {cases[i].v1, cases[i].v2};
        for (size_t reader = 0; reader < READER_COUNT; reader++) {
            ibc_auto_dotenv *dotenv = NULL;
            struct ibc_error err;
            assert_int_equal(
                ibc_dotenv_parse(readers[reader], text_of(cases[i].text), "x.env", &dotenv, &err),
                IBC_OK);
            if (ibc_dotenv_find(dotenv, "A")->unbound != expected[reader]) {
                fail_msg("v%zu: %s", reader + 1, cases[i].text);
            }
        }
    }
}

static void bytes_that_a_reader_cannot_take_are_refused(void **state) {
    (void)state;
    static const struct reading_case cases[] = {
        {"A=1\nB=\xFF\n", "refused at 2", "[A=1][B=\xFF]"},
        {"A=\xED\xA0\x80", "refused at 1", "[A=\xED\xA0\x80]"},
        {"A=\xC0\x80", "refused at 1", "[A=\xC0\x80]"},
        {"A=\xC3\xA9", "[A=\xC3\xA9]", "[A=\xC3\xA9]"},
        {"\xC3\xA9=1", "[\xC3\xA9=1]", "refused at 1"},
        {"A=1\xC2\xA0\n", "[A=1]", "[A=1]"},
        {"A=1\x1C\n", "[A=1]", "[A=1\x1C]"},
        {"A%=1\n", "[A%=1]", "refused at 1"},
    };
    check(cases, IBC_ARRAY_SIZE(cases));

    static const unsigned char nul[] = {'A', '=', '1', '\n', 'B', '=', 0};
    char shown[SHOWN_MAX];
    for (size_t reader = 0; reader < READER_COUNT; reader++) {
        show(readers[reader], (struct ibc_view){.bytes = nul, .size = sizeof nul}, shown);
        assert_string_equal(shown, "refused at 2");
    }
}

static void the_last_binding_of_a_name_counts(void **state) {
    (void)state;
    for (size_t reader = 0; reader < READER_COUNT; reader++) {
        ibc_auto_dotenv *dotenv = NULL;
        struct ibc_error err;
        assert_int_equal(
            ibc_dotenv_parse(readers[reader], text_of("A=1\nB=2\nA=3\n"), "x.env", &dotenv, &err),
            IBC_OK);
        const struct ibc_dotenv_entry *entry = ibc_dotenv_find(dotenv, "A");
        assert_non_null(entry);
        assert_true(ibc_view_is(entry->value, "3"));
        assert_int_equal(entry->line, 3);
        assert_null(ibc_dotenv_find(dotenv, "C"));
        assert_null(ibc_dotenv_find(dotenv, ""));
    }
}

static void entries_tell_which_lines_they_stand_on(void **state) {
    (void)state;
    static const char text[] = "# first\r\n\r\n  A='1\r\n2' # two lines\r\nB=3";
    for (size_t reader = 0; reader < READER_COUNT; reader++) {
        ibc_auto_dotenv *dotenv = NULL;
        struct ibc_error err;
        assert_int_equal(ibc_dotenv_parse(readers[reader], text_of(text), "x.env", &dotenv, &err),
                         IBC_OK);
        const struct ibc_dotenv_entry *a = ibc_dotenv_at(dotenv, 0);
        const struct ibc_dotenv_entry *b = ibc_dotenv_at(dotenv, 1);
        assert_int_equal(a->line, 3);
        assert_int_equal(a->start, strstr(text, "  A=") - text);
        assert_int_equal(a->end, strstr(text, "B=3") - text);
        assert_int_equal(b->line, 5);
        assert_int_equal(b->start, a->end);
        assert_int_equal(b->end, strlen(text));
    }
}

static void sentences_name_file_and_line_and_never_a_value(void **state) {
    (void)state;
    static const char *const texts[] = {"\nA='hunter2", "\nA='hunter2' hunter2", "\nA=\"hunter2",
                                        "\nA=${hunter2", "\nA hunter2=1\n"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(texts); i++) {
        for (size_t reader = 0; reader < READER_COUNT; reader++) {
            ibc_auto_dotenv *dotenv = NULL;
            struct ibc_error err;
            if (ibc_dotenv_parse(readers[reader], text_of(texts[i]), "x.env", &dotenv, &err) !=
                IBC_OK) {
                assert_int_equal(strncmp(err.text, "x.env:2: ", 9), 0);
                assert_null(strstr(err.text, "hunter2"));
            }
        }
    }
}

static void append_repeated(struct ibc_secret_buffer *out, const char *text, size_t count) {
    for (size_t i = 0; i < count; i++) {
        ibc_secret_buffer_append_text(out, text);
    }
}

static void require_refused(const struct ibc_secret_buffer *text, enum ibc_dotenv_reader reader) {
    ibc_auto_dotenv *dotenv = NULL;
    struct ibc_error err;
    const struct ibc_view view = {.bytes = text->storage.bytes, .size = text->used};
    assert_false(text->failed);
    assert_int_equal(ibc_dotenv_parse(reader, view, "x.env", &dotenv, &err), IBC_ERR_DATA);
}

static void files_that_would_grow_without_bound_are_refused(void **state) {
    (void)state;
    struct {
        const char *head;
        const char *repeated;
        size_t count;
    } cases[] = {
        {"A=1\n", "A=1\n", IBC_DOTENV_ENTRIES_MAX},
        {"A=0123456789abcdef\n", "A=${A}${A}${A}${A}\n", 20},
        {"", "# comment\n", IBC_DOTENV_FILE_MAX / 10 + 1},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        ibc_auto_secret_buffer text;
        ibc_secret_buffer_init(&text, 2 * IBC_DOTENV_FILE_MAX);
        ibc_secret_buffer_append_text(&text, cases[i].head);
        append_repeated(&text, cases[i].repeated, cases[i].count);
        require_refused(&text, IBC_READER_COMPOSE_V1);
        require_refused(&text, IBC_READER_COMPOSE_V2);
    }

    ibc_auto_secret_buffer nested;
    ibc_secret_buffer_init(&nested, IBC_DOTENV_FILE_MAX);
    ibc_secret_buffer_append_text(&nested, "A=");
    append_repeated(&nested, "${x:-", 1000);
    append_repeated(&nested, "}", 1000);
    require_refused(&nested, IBC_READER_COMPOSE_V2);
}

static int start_sodium(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_bind_names_to_values),
        cmocka_unit_test(comments_begin_where_each_reader_sees_them),
        cmocka_unit_test(names_without_a_value_bind_nothing),
        cmocka_unit_test(quotes_hold_what_their_reader_unescapes),
        cmocka_unit_test(quotes_close_where_each_reader_closes_them),
        cmocka_unit_test(variables_are_put_in),
        cmocka_unit_test(values_that_the_environment_would_complete_are_unbound),
        cmocka_unit_test(bytes_that_a_reader_cannot_take_are_refused),
        cmocka_unit_test(the_last_binding_of_a_name_counts),
        cmocka_unit_test(entries_tell_which_lines_they_stand_on),
        cmocka_unit_test(sentences_name_file_and_line_and_never_a_value),
        cmocka_unit_test(files_that_would_grow_without_bound_are_refused),
    };
    return cmocka_run_group_tests(tests, start_sodium, NULL);
}
