/*
 * log_corpus.h - reads tests/vectors/gateway-log (its README.md says what the files look like) and
 * holds the log rules against it.
 */
#ifndef IBCRED_TESTS_LOG_CORPUS_H
#define IBCRED_TESTS_LOG_CORPUS_H

#include "gateway_log/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdlib.h>

enum { CORPUS_EVENTS = 64, CORPUS_TOLD_MAX = 8, CORPUS_LINE_MAX = 32768, CORPUS_RULES_MAX = 256 };

struct corpus_count {
    size_t excerpts, lines, events;
    size_t seen[CORPUS_EVENTS]; /* by event */
};

static struct {
    size_t count;
    char names[CORPUS_RULES_MAX][IBC_LOG_RULE_NAME_MAX + 1];
} corpus_used;

/* Has a line of the corpus followed the rule, in any run so far? */
static bool corpus_rule_was_used(const char *name) {
    for (size_t i = 0; i < corpus_used.count; i++) {
        if (strcmp(corpus_used.names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void corpus_mark_used(const char *name) {
    if (!corpus_rule_was_used(name)) {
        assert_true(corpus_used.count < CORPUS_RULES_MAX);
        memcpy(corpus_used.names[corpus_used.count++], name, strlen(name) + 1);
    }
}

/* One run through one file. */
struct corpus {
    const char *path;
    size_t number; /* of the line in the file */
    const struct ibc_log_rules *rules;
    struct ibc_log_reader *reader;
    struct corpus_count count;
    struct ibc_log_match told[CORPUS_TOLD_MAX]; /* by the line above, not yet expected */
    size_t told_count, told_at;
};

static void corpus_show(const struct ibc_log_match *match, char *out, size_t size) {
    size_t used = (size_t)snprintf(out, size, "%s", ibc_log_event_name(match->event));
    if (match->number != (match->event == IBC_LOG_API_READY ? 0 : -1)) {
        used += (size_t)snprintf(out + used, size - used, " number=%" PRId64, match->number);
    }
    if (match->seconds != 0) {
        used += (size_t)snprintf(out + used, size - used, " seconds=%" PRId64, match->seconds);
    }
    if (match->text[0] != '\0') {
        (void)snprintf(out + used, size - used, " text=%s", match->text);
    }
}

static void corpus_told(struct corpus *corpus, const struct ibc_log_match *match) {
    assert_true(corpus->told_count < CORPUS_TOLD_MAX);
    corpus->told[corpus->told_count++] = *match;
    corpus->count.events++;
    corpus->count.seen[match->event]++;
    corpus_mark_used(match->rule);
}

/* Nothing may be left that the file did not expect. */
static void corpus_settle(struct corpus *corpus) {
    if (corpus->told_at < corpus->told_count) {
        char shown[512];
        corpus_show(&corpus->told[corpus->told_at], shown, sizeof shown);
        fail_msg("%s:%zu: above this line also '%s' is told", corpus->path, corpus->number, shown);
    }
    corpus->told_at = corpus->told_count = 0;
}

static void corpus_expect(struct corpus *corpus, const char *expected) {
    char shown[512] = "nothing";
    if (corpus->told_at < corpus->told_count) {
        corpus_show(&corpus->told[corpus->told_at++], shown, sizeof shown);
    }
    if (strcmp(shown, expected) != 0) {
        fail_msg("%s:%zu: told is '%s', expected '%s'", corpus->path, corpus->number, shown,
                 expected);
    }
}

static void corpus_flush(struct corpus *corpus) {
    struct ibc_log_match match;
    while (corpus->reader != NULL && ibc_log_reader_flush(corpus->reader, &match)) {
        corpus_told(corpus, &match);
    }
}

static void corpus_begin(struct corpus *corpus) {
    struct ibc_error err;
    corpus_settle(corpus);
    corpus_flush(corpus);
    corpus_settle(corpus);
    ibc_log_reader_free(&corpus->reader);
    assert_int_equal(ibc_log_reader_new(corpus->rules, &corpus->reader, &err), IBC_OK);
    corpus->count.excerpts++;
}

static void corpus_log_line(struct corpus *corpus, const char *bytes, size_t size) {
    struct ibc_log_match match;
    corpus_settle(corpus);
    assert_non_null(corpus->reader);
    /* in a block of its own size, so that the sanitizers see a read beyond it */
    unsigned char *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    bool told =
        ibc_log_reader_line(corpus->reader, (struct ibc_view){.bytes = copy, .size = size}, &match);
    free(copy);
    for (; told; told = ibc_log_reader_more(corpus->reader, &match)) {
        corpus_told(corpus, &match);
    }
    corpus->count.lines++;
}

static size_t corpus_hex(const char *digits, char *out) {
    const char text[] = {digits[0], digits[1], '\0'};
    *out = (char)strtol(text, NULL, 16);
    return 2;
}

/* \xNN, \\ and \*NNNN c. */
static void corpus_escaped_line(struct corpus *corpus, const char *text) {
    static char bytes[CORPUS_LINE_MAX];
    size_t used = 0;
    while (*text != '\0') {
        assert_true(used < sizeof bytes - 1);
        if (text[0] != '\\') {
            bytes[used++] = *text++;
        } else if (text[1] == 'x') {
            text += 2 + corpus_hex(text + 2, &bytes[used++]);
        } else if (text[1] == '*') {
            const size_t times = (size_t)strtol(text + 2, NULL, 10);
            assert_true(strlen(text) >= strlen("\\*NNNN c") && text[6] == ' ');
            assert_true(times < sizeof bytes - used);
            memset(bytes + used, text[7], times);
            used += times;
            text += strlen("\\*NNNN c");
        } else {
            assert_int_equal(text[1], '\\');
            bytes[used++] = '\\';
            text += 2;
        }
    }
    corpus_log_line(corpus, bytes, used);
}

static void corpus_line(struct corpus *corpus, const char *line) {
    const char *rest = line[0] != '\0' && line[1] == ' ' ? line + 2 : "";
    switch (line[0]) {
    case '#':
    case '\0':
        break;
    case '>':
        corpus_begin(corpus);
        break;
    case '|':
        corpus_log_line(corpus, rest, strlen(rest));
        break;
    case '\\':
        corpus_escaped_line(corpus, rest);
        break;
    case '~':
        if (corpus->told_at == corpus->told_count) {
            corpus_flush(corpus);
        }
        corpus_expect(corpus, rest);
        break;
    case '=':
        corpus_expect(corpus, rest);
        break;
    default:
        fail_msg("%s:%zu: not a line of a corpus", corpus->path, corpus->number);
    }
}

/* Fails the test at the first difference. */
static struct corpus_count corpus_run(const char *path, const struct ibc_log_rules *rules) {
    struct corpus corpus = {.path = path, .rules = rules};
    static char line[CORPUS_LINE_MAX];
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        corpus.number++;
        line[strcspn(line, "\n")] = '\0';
        corpus_line(&corpus, line);
    }
    (void)fclose(file);
    corpus_settle(&corpus);
    corpus_flush(&corpus);
    corpus_settle(&corpus);
    ibc_log_reader_free(&corpus.reader);
    return corpus.count;
}

#endif
