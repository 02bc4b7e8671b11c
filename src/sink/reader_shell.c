/*
 * reader_shell.c - how a POSIX shell reads a file of assignments that it is given with `.`.
 *
 * After POSIX.1-2017, XCU 2.2 to 2.9, as far as dash, bash and busybox sh agree. Whatever would
 * run, expand or redirect something is refused, not read.
 */
#include "sink/reading.h"

static const char unclosed[] = "the quote is never closed, which a shell refuses";

/*
 * Variables that cannot be assigned in one of the shells, or do not keep what was assigned:
 * bash(1), "Shell Variables"; dash refuses an OPTIND that is no number. So may all of bash's own
 * that begin with BASH.
 */
static const char *const kept_by_shells[] = {
    "DIRSTACK", "EPOCHREALTIME", "EPOCHSECONDS", "EUID", "FUNCNAME",   "GROUPS",
    "HISTCMD",  "LINENO",        "OPTIND",       "PPID", "PIPESTATUS", "RANDOM",
    "SECONDS",  "SHELLOPTS",     "SRANDOM",      "UID",  "_",
};

static bool is_kept_by_shells(struct ibc_view name) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(kept_by_shells); i++) {
        if (ibc_view_is(name, kept_by_shells[i])) {
            return true;
        }
    }
    return name.size >= 4 && memcmp(name.bytes, "BASH", 4) == 0;
}

static bool is_name_byte(unsigned char byte, bool first) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           (byte >= '0' && byte <= '9' && !first);
}

static enum ibc_status read_name(struct reading *reading) {
    const struct ibc_view text = reading->text;
    const size_t start = reading->at;
    while (!reading_done(reading) && is_name_byte(text.bytes[reading->at], reading->at == start)) {
        reading->at++;
    }
    const struct ibc_view name = slice(text, start, reading->at);
    if (name.size == 0 || !reading_sees(reading, '=')) {
        return reading_fail(reading, "not NAME=value, which a shell would take for a command");
    }
    if (is_kept_by_shells(name)) {
        return reading_fail(reading, "a variable that shells keep for themselves");
    }
    reading->at++;
    reading_name(reading, name);
    return IBC_OK;
}

/* Both sorts of quotes end at the next one; the cursor is behind the first. */
static enum ibc_status read_single_quoted(struct reading *reading, struct ibc_secret_buffer *out) {
    const struct ibc_view rest = slice(reading->text, reading->at, reading->text.size);
    const unsigned char *quote = rest.size > 0 ? memchr(rest.bytes, '\'', rest.size) : NULL;
    if (!quote) {
        return reading_fail(reading, unclosed);
    }
    const size_t size = (size_t)(quote - rest.bytes);
    ibc_secret_buffer_append(out, rest.bytes, size);
    reading->at += size + 1;
    return IBC_OK;
}

static enum ibc_status refuse_expansion(const struct reading *reading) {
    return reading_fail(reading, "an expansion, which is not read here; quote it with '…'");
}

/*
 * Append what the backslash before the cursor makes of the byte there: nothing of a newline.
 * Between double quotes it stays before anything but four bytes.
 */
static enum ibc_status read_escape(struct reading *reading, bool quoted,
                                   struct ibc_secret_buffer *out) {
    if (reading_done(reading)) {
        return reading_fail(reading, "a backslash at the very end, about which shells differ");
    }
    const unsigned char byte = reading->text.bytes[reading->at++];
    if (byte == '\n') {
        return IBC_OK;
    }
    if (quoted && !is_one_of(byte, "$`\"\\")) {
        ibc_secret_buffer_append_byte(out, '\\');
    }
    ibc_secret_buffer_append_byte(out, byte);
    return IBC_OK;
}

static enum ibc_status read_double_quoted(struct reading *reading, struct ibc_secret_buffer *out) {
    enum ibc_status status = IBC_OK;
    while (status == IBC_OK && !reading_done(reading)) {
        const unsigned char byte = reading->text.bytes[reading->at++];
        if (byte == '"') {
            return IBC_OK;
        }
        if (is_one_of(byte, "$`")) {
            return refuse_expansion(reading);
        }
        if (byte == '\\') {
            status = read_escape(reading, true, out);
        } else {
            ibc_secret_buffer_append_byte(out, byte);
        }
    }
    return status == IBC_OK ? reading_fail(reading, unclosed) : status;
}

/* One byte outside of quotes, or all of what it begins. */
static enum ibc_status read_part(struct reading *reading, struct ibc_secret_buffer *out) {
    const unsigned char byte = reading->text.bytes[reading->at++];
    if (byte == '\'') {
        return read_single_quoted(reading, out);
    }
    if (byte == '"') {
        return read_double_quoted(reading, out);
    }
    if (byte == '\\') {
        return read_escape(reading, false, out);
    }
    if (is_one_of(byte, "$`~")) {
        return refuse_expansion(reading);
    }
    if (is_one_of(byte, ";&|<>()")) {
        return reading_fail(reading, "an operator outside of quotes, which a shell would act on");
    }
    ibc_secret_buffer_append_byte(out, byte);
    return IBC_OK;
}

static enum ibc_status read_assignment(struct reading *reading) {
    struct ibc_secret_buffer *out = &reading->unescaped;
    out->used = 0;
    reading_open(reading);
    enum ibc_status status = read_name(reading);
    while (status == IBC_OK && !reading_done(reading) &&
           !is_one_of(reading->text.bytes[reading->at], " \t\n")) {
        status = read_part(reading, out);
    }
    if (status != IBC_OK) {
        return status;
    }
    reading_value(reading, buffer_view(out));
    return reading_close(reading);
}

/* White space, comments, and newlines behind a backslash. */
static bool skip_between(struct reading *reading) {
    const struct ibc_view text = reading->text;
    const size_t at = reading->at;
    if (is_one_of(text.bytes[at], " \t\n")) {
        reading->at++;
    } else if (text.bytes[at] == '#') {
        reading->at = line_end(reading, at);
    } else if (text.bytes[at] == '\\' && at + 1 < text.size && text.bytes[at + 1] == '\n') {
        reading->at += 2;
    } else {
        return false;
    }
    return true;
}

enum ibc_status read_shell(struct reading *reading) {
    enum ibc_status status = IBC_OK;
    while (status == IBC_OK && !reading_done(reading)) {
        if (!skip_between(reading)) {
            status = read_assignment(reading);
        }
    }
    return status;
}
