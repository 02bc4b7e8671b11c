/* dotenv.c - fields out of an env file. */
#include "input/dotenv_file.h"
#include "input/parts.h"

static const struct ibc_dotenv_entry *find_value(const struct ibc_dotenv *dotenv,
                                                 const char *name) {
    const struct ibc_dotenv_entry *entry = ibc_dotenv_find(dotenv, name);
    return entry && entry->has_value ? entry : NULL;
}

/* The binding of `name` that all readers agree on. */
static enum ibc_status find_agreed(const struct dotenv_file *file, const char *file_name,
                                   const char *name, const struct ibc_dotenv_entry **out,
                                   struct ibc_error *err) {
    const struct ibc_dotenv_entry *first = find_value(file->read_as[0], name);
    const struct ibc_dotenv_entry *other =
        file->count == 2 ? find_value(file->read_as[1], name) : first;
    *out = first;
    if (!first && !other) {
        return ibc_fail(err, IBC_ERR_NOT_FOUND, "%s has no %s; add it, or name another file",
                        file_name, name);
    }
    if (first && other && ibc_view_equal(first->value, other->value)) {
        return IBC_OK;
    }
    return ibc_fail(err, IBC_ERR_MISMATCH,
                    "%s:%u: Docker Compose v1 and v2 would read different values for %s: say which "
                    "one is right with --format compose-v1 or --format compose-v2",
                    file_name, first ? first->line : other->line, name);
}

/* What the file leaves open Compose fills in from its environment, which is not known here. */
static enum ibc_status require_bound(const struct dotenv_file *file, const char *file_name,
                                     const char *name, struct ibc_error *err) {
    for (size_t reader = 0; reader < file->count; reader++) {
        const struct ibc_dotenv_entry *entry = find_value(file->read_as[reader], name);
        if (entry && entry->unbound) {
            return ibc_fail(err, IBC_ERR_MISMATCH,
                            "%s:%u: %s refers to a variable that is not in the file above it; "
                            "write its value out",
                            file_name, entry->line, name);
        }
    }
    return IBC_OK;
}

static enum ibc_status take_field(const struct dotenv_file *file, const char *file_name,
                                  const char *name, struct ibc_field *out, struct ibc_error *err) {
    const struct ibc_dotenv_entry *entry;
    enum ibc_status status = find_agreed(file, file_name, name, &entry, err);
    if (status == IBC_OK) {
        status = require_bound(file, file_name, name, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    const struct place place = {.name = file_name, .line = entry->line};
    *out = (struct ibc_field){.name = entry->name, .value = entry->value};
    return check_field(&place, out, err);
}

static struct ibc_view move_bytes(struct ibc_view from, const struct ibc_secret *to, size_t *at) {
    struct ibc_view moved = {.bytes = to->bytes + *at, .size = from.size};
    memcpy(to->bytes + *at, from.bytes, from.size);
    *at += from.size;
    return moved;
}

/* Copy what the fields point to into storage of their own. */
static enum ibc_status own_fields(struct ibc_input *input, struct ibc_error *err) {
    size_t size = 0;
    for (size_t i = 0; i < input->count; i++) {
        size += input->fields[i].name.size + input->fields[i].value.size;
    }
    enum ibc_status status = ibc_secret_alloc(&input->storage, size, err);
    size_t at = 0;
    for (size_t i = 0; i < input->count && status == IBC_OK; i++) {
        struct ibc_field *field = &input->fields[i];
        field->name = move_bytes(field->name, &input->storage, &at);
        field->value = move_bytes(field->value, &input->storage, &at);
    }
    return status;
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
