/* dotenv.c - an env file as one of its readers reads it. */
#include "sink/reading.h"

struct ibc_dotenv {
    struct ibc_secret storage;
    size_t count;
    struct ibc_dotenv_entry entries[];
};

static struct ibc_view view_span(const struct ibc_dotenv *dotenv, struct span span) {
    if (span.size == 0) {
        return (struct ibc_view){0};
    }
    return slice(ibc_secret_view(&dotenv->storage), span.start, span.start + span.size);
}

static void take_bindings(struct ibc_dotenv *dotenv, struct reading *reading) {
    /* The buffer is handed over as it is: copying it would touch every byte once more. */
    dotenv->storage = ibc_secret_steal(&reading->storage.storage);
    dotenv->count = reading->count;
    for (size_t i = 0; i < reading->count; i++) {
        const struct binding *binding = &reading->bindings[i];
        dotenv->entries[i] = (struct ibc_dotenv_entry){
            .name = view_span(dotenv, binding->name),
            .value = view_span(dotenv, binding->value),
            .has_value = binding->has_value,
            .unbound = binding->unbound,
            .line = binding->line,
            .start = binding->start,
            .end = binding->end,
        };
    }
}

enum ibc_status ibc_dotenv_parse(enum ibc_dotenv_reader reader, struct ibc_view text,
                                 const char *name, struct ibc_dotenv **out, struct ibc_error *err) {
    *out = NULL;
    IBC_CLEANUP(reading_free) struct reading reading;
    reading_init(&reading);
    enum ibc_status status = reading_run(&reading, reader, text, name, err);
    if (status != IBC_OK) {
        return status;
    }
    struct ibc_dotenv *dotenv =
        calloc(1, sizeof *dotenv + reading.count * sizeof dotenv->entries[0]);
    if (!dotenv) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the variables of %s", name);
    }
    take_bindings(dotenv, &reading);
    *out = dotenv;
    return IBC_OK;
}

size_t ibc_dotenv_count(const struct ibc_dotenv *dotenv) {
    return dotenv->count;
}

const struct ibc_dotenv_entry *ibc_dotenv_at(const struct ibc_dotenv *dotenv, size_t index) {
    return &dotenv->entries[index];
}

const struct ibc_dotenv_entry *ibc_dotenv_find(const struct ibc_dotenv *dotenv, const char *name) {
    for (size_t i = dotenv->count; i > 0; i--) {
        if (ibc_view_is(dotenv->entries[i - 1].name, name)) {
            return &dotenv->entries[i - 1];
        }
    }
    return NULL;
}

void ibc_dotenv_free(struct ibc_dotenv **dotenv) {
    if (*dotenv) {
        ibc_secret_free(&(*dotenv)->storage);
        free(*dotenv);
        *dotenv = NULL;
    }
}
