/*
 * json.c - fields out of JSON.
 *
 * jansson's own error texts quote the input and are never shown.
 */
#include "input/parts.h"

#include <jansson.h>

static const char *describe(const json_error_t *error) {
    switch (json_error_code(error)) {
    case json_error_duplicate_key:
        return "the same key a second time in one object";
    case json_error_premature_end_of_input:
        return "the JSON ends too early";
    case json_error_end_of_input_expected:
        return "more text after the JSON object";
    case json_error_invalid_utf8:
        return "not UTF-8";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a NUL in a string, which no env file can carry";
    case json_error_stack_overflow:
        return "the JSON is nested too deeply";
    case json_error_out_of_memory:
        return "no memory for so much JSON";
    default:
        return "not JSON; strings and keys need double quotes";
    }
}

enum ibc_status parse_object(struct ibc_view text, const struct place *place,
                             struct ibc_input *input, struct ibc_error *err) {
    json_error_t error;
    if (text.size > IBC_INPUT_MAX) {
        return fail_at(place, IBC_ERR_DATA, "more than a megabyte of JSON", err);
    }
    if (text.size == 0) {
        return fail_at(place, IBC_ERR_DATA, "empty, where a JSON object should be", err);
    }
    input->document =
        json_loadb((const char *)text.bytes, text.size, JSON_REJECT_DUPLICATES, &error);
    if (!input->document && error.line < 1) {
        return fail_at(place, IBC_ERR_DATA, describe(&error), err);
    }
    if (!input->document) {
        uint64_t line = place->line ? place->line : (uint64_t)error.line;
        return ibc_fail(err, IBC_ERR_DATA, "%s:%llu:%d: %s", place->name, (unsigned long long)line,
                        error.column, describe(&error));
    }
    if (!json_is_object((json_t *)input->document)) {
        return fail_at(place, IBC_ERR_DATA, "not a JSON object", err);
    }
    return IBC_OK;
}

static struct ibc_view string_view(const json_t *string) {
    return (struct ibc_view){.bytes = (const unsigned char *)json_string_value(string),
                             .size = json_string_length(string)};
}

/* Add a string member as a field whose views point into the document. */
static enum ibc_status add_field(struct ibc_input *input, const char *key, const json_t *value,
                                 const struct place *place, struct ibc_error *err) {
    const struct ibc_field field = {.name = ibc_view_of(key), .value = string_view(value)};
    enum ibc_status status = check_field(place, &field, err);
    if (status == IBC_OK) {
        input->fields[input->count++] = field;
    }
    return status;
}

static enum ibc_status take_fields(struct ibc_input *input, const char *const *names, size_t count,
                                   const struct place *place, struct ibc_error *err) {
    enum ibc_status status = require_room(count, err);
    for (size_t i = 0; i < count && status == IBC_OK; i++) {
        void *member = json_object_iter_at(input->document, names[i]);
        if (!member) {
            return ibc_fail(err, IBC_ERR_NOT_FOUND, "%s has no %s; add it", place->name, names[i]);
        }
        const json_t *value = json_object_iter_value(member);
        if (!json_is_string(value)) {
            return ibc_fail(err, IBC_ERR_DATA, "%s: %s is not a string; put it in quotes",
                            place->name, names[i]);
        }
        status = add_field(input, json_object_iter_key(member), value, place, err);
    }
    return status;
}

enum ibc_status ibc_input_json(struct ibc_view text, const char *name, const char *const *names,
                               size_t name_count, struct ibc_input *out, struct ibc_error *err) {
    const struct place place = {.name = name};
    *out = (struct ibc_input){0};
    enum ibc_status status = parse_object(text, &place, out, err);
    if (status == IBC_OK) {
        status = take_fields(out, names, name_count, &place, err);
    }
    if (status != IBC_OK) {
        ibc_input_free(out);
    }
    return status;
}

/* Copy a string that fits into `size` bytes with its NUL. */
static bool copy_text(const json_t *value, char *out, size_t size) {
    struct ibc_view text = string_view(value);
    if (!json_is_string(value) || text.size >= size) {
        return false;
    }
    memcpy(out, text.bytes, text.size);
    out[text.size] = '\0';
    return true;
}

static enum ibc_status take_profile(struct ibc_input *input, const json_t *value,
                                    const struct place *place, struct ibc_error *err) {
    if (copy_text(value, input->profile, sizeof input->profile) &&
        ibc_profile_name_valid(input->profile)) {
        return IBC_OK;
    }
    return fail_at(place, IBC_ERR_DATA,
                   "\"profile\" must be a name of 1 to 64 of a-z, 0-9, '.', '_' and '-'", err);
}

static enum ibc_status take_kind(struct ibc_input *input, const json_t *value,
                                 const struct place *place, struct ibc_error *err) {
    const char *word = json_string_value(value);
    if (word && ibc_kind_parse(word, &input->kind)) {
        return IBC_OK;
    }
    return fail_at(place, IBC_ERR_DATA, "\"kind\" must be \"paper\" or \"live\"", err);
}

static enum ibc_status take_account(struct ibc_input *input, const json_t *value,
                                    const struct place *place, struct ibc_error *err) {
    if (copy_text(value, input->account, sizeof input->account)) {
        return IBC_OK;
    }
    return fail_at(place, IBC_ERR_DATA, "\"account\" must be an account id such as \"DU1234567\"",
                   err);
}

static enum ibc_status take_all_fields(struct ibc_input *input, json_t *object,
                                       const struct place *place, struct ibc_error *err) {
    size_t count = json_object_size(object);
    if (count == 0 || count > IBC_INPUT_FIELDS_MAX) {
        return fail_at(place, IBC_ERR_DATA, "\"fields\" must be an object of 1 to 64 strings", err);
    }
    enum ibc_status status = IBC_OK;
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        /* Such a key may be a secret in the wrong place: it is not shown. */
        if (!json_is_string(value)) {
            return fail_at(place, IBC_ERR_DATA, "a field that is not a string; put it in quotes",
                           err);
        }
        status = add_field(input, key, value, place, err);
        if (status != IBC_OK) {
            break;
        }
    }
    return status;
}

/* True when the object has no key but the four of a line. */
static bool has_only_known_keys(const json_t *line) {
    static const char *const keys[] = {"profile", "kind", "account", "fields"};
    size_t known = 0;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(keys); i++) {
        known += json_object_get(line, keys[i]) ? 1 : 0;
    }
    return known == json_object_size(line);
}

static enum ibc_status take_members(struct ibc_input *input, const struct place *place,
                                    struct ibc_error *err) {
    const json_t *line = input->document;
    const json_t *account = json_object_get(line, "account");
    if (!has_only_known_keys(line)) {
        return fail_at(place, IBC_ERR_DATA,
                       "a key other than \"profile\", \"kind\", \"account\" and \"fields\"", err);
    }
    enum ibc_status status = take_profile(input, json_object_get(line, "profile"), place, err);
    if (status == IBC_OK) {
        status = take_kind(input, json_object_get(line, "kind"), place, err);
    }
    if (status == IBC_OK && account) {
        status = take_account(input, account, place, err);
    }
    if (status == IBC_OK) {
        status = take_all_fields(input, json_object_get(line, "fields"), place, err);
    }
    return status;
}

enum ibc_status ibc_input_json_line(struct ibc_view text, const char *name, uint64_t line,
                                    struct ibc_input *out, struct ibc_error *err) {
    const struct place place = {.name = name, .line = line};
    *out = (struct ibc_input){0};
    enum ibc_status status = parse_object(text, &place, out, err);
    if (status == IBC_OK) {
        status = take_members(out, &place, err);
    }
    if (status != IBC_OK) {
        ibc_input_free(out);
    }
    return status;
}
