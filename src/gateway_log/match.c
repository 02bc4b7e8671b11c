/* match.c - see match.h. */
#include "gateway_log/match.h"

#include <ctype.h>

/* Group 0 and the one that expression_compile() puts around the pattern come on top. */
enum { MATCHES_MAX = GROUPS_MAX + 2 };

/* What a group of the pattern captured; `size` 0 where it took no part or there is none. */
static struct ibc_view captured(const char *message, const regmatch_t *matches, int64_t group) {
    const regmatch_t *match = &matches[group + 1];
    if (group == 0 || match->rm_so < 0) {
        return (struct ibc_view){0};
    }
    return (struct ibc_view){.bytes = (const unsigned char *)message + match->rm_so,
                             .size = (size_t)(match->rm_eo - match->rm_so)};
}

/* A number as logs print it, leading zeros and all; at most NUMBER_MAX; -1 for anything else. */
static int64_t number_of(struct ibc_view digits) {
    int64_t number = 0;
    for (size_t i = 0; i < digits.size; i++) {
        if (!isdigit(digits.bytes[i])) {
            return -1;
        }
        number = number * 10 + (digits.bytes[i] - '0');
        number = number > NUMBER_MAX ? NUMBER_MAX : number;
    }
    return digits.size > 0 ? number : -1;
}

static int64_t count_of(struct ibc_view digits) {
    const int64_t number = number_of(digits);
    return number > 0 ? number : 0;
}

static void take_text(enum ibc_log_event event, struct ibc_view text, struct ibc_log_match *out) {
    log_text_copy(out->text, text.size > 0 ? (const char *)text.bytes : "", text.size);
    if (event == IBC_LOG_MODE || event == IBC_LOG_STARTING) {
        for (char *at = out->text; *at != '\0'; at++) {
            *at = (char)tolower((unsigned char)*at);
        }
    }
}

static void take(const struct log_rule *rule, const char *message, const regmatch_t *matches,
                 struct ibc_log_match *out) {
    *out = (struct ibc_log_match){.event = (enum ibc_log_event)rule->event, .rule = rule->name};
    out->number = number_of(captured(message, matches, rule->number));
    if (out->number < 0 && out->event == IBC_LOG_API_READY) {
        out->number = 0;
    }
    out->seconds = count_of(captured(message, matches, rule->minutes)) * 60 +
                   count_of(captured(message, matches, rule->seconds));
    out->seconds = out->seconds > SECONDS_MAX ? SECONDS_MAX : out->seconds;
    take_text(out->event, captured(message, matches, rule->text), out);
}

static bool follows(const struct log_rule *rule, const struct log_line *line,
                    struct ibc_log_match *out) {
    const ptrdiff_t start = line->message[rule->source];
    if (start < 0 || strstr(line->lower + start, rule->contains) == NULL) {
        return false;
    }
    regmatch_t matches[MATCHES_MAX];
    const char *message = line->text + start;
    if (regexec(&rule->compiled, message, MATCHES_MAX, matches, 0) != 0) {
        return false;
    }
    take(rule, message, matches, out);
    return rule->min == 0 || out->number >= rule->min;
}

const struct log_rule *log_match(const struct ibc_log_rules *rules, const struct log_line *line,
                                 struct ibc_log_match *out) {
    for (size_t i = 0; i < rules->rule_count; i++) {
        if (follows(&rules->rules[i], line, out)) {
            return &rules->rules[i];
        }
    }
    return NULL;
}
