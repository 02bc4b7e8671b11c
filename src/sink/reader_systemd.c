/*
 * reader_systemd.c - how systemd reads the file of an EnvironmentFile=.
 *
 * After systemd 252, src/basic/env-file.c and src/basic/env-util.c. What follows a closing quote
 * belongs to the value: quotes that touch are joined, and from the first byte outside of them on
 * nothing is a quote any more.
 */
#include "sink/reading.h"

static bool ends_line(unsigned char byte) {
    return byte == '\n' || byte == '\r';
}

static bool is_blank(unsigned char byte) {
    return byte == ' ' || byte == '\t';
}

/* The byte under the cursor, which moves on. */
static unsigned char take(struct reading *reading) {
    return reading->text.bytes[reading->at++];
}

/* In a comment too a backslash takes the newline away, up to systemd 253. */
static void skip_comment(struct reading *reading) {
    while (!reading_done(reading)) {
        unsigned char byte = take(reading);
        if (ends_line(byte)) {
            return;
        }
        if (byte == '\\' && !reading_done(reading)) {
            reading->at++;
        }
    }
}

/* Up to the "=". False, with the line skipped, where it has none: systemd passes over it too. */
static bool read_name(struct reading *reading, struct ibc_view *out) {
    struct ibc_view text = reading->text;
    const size_t start = reading->at;
    /* The first byte belongs to the name, even if it is a "=". */
    size_t at = start + 1;
    while (at < text.size && text.bytes[at] != '=' && !ends_line(text.bytes[at])) {
        at++;
    }
    const bool found = at < text.size && text.bytes[at] == '=';
    size_t end = at;
    while (end > start && is_blank(text.bytes[end - 1])) {
        end--;
    }
    *out = slice(text, start, end);
    reading->at = found ? at + 1 : at;
    return found;
}

static bool is_name(struct ibc_view name) {
    for (size_t i = 0; i < name.size; i++) {
        const unsigned char byte = name.bytes[i];
        const bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        const bool digit = byte >= '0' && byte <= '9';
        if (!letter && byte != '_' && (!digit || i == 0)) {
            return false;
        }
    }
    return name.size > 0;
}

/* systemd takes no noncharacters of Unicode for UTF-8: src/basic/utf8.c. */
static bool is_text(struct ibc_view value) {
    for (size_t at = 0; at < value.size;) {
        const struct rune rune = rune_at(value, at);
        const bool noncharacter =
            (rune.code & 0xFFFE) == 0xFFFE || (rune.code >= 0xFDD0 && rune.code <= 0xFDEF);
        if (rune.code == RUNE_INVALID || noncharacter) {
            return false;
        }
        at += rune.size;
    }
    return true;
}

static void read_single_quoted(struct reading *reading, struct ibc_secret_buffer *out) {
    while (!reading_done(reading)) {
        unsigned char byte = take(reading);
        if (byte == '\'') {
            return;
        }
        ibc_secret_buffer_append_byte(out, byte);
    }
}

/* A backslash before anything but the four bytes and a newline stays. */
static void read_double_quoted(struct reading *reading, struct ibc_secret_buffer *out) {
    while (!reading_done(reading)) {
        unsigned char byte = take(reading);
        if (byte == '"') {
            return;
        }
        if (byte != '\\') {
            ibc_secret_buffer_append_byte(out, byte);
            continue;
        }
        if (reading_done(reading)) {
            return;
        }
        byte = take(reading);
        if (byte == '\n') {
            continue;
        }
        if (!is_one_of(byte, "\"\\`$")) {
            ibc_secret_buffer_append_byte(out, '\\');
        }
        ibc_secret_buffer_append_byte(out, byte);
    }
}

/* To the end of the line, without the blanks there that no backslash protects. */
static void read_unquoted(struct reading *reading, struct ibc_secret_buffer *out) {
    size_t kept = out->used;
    while (!reading_done(reading)) {
        unsigned char byte = take(reading);
        if (ends_line(byte)) {
            break;
        }
        const bool escaped = byte == '\\';
        if (escaped && reading_done(reading)) {
            kept = out->used;
            break;
        }
        byte = escaped ? take(reading) : byte;
        if (!escaped || !ends_line(byte)) {
            ibc_secret_buffer_append_byte(out, byte);
        }
        if (escaped || !is_blank(byte)) {
            kept = out->used;
        }
    }
    out->used = kept;
}

/* Quotes that are never closed end with the file. */
static void read_value(struct reading *reading, struct ibc_secret_buffer *out) {
    while (!reading_done(reading)) {
        const unsigned char byte = take(reading);
        if (byte == '\'') {
            read_single_quoted(reading, out);
        } else if (byte == '"') {
            read_double_quoted(reading, out);
        } else if (ends_line(byte)) {
            return;
        } else if (!is_blank(byte)) {
            reading->at--;
            read_unquoted(reading, out);
            return;
        }
    }
}

static enum ibc_status read_variable(struct reading *reading) {
    struct ibc_view name;
    reading_open(reading);
    if (!read_name(reading, &name)) {
        return IBC_OK;
    }
    reading->unescaped.used = 0;
    read_value(reading, &reading->unescaped);
    if (!is_name(name)) {
        return reading_fail(reading, "not the name of a variable, so that systemd leaves it out");
    }
    const struct ibc_view value = buffer_view(&reading->unescaped);
    if (!is_text(value)) {
        return reading_fail(reading, "not UTF-8, or a noncharacter such as U+FFFF, for which "
                                     "systemd refuses the file");
    }
    reading_name(reading, name);
    reading_value(reading, value);
    /* The newline has been read, and belongs to this variable. */
    if (reading->at > 0 && ends_line(reading->text.bytes[reading->at - 1])) {
        reading->at--;
    }
    return reading_close(reading);
}

enum ibc_status read_systemd(struct reading *reading) {
    enum ibc_status status = IBC_OK;
    while (status == IBC_OK && !reading_done(reading)) {
        const unsigned char byte = reading->text.bytes[reading->at];
        if (is_one_of(byte, "#;")) {
            skip_comment(reading);
        } else if (is_blank(byte) || ends_line(byte)) {
            reading->at++;
        } else {
            status = read_variable(reading);
        }
    }
    return status;
}
