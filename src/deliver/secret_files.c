/* secret_files.c - from variables to the files of a secret directory, in memory. */
#include "deliver/secret_files.h"

#include <ibcred/file.h>

#define COMPOSE_ENV "compose.env"

/* What the broker calls the gateway's credentials, and what their files are called. */
static const struct gateway_file {
    const char *variable, *name;
    bool is_password;
} gateway_files[] = {
    {IBC_FIELD_USERNAME, "tws_userid", false},
    {IBC_FIELD_PASSWORD, "tws_password", true},
    {"IB_USERNAME_PAPER", "tws_userid_paper", false},
    {"IB_PASSWORD_PAPER", "tws_password_paper", true},
};

static const struct gateway_file *find_gateway_file(struct ibc_view variable) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(gateway_files); i++) {
        if (ibc_view_is(variable, gateway_files[i].variable)) {
            return &gateway_files[i];
        }
    }
    return NULL;
}

static bool is_password(struct ibc_view variable) {
    const struct gateway_file *file = find_gateway_file(variable);
    return file && file->is_password;
}

/* What the release is, which is no field of the profile. */
static bool is_setting(struct ibc_view variable) {
    return ibc_view_is(variable, "TRADING_MODE") || ibc_view_is(variable, "IB_GATEWAY_PORT");
}

static bool has(const struct ibc_field *variables, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (ibc_view_is(variables[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* The next file; there is room for it. */
static struct ibc_secret_directory_file *next_file(struct ibc_secret_directory *directory) {
    struct ibc_secret_directory_file *file = &directory->files[directory->count++];
    *file = (struct ibc_secret_directory_file){.fd = -1};
    return file;
}

static char to_lower(unsigned char byte) {
    return (char)(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
}

static enum ibc_status plan_field(struct ibc_secret_directory *directory,
                                  const struct ibc_field *variable, struct ibc_error *err) {
    const struct gateway_file *known = find_gateway_file(variable->name);
    struct ibc_secret_directory_file *file = next_file(directory);
    file->is_gateways = known != NULL;
    if (known) {
        snprintf(file->name, sizeof file->name, "%s", known->name);
    } else if (variable->name.size >= sizeof file->name) {
        return ibc_fail(err, IBC_ERR_USAGE, "%.*s is too long for the name of a file",
                        (int)variable->name.size, (const char *)variable->name.bytes);
    } else {
        for (size_t i = 0; i < variable->name.size; i++) {
            file->name[i] = to_lower(variable->name.bytes[i]);
        }
    }
    for (size_t i = 0; i + 1 < directory->count; i++) {
        if (strcmp(directory->files[i].name, file->name) == 0) {
            return ibc_fail(err, IBC_ERR_USAGE,
                            "%.*s is to be in the file '%s', and so is another field; leave one "
                            "out of delivery.fields in the policy",
                            (int)variable->name.size, (const char *)variable->name.bytes,
                            file->name);
        }
    }
    return ibc_secret_copy(&file->content, variable->value, err);
}

size_t ibc_secret_directory_variables(const struct ibc_field *variables, size_t count,
                                      const char *link, struct ibc_field *out) {
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_password(variables[i].name)) {
            out[used++] = variables[i];
        }
    }
    out[used++] =
        (struct ibc_field){.name = ibc_view_of("IBCRED_SECRET_DIR"), .value = ibc_view_of(link)};
    if (has(variables, count, "IB_PASSWORD_PAPER")) {
        out[used++] = (struct ibc_field){.name = ibc_view_of("IBCRED_PASSWORD_PAPER_FILE"),
                                         .value = ibc_view_of(IBC_SECRET_DIRECTORY_PAPER_FILE)};
    }
    return used;
}

static enum ibc_status plan_compose_env(struct ibc_secret_directory *directory,
                                        const struct ibc_field *variables, size_t count,
                                        struct ibc_error *err) {
    ibc_auto_free char *link = ibc_secret_directory_path(directory->runtime, directory->profile);
    ibc_auto_free struct ibc_field *chosen =
        calloc(count + IBC_SECRET_DIRECTORY_MORE, sizeof *chosen);
    if (!link || !chosen) {
        return ibc_fail(err, IBC_ERR_INTERNAL,
                        "runtime directory '%s' is gone, or there is no memory",
                        ibc_runtime_path(directory->runtime));
    }
    const size_t used = ibc_secret_directory_variables(variables, count, link, chosen);
    enum ibc_status status =
        ibc_sink_check_environment(directory->format, chosen, used, directory->environment, err);
    if (status != IBC_OK) {
        return status;
    }
    struct ibc_secret_directory_file *file = next_file(directory);
    snprintf(file->name, sizeof file->name, COMPOSE_ENV);
    return ibc_sink_write(directory->format, chosen, used, &file->content, err);
}

enum ibc_status secret_files_plan(struct ibc_secret_directory *directory,
                                  const struct ibc_field *variables, size_t count,
                                  struct ibc_error *err) {
    if (!has(variables, count, IBC_FIELD_PASSWORD)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "a secret directory takes the names " IBC_FIELD_USERNAME
                        " and " IBC_FIELD_PASSWORD ", no others");
    }
    directory->files = calloc(count + 1, sizeof *directory->files);
    if (!directory->files) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a secret directory");
    }
    enum ibc_status status = IBC_OK;
    for (size_t i = 0; i < count && status == IBC_OK; i++) {
        if (!is_setting(variables[i].name)) {
            status = plan_field(directory, &variables[i], err);
        }
    }
    return status == IBC_OK ? plan_compose_env(directory, variables, count, err) : status;
}

void secret_files_free(struct ibc_secret_directory *directory) {
    for (size_t i = 0; i < directory->count; i++) {
        ibc_close(&directory->files[i].fd);
        ibc_secret_free(&directory->files[i].content);
    }
    directory->count = 0;
    free(directory->files);
    directory->files = NULL;
}
