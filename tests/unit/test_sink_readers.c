/* test_sink_readers.c - files as docker, systemd, a shell and Java's Properties read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ibcred/dotenv.h>
#include <sodium.h>

enum { SHOWN_MAX = IBC_ERROR_TEXT_MAX };

/* A text and what the reader makes of it: "[NAME=value][NAME]…", or the sentence it refuses with.
 */
struct reading_case {
    const char *text;
    const char *shown;
};

static void show(enum ibc_dotenv_reader reader, struct ibc_view text, char *out) {
    ibc_auto_dotenv *dotenv = NULL;
    struct ibc_error err;
    if (ibc_dotenv_parse(reader, text, "x", &dotenv, &err) != IBC_OK) {
        assert_null(dotenv);
        assert_int_equal(err.status, IBC_ERR_DATA);
        snprintf(out, SHOWN_MAX, "%s", err.text);
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

static void check(enum ibc_dotenv_reader reader, const struct reading_case *cases, size_t count) {
    char shown[SHOWN_MAX];
    for (size_t i = 0; i < count; i++) {
        show(reader, ibc_view_of(cases[i].text), shown);
        if (strncmp(shown, cases[i].shown, strlen(cases[i].shown)) != 0 ||
            (shown[0] != 'x' && strcmp(shown, cases[i].shown) != 0)) {
            print_error("case %zu: expected %s, read %s\n", i, cases[i].shown, shown);
            fail();
        }
    }
}

static void docker_takes_a_line_as_it_is(void **state) {
    (void)state;
    static const struct reading_case cases[] = {
        {"", ""},
        {"A=1\nB=2", "[A=1][B=2]"},
        {"A=\n", "[A=]"},
        {"A= 'x' # y \n", "[A= 'x' # y ]"},
        {"A=\"it's\" $B \\n\n", "[A=\"it's\" $B \\n]"},
        {" \t\xC2\xA0\xE2\x80\x83"
         "A=1\n",
         "[A=1]"},
        {"#A=1\n  # B\n\n \nC=#3\n", "[C=#3]"},
        {"A=1\r\nB=2\r\r\n", "[A=1][B=2\r]"},
        {"A=b=c\n", "[A=b=c]"},
        {"HOME\nA=1\n", "[HOME][A=1]"},
        {"\xEF\xBB\xBF"
         "A=1\n",
         "[A=1]"},
        {"\xEF\xBB\xBF#A=1\nB=2\n", "[B=2]"},
        {"A=1\nA=2\n", "[A=1][A=2]"},
        {"a.b-c=1\n", "[a.b-c=1]"},
        {"A=1\n=2\n", "x:2: no variable name"},
        {"A B=1\n", "x:1: no variable name"},
        {"export A=1\n", "x:1: no variable name"},
        {"A=1\nB=\xFF\n", "x:2: not UTF-8"},
        {"#\xFF\n", "x:1: not UTF-8"},
        {"A=1\n\nB='x'\n", "x:3: quotes around a value"},
        {"A=\"\"\n", "x:1: quotes around a value"},
        {"A='\n", "[A=']"},
    };
    check(IBC_READER_DOCKER, cases, IBC_ARRAY_SIZE(cases));
}

static void docker_gives_up_on_a_line_of_64_KiB(void **state) {
    (void)state;
    enum { LONGEST = (1 << 16) - 1 };
    static char text[LONGEST + 3];
    memset(text, 'x', sizeof text);
    text[1] = '=';
    for (size_t size = LONGEST; size <= LONGEST + 1; size++) {
        text[size] = '\n';
        ibc_auto_dotenv *dotenv = NULL;
        struct ibc_error err;
        const struct ibc_view view = {.bytes = (const unsigned char *)text, .size = size + 1};
        const bool read = ibc_dotenv_parse(IBC_READER_DOCKER, view, "x", &dotenv, &err) == IBC_OK;
        assert_int_equal(read, size == LONGEST);
        text[size] = 'x';
    }
}

static void a_name_without_a_value_is_left_to_the_environment(void **state) {
    (void)state;
    ibc_auto_dotenv *dotenv = NULL;
    struct ibc_error err;
    assert_int_equal(
        ibc_dotenv_parse(IBC_READER_DOCKER, ibc_view_of("A=1\n  HOME\n"), "x", &dotenv, &err),
        IBC_OK);
    assert_false(ibc_dotenv_at(dotenv, 0)->unbound);
    const struct ibc_dotenv_entry *home = ibc_dotenv_at(dotenv, 1);
    assert_true(home->unbound);
    assert_false(home->has_value);
    assert_int_equal(home->line, 2);
    assert_int_equal(home->start, 4);
    assert_int_equal(home->end, 11);
}

static void systemd_reads_quotes_and_escapes_its_own_way(void **state) {
    (void)state;
    static const struct reading_case cases[] = {
        {"", ""},
        {"A=1\nB=2", "[A=1][B=2]"},
        {"A=\nB=''\n", "[A=][B=]"},
        {" \t A \t= \t1 \t\n", "[A=1]"},
        {"#A=1\n;B=2\n #C\n ;D\nE=#5;6\n", "[E=#5;6]"},
        {"#A \\\nB=2\nC=3\n", "[C=3]"},
        {"A='it \\n \"is\" $x'\n", "[A=it \\n \"is\" $x]"},
        {"A=\"\\\"\\\\\\`\\$\\n\\'\"\n", "[A=\"\\`$\\n\\']"},
        {"A=\"one\\\ntwo\"\n", "[A=onetwo]"},
        {"A=\"one\ntwo\"\n", "[A=one\ntwo]"},
        {"A=one\\\ntwo\n", "[A=onetwo]"},
        {"A=\\a\\ \\\\\n", "[A=a \\]"},
        {"A=x\\ \n", "[A=x ]"},
        {"A=x  \\\n  \n", "[A=x  ]"},
        {"A='x'\"y\" 'z'\n", "[A=xyz]"},
        {"A='x'y 'z' \n", "[A=xy 'z']"},
        {"A=y\"z\"\n", "[A=y\"z\"]"},
        {"A=a b\tc\n", "[A=a b\tc]"},
        {"A='never closed\nB=2\n", "[A=never closed\nB=2\n]"},
        {"A=\"never closed\\", "[A=never closed]"},
        {"A=x \\", "[A=x ]"},
        {"no equals\nA=1\nnone", "[A=1]"},
        {"A=1\r\nB=2\rC=3", "[A=1][B=2][C=3]"},
        {"A=$B%h\n", "[A=$B%h]"},
        {"A=1\nA=2\n", "[A=1][A=2]"},
        {"A=1\nA B=2\n", "x:2: not the name of a variable"},
        {"1A=2\n", "x:1: not the name of a variable"},
        {"=A=2\n", "x:1: not the name of a variable"},
        {"=A\nB=1\n", "[B=1]"},
        {"\xEF\xBB\xBF"
         "A=1\n",
         "x:1: not the name of a variable"},
        {"A=1\n\nB=\xC3\n", "x:3: not UTF-8"},
        {"#\xC3\nB=\xC3\xA9\n", "[B=\xC3\xA9]"},
        {"A=\xEF\xBF\xBD\xEF\xB7\x8F\xEF\xB7\xB0\n", "[A=\xEF\xBF\xBD\xEF\xB7\x8F\xEF\xB7\xB0]"},
        {"A=\xEF\xBF\xBE\n", "x:1: not UTF-8, or a noncharacter"},
        {"A=\xF4\x8F\xBF\xBF\n", "x:1: not UTF-8, or a noncharacter"},
        {"A=\xEF\xB7\x90\n", "x:1: not UTF-8, or a noncharacter"},
        {"A=\xEF\xB7\xAF\n", "x:1: not UTF-8, or a noncharacter"},
    };
    check(IBC_READER_SYSTEMD, cases, IBC_ARRAY_SIZE(cases));
}

static void a_shell_assigns_what_is_quoted(void **state) {
    (void)state;
    static const struct reading_case cases[] = {
        {"", ""},
        {"A=1\nB=2", "[A=1][B=2]"},
        {"A=1 B=2 # C=3\n\t\n#\nD=", "[A=1][B=2][D=]"},
        {"A='it \\n \"is\" $x `y` !'\n", "[A=it \\n \"is\" $x `y` !]"},
        {"A='it'\\''s'\n", "[A=it's]"},
        {"A=\"\\\"\\\\\\`\\$\\n\\'!\"\n", "[A=\"\\`$\\n\\'!]"},
        {"A=\"a\\\nb\"c\\\nd\\\ne\n", "[A=abcde]"},
        {"A='a\nb'\n", "[A=a\nb]"},
        {"A=a\\ b\\$\\'\n", "[A=a b$']"},
        {"A=x#y*?[]{a,b}=:!^%\n", "[A=x#y*?[]{a,b}=:!^%]"},
        {"A=1\r\n", "[A=1\r]"},
        {"\\\nA=1\n", "[A=1]"},
        {"A=\xC3\xBC\xFF\n", "[A=\xC3\xBC\xFF]"},
        {"A='x\n", "x:1: the quote is never closed"},
        {"A=\"x\\\"\n", "x:1: the quote is never closed"},
        {"A=x\\", "x:1: a backslash at the very end"},
        {"A=1\nB=$A\n", "x:2: an expansion"},
        {"A=\"$B\"\n", "x:1: an expansion"},
        {"A=`id`\n", "x:1: an expansion"},
        {"A=\"`id`\"\n", "x:1: an expansion"},
        {"A=~\n", "x:1: an expansion"},
        {"A=1;B=2\n", "x:1: an operator"},
        {"A=1 && B=2\n", "x:1: not NAME=value"},
        {"A=(1)\n", "x:1: an operator"},
        {"A=x>y\n", "x:1: an operator"},
        {"export A=1\n", "x:1: not NAME=value"},
        {"A=1 id\n", "x:1: not NAME=value"},
        {"A+=1\n", "x:1: not NAME=value"},
        {"A =1\n", "x:1: not NAME=value"},
        {"1A=1\n", "x:1: not NAME=value"},
        {"\xEF\xBB\xBF"
         "A=1\n",
         "x:1: not NAME=value"},
        {"UID=1\n", "x:1: a variable that shells keep for themselves"},
        {"BASH_ENV=1\n", "x:1: a variable that shells keep for themselves"},
        {"_=1\n", "x:1: a variable that shells keep for themselves"},
        {"BAS=1 _A=2\n", "[BAS=1][_A=2]"},
    };
    check(IBC_READER_SHELL, cases, IBC_ARRAY_SIZE(cases));
}

static void properties_are_joined_parted_and_unescaped(void **state) {
    (void)state;
    static const struct reading_case cases[] = {
        {"", ""},
        {"A=1\nB=2", "[A=1][B=2]"},
        {"A:1\nB 2\nC = = 3\nD\t:4\nE", "[A=1][B=2][C== 3][D=4][E=]"},
        {"A=  1  \n", "[A=1  ]"},
        {"# c\n! d\n \t# e\nA=#1!\n", "[A=#1!]"},
        {"# c \\\nA=1\n", "[A=1]"},
        {"A=1\\\n  2\\\r\n\f3\n", "[A=123]"},
        {"A=1\\\\\nB=2\n", "[A=1\\][B=2]"},
        {"A=1\\\\\\\nB=2\n", "[A=1\\B=2]"},
        {"A=1\\\n#2\nB=3\n", "[A=1#2][B=3]"},
        {"A=1\\\n\nB=3\n", "[A=1][B=3]"},
        {"\\\n# c\nB=3\n", "[B=3]"},
        {"A=a\\tb\\nc\\rd\\fe\\qf\\\"\n", "[A=a\tb\nc\rd\fe"
                                          "qf\"]"},
        {"A\\=b\\ c\\:=1\n", "[A=b c:=1]"},
        {"A=\\u00e4\\u20AC\\uD83D\\ude00\n", "[A=\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80]"},
        {"A=\xE4\xC3\xA4\n", "[A=\xC3\xA4\xC3\x83\xC2\xA4]"},
        {"A=\\\\u00e4\n", "[A=\\u00e4]"},
        {"A=1\rB=2\r\nC=3", "[A=1][B=2][C=3]"},
        {"A=1\\", "[A=1]"},
        {"\\", "[=]"},
        {"\\\n", "[=]"},
        {"\\\r\n", ""},
        {"=1\n", "[=1]"},
        {"A=1\nB=\\u12\n", "x:2: \\u without four"},
        {"A=\\u12g4\n", "x:1: \\u without four"},
        {"A=\\ud83dx\n", "x:1: half a surrogate pair"},
        {"A=\\ude00\n", "x:1: half a surrogate pair"},
        {"A=\\ude00\\ude01\n", "x:1: half a surrogate pair"},
        {"A=\\ud83d", "x:1: half a surrogate pair"},
        {"A=\\ud83d\\u1", "x:1: \\u without four"},
    };
    check(IBC_READER_PROPERTIES, cases, IBC_ARRAY_SIZE(cases));
}

static void a_nul_byte_is_refused_by_all(void **state) {
    (void)state;
    static const unsigned char text[] = "A=1\nB=\0\n";
    for (int reader = IBC_READER_COMPOSE_V1; reader <= IBC_READER_PROPERTIES; reader++) {
        char shown[SHOWN_MAX];
        show((enum ibc_dotenv_reader)reader,
             (struct ibc_view){.bytes = text, .size = sizeof text - 1}, shown);
        assert_string_equal(shown, "x:2: a NUL byte; remove it");
    }
}

static int start_sodium(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(docker_takes_a_line_as_it_is),
        cmocka_unit_test(docker_gives_up_on_a_line_of_64_KiB),
        cmocka_unit_test(a_name_without_a_value_is_left_to_the_environment),
        cmocka_unit_test(systemd_reads_quotes_and_escapes_its_own_way),
        cmocka_unit_test(a_shell_assigns_what_is_quoted),
        cmocka_unit_test(properties_are_joined_parted_and_unescaped),
        cmocka_unit_test(a_nul_byte_is_refused_by_all),
    };
    return cmocka_run_group_tests(tests, start_sodium, NULL);
}
