/* dotenv_file.c - one env file as its readers read it. */
#include "input/dotenv_file.h"

void dotenv_file_free(struct dotenv_file *file) {
    ibc_dotenv_free(&file->read_as[0]);
    ibc_dotenv_free(&file->read_as[1]);
}

/* Read as both. Where one reader fails and the other does not, tell of the way out. */
static enum ibc_status read_both(struct ibc_view text, const char *name, struct dotenv_file *out,
                                 struct ibc_error *err) {
    struct ibc_error fault;
    enum ibc_status v1 = ibc_dotenv_parse(IBC_READER_COMPOSE_V1, text, name, &out->read_as[0], err);
    enum ibc_status v2 =
        ibc_dotenv_parse(IBC_READER_COMPOSE_V2, text, name, &out->read_as[1], &fault);
    out->count = 2;
    if (v1 == IBC_OK && v2 == IBC_OK) {
        return IBC_OK;
    }
    if (v1 != IBC_OK && v2 != IBC_OK) {
        return v1;
    }
    if (v1 != IBC_OK) {
        fault = *err;
    }
    return ibc_fail(err, fault.status,
                    "%s; correct it, or use --format compose-v%d where only Docker Compose v%d "
                    "reads the file",
                    fault.text, v1 == IBC_OK ? 1 : 2, v1 == IBC_OK ? 1 : 2);
}

enum ibc_status dotenv_file_read(struct ibc_view text, const char *name,
                                 enum ibc_input_format format, struct dotenv_file *out,
                                 struct ibc_error *err) {
    *out = (struct dotenv_file){.count = 1};
    switch (format) {
    case IBC_INPUT_COMPOSE_V1:
        return ibc_dotenv_parse(IBC_READER_COMPOSE_V1, text, name, &out->read_as[0], err);
    case IBC_INPUT_COMPOSE_V2:
        return ibc_dotenv_parse(IBC_READER_COMPOSE_V2, text, name, &out->read_as[0], err);
    default:
        return read_both(text, name, out, err);
    }
}

static const struct ibc_dotenv_entry *find_value(const struct ibc_dotenv *dotenv,
                                                 const char *name) {
    const struct ibc_dotenv_entry *entry = ibc_dotenv_find(dotenv, name);
    return entry && entry->has_value ? entry : NULL;
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

enum ibc_status dotenv_file_find(const struct dotenv_file *file, const char *file_name,
                                 const char *name, const struct ibc_dotenv_entry **out,
                                 struct ibc_error *err) {
    const struct ibc_dotenv_entry *first = find_value(file->read_as[0], name);
    const struct ibc_dotenv_entry *other =
        file->count == 2 ? find_value(file->read_as[1], name) : first;
    *out = first;
    if (!first && !other) {
        return IBC_OK;
    }
    if (first && other && ibc_view_equal(first->value, other->value)) {
        return require_bound(file, file_name, name, err);
    }
    return ibc_fail(err, IBC_ERR_MISMATCH,
                    "%s:%u: Docker Compose v1 and v2 would read different values for %s: say which "
                    "one is right with --format compose-v1 or --format compose-v2",
                    file_name, first ? first->line : other->line, name);
}
