/* import_store.c - ibcred import --as: one profile out of another store. */
#include "cli/import_store.h"

#include <ibcred/file.h>

/* The field of that name, added where it is new. */
static struct ibc_store_field *want(struct import_store *given, const char *name) {
    for (size_t i = 0; i < given->field_count; i++) {
        if (strcmp(given->wanted[i].name, name) == 0) {
            return &given->wanted[i];
        }
    }
    given->wanted[given->field_count] = (struct ibc_store_field){.name = name};
    return &given->wanted[given->field_count++];
}

static enum ibc_status add_mapped(struct import_store *given, const char *map, char *name,
                                  struct ibc_error *err) {
    const char *equals = strchr(map, '=');
    const size_t size = equals ? (size_t)(equals - map) : 0;
    if (size == 0 || size > IBC_FIELD_NAME_MAX || equals[1] == '\0') {
        /* Not shown: it may be a secret in the wrong place. */
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--map takes FIELD=KEY: the field to seal, and the key that the store has "
                        "it under, as in --map IB_USERNAME=user");
    }
    memcpy(name, map, size);
    name[size] = '\0';
    struct ibc_store_field *field = want(given, name);
    if (field->key) {
        return ibc_fail(err, IBC_ERR_USAGE, "--map is given twice for %s", name);
    }
    field->key = equals + 1;
    return IBC_OK;
}

static enum ibc_status list_wanted(struct import_store *given, struct ibc_error *err) {
    (void)want(given, IBC_FIELD_USERNAME);
    (void)want(given, IBC_FIELD_PASSWORD);
    enum ibc_status status = IBC_OK;
    for (size_t i = 0; i < given->map.count && status == IBC_OK; i++) {
        status = add_mapped(given, given->map.items[i], given->names[i], err);
    }
    for (size_t i = 0; i < given->fields.count; i++) {
        (void)want(given, given->fields.items[i]);
    }
    return status;
}

enum ibc_status import_store_check(struct import_store *given, struct ibc_error *err) {
    given->sealing = (struct sealing){
        .profile = given->profile, .account = given->account, .force = given->force};
    if (!ibc_profile_name_valid(given->profile)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--as is '%s', which is not a profile name: 1 to 64 of a-z 0-9 . _ -",
                        given->profile);
    }
    if (given->kind && !ibc_kind_parse(given->kind, &given->sealing.kind)) {
        return ibc_fail(err, IBC_ERR_USAGE, "--kind is '%s'; it must be paper or live",
                        given->kind);
    }
    if (given->format && !ibc_store_format_parse(given->format, &given->input_format)) {
        return ibc_fail(err, IBC_ERR_USAGE, "--format is '%s'; it must be %s", given->format,
                        ibc_store_format_names());
    }
    return list_wanted(given, err);
}

/* The command has ended well before one byte of what it printed is looked at. */
static enum ibc_status read_source(struct import_source *source, struct ibc_secret *out,
                                   struct ibc_error *err) {
    enum ibc_status status = ibc_file_read_all(source->fd, source->name, IBC_INPUT_MAX, out, err);
    if (status == IBC_OK && source->is_command) {
        status = from_command_finish(&source->command, err);
    }
    if (status == IBC_OK && out->size == 0) {
        status = ibc_fail(err, IBC_ERR_DATA, "%s is empty; nothing was sealed", source->name);
    }
    return status;
}

enum ibc_status import_store(const struct cli *cli, const struct import_store *given,
                             struct import_source *source, struct ibc_error *err) {
    ibc_auto_secret text = {0};
    ibc_auto_input input = {0};
    enum ibc_status status = read_source(source, &text, err);
    if (status == IBC_OK) {
        status = ibc_input_store(ibc_secret_view(&text), source->name, given->input_format,
                                 given->wanted, given->field_count, &input, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    struct sealing sealing = given->sealing;
    sealing.fields = input.fields;
    sealing.field_count = input.count;
    auto_sealed sealed;
    status = seal_profile(cli, &sealing, "import", &sealed, err);
    return status == IBC_OK ? tell_sealed(cli, &sealing, &sealed, err) : status;
}
