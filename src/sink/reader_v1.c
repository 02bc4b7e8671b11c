/*
 * reader_v1.c - how docker-compose 1.29 reads an env file.
 *
 * It hands the file to python-dotenv (0.21: dotenv/parser.py, dotenv/variables.py) as
 * UTF-8, in Python's text mode, which turns CR LF and CR into LF before anything is parsed.
 */
#include "sink/reading.h"

static void skip_blanks(struct reading *reading) {
    reading->at = skip_runes(reading->text, reading->at, is_python_blank);
}

static void skip_export(struct reading *reading) {
    static const char word[] = "export";
    const size_t size = sizeof word - 1;
    struct ibc_view text = reading->text;
    if (text.size - reading->at < size || memcmp(text.bytes + reading->at, word, size) != 0) {
        return;
    }
    size_t after = skip_runes(text, reading->at + size, is_python_blank);
    if (after > reading->at + size) {
        reading->at = after;
    }
}

/* What a backslash before `byte` stands for between these quotes; 0 when it stands for itself. */
static unsigned char unescape(unsigned char quote, unsigned char byte) {
    static const char plain[] = "\\'\"abfnrtv";
    static const char meant[] = "\\'\"\a\b\f\n\r\t\v";
    const size_t known = quote == '"' ? sizeof plain - 1 : quote == '\'' ? 2 : 0;
    const char *found = memchr(plain, byte, known);
    return found ? (unsigned char)meant[found - plain] : 0;
}

/*
 * The text that stands in `raw` between such quotes (0: none), each newline as Python's text mode
 * gives it. In place where nothing changes, else in reading->unescaped.
 */
static struct ibc_view unescape_text(struct reading *reading, struct ibc_view raw,
                                     unsigned char quote) {
    struct ibc_secret_buffer *out = &reading->unescaped;
    if (!has_byte(raw, '\\') && !has_byte(raw, '\r')) {
        return raw;
    }
    out->used = 0;
    for (size_t at = 0; at < raw.size; at++) {
        unsigned char byte = raw.bytes[at];
        unsigned char next = at + 1 < raw.size ? raw.bytes[at + 1] : 0;
        unsigned char meant = byte == '\\' ? unescape(quote, next) : 0;
        if (meant != 0 || (byte == '\r' && next == '\n')) {
            at++;
        }
        unsigned char plain = byte == '\r' ? '\n' : byte;
        ibc_secret_buffer_append_byte(out, meant != 0 ? meant : plain);
    }
    return buffer_view(out);
}

static size_t bare_key_end(const struct reading *reading) {
    size_t at = reading->at;
    while (at < reading->text.size) {
        struct rune rune = rune_at(reading->text, at);
        if (rune.code == '=' || rune.code == '#' || is_python_space(rune.code)) {
            break;
        }
        at += rune.size;
    }
    return at;
}

static enum ibc_status read_key(struct reading *reading) {
    struct ibc_view text = reading->text;
    bool quoted = reading_sees(reading, '\'');
    size_t start = reading->at + (quoted ? 1 : 0);
    size_t end = bare_key_end(reading);
    if (quoted) {
        const unsigned char *quote = memchr(text.bytes + start, '\'', text.size - start);
        end = quote ? (size_t)(quote - text.bytes) : start;
    }
    if (end == start) {
        return reading_fail(reading, "no variable name, so that Docker Compose v1 skips the line");
    }
    reading_name(reading, unescape_text(reading, slice(text, start, end), 0));
    reading->at = end + (quoted ? 1 : 0);
    return IBC_OK;
}

/*
 * Where a value closes that opened before `at`; the end of the text when it does not.
 * python-dotenv takes every backslash before a quote for an escape, even one that is escaped
 * itself; only when no other quote follows in the whole file does its regular expression step
 * back and let the last such quote close.
 */
static size_t closing_quote(struct ibc_view text, size_t at, unsigned char quote) {
    size_t last_escaped = text.size;
    for (; at < text.size; at++) {
        if (text.bytes[at] == quote) {
            return at;
        }
        if (text.bytes[at] == '\\' && at + 1 < text.size && text.bytes[at + 1] == quote) {
            at++;
            last_escaped = at;
        }
    }
    return last_escaped;
}

static enum ibc_status read_quoted(struct reading *reading, struct ibc_view *out) {
    unsigned char quote = reading->text.bytes[reading->at];
    size_t start = reading->at + 1;
    size_t end = closing_quote(reading->text, start, quote);
    if (end == reading->text.size) {
        return reading_fail(reading,
                            "the quote is never closed, so that Docker Compose v1 skips the line");
    }
    *out = unescape_text(reading, slice(reading->text, start, end), quote);
    reading->at = end + 1;
    return IBC_OK;
}

/* The part of an unquoted value that is left when a comment, after white space, is cut off. */
static struct ibc_view cut_comment(struct ibc_view value) {
    bool after_space = false;
    for (size_t at = 0; at < value.size;) {
        struct rune rune = rune_at(value, at);
        if (rune.code == '#' && after_space) {
            value.size = at;
            break;
        }
        after_space = is_python_space(rune.code);
        at += rune.size;
    }
    return trim_runes(value, is_python_space);
}

static struct ibc_view read_unquoted(struct reading *reading) {
    size_t start = reading->at;
    reading->at = line_end(reading, start);
    return cut_comment(slice(reading->text, start, reading->at));
}

/* One ${name} or ${name:-default}, between the offsets of its "$" and of its "}". */
struct reference {
    size_t start;
    size_t end;
    struct ibc_view name;
    bool has_fallback;
    struct ibc_view fallback;
};

/*
 * Find the next reference from `at` on. A name may hold anything but "}" and ":", a default
 * anything but "}". Where one that has begun is not completed, no other can begin before the byte
 * that broke it, as that one would break at the same byte.
 */
static bool find_reference(struct ibc_view value, size_t at, struct reference *out) {
    for (; at + 1 < value.size; at++) {
        if (value.bytes[at] != '$' || value.bytes[at + 1] != '{') {
            continue;
        }
        size_t name = at + 2;
        size_t end = name;
        while (end < value.size && value.bytes[end] != '}' && value.bytes[end] != ':') {
            end++;
        }
        *out = (struct reference){.start = at, .name = slice(value, name, end)};
        if (value.size - end > 1 && value.bytes[end] == ':' && value.bytes[end + 1] == '-') {
            size_t fallback = end + 2;
            end = fallback;
            while (end < value.size && value.bytes[end] != '}') {
                end++;
            }
            out->has_fallback = true;
            out->fallback = slice(value, fallback, end);
        }
        if (end < value.size && value.bytes[end] == '}') {
            out->end = end;
            return true;
        }
        at = end;
    }
    return false;
}

static void append_reference(struct reading *reading, const struct reference *reference) {
    const struct binding *binding = reading_find(reading, reference->name);
    struct ibc_view value = binding ? reading_span(reading, binding->value) : reference->fallback;
    reading_refer(reading, binding, reference->has_fallback);
    ibc_secret_buffer_append(&reading->expanded, value.bytes, value.size);
}

/*
 * The value with its variables put in, as python-dotenv does whatever quotes it stood in. In place
 * where there are none, else in reading->expanded.
 */
static struct ibc_view expand(struct reading *reading, struct ibc_view value) {
    struct reference reference;
    if (!find_reference(value, 0, &reference)) {
        return value;
    }
    size_t literal = 0;
    reading->expanded.used = 0;
    do {
        struct ibc_view before = slice(value, literal, reference.start);
        ibc_secret_buffer_append(&reading->expanded, before.bytes, before.size);
        append_reference(reading, &reference);
        literal = reference.end + 1;
    } while (find_reference(value, literal, &reference));
    ibc_secret_buffer_append(&reading->expanded, value.bytes + literal, value.size - literal);
    return buffer_view(&reading->expanded);
}

static enum ibc_status read_value(struct reading *reading) {
    enum ibc_status status = IBC_OK;
    struct ibc_view value = {0};
    if (reading_sees(reading, '\'') || reading_sees(reading, '"')) {
        status = read_quoted(reading, &value);
    } else {
        value = read_unquoted(reading);
    }
    if (status == IBC_OK) {
        reading_value(reading, expand(reading, value));
    }
    return status;
}

/* A comment may follow, and nothing else. */
static enum ibc_status require_line_end(struct reading *reading) {
    skip_blanks(reading);
    size_t end = line_end(reading, reading->at);
    if (end > reading->at && !reading_sees(reading, '#')) {
        return reading_fail(reading,
                            "text where the line should end, so that Docker Compose v1 skips it");
    }
    reading->at = end;
    return IBC_OK;
}

static enum ibc_status read_binding(struct reading *reading) {
    reading_open(reading);
    skip_export(reading);
    if (reading_sees(reading, '#')) {
        return require_line_end(reading);
    }
    enum ibc_status status = read_key(reading);
    if (status != IBC_OK) {
        return status;
    }
    skip_blanks(reading);
    if (reading_sees(reading, '=')) {
        reading->at++;
        skip_blanks(reading);
        status = read_value(reading);
    }
    if (status == IBC_OK) {
        status = require_line_end(reading);
    }
    return status == IBC_OK ? reading_close(reading) : status;
}

enum ibc_status read_compose_v1(struct reading *reading) {
    enum ibc_status status =
        reading_require_utf8(reading, "not UTF-8, which Docker Compose v1 refuses");
    while (status == IBC_OK) {
        reading->at = skip_runes(reading->text, reading->at, is_python_space);
        if (reading_done(reading)) {
            break;
        }
        status = read_binding(reading);
    }
    return status;
}
