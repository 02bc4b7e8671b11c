/* sink.c - the formats, and files of them that are proven before they are handed out. */
#include <ibcred/sink.h>

#include "sink/choice.h"
#include "sink/format.h"

static const struct format formats[] = {
    {.format = IBC_FORMAT_COMPOSE,
     .name = "compose",
     .readers = "Docker Compose v1 and v2",
     .write = write_lines,
     .reads_back = lines_read_back,
     .writings = compose_writings,
     .reader = {IBC_READER_COMPOSE_V1, IBC_READER_COMPOSE_V2},
     .reader_count = 2,
     .quotes = true},
    {.format = IBC_FORMAT_COMPOSE_V1,
     .name = "compose-v1",
     .readers = "Docker Compose v1",
     .write = write_lines,
     .reads_back = lines_read_back,
     .writings = compose_writings,
     .reader = {IBC_READER_COMPOSE_V1},
     .reader_count = 1,
     .quotes = true},
    {.format = IBC_FORMAT_COMPOSE_V2,
     .name = "compose-v2",
     .readers = "Docker Compose v2",
     .write = write_lines,
     .reads_back = lines_read_back,
     .writings = compose_writings,
     .reader = {IBC_READER_COMPOSE_V2},
     .reader_count = 1,
     .quotes = true},
    {.format = IBC_FORMAT_DOCKER,
     .name = "docker",
     .readers = "docker run --env-file",
     .write = write_lines,
     .reads_back = lines_read_back,
     .writings = docker_writings,
     .reader = {IBC_READER_DOCKER},
     .reader_count = 1},
    {.format = IBC_FORMAT_SYSTEMD,
     .name = "systemd",
     .readers = "systemd",
     .write = write_lines,
     .reads_back = lines_read_back,
     .writings = systemd_writings,
     .reader = {IBC_READER_SYSTEMD},
     .reader_count = 1,
     .quotes = true},
    {.format = IBC_FORMAT_SHELL,
     .name = "shell",
     .readers = "a shell",
     .write = write_lines,
     .reads_back = lines_read_back,
     .writings = shell_writings,
     .reader = {IBC_READER_SHELL},
     .reader_count = 1,
     .quotes = true},
    {.format = IBC_FORMAT_JSON,
     .name = "json",
     .readers = "a reader of JSON",
     .write = write_json,
     .reads_back = json_reads_back},
    {.format = IBC_FORMAT_SECRET_FILE,
     .name = "secret-file",
     .readers = "bash",
     .write = write_secret_file,
     .reads_back = secret_file_reads_back},
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

const char *ibc_format_names(void) {
    static char names[IBC_ERROR_TEXT_MAX];
    if (names[0] == '\0') {
        struct choice choice = choice_begin(names, sizeof names);
        for (size_t i = 0; i < IBC_ARRAY_SIZE(formats); i++) {
            choice_add(&choice, "", formats[i].name, i + 1 == IBC_ARRAY_SIZE(formats));
        }
    }
    return names;
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

static bool carries(const struct format *format, const struct ibc_field *field) {
    IBC_CLEANUP(reading_free) struct reading reading;
    reading_init(&reading);
    ibc_auto_secret_buffer text;
    ibc_secret_buffer_init(&text, IBC_SINK_FILE_MAX);
    return format->write(&reading, format, field, 1, &text) == 1 && !text.failed &&
           format->reads_back(&reading, format, buffer_view(&text), field, 1);
}

/* Is it the name that has no writing, whatever the value? */
static bool carries_name(const struct format *format, const struct ibc_field *field) {
    const struct ibc_field harmless = {.name = field->name, .value = ibc_view_of("1")};
    return carries(format, &harmless);
}

/*
 * A secret file is no way that can be asked for by name. Each format was made for the readers it
 * names: which of those that would carry the value is one for the user, only the user knows.
 */
static enum ibc_status refuse_field(const struct format *format, const struct ibc_field *field,
                                    struct ibc_error *err) {
    char ways[IBC_ERROR_TEXT_MAX];
    struct choice choice = choice_begin(ways, sizeof ways);
    for (size_t i = 0; i < IBC_ARRAY_SIZE(formats); i++) {
        const struct format *other = &formats[i];
        if (other != format && other->format != IBC_FORMAT_SECRET_FILE && carries(other, field)) {
            choice_add(&choice, "--format ", other->name, false);
        }
    }
    choice_add(&choice, "", "ibcred exec", true);
    return ibc_fail(err, IBC_ERR_MISMATCH,
                    "%.*s %s that %s would read %s, however it is written: "
                    "use %s",
                    (int)field->name.size, (const char *)field->name.bytes,
                    carries_name(format, field) ? "holds a value" : "is a name", format->readers,
                    format->reader_count > 1 ? "differently" : "wrongly", ways);
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

static enum ibc_status check_request(const struct format *format, const struct ibc_field *variables,
                                     size_t count, struct ibc_error *err) {
    if (!format) {
        return ibc_fail(err, IBC_ERR_USAGE, "no such format: use %s", ibc_format_names());
    }
    if (format->format == IBC_FORMAT_SECRET_FILE && count != 1) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "a secret file holds one value, not %zu: name one, or use another --format",
                        count);
    }
    return require_distinct(variables, count, err);
}

/* Write the file and read all of it back. */
static enum ibc_status write_proven(const struct format *format, const struct ibc_field *variables,
                                    size_t count, struct ibc_secret_buffer *text,
                                    struct ibc_error *err) {
    IBC_CLEANUP(reading_free) struct reading reading;
    reading_init(&reading);
    const size_t written = format->write(&reading, format, variables, count, text);
    if (text->failed) {
        return IBC_OK; /* which the end of the buffer tells of */
    }
    if (written < count) {
        return refuse_field(format, &variables[written], err);
    }
    if (!format->reads_back(&reading, format, buffer_view(text), variables, count)) {
        return ibc_fail(err, IBC_ERR_INTERNAL,
                        "the %s file would not be read as it was meant: use ibcred exec",
                        format->name);
    }
    return IBC_OK;
}

enum ibc_status ibc_sink_write(enum ibc_format format, const struct ibc_field *variables,
                               size_t count, struct ibc_secret *out, struct ibc_error *err) {
    *out = (struct ibc_secret){0};
    const struct format *found = find_format(format);
    enum ibc_status status = check_request(found, variables, count, err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_secret_buffer text;
    ibc_secret_buffer_init(&text, IBC_SINK_FILE_MAX);
    status = write_proven(found, variables, count, &text, err);
    if (status != IBC_OK) {
        return status;
    }
    return ibc_secret_buffer_finish(&text, "the env file", out, err);
}
