/*
 * reader_properties.c - how Java's Properties.load(InputStream) reads a file.
 *
 * After the documentation of java.util.Properties (Java 17). A byte is a character of ISO 8859-1;
 * others are written \uXXXX, in UTF-16. First lines are joined, into `unescaped`, then each is
 * parted into a name and a value, which come out of `expanded` as UTF-8.
 */
#include "sink/reading.h"

static const char blanks[] = " \t\f";

static bool ends_line(unsigned char byte) {
    return byte == '\n' || byte == '\r';
}

static size_t skip_blanks(struct ibc_view text, size_t at) {
    while (at < text.size && is_one_of(text.bytes[at], blanks)) {
        at++;
    }
    return at;
}

/* Skip white space, empty lines and comments. A backslash does not join comment lines. */
static void skip_to_line(struct reading *reading) {
    const struct ibc_view text = reading->text;
    for (;;) {
        reading->at = skip_blanks(text, reading->at);
        if (reading_done(reading)) {
            return;
        }
        if (is_one_of(text.bytes[reading->at], "#!")) {
            reading->at = line_end(reading, reading->at);
        } else if (ends_line(text.bytes[reading->at])) {
            reading->at++;
        } else {
            return;
        }
    }
}

/*
 * Append the rest of the line to `out`. True where a backslash joins the next one to it. Java does
 * not look for that one where at most the newline is left of the file.
 */
static bool append_line(struct reading *reading, struct ibc_secret_buffer *out, bool *cut_short) {
    const size_t end = line_end(reading, reading->at);
    const struct ibc_view line = slice(reading->text, reading->at, end);
    size_t backslashes = 0;
    while (backslashes < line.size && line.bytes[line.size - 1 - backslashes] == '\\') {
        backslashes++;
    }
    const bool joined = backslashes % 2 == 1;
    ibc_secret_buffer_append(out, line.bytes, line.size - (joined ? 1 : 0));
    reading->at = end;
    *cut_short = joined && reading->text.size - end <= 1;
    return joined && !*cut_short;
}

/* The cursor moves from the end of a line to the first byte of the next that counts. */
static void skip_joint(struct reading *reading) {
    const struct ibc_view text = reading->text;
    const bool both = text.bytes[reading->at] == '\r' && reading->at + 1 < text.size &&
                      text.bytes[reading->at + 1] == '\n';
    reading->at = skip_blanks(text, reading->at + (both ? 2 : 1));
}

/*
 * Read lines that are joined into one. False where there is nothing in them, unless the file ends
 * with a backslash there: Java takes that for an empty name. A comment may still begin where
 * nothing was read yet.
 */
static bool read_line(struct reading *reading, struct ibc_view *line) {
    struct ibc_secret_buffer *out = &reading->unescaped;
    bool cut_short;
    out->used = 0;
    while (append_line(reading, out, &cut_short)) {
        skip_joint(reading);
        if (out->used == 0 && !reading_done(reading) &&
            is_one_of(reading->text.bytes[reading->at], "#!")) {
            break;
        }
    }
    *line = buffer_view(out);
    return out->used > 0 || cut_short;
}

/* Where the name ends: at "=", ":" or white space that no backslash stands before. */
static size_t name_end(struct ibc_view line) {
    size_t at = 0;
    while (at < line.size && !is_one_of(line.bytes[at], "=: \t\f")) {
        at += line.bytes[at] == '\\' && at + 1 < line.size ? 2 : 1;
    }
    return at;
}

/* Where the value begins: behind white space with at most one "=" or ":" in it. */
static size_t value_start(struct ibc_view line, size_t at) {
    at = skip_blanks(line, at);
    if (at < line.size && is_one_of(line.bytes[at], "=:")) {
        at = skip_blanks(line, at + 1);
    }
    return at;
}

static int hex_digit(unsigned char byte) {
    static const char digits[] = "0123456789abcdef";
    const char *found =
        byte ? strchr(digits, byte >= 'A' && byte <= 'F' ? byte | 0x20 : byte) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* Read the four digits at `at`. False where they are not four. */
static bool read_unit(struct ibc_view text, size_t at, uint32_t *unit) {
    *unit = 0;
    for (size_t i = at; i < at + 4; i++) {
        const int digit = i < text.size ? hex_digit(text.bytes[i]) : -1;
        if (digit < 0) {
            return false;
        }
        *unit = *unit << 4 | (uint32_t)digit;
    }
    return true;
}

/* One unit of UTF-16, and the offset behind what stands for it; 0 where Java would throw. */
static size_t next_unit(struct ibc_view text, size_t at, uint32_t *unit) {
    static const char plain[] = "tnrf";
    static const char meant[] = "\t\n\r\f";
    *unit = text.bytes[at++];
    if (*unit != '\\' || at == text.size) {
        return at;
    }
    *unit = text.bytes[at++];
    if (*unit == 'u') {
        return read_unit(text, at, unit) ? at + 4 : 0;
    }
    const char *found = memchr(plain, (int)*unit, sizeof plain - 1);
    if (found) {
        *unit = (unsigned char)meant[found - plain];
    }
    return at;
}

static bool is_surrogate(uint32_t unit) {
    return unit >= 0xD800 && unit <= 0xDFFF;
}

/* Append what the text means to reading->expanded. */
static enum ibc_status convert(struct reading *reading, struct ibc_view text) {
    static const char malformed[] = "\\u without four hexadecimal digits, which Java refuses";
    reading->expanded.used = 0;
    for (size_t at = 0; at < text.size;) {
        uint32_t unit, low = 0;
        at = next_unit(text, at, &unit);
        if (at == 0) {
            return reading_fail(reading, malformed);
        }
        if (is_surrogate(unit)) {
            at = at < text.size ? next_unit(text, at, &low) : at;
            if (at == 0) {
                return reading_fail(reading, malformed);
            }
            if (unit >= 0xDC00 || low < 0xDC00 || low > 0xDFFF) {
                return reading_fail(reading, "half a surrogate pair, which is no character");
            }
            unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        }
        append_rune(&reading->expanded, unit);
    }
    return IBC_OK;
}

static enum ibc_status read_property(struct reading *reading) {
    struct ibc_view line;
    reading_open(reading);
    if (!read_line(reading, &line)) {
        return IBC_OK;
    }
    const size_t end = name_end(line);
    enum ibc_status status = convert(reading, slice(line, 0, end));
    if (status == IBC_OK) {
        reading_name(reading, buffer_view(&reading->expanded));
        status = convert(reading, slice(line, value_start(line, end), line.size));
    }
    if (status != IBC_OK) {
        return status;
    }
    reading_value(reading, buffer_view(&reading->expanded));
    return reading_close(reading);
}

enum ibc_status read_properties(struct reading *reading) {
    enum ibc_status status = IBC_OK;
    for (;;) {
        skip_to_line(reading);
        if (status != IBC_OK || reading_done(reading)) {
            return status;
        }
        status = read_property(reading);
    }
}
