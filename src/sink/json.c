/*
 * json.c - a file of one JSON object (RFC 8259), written and read back by jansson.
 *
 * jansson keeps the order of members, writes what is not ASCII as UTF-8, and refuses text that is
 * none. Meanwhile it allocates from guarded memory, whatever it does otherwise.
 */
#include "sink/format.h"

#include "base/secret_heap.h"

#include <jansson.h>

struct allocator {
    json_malloc_t allocate;
    json_free_t release;
};

static struct allocator use_secret_memory(void) {
    struct allocator before;
    json_get_alloc_funcs(&before.allocate, &before.release);
    json_set_alloc_funcs(secret_heap_alloc, secret_heap_free);
    return before;
}

/* Add the variable. False for what no environment can take out of the file: a NUL byte. */
static bool add_member(json_t *object, const struct ibc_field *variable) {
    const struct ibc_view name = variable->name, value = variable->value;
    char key[IBC_FIELD_NAME_MAX + 1];
    if (name.size >= sizeof key || has_byte(name, '\0') || has_byte(value, '\0')) {
        return false;
    }
    memcpy(key, name.size > 0 ? (const char *)name.bytes : "", name.size);
    key[name.size] = '\0';
    const char *bytes = value.size > 0 ? (const char *)value.bytes : "";
    return json_object_set_new(object, key, json_stringn(bytes, value.size)) == 0;
}

/* Append what jansson makes of the object, a member a line. */
static void append_text(const json_t *object, struct ibc_secret_buffer *out) {
    const size_t flags = JSON_INDENT(2);
    const size_t size = json_dumpb(object, NULL, 0, flags);
    ibc_auto_secret text = {0};
    struct ibc_error ignored;
    if (size == 0 || size > IBC_SINK_FILE_MAX ||
        ibc_secret_alloc(&text, size, &ignored) != IBC_OK) {
        out->failed = true;
        return;
    }
    (void)json_dumpb(object, (char *)text.bytes, size, flags);
    ibc_secret_buffer_append(out, text.bytes, text.size);
    ibc_secret_buffer_append_byte(out, '\n');
}

size_t write_json(struct reading *reading, const struct format *format,
                  const struct ibc_field *variables, size_t count, struct ibc_secret_buffer *out) {
    (void)reading;
    (void)format;
    const struct allocator before = use_secret_memory();
    json_t *object = json_object();
    size_t written = 0;
    while (object && written < count && add_member(object, &variables[written])) {
        written++;
    }
    if (object && written == count) {
        append_text(object, out);
    }
    json_decref(object);
    json_set_alloc_funcs(before.allocate, before.release);
    return written;
}

static bool holds(json_t *object, const struct ibc_field *variables, size_t count) {
    size_t at = 0;
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        const struct ibc_view text = {.bytes = (const unsigned char *)json_string_value(value),
                                      .size = json_string_length(value)};
        if (at == count || !json_is_string(value) || !ibc_view_is(variables[at].name, key) ||
            !ibc_view_equal(variables[at].value, text)) {
            return false;
        }
        at++;
    }
    return at == count;
}

bool json_reads_back(struct reading *reading, const struct format *format, struct ibc_view text,
                     const struct ibc_field *variables, size_t count) {
    (void)reading;
    (void)format;
    const struct allocator before = use_secret_memory();
    json_error_t ignored;
    json_t *object =
        json_loadb((const char *)text.bytes, text.size, JSON_REJECT_DUPLICATES, &ignored);
    const bool same = json_is_object(object) && holds(object, variables, count);
    json_decref(object);
    json_set_alloc_funcs(before.allocate, before.release);
    return same;
}
