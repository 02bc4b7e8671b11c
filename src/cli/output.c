/* output.c - answers to stdout, talk to stderr. */
#include "cli/cli.h"

#include <ibcred/file.h>

#include <errno.h>
#include <unistd.h>

/* A run answers in JSON once: an answer that says no is not followed by an error object. */
static bool answered;

void say(const struct cli *cli, const char *fmt, ...) {
    if (cli->quiet) {
        return;
    }
    va_list args;
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
}

static bool colored(const struct cli *cli) {
    return !cli->no_color && !variable("NO_COLOR") && isatty(STDERR_FILENO);
}

void warn(const struct cli *cli, const char *text) {
    const bool color = colored(cli);
    fprintf(stderr, "ibcred: %swarning:%s %s\n", color ? "\033[33m" : "", color ? "\033[0m" : "",
            text);
}

void print_error(const struct cli *cli, const struct ibc_error *err) {
    const bool color = colored(cli);
    fprintf(stderr, "%sibcred:%s %s\n", color ? "\033[31m" : "", color ? "\033[0m" : "", err->text);
    if (!cli->json || answered) {
        return;
    }
    json_t *error = json_pack("{s:i, s:s}", "exit_code", ibc_status_exit_code(err->status),
                              "message", err->text);
    if (error && err->status == IBC_ERR_WAIT) {
        json_object_set_new(error, "retry_after", json_integer(err->retry_after));
    }
    struct ibc_error ignored;
    (void)!print_json(json_pack("{s:o}", "error", error), &ignored);
}

enum ibc_status flush_output(struct ibc_error *err) {
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return ibc_fail_errno(err, IBC_ERR_IO, errno, "stdout cannot be written");
    }
    return IBC_OK;
}

enum ibc_status print_json(json_t *object, struct ibc_error *err) {
    /* 15 digits are what a double holds of a decimal number: 0.118 stays that. */
    if (!object || json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15)) != 0) {
        json_decref(object);
        return ibc_fail(err, IBC_ERR_IO, "the JSON answer cannot be written");
    }
    json_decref(object);
    putchar('\n');
    answered = true;
    return flush_output(err);
}

json_t *json_fields(const struct ibc_version *version, const char *only) {
    json_t *object = json_object();
    for (size_t i = 0; object && i < version->field_count; i++) {
        const struct ibc_field *field = &version->fields[i];
        if (only && !ibc_view_is(field->name, only)) {
            continue;
        }
        char name[IBC_FIELD_NAME_MAX + 1];
        snprintf(name, sizeof name, "%.*s", (int)field->name.size, (const char *)field->name.bytes);
        if (json_object_set_new(
                object, name, json_stringn((const char *)field->value.bytes, field->value.size)) !=
            0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

enum ibc_status secret_json_line(const json_t *object, struct ibc_secret *out,
                                 struct ibc_error *err) {
    *out = (struct ibc_secret){0};
    const size_t size = json_dumpb(object, NULL, 0, JSON_COMPACT);
    if (size == 0) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for JSON");
    }
    enum ibc_status status = ibc_secret_alloc(out, size + 1, err);
    if (status == IBC_OK) {
        (void)json_dumpb(object, (char *)out->bytes, size, JSON_COMPACT);
        out->bytes[size] = '\n';
    }
    return status;
}

enum ibc_status print_secret(struct ibc_view text, struct ibc_error *err) {
    if (fflush(stdout) != 0 || !ibc_file_write_all(STDOUT_FILENO, text)) {
        return ibc_fail(err, IBC_ERR_IO, "stdout cannot be written");
    }
    return IBC_OK;
}

json_t *json_time(int64_t wall_ms) {
    if (wall_ms == 0) {
        return json_null();
    }
    char text[IBC_TIMESTAMP_MAX];
    ibc_format_timestamp(wall_ms, text);
    return json_string(text);
}

json_t *json_version(uint32_t version) {
    return version ? json_integer(version) : json_null();
}
