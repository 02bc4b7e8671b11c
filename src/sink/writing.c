/* writing.c - the ways to write a value into an env file. */
#include "sink/writing.h"

#include "sink/runes.h"

/*
 * Bare only where the value has nothing that any release of the readers gave a meaning to: earlier
 * ones of compose-go cut at every "#".
 */
static bool write_bare(const struct ibc_field *field, struct ibc_secret_buffer *out) {
    for (size_t i = 0; i < field->value.size; i++) {
        unsigned char byte = field->value.bytes[i];
        if (byte <= ' ' || byte > '~' || is_one_of(byte, "'\"#$")) {
            return false;
        }
    }
    ibc_secret_buffer_append(out, field->value.bytes, field->value.size);
    return true;
}

/* To systemd a backslash is never itself outside of quotes. */
static bool write_bare_without_backslash(const struct ibc_field *field,
                                         struct ibc_secret_buffer *out) {
    return !has_byte(field->value, '\\') && write_bare(field, out);
}

static bool write_single_quoted(const struct ibc_field *field, struct ibc_secret_buffer *out) {
    ibc_secret_buffer_append_byte(out, '\'');
    ibc_secret_buffer_append(out, field->value.bytes, field->value.size);
    ibc_secret_buffer_append_byte(out, '\'');
    return true;
}

/* Append the value with a backslash before each of the bytes in `escaped`. */
static void append_escaped(struct ibc_secret_buffer *out, struct ibc_view value,
                           const char *escaped) {
    for (size_t i = 0; i < value.size; i++) {
        if (is_one_of(value.bytes[i], escaped)) {
            ibc_secret_buffer_append_byte(out, '\\');
        }
        ibc_secret_buffer_append_byte(out, value.bytes[i]);
    }
}

static bool write_double_quoted(const struct ibc_field *field, struct ibc_secret_buffer *out) {
    ibc_secret_buffer_append_byte(out, '"');
    append_escaped(out, field->value, "\\\"");
    ibc_secret_buffer_append_byte(out, '"');
    return true;
}

/* As Compose v2 documents it; v1 leaves the backslash before a "$" where it is. */
static bool write_dollar_escaped(const struct ibc_field *field, struct ibc_secret_buffer *out) {
    ibc_secret_buffer_append_byte(out, '"');
    append_escaped(out, field->value, "\\\"$");
    ibc_secret_buffer_append_byte(out, '"');
    return true;
}

/* "${NAME:-text}", which both readers replace by the text while NAME is not set. */
static void append_default(struct ibc_secret_buffer *out, struct ibc_view name, const char *text) {
    ibc_secret_buffer_append_text(out, "${");
    ibc_secret_buffer_append(out, name.bytes, name.size);
    ibc_secret_buffer_append_text(out, ":-");
    ibc_secret_buffer_append_text(out, text);
    ibc_secret_buffer_append_byte(out, '}');
}

/*
 * The readers share no escape for "$", and v1 takes a closing quote after a backslash for an
 * escaped one, even if that backslash is escaped itself. But both know defaults, and neither
 * expands one a second time: a default of "$" is a "$", and an empty one parts a backslash from
 * the quote. The variable asked for is the one being bound: if it is set in Compose's environment,
 * Compose takes it from there and does not look at this line.
 */
static bool write_with_defaults(const struct ibc_field *field, struct ibc_secret_buffer *out) {
    struct ibc_view value = field->value;
    ibc_secret_buffer_append_byte(out, '"');
    for (size_t i = 0; i < value.size; i++) {
        struct ibc_view byte = {.bytes = value.bytes + i, .size = 1};
        if (value.bytes[i] == '$') {
            append_default(out, field->name, "$");
        } else {
            append_escaped(out, byte, "\\\"");
        }
    }
    if (value.size > 0 && value.bytes[value.size - 1] == '\\') {
        append_default(out, field->name, "");
    }
    ibc_secret_buffer_append_byte(out, '"');
    return true;
}

static bool write_as_it_is(const struct ibc_field *field, struct ibc_secret_buffer *out) {
    ibc_secret_buffer_append(out, field->value.bytes, field->value.size);
    return true;
}

/* Releases of systemd before 240 knew a backslash between single quotes too. */
static bool write_single_quoted_plain(const struct ibc_field *field,
                                      struct ibc_secret_buffer *out) {
    return !has_byte(field->value, '\\') && write_single_quoted(field, out);
}

/* The four that every release of systemd takes a backslash away from. */
static bool write_double_quoted_escaped(const struct ibc_field *field,
                                        struct ibc_secret_buffer *out) {
    ibc_secret_buffer_append_byte(out, '"');
    append_escaped(out, field->value, "\\\"`$");
    ibc_secret_buffer_append_byte(out, '"');
    return true;
}

/* Nothing between single quotes means anything to a shell; a single quote stands outside of them.
 */
static bool write_shell_quoted(const struct ibc_field *field, struct ibc_secret_buffer *out) {
    ibc_secret_buffer_append_byte(out, '\'');
    for (size_t i = 0; i < field->value.size; i++) {
        if (field->value.bytes[i] == '\'') {
            ibc_secret_buffer_append_text(out, "'\\''");
        } else {
            ibc_secret_buffer_append_byte(out, field->value.bytes[i]);
        }
    }
    ibc_secret_buffer_append_byte(out, '\'');
    return true;
}

writing *const compose_writings[] = {
    write_bare,           write_single_quoted, write_double_quoted,
    write_dollar_escaped, write_with_defaults, NULL,
};

writing *const docker_writings[] = {write_as_it_is, NULL};

writing *const systemd_writings[] = {
    write_bare_without_backslash,
    write_single_quoted_plain,
    write_double_quoted_escaped,
    NULL,
};

writing *const shell_writings[] = {write_shell_quoted, NULL};
