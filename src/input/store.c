/* store.c - what another store printed, as the object or the env file that it is. */
#include "input/store.h"

#include "sink/choice.h"

static const struct {
    const char *name;
    enum ibc_store_format format;
} formats[] = {
    {"json", IBC_STORE_JSON},
    {"vault-kv", IBC_STORE_VAULT_KV},
    {"dotenv", IBC_STORE_DOTENV},
    {"compose-v1", IBC_STORE_COMPOSE_V1},
    {"compose-v2", IBC_STORE_COMPOSE_V2},
    {"sops-dotenv", IBC_STORE_SOPS_DOTENV},
};

bool ibc_store_format_parse(const char *text, enum ibc_store_format *out) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(formats); i++) {
        if (strcmp(text, formats[i].name) == 0) {
            *out = formats[i].format;
            return true;
        }
    }
    return false;
}

const char *ibc_store_format_names(void) {
    static char names[IBC_ERROR_TEXT_MAX];
    if (names[0] == '\0') {
        struct choice choice = choice_begin(names, sizeof names);
        for (size_t i = 0; i < IBC_ARRAY_SIZE(formats); i++) {
            choice_add(&choice, "", formats[i].name, i + 1 == IBC_ARRAY_SIZE(formats));
        }
    }
    return names;
}

/*
 * Vault's version 2 wraps what it holds once more, beside its metadata (KV secrets engine,
 * HTTP API, "Read secret version"); version 1 does not. A version 1 secret with these very keys
 * would need numbers in it, which `vault kv put` never makes.
 */
static bool is_version_2(const json_t *data) {
    return json_object_size(data) == 2 && json_object_get(data, "data") &&
           json_is_integer(json_object_get(json_object_get(data, "metadata"), "version"));
}

static enum ibc_status unwrap_vault(struct store *store, struct ibc_error *err) {
    const struct place place = {.name = store->name};
    const json_t *data = json_object_get(store->object, "data");
    if (json_is_object(data) && is_version_2(data)) {
        data = json_object_get(data, "data");
        if (json_is_null(data)) {
            return fail_at(&place, IBC_ERR_DATA,
                           "this version of the secret was deleted in Vault; choose another one "
                           "with: vault kv get -version",
                           err);
        }
    }
    if (!json_is_object(data)) {
        return fail_at(&place, IBC_ERR_DATA,
                       "no object \"data\", as vault kv get -format=json prints it", err);
    }
    store->object = data;
    return IBC_OK;
}

static enum ibc_status read_json(struct ibc_view text, enum ibc_store_format format,
                                 struct ibc_input *input, struct store *store,
                                 struct ibc_error *err) {
    const struct place place = {.name = store->name};
    enum ibc_status status = parse_object(text, &place, input, err);
    if (status != IBC_OK) {
        return status;
    }
    store->object = input->document;
    const bool wrapped = json_is_object(json_object_get(store->object, "data"));
    const bool is_vaults = format == IBC_STORE_BY_CONTENT ? wrapped : format == IBC_STORE_VAULT_KV;
    return is_vaults ? unwrap_vault(store, err) : IBC_OK;
}

/* Where the Composes refuse what sops has no objection to, tell of the way out. */
static enum ibc_status read_by_content(struct ibc_view text, struct store *store,
                                       struct ibc_error *err) {
    enum ibc_status status =
        dotenv_file_read(text, store->name, IBC_INPUT_AGREED, &store->dotenv, err);
    if (status != IBC_OK) {
        const struct ibc_error why = *err;
        return ibc_fail(err, status,
                        "%s; if sops printed this, say --format sops-dotenv, or let it print JSON",
                        why.text);
    }
    store->as_sops = true;
    store->text = text;
    return IBC_OK;
}

static enum ibc_status read_dotenv(struct ibc_view text, enum ibc_store_format format,
                                   struct store *store, struct ibc_error *err) {
    store->has_dotenv = format != IBC_STORE_SOPS_DOTENV;
    switch (format) {
    case IBC_STORE_BY_CONTENT:
        return read_by_content(text, store, err);
    case IBC_STORE_SOPS_DOTENV:
        store->as_sops = true;
        store->text = text;
        return IBC_OK;
    case IBC_STORE_COMPOSE_V1:
        return dotenv_file_read(text, store->name, IBC_INPUT_COMPOSE_V1, &store->dotenv, err);
    case IBC_STORE_COMPOSE_V2:
        return dotenv_file_read(text, store->name, IBC_INPUT_COMPOSE_V2, &store->dotenv, err);
    default:
        return dotenv_file_read(text, store->name, IBC_INPUT_AGREED, &store->dotenv, err);
    }
}

enum ibc_status store_read(struct ibc_view text, const char *name, enum ibc_store_format format,
                           struct ibc_input *input, struct store *out, struct ibc_error *err) {
    *out = (struct store){.name = name};
    const bool is_json = format == IBC_STORE_BY_CONTENT
                             ? ibc_input_looks_like_json(text)
                             : format == IBC_STORE_JSON || format == IBC_STORE_VAULT_KV;
    return is_json ? read_json(text, format, input, out, err) : read_dotenv(text, format, out, err);
}

void store_free(struct store *store) {
    dotenv_file_free(&store->dotenv);
}

static enum ibc_status find_in_object(const struct store *store, const char *key,
                                      struct store_value *out, struct ibc_error *err) {
    const json_t *value = json_object_get(store->object, key);
    if (!value || json_is_null(value)) {
        return IBC_OK;
    }
    if (!json_is_string(value)) {
        return ibc_fail(err, IBC_ERR_DATA, "%s: %s is not a string; put it in quotes", store->name,
                        key);
    }
    out->value = (struct ibc_view){.bytes = (const unsigned char *)json_string_value(value),
                                   .size = json_string_length(value)};
    return IBC_OK;
}

enum ibc_status store_find(const struct store *store, const char *key, struct store_value *out,
                           struct ibc_error *err) {
    *out = (struct store_value){.key = key};
    return store->object ? find_in_object(store, key, out, err)
                         : store_find_in_dotenv(store, key, out, err);
}
