/* test_gateway_log.c - the built-in log rules against their corpus, and how rules are refused. */
#include "gateway_log/expression.h"
#include "log_corpus.h"

#include <fcntl.h>
#include <glob.h>
#include <ibcred/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXCERPTS_LEAST = 130 };

static struct ibc_log_rules *built_in;

static struct ibc_log_rules *parse_rules(const char *text) {
    struct ibc_error err;
    struct ibc_log_rules *rules = NULL;
    if (ibc_log_rules_parse(ibc_view_of(text), "test", &rules, &err) != IBC_OK) {
        fail_msg("%s", err.text);
    }
    return rules;
}

/* --- the corpus ------------------------------------------------------------------------------- */

static struct corpus_count run_corpus(const struct ibc_log_rules *rules) {
    struct corpus_count all = {0};
    glob_t files;
    assert_int_equal(glob("tests/vectors/gateway-log/*.txt", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        const struct corpus_count one = corpus_run(files.gl_pathv[i], rules);
        all.excerpts += one.excerpts;
        all.lines += one.lines;
        all.events += one.events;
        for (size_t event = 0; event < CORPUS_EVENTS; event++) {
            all.seen[event] += one.seen[event];
        }
    }
    globfree(&files);
    return all;
}

static void every_excerpt_is_told_as_it_is_written(void **state) {
    (void)state;
    const struct corpus_count count = run_corpus(built_in);
    print_message("corpus: %zu excerpts, %zu lines, %zu events\n", count.excerpts, count.lines,
                  count.events);
    assert_true(count.excerpts >= EXCERPTS_LEAST);
    for (int event = IBC_LOG_STARTING; event <= IBC_LOG_MISCONFIGURED; event++) {
        if (count.seen[event] == 0) {
            fail_msg("no excerpt tells of %s", ibc_log_event_name((enum ibc_log_event)event));
        }
    }
}

/* `contains` is there for speed alone: without it the same lines must tell the same. */
static void prefilters_change_nothing(void **state) {
    (void)state;
    struct ibc_log_rules *rules = NULL;
    struct ibc_error err;
    assert_int_equal(ibc_log_rules_default(&rules, &err), IBC_OK);
    for (size_t i = 0; i < rules->source_count; i++) {
        rules->sources[i].contains[0] = '\0';
    }
    for (size_t i = 0; i < rules->rule_count; i++) {
        assert_true(rules->rules[i].contains[0] != '\0');
        rules->rules[i].contains[0] = '\0';
    }
    const struct corpus_count with = run_corpus(built_in);
    const struct corpus_count without = run_corpus(rules);
    assert_int_equal(with.events, without.events);
    ibc_log_rules_free(&rules);
}

/* Every rule of the file is one that the corpus needs. */
static void every_rule_is_used(void **state) {
    (void)state;
    (void)run_corpus(built_in);
    for (size_t i = 0; i < built_in->rule_count; i++) {
        if (!corpus_rule_was_used(built_in->rules[i].name)) {
            fail_msg("no excerpt follows the rule '%s'", built_in->rules[i].name);
        }
    }
}

/* --- the reader ------------------------------------------------------------------------------- */

static struct ibc_view line_of(const char *text) {
    return ibc_view_of(text);
}

static void an_event_not_fetched_comes_with_the_next_line(void **state) {
    (void)state;
    struct ibc_error err;
    ibc_auto_log_reader *reader = NULL;
    assert_int_equal(ibc_log_reader_new(built_in, &reader, &err), IBC_OK);
    struct ibc_log_match match;
    assert_false(ibc_log_reader_line(
        reader, line_of("2026-11-22 09:14:12:356 IBC: Login error message:"), &match));
    assert_true(ibc_log_reader_line(
        reader, line_of("2026-11-22 09:14:12:356 IBC: Cold restart in progress"), &match));
    assert_int_equal(match.event, IBC_LOG_LOGIN_ERROR);
    assert_true(ibc_log_reader_line(reader, line_of("IBC returned exit status 0"), &match));
    assert_int_equal(match.event, IBC_LOG_COLD_RESTART);
    assert_true(ibc_log_reader_line(reader, line_of("nothing"), &match));
    assert_int_equal(match.event, IBC_LOG_EXIT);
    assert_false(ibc_log_reader_more(reader, &match));
    assert_false(ibc_log_reader_flush(reader, &match));
}

static void a_flush_tells_all_that_is_left(void **state) {
    (void)state;
    struct ibc_error err;
    ibc_auto_log_reader *reader = NULL;
    assert_int_equal(ibc_log_reader_new(built_in, &reader, &err), IBC_OK);
    struct ibc_log_match match;
    const struct ibc_view message = line_of("2026-11-22 09:14:12:356 IBC: Login error message:");
    assert_false(ibc_log_reader_line(reader, message, &match));
    assert_true(ibc_log_reader_line(reader, message, &match));
    assert_true(ibc_log_reader_flush(reader, &match));
    assert_int_equal(match.event, IBC_LOG_LOGIN_ERROR);
    assert_string_equal(match.rule, "IBC login error");
    assert_false(ibc_log_reader_flush(reader, &match));
    assert_false(ibc_log_reader_line(reader, line_of("text too late"), &match));
}

static void events_have_names_and_back(void **state) {
    (void)state;
    for (int event = IBC_LOG_STARTING; event <= IBC_LOG_MISCONFIGURED; event++) {
        const char *name = ibc_log_event_name((enum ibc_log_event)event);
        assert_int_equal(ibc_log_event_of(name), event);
    }
    assert_string_equal(ibc_log_event_name((enum ibc_log_event)0), "none");
    assert_string_equal(ibc_log_event_name((enum ibc_log_event)1000), "none");
    assert_int_equal(ibc_log_event_of("none"), 0);
    assert_int_equal(ibc_log_event_of(""), 0);
}

/* --- rules that are refused ------------------------------------------------------------------- */

#define SOURCES    "sources:\n  - {name: s, prefix: '[a-z]+: '}\nrules:\n"
#define RULE(more) SOURCES "  - {name: r, event: exit, source: s, " more "}\n"

static void what_is_wrong_with_rules_is_told_with_its_place(void **state) {
    (void)state;
    static const struct {
        const char *text, *place, *words;
    } cases[] = {
        {"", "test:1:1:", "no rules"},
        {"rules: []\n", "test:1:8:", "too few"},
        {"sources: []\n", "test:1:10:", "too few"},
        {"sources:\n  - {name: s}\n", "test:1:1:", "lacks the key rules"},
        {"rules:\n  - {name: r, event: exit, source: s, pattern: x}\n",
         "test:2:5:", "names a source that is not in the list"},
        {"sources:\n  - {name: s}\n  - {name: s}\n", "test:3:5:", "the name of an earlier source"},
        {"sources:\n  - {name: s, prefix: '('}\n", "test:2:23:", "is no regular expression"},
        {"sources:\n  - {name: s, suffix: x}\n", "test:2:15:", "unknown key, suffix"},
        {"sources:\n  - {prefix: x}\n", "test:2:5:", "lacks the key name"},
        {RULE("colour: red"), "test:4:39:", "unknown key, colour"},
        {RULE("pattern: x") "  - {name: r, event: exit, source: s, pattern: x}\n",
         "test:5:5:", "the name of an earlier rule"},
        {RULE("number: 1"), "test:4:5:", "lacks the key pattern"},
        {SOURCES "  - {name: r, event: lost, source: s, pattern: x}\n",
         "test:4:22:", "must be one of the events"},
        {SOURCES "  - {name: r, event: exit, source: t, pattern: x}\n",
         "test:4:5:", "names a source"},
        {RULE("pattern: '['"), "test:4:48:", "is no regular expression: "},
        {RULE("pattern: '(a'"), "test:4:48:", "is no regular expression: Unmatched ("},
        {RULE("pattern: 'a)'"), "test:4:48:", "a ) without its ("},
        {RULE("pattern: 'a)|(b'"), "test:4:48:", "a ) without its ("},
        {RULE("pattern: 'a{1'"), "test:4:48:", "is no regular expression"},
        {RULE("pattern: '(a)\\1'"), "test:4:48:", "refers back"},
        {RULE("pattern: '(a)[\\1]\\1'"), "test:4:48:", "refers back"},
        {RULE("pattern: 'a**'"), "test:4:48:", "repeats a repetition"},
        {RULE("pattern: '(a)+{2}'"), "test:4:48:", "repeats a repetition"},
        {RULE("pattern: '((((a{9}){9}){9}){9})'"),
         "test:4:48:", "once its repetitions are written out"},
        {RULE("pattern: 'a{1025}'"), "test:4:48:", "once its repetitions are written out"},
        {RULE("pattern: '((((((((((x+)+)+)+)+)+)+)+)+)+)'"),
         "test:4:48:", "once its repetitions are written out"},
        {RULE("pattern: 'x++++++++++++'"), "test:4:48:", "repeats a repetition"},
        {RULE("pattern: 'a{1,99999999999999999999}'"),
         "test:4:48:", "once its repetitions are written out"},
        {RULE("pattern: '(((((((((((((((((a)))))))))))))))))'"), "test:4:48:", "deeper than 16"},
        {RULE("pattern: '()()()()()()()()()'"), "test:4:48:", "more than 8 groups"},
        {RULE("pattern: ''"), "test:4:48:", "must be 1 to 400 characters"},
        {RULE("pattern: \"a\\nb\""), "test:4:48:", "ASCII text"},
        {RULE("pattern: x, contains: ''"), "test:4:61:", "must be 1 to 64"},
        {RULE("pattern: '(a)', number: 2"),
         "test:4:5:", "number from group 2, but its pattern has 1"},
        {RULE("pattern: 'a', minutes: 1"), "test:4:5:", "minutes from group 1"},
        {RULE("pattern: 'a', seconds: 1"), "test:4:5:", "seconds from group 1"},
        {RULE("pattern: 'a', text: 1"), "test:4:5:", "text from group 1"},
        {RULE("pattern: '(a)', text: 0"), "test:4:61:", "from 1 to 8"},
        {RULE("pattern: '(a)', text: 9"), "test:4:61:", "from 1 to 8"},
        {RULE("pattern: '(a)', min: 3"), "test:4:5:", "has a min but no number"},
        {RULE("pattern: a, following_lines: 9"), "test:4:68:", "from 1 to 8"},
        {RULE("pattern: a, replaces: text"), "test:4:61:", "must be one of the events"},
        {"rules: {}\n", "test:1:8:", "must be a list"},
        {"sources: &a []\n", "test:1:10:", "anchor"},
        {"a: [", "test:1:1:", "unknown key"},
        {"sources:\n  - {name: s\n", "test:3:1:", "is not YAML"},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        struct ibc_error err = {0};
        struct ibc_log_rules *rules = built_in;
        enum ibc_status status =
            ibc_log_rules_parse(ibc_view_of(cases[i].text), "test", &rules, &err);
        if (status != IBC_ERR_MISMATCH || rules != NULL) {
            fail_msg("accepted:\n%s", cases[i].text);
        }
        if (strncmp(err.text, cases[i].place, strlen(cases[i].place)) != 0 ||
            strstr(err.text, cases[i].words) == NULL) {
            fail_msg("'%s'\nis not '%s … %s …' for\n%s", err.text, cases[i].place, cases[i].words,
                     cases[i].text);
        }
    }
}

static bool tells(const char *rules_text, const char *line, struct ibc_log_match *match) {
    struct ibc_error err;
    ibc_auto_log_rules *rules = parse_rules(rules_text);
    ibc_auto_log_reader *reader = NULL;
    assert_int_equal(ibc_log_reader_new(rules, &reader, &err), IBC_OK);
    const bool told = ibc_log_reader_line(reader, line_of(line), match);
    match->rule = NULL; /* dies with the rules */
    return told;
}

static void patterns_begin_where_the_prefix_ends(void **state) {
    (void)state;
    struct ibc_log_match match;
    assert_true(tells(RULE("pattern: 'b+$'"), "a: bb", &match));
    assert_false(tells(RULE("pattern: 'b+$'"), "a: abb", &match));
    assert_false(tells(RULE("pattern: 'b+$'"), "bb", &match));
    assert_true(tells(RULE("pattern: 'x|bb'"), "a: bb", &match));
    assert_false(tells(RULE("pattern: 'x|bb'"), "a: abb", &match));
    assert_true(tells(RULE("pattern: '[)(]\\)[[:digit:]]{2}'"), "a: ()12", &match));
    assert_true(tells(RULE("pattern: '[]1\\]+'"), "a: ]1\\", &match));
}

static void many_small_repetitions_are_no_large_one(void **state) {
    (void)state;
    struct ibc_log_match match;
    const char *rule =
        RULE("pattern: 'a+b+c+d+e+f+g+h+i+j+k+l+m{9}n{9}o{9}p{9}(q+r{9}){9}|[]{)(+]{9}'");
    assert_false(tells(rule, "s: none", &match));
    assert_true(tells(rule, "s: ]{)(+]{)(", &match));
}

static void letter_case_never_matters(void **state) {
    (void)state;
    struct ibc_log_match match;
    assert_true(tells(RULE("contains: Login, pattern: 'LOGIN failed'"), "S: login FAILED", &match));
}

static void the_first_rule_counts_and_min_passes_on(void **state) {
    (void)state;
    static const char rules[] =
        SOURCES "  - {name: a, event: exit, source: s, pattern: 'n=([0-9]+)', number: 1, min: 10}\n"
                "  - {name: b, event: halted, source: s, pattern: 'n=', text: 1}\n"
                "  - {name: c, event: success, source: s, pattern: 'n=([0-9]+)'}\n";
    struct ibc_error err;
    struct ibc_log_rules *none = NULL;
    assert_int_equal(ibc_log_rules_parse(ibc_view_of(rules), "test", &none, &err),
                     IBC_ERR_MISMATCH); /* b has no group */
    static const char good[] =
        SOURCES "  - {name: a, event: exit, source: s, pattern: 'n=([0-9]+)', number: 1, min: 10}\n"
                "  - {name: c, event: success, source: s, pattern: 'n=([0-9]+)'}\n";
    struct ibc_log_match match;
    assert_true(tells(good, "s: n=10", &match));
    assert_int_equal(match.event, IBC_LOG_EXIT);
    assert_int_equal(match.number, 10);
    assert_true(tells(good, "s: n=9", &match));
    assert_int_equal(match.event, IBC_LOG_SUCCESS);
    assert_int_equal(match.number, -1);
}

static void a_group_that_took_no_part_or_is_no_number_says_nothing(void **state) {
    (void)state;
    struct ibc_log_match match;
    const char *rule = RULE("pattern: '(a)|(b+)|c', number: 2, minutes: 2, seconds: 1, text: 2");
    assert_true(tells(rule, "s: a", &match));
    assert_int_equal(match.number, -1);
    assert_int_equal(match.seconds, 0);
    assert_string_equal(match.text, "");
    assert_true(tells(rule, "s: bb", &match));
    assert_int_equal(match.number, -1);
    assert_int_equal(match.seconds, 0);
    assert_string_equal(match.text, "bb");
}

static void rules_longer_than_their_bound_are_refused(void **state) {
    (void)state;
    struct ibc_error err;
    struct ibc_log_rules *rules = NULL;
    static char text[IBC_LOG_RULES_FILE_MAX + 1];
    memset(text, '\n', sizeof text);
    const struct ibc_view view = {.bytes = (const unsigned char *)text, .size = sizeof text};
    assert_int_equal(ibc_log_rules_parse(view, "test", &rules, &err), IBC_ERR_MISMATCH);
    assert_non_null(strstr(err.text, "longer than 65536 bytes"));
}

static void a_file_of_rules_must_be_there_and_trusted(void **state) {
    (void)state;
    struct ibc_error err;
    struct ibc_log_rules *rules = NULL;
    char path[] = "/tmp/ibcred-test-rules-XXXXXX";
    ibc_auto_fd fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_true(ibc_file_write_all(fd, ibc_view_of(RULE("pattern: x"))));
    enum ibc_status trusted = ibc_log_rules_load(path, &rules, &err);
    ibc_log_rules_free(&rules);
    assert_int_equal(fchmod(fd, 0602), 0);
    enum ibc_status writable = ibc_log_rules_load(path, &rules, &err);
    assert_null(rules);
    assert_int_equal(unlink(path), 0);
    enum ibc_status gone = ibc_log_rules_load(path, &rules, &err);
    assert_null(rules);
    assert_int_equal(trusted, IBC_OK);
    assert_int_equal(writable, IBC_ERR_REFUSED);
    assert_int_equal(gone, IBC_ERR_NOT_FOUND);
}

static void the_built_in_rules_are_the_documented_file(void **state) {
    (void)state;
    struct ibc_error err;
    ibc_auto_log_rules *file = NULL;
    if (ibc_log_rules_load("policy/log-rules.yaml", &file, &err) != IBC_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(file->rule_count, built_in->rule_count);
    for (size_t i = 0; i < file->rule_count; i++) {
        assert_string_equal(file->rules[i].name, built_in->rules[i].name);
        assert_string_equal(file->rules[i].pattern, built_in->rules[i].pattern);
    }
}

static int start(void **state) {
    (void)state;
    struct ibc_error err;
    if (ibc_secret_init(&err) != IBC_OK || ibc_log_rules_default(&built_in, &err) != IBC_OK) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    return 0;
}

static int stop(void **state) {
    (void)state;
    ibc_log_rules_free(&built_in);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_excerpt_is_told_as_it_is_written),
        cmocka_unit_test(every_rule_is_used),
        cmocka_unit_test(prefilters_change_nothing),
        cmocka_unit_test(an_event_not_fetched_comes_with_the_next_line),
        cmocka_unit_test(a_flush_tells_all_that_is_left),
        cmocka_unit_test(events_have_names_and_back),
        cmocka_unit_test(what_is_wrong_with_rules_is_told_with_its_place),
        cmocka_unit_test(patterns_begin_where_the_prefix_ends),
        cmocka_unit_test(many_small_repetitions_are_no_large_one),
        cmocka_unit_test(letter_case_never_matters),
        cmocka_unit_test(the_first_rule_counts_and_min_passes_on),
        cmocka_unit_test(a_group_that_took_no_part_or_is_no_number_says_nothing),
        cmocka_unit_test(rules_longer_than_their_bound_are_refused),
        cmocka_unit_test(a_file_of_rules_must_be_there_and_trusted),
        cmocka_unit_test(the_built_in_rules_are_the_documented_file),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
