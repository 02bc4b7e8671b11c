/* spelling.c - fields out of a store that may call them by other names. */
#include "input/store.h"

enum { USERNAME, PASSWORD, CREDENTIALS };

/* The names that gateways, their images and the programs beside them go by. */
static const char *const pairs[][CREDENTIALS] = {
    {IBC_FIELD_USERNAME, IBC_FIELD_PASSWORD},
    {"IB_USER", "IB_PASS"},
    {"username", "password"},
    {"TWS_USERID", "TWS_PASSWORD"},
};

enum { PAIRS = IBC_ARRAY_SIZE(pairs) };

/* A field whose key was not given, and what was found for it. */
struct spelled {
    const char *name;
    struct store_value value; /* by the first of its names */
    bool has[PAIRS];
};

/* Look under every name. Empty ones count as not there: env files are full of them. */
static enum ibc_status find_spelled(const struct store *store, size_t which, struct spelled *out,
                                    struct ibc_error *err) {
    *out = (struct spelled){.name = pairs[0][which]};
    for (size_t pair = 0; pair < PAIRS; pair++) {
        struct store_value value;
        enum ibc_status status = store_find(store, pairs[pair][which], &value, err);
        if (status != IBC_OK) {
            return status;
        }
        if (value.value.size == 0) {
            continue;
        }
        if (!out->value.key) {
            out->value = value;
        } else if (!ibc_view_equal(out->value.value, value.value)) {
            return ibc_fail(err, IBC_ERR_MISMATCH,
                            "%s has both %s and %s, with different values; say which one is right: "
                            "--map %s=%s or --map %s=%s",
                            store->name, out->value.key, value.key, out->name, out->value.key,
                            out->name, value.key);
        }
        out->has[pair] = true;
    }
    if (!out->value.key) {
        return ibc_fail(err, IBC_ERR_NOT_FOUND,
                        "%s has no %s, nor %s, %s or %s; name its key with --map %s=KEY",
                        store->name, out->name, pairs[1][which], pairs[2][which], pairs[3][which],
                        out->name);
    }
    return IBC_OK;
}

/* A username of one system and a password of another are a login that fails. */
static enum ibc_status require_pair(const struct store *store, const struct spelled *username,
                                    const struct spelled *password, struct ibc_error *err) {
    for (size_t pair = 0; pair < PAIRS; pair++) {
        if (username->has[pair] && password->has[pair]) {
            return IBC_OK;
        }
    }
    return ibc_fail(err, IBC_ERR_MISMATCH,
                    "%s has %s and %s, which may not belong together; if they do, say --map %s=%s "
                    "--map %s=%s",
                    store->name, username->value.key, password->value.key, username->name,
                    username->value.key, password->name, password->value.key);
}

static bool is_spelled(const struct ibc_store_field *field, size_t which) {
    return !field->key && strcmp(field->name, pairs[0][which]) == 0;
}

static enum ibc_status find_credentials(const struct store *store,
                                        const struct ibc_store_field *fields, size_t count,
                                        struct spelled found[static CREDENTIALS],
                                        struct ibc_error *err) {
    size_t wanted = 0;
    for (size_t which = 0; which < CREDENTIALS; which++) {
        for (size_t i = 0; i < count; i++) {
            if (!is_spelled(&fields[i], which)) {
                continue;
            }
            enum ibc_status status = find_spelled(store, which, &found[which], err);
            if (status != IBC_OK) {
                return status;
            }
            wanted++;
            break;
        }
    }
    return wanted == CREDENTIALS ? require_pair(store, &found[USERNAME], &found[PASSWORD], err)
                                 : IBC_OK;
}

static enum ibc_status find_field(const struct store *store, const struct ibc_store_field *field,
                                  const struct spelled found[static CREDENTIALS],
                                  struct store_value *out, struct ibc_error *err) {
    for (size_t which = 0; which < CREDENTIALS; which++) {
        if (is_spelled(field, which)) {
            *out = found[which].value;
            return IBC_OK;
        }
    }
    const char *key = field->key ? field->key : field->name;
    enum ibc_status status = store_find(store, key, out, err);
    if (status == IBC_OK && !out->value.bytes) {
        return ibc_fail(err, IBC_ERR_NOT_FOUND,
                        "%s has no %s; name the key of field %s with --map %s=KEY", store->name,
                        key, field->name, field->name);
    }
    return status;
}

/* As it stands in a sops file that nobody has decrypted: sealed, it would be a wrong password. */
static enum ibc_status require_decrypted(const struct place *place, const struct ibc_field *field,
                                         struct ibc_error *err) {
    static const char mark[] = "ENC[AES256_GCM,data:";
    const struct ibc_view start = {.bytes = field->value.bytes, .size = sizeof mark - 1};
    if (field->value.size >= start.size && ibc_view_is(start, mark)) {
        return fail_at(place, IBC_ERR_DATA,
                       "the values are still encrypted; let sops decrypt the file", err);
    }
    return IBC_OK;
}

static enum ibc_status take_fields(const struct store *store, const struct ibc_store_field *fields,
                                   size_t count, struct ibc_input *out, struct ibc_error *err) {
    struct spelled found[CREDENTIALS] = {0};
    enum ibc_status status = find_credentials(store, fields, count, found, err);
    for (size_t i = 0; status == IBC_OK && i < count; i++) {
        struct store_value value;
        status = find_field(store, &fields[i], found, &value, err);
        if (status != IBC_OK) {
            return status;
        }
        const struct place place = {.name = store->name, .line = value.line};
        const struct ibc_field field = {.name = ibc_view_of(fields[i].name), .value = value.value};
        status = check_field(&place, &field, err);
        if (status == IBC_OK) {
            status = require_decrypted(&place, &field, err);
        }
        out->fields[out->count++] = field;
    }
    return status;
}

enum ibc_status ibc_input_store(struct ibc_view text, const char *name,
                                enum ibc_store_format format, const struct ibc_store_field *fields,
                                size_t field_count, struct ibc_input *out, struct ibc_error *err) {
    *out = (struct ibc_input){0};
    auto_store store = {0};
    enum ibc_status status = require_room(field_count, err);
    if (status == IBC_OK) {
        status = store_read(text, name, format, out, &store, err);
    }
    if (status == IBC_OK) {
        status = take_fields(&store, fields, field_count, out, err);
    }
    if (status == IBC_OK) {
        status = own_fields(out, err);
    }
    if (status != IBC_OK) {
        ibc_input_free(out);
    }
    return status;
}
