/* reading.c - a file under a cursor, and the bindings found in it. */
#include "sink/reading.h"

enum { FIRST_BINDINGS = 16 };

static const unsigned char byte_order_mark[] = {0xEF, 0xBB, 0xBF};

void reading_init(struct reading *reading) {
    *reading = (struct reading){0};
    ibc_secret_buffer_init(&reading->storage, IBC_DOTENV_VALUES_MAX);
    ibc_secret_buffer_init(&reading->unescaped, IBC_DOTENV_VALUES_MAX);
    ibc_secret_buffer_init(&reading->expanded, IBC_DOTENV_VALUES_MAX);
}

void reading_free(struct reading *reading) {
    ibc_secret_buffer_free(&reading->storage);
    ibc_secret_buffer_free(&reading->unescaped);
    ibc_secret_buffer_free(&reading->expanded);
    free(reading->bindings);
}

static void empty(struct ibc_secret_buffer *buffer) {
    buffer->used = 0;
    buffer->failed = false;
}

static void restart(struct reading *reading, struct ibc_view text, const char *file,
                    struct ibc_error *err) {
    reading->text = text;
    reading->file = file;
    reading->err = err;
    reading->at = 0;
    reading->line_at = 0;
    reading->line = 1;
    reading->count = 0;
    empty(&reading->storage);
    empty(&reading->unescaped);
    empty(&reading->expanded);
}

struct model {
    enum ibc_status (*read)(struct reading *reading);
    bool carriage_return;
    bool byte_order_mark; /* one may stand at the beginning */
};

static const struct model *find_model(enum ibc_dotenv_reader reader) {
    static const struct model models[] = {
        [IBC_READER_COMPOSE_V1] = {read_compose_v1, true, true},
        [IBC_READER_COMPOSE_V2] = {read_compose_v2, false, true},
        [IBC_READER_DOCKER] = {read_docker, false, true},
        [IBC_READER_SYSTEMD] = {read_systemd, true, false},
        [IBC_READER_SHELL] = {read_shell, false, false},
        [IBC_READER_PROPERTIES] = {read_properties, true, false},
    };
    const bool known = (size_t)reader < IBC_ARRAY_SIZE(models) && models[reader].read;
    return known ? &models[reader] : NULL;
}

static void skip_byte_order_mark(struct reading *reading) {
    struct ibc_view text = reading->text;
    if (text.size >= sizeof byte_order_mark &&
        memcmp(text.bytes, byte_order_mark, sizeof byte_order_mark) == 0) {
        reading->at = sizeof byte_order_mark;
        reading->line_at = reading->at;
    }
}

enum ibc_status reading_run(struct reading *reading, enum ibc_dotenv_reader reader,
                            struct ibc_view text, const char *file, struct ibc_error *err) {
    const struct model *model = find_model(reader);
    restart(reading, text, file, err);
    if (!model) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "%s: no such reader", file);
    }
    reading->carriage_return = model->carriage_return;
    if (text.size > IBC_DOTENV_FILE_MAX) {
        return ibc_fail(err, IBC_ERR_DATA,
                        "%s is larger than the %d bytes that an env file may have", file,
                        IBC_DOTENV_FILE_MAX);
    }
    const unsigned char *nul = text.size > 0 ? memchr(text.bytes, '\0', text.size) : NULL;
    if (nul) {
        return reading_fail_at(reading, (size_t)(nul - text.bytes), "a NUL byte; remove it");
    }
    if (model->byte_order_mark) {
        skip_byte_order_mark(reading);
    }
    return model->read(reading);
}

enum ibc_status reading_require_utf8(struct reading *reading, const char *why) {
    for (size_t at = reading->at; at < reading->text.size;) {
        struct rune rune = rune_at(reading->text, at);
        if (rune.code == RUNE_INVALID) {
            return reading_fail_at(reading, at, why);
        }
        at += rune.size;
    }
    return IBC_OK;
}

bool reading_done(const struct reading *reading) {
    return reading->at == reading->text.size;
}

bool reading_sees(const struct reading *reading, unsigned char byte) {
    return !reading_done(reading) && reading->text.bytes[reading->at] == byte;
}

struct ibc_view buffer_view(const struct ibc_secret_buffer *buffer) {
    return (struct ibc_view){.bytes = buffer->storage.bytes, .size = buffer->used};
}

static bool ends_line(const struct reading *reading, size_t at) {
    unsigned char byte = reading->text.bytes[at];
    return byte == '\n' || (byte == '\r' && reading->carriage_return);
}

size_t line_end(const struct reading *reading, size_t at) {
    while (at < reading->text.size && !ends_line(reading, at)) {
        at++;
    }
    return at;
}

/* The offset after the newline at `at`. */
static size_t next_line(const struct reading *reading, size_t at) {
    struct ibc_view text = reading->text;
    if (at == text.size) {
        return at;
    }
    bool both = text.bytes[at] == '\r' && at + 1 < text.size && text.bytes[at + 1] == '\n';
    return at + (both ? 2 : 1);
}

/* Count lines from where the last count ended: offsets only grow. */
static unsigned line_of(struct reading *reading, size_t at) {
    for (;;) {
        size_t end = line_end(reading, reading->line_at);
        size_t next = next_line(reading, end);
        if (end >= at || next > at) {
            return reading->line;
        }
        reading->line_at = next;
        reading->line++;
    }
}

static enum ibc_status fail_on(const struct reading *reading, unsigned line, const char *why) {
    return ibc_fail(reading->err, IBC_ERR_DATA, "%s:%u: %s", reading->file, line, why);
}

enum ibc_status reading_fail(const struct reading *reading, const char *why) {
    return fail_on(reading, reading->open.line, why);
}

enum ibc_status reading_fail_at(struct reading *reading, size_t at, const char *why) {
    return fail_on(reading, line_of(reading, at), why);
}

void reading_open(struct reading *reading) {
    unsigned line = line_of(reading, reading->at);
    reading->open = (struct binding){.line = line, .start = reading->line_at};
}

static struct span store(struct reading *reading, struct ibc_view bytes) {
    struct span span = {.start = reading->storage.used, .size = bytes.size};
    ibc_secret_buffer_append(&reading->storage, bytes.bytes, bytes.size);
    return span;
}

void reading_name(struct reading *reading, struct ibc_view name) {
    reading->open.name = store(reading, name);
}

void reading_value(struct reading *reading, struct ibc_view value) {
    reading->open.value = store(reading, value);
    reading->open.has_value = true;
}

void reading_refer(struct reading *reading, const struct binding *binding, bool has_default) {
    if (binding ? binding->unbound : !has_default) {
        reading->open.unbound = true;
    }
}

static bool make_room(struct reading *reading) {
    if (reading->count < reading->capacity) {
        return true;
    }
    size_t capacity = reading->capacity ? reading->capacity * 2 : FIRST_BINDINGS;
    struct binding *larger = calloc(capacity, sizeof *larger);
    if (!larger) {
        return false;
    }
    if (reading->count > 0) {
        memcpy(larger, reading->bindings, reading->count * sizeof *larger);
    }
    free(reading->bindings);
    reading->bindings = larger;
    reading->capacity = capacity;
    return true;
}

enum ibc_status reading_close(struct reading *reading) {
    if (reading->storage.failed || reading->unescaped.failed || reading->expanded.failed) {
        return reading_fail(reading, "its variables grow beyond what an env file may hold");
    }
    if (reading->count == IBC_DOTENV_ENTRIES_MAX) {
        return reading_fail(reading, "more variables than an env file may hold");
    }
    if (!make_room(reading)) {
        return ibc_fail(reading->err, IBC_ERR_INTERNAL, "no memory for the variables of %s",
                        reading->file);
    }
    reading->open.end = next_line(reading, line_end(reading, reading->at));
    reading->bindings[reading->count++] = reading->open;
    return IBC_OK;
}

struct ibc_view reading_span(const struct reading *reading, struct span span) {
    if (span.size == 0) {
        return (struct ibc_view){0};
    }
    return (struct ibc_view){.bytes = reading->storage.storage.bytes + span.start,
                             .size = span.size};
}

const struct binding *reading_find(const struct reading *reading, struct ibc_view name) {
    for (size_t i = reading->count; i > 0; i--) {
        const struct binding *binding = &reading->bindings[i - 1];
        struct ibc_view bound = reading_span(reading, binding->name);
        if (bound.size == name.size &&
            (name.size == 0 || memcmp(bound.bytes, name.bytes, name.size) == 0)) {
            return binding;
        }
    }
    return NULL;
}
