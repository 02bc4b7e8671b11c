/* input.c - what dotenv and JSON input share. */
#include "input/parts.h"

#include "base/secret_heap.h"

#include <jansson.h>
#include <sodium.h>

void ibc_json_use_secret_memory(void) {
    json_set_alloc_funcs(secret_heap_alloc, secret_heap_free);
    /* Left to itself jansson reads a device for its seed. */
    json_object_seed((size_t)randombytes_random() | 1);
}

void ibc_input_free(struct ibc_input *input) {
    ibc_secret_free(&input->storage);
    json_decref(input->document);
    *input = (struct ibc_input){0};
}

bool ibc_input_looks_like_json(struct ibc_view text) {
    static const char white_space[] = " \t\r\n";
    for (size_t at = 0; at < text.size; at++) {
        unsigned char byte = text.bytes[at];
        if (byte == '\0' || !strchr(white_space, byte)) {
            return byte == '{';
        }
    }
    return false;
}

enum ibc_status require_room(size_t count, struct ibc_error *err) {
    if (count > IBC_INPUT_FIELDS_MAX) {
        return ibc_fail(err, IBC_ERR_USAGE, "more than %d fields for one profile",
                        IBC_INPUT_FIELDS_MAX);
    }
    return IBC_OK;
}

static struct ibc_view move_bytes(struct ibc_view from, const struct ibc_secret *to, size_t *at) {
    struct ibc_view moved = {.bytes = to->bytes + *at, .size = from.size};
    memcpy(to->bytes + *at, from.bytes, from.size);
    *at += from.size;
    return moved;
}

enum ibc_status own_fields(struct ibc_input *input, struct ibc_error *err) {
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

enum ibc_status fail_at(const struct place *place, enum ibc_status status, const char *why,
                        struct ibc_error *err) {
    if (place->line == 0) {
        return ibc_fail(err, status, "%s: %s", place->name, why);
    }
    return ibc_fail(err, status, "%s:%llu: %s", place->name, (unsigned long long)place->line, why);
}

enum ibc_status check_field(const struct place *place, const struct ibc_field *field,
                            struct ibc_error *err) {
    struct ibc_error fault;
    if (ibc_field_check(field, &fault) != IBC_OK) {
        return fail_at(place, IBC_ERR_DATA, fault.text, err);
    }
    return IBC_OK;
}
