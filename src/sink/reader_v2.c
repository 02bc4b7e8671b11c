/*
 * reader_v2.c - how Docker Compose v2 reads an env file.
 *
 * After compose-go v2, dotenv/parser.go. Statements follow one another rather than lines: after a
 * closing quote the next one may begin at once.
 */
#include "sink/reading.h"

/* Skip white space, newlines and comments. */
static void skip_to_statement(struct reading *reading) {
    for (;;) {
        reading->at = skip_runes(reading->text, reading->at, is_white_space);
        if (!reading_sees(reading, '#')) {
            return;
        }
        reading->at = line_end(reading, reading->at);
    }
}

/* "export" counts with white space after it, of which newlines are not skipped. */
static void skip_export(struct reading *reading) {
    static const char word[] = "export";
    const size_t size = sizeof word - 1;
    struct ibc_view text = reading->text;
    size_t after = reading->at + size;
    if (text.size - reading->at <= size || memcmp(text.bytes + reading->at, word, size) != 0 ||
        !is_one_of(text.bytes[after], " \t\n\f\r")) {
        return;
    }
    reading->at = skip_runes(text, after, is_go_blank);
}

static bool is_name_byte(unsigned char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || is_one_of(byte, "_.-[]") || is_go_blank(byte);
}

static bool ends_name(unsigned char byte) {
    return byte == '=' || byte == ':' || byte == '\n';
}

/* A statement's name, and the byte that ended it: '=', ':', a newline, or 0 at the end. */
struct key {
    struct ibc_view name;
    unsigned char ended_by;
};

/*
 * Leaves the cursor where the value begins. Where the text ends before the name does, compose-go
 * binds all of it to the empty name.
 */
static enum ibc_status read_key(struct reading *reading, struct key *out) {
    struct ibc_view text = reading->text;
    size_t at = reading->at;
    for (; at < text.size && !ends_name(text.bytes[at]); at++) {
        /* Go would tell letters of all scripts; no compose file names a variable so. */
        if (text.bytes[at] >= 0x80 || !is_name_byte(text.bytes[at])) {
            return reading_fail(reading,
                                "a character that Docker Compose v2 takes in no variable name");
        }
    }
    *out = (struct key){0};
    if (at < text.size) {
        out->name = trim_runes(slice(text, reading->at, at), is_white_space);
        out->ended_by = text.bytes[at];
        reading->at = at + 1;
    }
    if (out->name.size > 0 && memchr(out->name.bytes, ' ', out->name.size)) {
        return reading_fail(reading, "a space in a variable name, or no \"=\" after it");
    }
    reading->at = skip_runes(text, reading->at, is_go_blank);
    return IBC_OK;
}

static bool is_digit(unsigned char byte) {
    return byte >= '0' && byte <= '9';
}

/*
 * \0 and up to three digits. Three octal ones stand for a character up to U+00FF; anything else
 * only loses its zero.
 */
static size_t append_octal(struct ibc_secret_buffer *out, struct ibc_view digits) {
    uint32_t code = 0;
    size_t count = 0;
    bool octal = true;
    for (; count < 3 && count < digits.size && is_digit(digits.bytes[count]); count++) {
        octal = octal && digits.bytes[count] < '8';
        code = code * 8 + (uint32_t)(digits.bytes[count] - '0');
    }
    if (count == 3 && octal && code <= 0xFF) {
        append_rune(out, code);
    } else {
        ibc_secret_buffer_append_byte(out, '\\');
        ibc_secret_buffer_append(out, digits.bytes, count);
    }
    return count;
}

/*
 * Append what the escape means whose backslash stands just before `at`, and return the offset
 * after it. Between single quotes only the quote can be escaped.
 */
static size_t append_escape(struct ibc_secret_buffer *out, struct ibc_view text, size_t at,
                            unsigned char quote) {
    static const char plain[] = "\\abfnrtv";
    static const char meant[] = "\\\a\b\f\n\r\t\v";
    unsigned char byte = text.bytes[at];
    if (byte == quote) {
        ibc_secret_buffer_append_byte(out, byte);
        return at + 1;
    }
    if (quote == '\'') {
        ibc_secret_buffer_append_byte(out, '\\');
        ibc_secret_buffer_append_byte(out, byte);
        return at + 1;
    }
    const char *found = memchr(plain, byte, sizeof plain - 1);
    if (byte == '0') {
        return at + 1 + append_octal(out, slice(text, at + 1, text.size));
    }
    if (found) {
        ibc_secret_buffer_append_byte(out, (unsigned char)meant[found - plain]);
    } else if (byte == '$') {
        ibc_secret_buffer_append_text(out, "$$"); /* which the expansion turns into one */
    } else {
        ibc_secret_buffer_append_byte(out, '\\');
        ibc_secret_buffer_append_byte(out, byte);
    }
    return at + 1;
}

/* The text up to the closing quote: in place where there is no escape, else unescaped. */
static enum ibc_status read_quoted(struct reading *reading, struct ibc_view *value) {
    struct ibc_secret_buffer *out = &reading->unescaped;
    struct ibc_view text = reading->text;
    unsigned char quote = text.bytes[reading->at];
    size_t start = reading->at + 1;
    bool escapes = false;
    out->used = 0;
    for (size_t at = start; at < text.size;) {
        unsigned char byte = text.bytes[at++];
        if (byte == quote) {
            *value = escapes ? buffer_view(out) : slice(text, start, at - 1);
            reading->at = at;
            return IBC_OK;
        }
        if (byte != '\\' || at == text.size) {
            if (escapes) {
                ibc_secret_buffer_append_byte(out, byte);
            }
            continue;
        }
        if (!escapes) {
            escapes = true;
            ibc_secret_buffer_append(out, text.bytes + start, at - 1 - start);
        }
        at = append_escape(out, text, at, quote);
    }
    return reading_fail(reading, "the quote is never closed");
}

/* Up to the newline or a comment, which begins at a space and "#". */
static struct ibc_view read_unquoted(struct reading *reading) {
    size_t end = line_end(reading, reading->at);
    struct ibc_view value = slice(reading->text, reading->at, end);
    const unsigned char *comment = value.size > 0 ? memmem(value.bytes, value.size, " #", 2) : NULL;
    if (comment) {
        value.size = (size_t)(comment - value.bytes);
    }
    reading->at = end;
    return trim_runes(value, is_white_space);
}

static enum ibc_status read_value(struct reading *reading) {
    struct ibc_view value = {0};
    bool literal = reading_sees(reading, '\'');
    enum ibc_status status = IBC_OK;
    if (literal || reading_sees(reading, '"')) {
        status = read_quoted(reading, &value);
    } else {
        value = read_unquoted(reading);
    }
    if (status == IBC_OK && !literal && has_byte(value, '$')) {
        reading->expanded.used = 0;
        status = expand_compose_v2(reading, value, EXPANSION_DEPTH_MAX);
        value = buffer_view(&reading->expanded);
    }
    reading_value(reading, value);
    return status;
}

static enum ibc_status read_statement(struct reading *reading) {
    struct key key = {0};
    reading_open(reading);
    skip_export(reading);
    if (reading_done(reading)) {
        return reading_fail(reading, "nothing after \"export\"");
    }
    enum ibc_status status = read_key(reading, &key);
    if (status != IBC_OK) {
        return status;
    }
    /* A name alone on its line takes its value from the environment, which is empty here. */
    if (key.ended_by == '\n') {
        return IBC_OK;
    }
    reading_name(reading, key.name);
    status = read_value(reading);
    return status == IBC_OK ? reading_close(reading) : status;
}

enum ibc_status read_compose_v2(struct reading *reading) {
    enum ibc_status status = IBC_OK;
    while (status == IBC_OK) {
        skip_to_statement(reading);
        if (reading_done(reading)) {
            break;
        }
        status = read_statement(reading);
    }
    return status;
}
