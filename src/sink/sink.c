/* sink.c - env files that are proven before they are handed out. */
#include <ibcred/sink.h>

#include "sink/reading.h"
#include "sink/writing.h"

struct format {
    enum ibc_format format;
    const char *name;
    const char *readers; /* in words */
    enum ibc_dotenv_reader reader[2];
    size_t reader_count;
};

static const struct format formats[] = {
    {IBC_FORMAT_COMPOSE,
     "compose",
     "Docker Compose v1 and v2",
     {IBC_READER_COMPOSE_V1, IBC_READER_COMPOSE_V2},
     2},
    {IBC_FORMAT_COMPOSE_V1, "compose-v1", "Docker Compose v1", {IBC_READER_COMPOSE_V1}, 1},
    {IBC_FORMAT_COMPOSE_V2, "compose-v2", "Docker Compose v2", {IBC_READER_COMPOSE_V2}, 1},
};

static const struct format *find_format(enum ibc_format format) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(formats); i++) {
        if (formats[i].format == format) {
            return &formats[i];
        }
    }
    return NULL;
}

const char *ibc_format_name(enum ibc_format format) {
    const struct format *found = find_format(format);
    return found ? found->name : "unknown";
}

bool ibc_format_parse(const char *text, enum ibc_format *out) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(formats); i++) {
        if (strcmp(text, formats[i].name) == 0) {
            *out = formats[i].format;
            return true;
        }
    }
    return false;
}

static bool holds(const struct reading *reading, size_t index, const struct ibc_field *field) {
    const struct binding *binding = &reading->bindings[index];
    return binding->has_value &&
           ibc_view_equal(reading_span(reading, binding->name), field->name) &&
           ibc_view_equal(reading_span(reading, binding->value), field->value);
}

/* True when every reader of the format finds in `text` the fields, in order, and nothing else. */
static bool reads_back(struct reading *reading, const struct format *format, struct ibc_view text,
                       const struct ibc_field *fields, size_t count) {
    for (size_t i = 0; i < format->reader_count; i++) {
        struct ibc_error ignored;
        if (reading_run(reading, format->reader[i], text, "env file", &ignored) != IBC_OK ||
            reading->count != count) {
            return false;
        }
        for (size_t at = 0; at < count; at++) {
            if (!holds(reading, at, &fields[at])) {
                return false;
            }
        }
    }
    return true;
}

/*
 * Read the line back with quotes of both sorts after it: a value that only closes because no
 * quote follows would not close in the whole file. The context comes off `text` again.
 */
static bool line_reads_back(struct reading *reading, const struct format *format,
                            const struct ibc_field *field, struct ibc_secret_buffer *text,
                            size_t start) {
    const struct ibc_field expected[] = {
        *field,
        {.name = ibc_view_of("A"), .value = ibc_view_of("\"")},
        {.name = ibc_view_of("B"), .value = ibc_view_of("'")},
    };
    size_t end = text->used;
    ibc_secret_buffer_append_text(text, "A='\"'\nB=\"'\"\n");
    bool same =
        !text->failed && reads_back(reading, format, slice(buffer_view(text), start, text->used),
                                    expected, IBC_ARRAY_SIZE(expected));
    text->used = end;
    return same;
}

/* Append NAME=value in the first writing that reads back. False when there is none. */
static bool write_field(struct reading *reading, const struct format *format,
                        const struct ibc_field *field, struct ibc_secret_buffer *out) {
    size_t start = out->used;
    for (size_t i = 0; i < WRITING_COUNT; i++) {
        ibc_secret_buffer_append(out, field->name.bytes, field->name.size);
        ibc_secret_buffer_append_byte(out, '=');
        bool written = writings[i](field, out);
        ibc_secret_buffer_append_byte(out, '\n');
        if (written && line_reads_back(reading, format, field, out, start)) {
            return true;
        }
        out->used = start;
    }
    return false;
}

static bool carries(enum ibc_format format, const struct ibc_field *field) {
    IBC_CLEANUP(reading_free) struct reading reading;
    reading_init(&reading);
    ibc_auto_secret_buffer ignored;
    ibc_secret_buffer_init(&ignored, IBC_SINK_FILE_MAX);
    return write_field(&reading, find_format(format), field, &ignored);
}

static enum ibc_status refuse_field(const struct format *format, const struct ibc_field *field,
                                    struct ibc_error *err) {
    bool v1 = format->format != IBC_FORMAT_COMPOSE_V1 && carries(IBC_FORMAT_COMPOSE_V1, field);
    bool v2 = format->format != IBC_FORMAT_COMPOSE_V2 && carries(IBC_FORMAT_COMPOSE_V2, field);
    return ibc_fail(err, IBC_ERR_MISMATCH,
                    "%.*s holds a value that %s would read %s, however it is written: use %s%s%s"
                    "ibcred exec",
                    (int)field->name.size, (const char *)field->name.bytes, format->readers,
                    format->reader_count > 1 ? "differently" : "wrongly",
                    v1 ? "--format compose-v1, " : "", v2 ? "--format compose-v2, " : "",
                    v1 || v2 ? "or " : "");
}

/* Of two bindings of one name a reader drops the first. */
static enum ibc_status require_distinct(const struct ibc_field *variables, size_t count,
                                        struct ibc_error *err) {
    for (size_t i = 0; i < count; i++) {
        for (size_t other = 0; other < i; other++) {
            if (ibc_view_equal(variables[i].name, variables[other].name)) {
                return ibc_fail(err, IBC_ERR_USAGE, "%.*s is to be written twice; leave one out",
                                (int)variables[i].name.size, (const char *)variables[i].name.bytes);
            }
        }
    }
    return IBC_OK;
}

static enum ibc_status write_fields(struct reading *reading, const struct format *format,
                                    const struct ibc_field *variables, size_t count,
                                    struct ibc_secret_buffer *out, struct ibc_error *err) {
    for (size_t i = 0; i < count && !out->failed; i++) {
        if (!write_field(reading, format, &variables[i], out) && !out->failed) {
            return refuse_field(format, &variables[i], err);
        }
    }
    return IBC_OK;
}

enum ibc_status ibc_sink_write(enum ibc_format format, const struct ibc_field *variables,
                               size_t count, struct ibc_secret *out, struct ibc_error *err) {
    *out = (struct ibc_secret){0};
    const struct format *found = find_format(format);
    if (!found) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "no such format: use compose, compose-v1 or compose-v2");
    }
    IBC_CLEANUP(reading_free) struct reading reading;
    reading_init(&reading);
    ibc_auto_secret_buffer text;
    ibc_secret_buffer_init(&text, IBC_SINK_FILE_MAX);
    enum ibc_status status = require_distinct(variables, count, err);
    if (status == IBC_OK) {
        status = write_fields(&reading, found, variables, count, &text, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    if (!text.failed && !reads_back(&reading, found, buffer_view(&text), variables, count)) {
        return ibc_fail(err, IBC_ERR_INTERNAL,
                        "the env file would not be read as it was meant: use ibcred exec");
    }
    return ibc_secret_buffer_finish(&text, "the env file", out, err);
}
