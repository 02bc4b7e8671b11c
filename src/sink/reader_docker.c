/*
 * reader_docker.c - how `docker run --env-file` reads an env file.
 *
 * After docker/cli, pkg/kvfile (before: opts/file.go). A line is a variable; nothing is quoted.
 */
#include "sink/reading.h"

/* Go's bufio.Scanner gives up on a line that, with its newline, is longer than this. */
enum { LINE_MAX_BYTES = 1 << 16 };

/* The line without what is skipped at its beginning and without the CR of a CR LF. */
static struct ibc_view line_text(struct ibc_view line) {
    if (line.size > 0 && line.bytes[line.size - 1] == '\r') {
        line.size--;
    }
    return slice(line, skip_runes(line, 0, is_white_space), line.size);
}

static bool is_name(struct ibc_view name) {
    return name.size > 0 && !has_byte(name, ' ') && !has_byte(name, '\t');
}

/* docker 28 keeps such quotes; a change that takes them away is proposed (docker/cli#6805). */
static bool is_in_quotes(struct ibc_view value) {
    return value.size >= 2 && is_one_of(value.bytes[0], "'\"") &&
           value.bytes[0] == value.bytes[value.size - 1];
}

static enum ibc_status read_variable(struct reading *reading, struct ibc_view line) {
    const unsigned char *equals = memchr(line.bytes, '=', line.size);
    const size_t name_size = equals ? (size_t)(equals - line.bytes) : line.size;
    const struct ibc_view name = slice(line, 0, name_size);
    if (!is_name(name)) {
        return reading_fail(reading, "no variable name, or a blank in it, which docker refuses");
    }
    reading_name(reading, name);
    if (!equals) {
        reading_refer(reading, NULL, false);
        return reading_close(reading);
    }
    const struct ibc_view value = slice(line, name_size + 1, line.size);
    if (is_in_quotes(value)) {
        return reading_fail(reading, "quotes around a value, which not every release of docker "
                                     "need keep; take them away");
    }
    reading_value(reading, value);
    return reading_close(reading);
}

static enum ibc_status read_line(struct reading *reading) {
    const size_t start = reading->at, end = line_end(reading, start);
    const struct ibc_view line = line_text(slice(reading->text, start, end));
    reading_open(reading);
    reading->at = end;
    if (end - start >= LINE_MAX_BYTES) {
        return reading_fail(reading, "a line longer than docker reads");
    }
    enum ibc_status status = IBC_OK;
    if (line.size > 0 && line.bytes[0] != '#') {
        status = read_variable(reading, line);
    }
    if (!reading_done(reading)) {
        reading->at++;
    }
    return status;
}

enum ibc_status read_docker(struct reading *reading) {
    enum ibc_status status = reading_require_utf8(reading, "not UTF-8, which docker refuses");
    while (status == IBC_OK && !reading_done(reading)) {
        status = read_line(reading);
    }
    return status;
}
