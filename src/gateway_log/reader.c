/* reader.c - line after line; what a message on several lines needs is kept in between. */
#include "gateway_log/match.h"

/*
 * Every event comes with a line of its own, so with one event handed out a line no more than one
 * is ever left over: a waiting message and the event that ended it.
 */
enum { HELD_MAX = 3 };

struct ibc_log_reader {
    const struct ibc_log_rules *rules;
    struct log_line line;
    struct ibc_log_match waiting; /* a message whose text may still come */
    int64_t lines_left;           /* that it waits for; 0: none waits */
    struct ibc_log_match held[HELD_MAX];
    size_t held_count;
};

enum ibc_status ibc_log_reader_new(const struct ibc_log_rules *rules, struct ibc_log_reader **out,
                                   struct ibc_error *err) {
    *out = calloc(1, sizeof **out);
    if (*out == NULL) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory to read a log; free some, then retry");
    }
    (*out)->rules = rules;
    return IBC_OK;
}

void ibc_log_reader_free(struct ibc_log_reader **reader) {
    free(ibc_steal(reader));
}

static void hold(struct ibc_log_reader *reader, const struct ibc_log_match *match) {
    if (reader->held_count < HELD_MAX) {
        reader->held[reader->held_count++] = *match;
    }
}

static void stop_waiting(struct ibc_log_reader *reader) {
    reader->lines_left = 0;
    hold(reader, &reader->waiting);
}

/* What the line, which follows `rule` or none (NULL), means to the message that waits. */
static void continue_message(struct ibc_log_reader *reader, const struct log_rule *rule) {
    if (rule != NULL && rule->replaces == (int)reader->waiting.event) {
        reader->lines_left = 0;
        return;
    }
    bool is_over = rule != NULL || --reader->lines_left == 0;
    if (rule == NULL && log_line_is_loose_text(&reader->line, reader->rules)) {
        log_text_copy(reader->waiting.text, reader->line.text, strlen(reader->line.text));
        is_over = true;
    }
    if (is_over) {
        stop_waiting(reader);
    }
}

bool ibc_log_reader_line(struct ibc_log_reader *reader, struct ibc_view line,
                         struct ibc_log_match *out) {
    struct ibc_log_match match;
    log_line_read(&reader->line, reader->rules, line);
    const struct log_rule *rule = log_match(reader->rules, &reader->line, &match);
    if (reader->lines_left > 0) {
        continue_message(reader, rule);
    }
    if (rule != NULL && rule->following_lines > 0 && match.text[0] == '\0') {
        reader->waiting = match;
        reader->lines_left = rule->following_lines;
    } else if (rule != NULL) {
        hold(reader, &match);
    }
    return ibc_log_reader_more(reader, out);
}

bool ibc_log_reader_more(struct ibc_log_reader *reader, struct ibc_log_match *out) {
    if (reader->held_count == 0) {
        return false;
    }
    *out = reader->held[0];
    reader->held_count--;
    memmove(&reader->held[0], &reader->held[1], reader->held_count * sizeof reader->held[0]);
    return true;
}

bool ibc_log_reader_flush(struct ibc_log_reader *reader, struct ibc_log_match *out) {
    if (reader->held_count == 0 && reader->lines_left > 0) {
        stop_waiting(reader);
    }
    return ibc_log_reader_more(reader, out);
}
