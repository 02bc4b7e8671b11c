/*
 * properties.c - lines, continuations, separators and escapes, by the class's documentation.
 *
 * Each byte is a character of ISO-8859-1, so a UTF-8 letter becomes two or three others. A
 * backslash that begins no escape is dropped; at the end of a line it joins the next one.
 */
#include "properties.h"

#include <stdint.h>
#include <string.h>

struct reader {
    const char *next, *end;
};

/* Without its line ends; what is left of it still has its escapes. */
struct line {
    char bytes[PROPERTIES_MAX];
    size_t size;
};

/* UTF-16, as Java has it. */
struct string {
    uint16_t units[PROPERTIES_MAX];
    size_t size;
};

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\f';
}

static bool is_separator(char byte) {
    return byte == '=' || byte == ':';
}

static bool is_line_end(char byte) {
    return byte == '\n' || byte == '\r';
}

static void skip_blanks(struct reader *reader) {
    while (reader->next < reader->end && is_blank(*reader->next)) {
        reader->next++;
    }
}

/* Up to the next property: past empty lines and comments, which no backslash continues. */
static void skip_to_line(struct reader *reader) {
    while (reader->next < reader->end) {
        char byte = *reader->next;

        if (byte == '#' || byte == '!') {
            while (reader->next < reader->end && !is_line_end(*reader->next)) {
                reader->next++;
            }
        } else if (is_blank(byte) || is_line_end(byte)) {
            reader->next++;
        } else {
            return;
        }
    }
}

/* As far as the line's end, or a backslash before it (true), which is not kept. */
static bool read_natural_line(struct reader *reader, struct line *line) {
    bool escaped = false;

    while (reader->next < reader->end && !is_line_end(*reader->next)) {
        escaped = *reader->next == '\\' && !escaped;
        line->bytes[line->size++] = *reader->next++;
    }
    line->size -= escaped;
    return escaped;
}

static void skip_line_end(struct reader *reader) {
    if (reader->end - reader->next >= 2 && memcmp(reader->next, "\r\n", 2) == 0) {
        reader->next++;
    }
    reader->next++;
}

/* The next line with all that continues it. False: there is none. */
static bool read_line(struct reader *reader, struct line *line) {
    line->size = 0;
    skip_to_line(reader);
    if (reader->next == reader->end) {
        return false;
    }
    while (read_natural_line(reader, line) && reader->next < reader->end) {
        skip_line_end(reader);
        skip_blanks(reader);
    }
    return true;
}

/* Where the key ends, and where the value begins. */
static size_t split(const struct line *line, size_t *value) {
    size_t end = 0, at;
    bool separated = false;

    while (end < line->size && !is_blank(line->bytes[end]) && !is_separator(line->bytes[end])) {
        end += line->bytes[end] == '\\' && end + 1 < line->size ? 2 : 1;
    }
    for (at = end; at < line->size; at++) {
        char byte = line->bytes[at];

        if (!separated && is_separator(byte)) {
            separated = true;
        } else if (!is_blank(byte)) {
            break;
        }
    }
    *value = at;
    return end;
}

static int hex_digit(char byte) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = byte != '\0' ? strchr(digits, byte) : NULL;

    return found != NULL ? (int)((found - digits) % 16) : -1;
}

/* The four digits of \u. */
static bool read_unit(const char *bytes, const char *end, uint16_t *out) {
    unsigned unit = 0;

    if (end - bytes < 4) {
        return false;
    }
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(bytes[i]);

        if (digit < 0) {
            return false;
        }
        unit = unit << 4 | (unsigned)digit;
    }
    *out = (uint16_t)unit;
    return true;
}

static uint16_t meaning(char escape) {
    static const char escapes[] = "tnrf", meanings[] = "\t\n\r\f";
    const char *found = escape != '\0' ? strchr(escapes, escape) : NULL;

    return found != NULL ? (unsigned char)meanings[found - escapes] : (unsigned char)escape;
}

static bool unescape(const char *bytes, const char *end, struct string *out) {
    out->size = 0;
    while (bytes < end) {
        char byte = *bytes++;
        uint16_t unit = (unsigned char)byte;

        if (byte == '\\' && bytes < end) {
            byte = *bytes++;
            unit = meaning(byte);
            if (byte == 'u') {
                if (!read_unit(bytes, end, &unit)) {
                    return false;
                }
                bytes += 4;
            }
        }
        out->units[out->size++] = unit;
    }
    return true;
}

static void trim(struct string *string) {
    size_t from = 0;

    while (string->size > 0 && string->units[string->size - 1] <= ' ') {
        string->size--;
    }
    while (from < string->size && string->units[from] <= ' ') {
        from++;
    }
    string->size -= from;
    memmove(string->units, string->units + from, string->size * sizeof string->units[0]);
}

static bool is_high(uint16_t unit) {
    return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(uint16_t unit) {
    return unit >= 0xdc00 && unit < 0xe000;
}

/* Take the next code point. */
static uint32_t take_code_point(const struct string *string, size_t *at) {
    uint16_t unit = string->units[(*at)++];

    if (is_high(unit) && *at < string->size && is_low(string->units[*at])) {
        return 0x10000 + ((uint32_t)(unit - 0xd800) << 10) +
               (uint32_t)(string->units[(*at)++] - 0xdc00);
    }
    return is_high(unit) || is_low(unit) ? '?' : unit;
}

static bool to_utf8(const struct string *string, struct text *out) {
    out->size = 0;
    for (size_t at = 0; at < string->size;) {
        uint32_t point = take_code_point(string, &at);
        int more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
        static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};

        if (out->size + (size_t)more >= sizeof out->bytes) {
            return false;
        }
        out->bytes[out->size++] = (char)(first[more] | point >> (6 * more));
        while (more-- > 0) {
            out->bytes[out->size++] = (char)(0x80 | (point >> (6 * more) & 0x3f));
        }
    }
    return true;
}

static bool is_key(const struct string *string, const char *key) {
    size_t i = 0;

    while (i < string->size && key[i] != '\0' && string->units[i] == (unsigned char)key[i]) {
        i++;
    }
    return i == string->size && key[i] == '\0';
}

bool properties_value(const char *bytes, size_t size, const char *key, struct text *out) {
    static struct line line;
    static struct string name, value, found;
    struct reader reader = {bytes, bytes + size};

    found.size = 0;
    out->size = 0;
    if (size > PROPERTIES_MAX) {
        return false;
    }
    while (read_line(&reader, &line)) {
        const char *end = line.bytes + line.size;
        size_t at, name_size = split(&line, &at);

        if (!unescape(line.bytes, line.bytes + name_size, &name) ||
            !unescape(line.bytes + at, end, &value)) {
            return false;
        }
        if (is_key(&name, key)) {
            found = value;
        }
    }
    trim(&found);
    return to_utf8(&found, out);
}
