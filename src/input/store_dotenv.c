/*
 * store_dotenv.c - a value out of dotenv text that Compose or sops wrote.
 *
 * sops (stores/dotenv/store.go, EmitPlainFile) writes each value as it is behind the first '=' of
 * a line, with "\n" for a line feed and nothing for anything else: no quotes, no escapes. So the
 * same text may hold one value for Compose and another for sops, and one that holds "\n" may be
 * two things to sops alone.
 */
#include "input/store.h"

/* Cut the next line off the front of `text`, without its LF. */
static struct ibc_view cut_line(struct ibc_view *text) {
    const unsigned char *end = memchr(text->bytes, '\n', text->size);
    const struct ibc_view line = {.bytes = text->bytes,
                                  .size = end ? (size_t)(end - text->bytes) : text->size};
    const size_t consumed = line.size + (end ? 1 : 0);
    *text = (struct ibc_view){.bytes = text->bytes + consumed, .size = text->size - consumed};
    return line;
}

/* The value where the line binds `key`, else a view without bytes. */
static struct ibc_view value_in_line(struct ibc_view line, const char *key) {
    const unsigned char *equals = line.size > 0 ? memchr(line.bytes, '=', line.size) : NULL;
    if (!equals || line.bytes[0] == '#') {
        return (struct ibc_view){0};
    }
    const size_t name_size = (size_t)(equals - line.bytes);
    const struct ibc_view name = {.bytes = line.bytes, .size = name_size};
    return ibc_view_is(name, key)
               ? (struct ibc_view){.bytes = equals + 1, .size = line.size - name_size - 1}
               : (struct ibc_view){0};
}

/* As sops reads it; of several lines the last one counts, as it does for Compose. */
static struct store_value find_as_sops(struct ibc_view text, const char *key) {
    struct store_value found = {.key = key};
    for (uint64_t number = 1; text.size > 0; number++) {
        const struct ibc_view value = value_in_line(cut_line(&text), key);
        if (value.bytes) {
            found.value = value;
            found.line = number;
        }
    }
    return found;
}

static bool could_be_sealed(const struct store_value *value) {
    const struct ibc_field field = {.name = ibc_view_of("A"), .value = value->value};
    struct ibc_error ignored;
    return ibc_field_check(&field, &ignored) == IBC_OK;
}

static enum ibc_status refuse_line_feed(const struct store *store, const struct store_value *value,
                                        struct ibc_error *err) {
    return ibc_fail(err, IBC_ERR_MISMATCH,
                    "%s:%llu: %s holds \\n, which sops also writes for a line feed; let sops print "
                    "JSON, or say --format dotenv if this is an env file",
                    store->name, (unsigned long long)value->line, value->key);
}

static bool holds_line_feed(struct ibc_view value) {
    return value.size > 0 && memmem(value.bytes, value.size, "\\n", 2) != NULL;
}

/* `found` is what Compose reads. What cannot be sealed is no reading that anybody meant. */
static enum ibc_status require_same_as_sops(const struct store *store,
                                            const struct store_value *found,
                                            struct ibc_error *err) {
    const struct store_value as_sops = find_as_sops(store->text, found->key);
    if (!as_sops.value.bytes || !could_be_sealed(&as_sops)) {
        return IBC_OK;
    }
    if (!ibc_view_equal(as_sops.value, found->value)) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "%s:%llu: Docker Compose and sops would read different values for %s: say "
                        "--format dotenv if this is an env file, or --format sops-dotenv if sops "
                        "made it of something else",
                        store->name, (unsigned long long)found->line, found->key);
    }
    return holds_line_feed(as_sops.value) ? refuse_line_feed(store, &as_sops, err) : IBC_OK;
}

enum ibc_status store_find_in_dotenv(const struct store *store, const char *key,
                                     struct store_value *out, struct ibc_error *err) {
    if (!store->has_dotenv) {
        *out = find_as_sops(store->text, key);
        return holds_line_feed(out->value) ? refuse_line_feed(store, out, err) : IBC_OK;
    }
    const struct ibc_dotenv_entry *entry;
    enum ibc_status status = dotenv_file_find(&store->dotenv, store->name, key, &entry, err);
    if (status != IBC_OK || !entry) {
        return status;
    }
    out->value = entry->value;
    out->line = entry->line;
    return store->as_sops ? require_same_as_sops(store, out, err) : IBC_OK;
}
