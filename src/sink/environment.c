/* environment.c - what Docker Compose's own environment does to an env file. */
#include <ibcred/sink.h>

bool ibc_format_is_compose(enum ibc_format format) {
    return format == IBC_FORMAT_COMPOSE || format == IBC_FORMAT_COMPOSE_V1 ||
           format == IBC_FORMAT_COMPOSE_V2;
}

/* Read one "NAME=value". False when it is not of that name. */
static bool value_of(const char *variable, struct ibc_view name, struct ibc_view *out) {
    if (strlen(variable) <= name.size || memcmp(variable, name.bytes, name.size) != 0 ||
        variable[name.size] != '=') {
        return false;
    }
    *out = ibc_view_of(variable + name.size + 1);
    return true;
}

static bool has_another(char *const *environment, const struct ibc_field *field) {
    for (; *environment; environment++) {
        struct ibc_view value;
        if (value_of(*environment, field->name, &value) && !ibc_view_equal(value, field->value)) {
            return true;
        }
    }
    return false;
}

enum ibc_status ibc_sink_check_environment(enum ibc_format format,
                                           const struct ibc_field *variables, size_t count,
                                           char *const *environment, struct ibc_error *err) {
    if (!environment || !ibc_format_is_compose(format)) {
        return IBC_OK;
    }
    for (size_t i = 0; i < count; i++) {
        const struct ibc_view name = variables[i].name;
        if (has_another(environment, &variables[i])) {
            return ibc_fail(err, IBC_ERR_MISMATCH,
                            "the environment has another %.*s, which Compose puts above the env "
                            "file; unset %.*s, or use: ibcred exec",
                            (int)name.size, (const char *)name.bytes, (int)name.size,
                            (const char *)name.bytes);
        }
    }
    return IBC_OK;
}
