/* line.c - see line.h. */
#include "gateway_log/line.h"

#include "base/utf8.h"

#include <ctype.h>

static bool turns_direction(uint32_t code) {
    return code == 0x061C || code == 0x200E || code == 0x200F ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

static bool may_be_shown(struct rune rune) {
    return rune.code != RUNE_INVALID && rune.code >= 0x20 &&
           !(rune.code >= 0x7f && rune.code <= 0x9f) && !turns_direction(rune.code);
}

static void make_printable(char *out, struct ibc_view raw) {
    size_t used = 0;
    for (size_t at = 0; at < raw.size;) {
        const unsigned char byte = raw.bytes[at];
        if (byte >= 0x20 && byte < 0x7f) {
            out[used++] = (char)byte;
            at++;
            continue;
        }
        const struct rune rune = rune_at(raw, at);
        if (may_be_shown(rune)) {
            memcpy(out + used, raw.bytes + at, rune.size);
            used += rune.size;
        } else {
            out[used++] = rune.code == '\t' ? ' ' : '?';
        }
        at += rune.size;
    }
    out[used] = '\0';
}

/* As tolower() does it in the C locale, whatever the locale is. */
static void make_lower(char *out, const char *text) {
    size_t i = 0;
    for (; text[i] != '\0'; i++) {
        const bool is_upper = text[i] >= 'A' && text[i] <= 'Z';
        out[i] = (char)((unsigned char)text[i] | (is_upper ? 0x20U : 0U));
    }
    out[i] = '\0';
}

static ptrdiff_t find_message(const struct log_source *source, const struct log_line *line) {
    if (!source->is_compiled) {
        return 0; /* no prefix: every line may be its */
    }
    regmatch_t prefix;
    if (strstr(line->lower, source->contains) == NULL ||
        regexec(&source->compiled, line->text, 1, &prefix, 0) != 0) {
        return -1;
    }
    return prefix.rm_eo;
}

void log_line_read(struct log_line *line, const struct ibc_log_rules *rules, struct ibc_view raw) {
    if (raw.size > 0 && raw.bytes[raw.size - 1] == '\r') {
        raw.size--;
    }
    if (raw.size > IBC_LOG_LINE_MAX) {
        raw.size = IBC_LOG_LINE_MAX;
    }
    make_printable(line->text, raw);
    make_lower(line->lower, line->text);
    for (size_t i = 0; i < rules->source_count; i++) {
        line->message[i] = find_message(&rules->sources[i], line);
    }
}

bool log_line_is_loose_text(const struct log_line *line, const struct ibc_log_rules *rules) {
    for (size_t i = 0; i < rules->source_count; i++) {
        if (rules->sources[i].is_compiled && line->message[i] >= 0) {
            return false;
        }
    }
    for (const char *at = line->text; *at != '\0'; at++) {
        if (isalnum((unsigned char)*at) || (unsigned char)*at >= 0x80) {
            return true;
        }
    }
    return false; /* blank, or a rule of exclamation marks */
}

void log_text_copy(char out[static IBC_LOG_TEXT_MAX], const char *text, size_t size) {
    for (; size > 0 && *text == ' '; size--) {
        text++;
    }
    if (size >= IBC_LOG_TEXT_MAX) {
        size = IBC_LOG_TEXT_MAX - 1;
        while (size > 0 && utf8_is_continuation((unsigned char)text[size])) {
            size--;
        }
    }
    while (size > 0 && text[size - 1] == ' ') {
        size--;
    }
    memcpy(out, text, size);
    out[size] = '\0';
}
