/* dotenv.c - fields out of an env file. */
#include "input/dotenv_file.h"
#include "input/parts.h"

static enum ibc_status take_field(const struct dotenv_file *file, const char *file_name,
                                  const char *name, struct ibc_field *out, struct ibc_error *err) {
    const struct ibc_dotenv_entry *entry;
    enum ibc_status status = dotenv_file_find(file, file_name, name, &entry, err);
    if (status != IBC_OK) {
        return status;
    }
    if (!entry) {
        return ibc_fail(err, IBC_ERR_NOT_FOUND, "%s has no %s; add it, or name another file",
                        file_name, name);
    }
    const struct place place = {.name = file_name, .line = entry->line};
    *out = (struct ibc_field){.name = entry->name, .value = entry->value};
    return check_field(&place, out, err);
}

enum ibc_status ibc_input_dotenv(struct ibc_view text, const char *name,
                                 enum ibc_input_format format, const char *const *names,
                                 size_t name_count, struct ibc_input *out, struct ibc_error *err) {
    *out = (struct ibc_input){0};
    auto_dotenv_file file = {0};
    enum ibc_status status = require_room(name_count, err);
    if (status == IBC_OK) {
        status = dotenv_file_read(text, name, format, &file, err);
    }
    for (; status == IBC_OK && out->count < name_count; out->count++) {
        status = take_field(&file, name, names[out->count], &out->fields[out->count], err);
    }
    if (status == IBC_OK) {
        status = own_fields(out, err);
    }
    if (status != IBC_OK) {
        *out = (struct ibc_input){0};
    }
    return status;
}
