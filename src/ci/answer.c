/* answer.c - the forges' JSON. */
#include "ci/answer.h"

#include "base/utf8.h"

json_t *answer_load(struct ibc_view body) {
    return body.size > 0 ? json_loadb((const char *)body.bytes, body.size, 0, NULL) : NULL;
}

/* A string of an object, of 1 to `size` - 1 printable bytes. */
static bool take_text(const json_t *json, const char *key, char *out, size_t size) {
    const json_t *text = json_object_get(json, key);
    const size_t length = json_string_length(text);
    if (length == 0 || length >= size || !utf8_printable(ibc_view_of(json_string_value(text)))) {
        return false;
    }
    memcpy(out, json_string_value(text), length + 1);
    return true;
}

bool answer_read_key(const json_t *json, struct answer_key *out) {
    enum { VARIANT = sodium_base64_VARIANT_ORIGINAL };
    char text[sodium_base64_ENCODED_LEN(sizeof out->key, VARIANT)];
    size_t size = 0;
    *out = (struct answer_key){0};
    return take_text(json, "key_id", out->id, sizeof out->id) &&
           take_text(json, "key", text, sizeof text) &&
           sodium_base642bin(out->key, sizeof out->key, text, strlen(text), NULL, &size, NULL,
                             VARIANT) == 0 &&
           size == sizeof out->key;
}

bool answer_read_variable(const json_t *json, const char *name, struct answer_variable *out) {
    char key[IBC_FORGE_NAME_MAX + 1];
    *out = (struct answer_variable){
        .scope = "*",
        .masked = json_is_true(json_object_get(json, "masked")),
        .is_protected = json_is_true(json_object_get(json, "protected")),
        .raw = json_is_true(json_object_get(json, "raw")),
    };
    return take_text(json, "key", key, sizeof key) && strcmp(key, name) == 0 &&
           (!json_object_get(json, "environment_scope") ||
            take_text(json, "environment_scope", out->scope, sizeof out->scope));
}

/* --- who may read a secret of GitHub's -------------------------------------------------------- */

static const char *const visibilities[] = {
    [VISIBILITY_SELECTED] = "selected", [VISIBILITY_PRIVATE] = "private", [VISIBILITY_ALL] = "all"};

const char *visibility_name(enum answer_visibility visibility) {
    return visibilities[visibility];
}

bool visibility_parse(const char *text, enum answer_visibility *out) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(visibilities); i++) {
        if (strcmp(text, visibilities[i]) == 0) {
            *out = (enum answer_visibility)i;
            return true;
        }
    }
    return false;
}

bool answer_read_visibility(const json_t *json, const char *name, enum answer_visibility *out) {
    const char *found = json_string_value(json_object_get(json, "name"));
    const char *visibility = json_string_value(json_object_get(json, "visibility"));
    return found && strcasecmp(found, name) == 0 && visibility && visibility_parse(visibility, out);
}

/* A whole number of at least `least`. */
static bool take_number(const json_t *json, const char *key, json_int_t least, uint64_t *out) {
    const json_t *number = json_object_get(json, key);
    const json_int_t value = json_integer_value(number);
    *out = (uint64_t)value;
    return json_is_integer(number) && value >= least && value < INT64_C(1) << 53;
}

bool answer_read_page(const json_t *json, struct answer_page *out) {
    const json_t *repositories = json_object_get(json, "repositories");
    *out = (struct answer_page){0};
    if (!take_number(json, "total_count", 0, &out->total) || !json_is_array(repositories) ||
        json_array_size(repositories) > ANSWER_PAGE_MAX) {
        return false;
    }
    for (; out->count < json_array_size(repositories); out->count++) {
        if (!take_number(json_array_get(repositories, out->count), "id", 1,
                         &out->ids[out->count])) {
            return false;
        }
    }
    return true;
}

/* --- words ------------------------------------------------------------------------------------ */

/* Its beginning is enough: what is looked for are a few short words. */
bool answer_says(const json_t *json, const char *words) {
    static const char *const keys[] = {"message", "error"};
    char said[ANSWER_WORDS_MAX + 1] = {0};
    bool found = false;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(keys) && !found; i++) {
        const json_t *value = json_object_get(json, keys[i]);
        if (value) {
            json_dumpb(value, said, sizeof said - 1, JSON_COMPACT | JSON_ENCODE_ANY);
        }
        found = strcasestr(said, words) != NULL;
        sodium_memzero(said, sizeof said);
    }
    return found;
}
