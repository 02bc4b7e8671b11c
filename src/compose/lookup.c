/* lookup.c - what variables stand for. */
#include "compose/interpolate.h"

static int compare_names(const char *a, const char *b, size_t size) {
    const int order = strncmp(a, b, size);
    return order != 0 ? order : -(b[size] != '\0');
}

static int compare_pairs(const void *a, const void *b) {
    const struct pair *left = a, *right = b;
    const int order = strcmp(left->name, right->name);
    return order != 0 ? order : (left->rank > right->rank) - (left->rank < right->rank);
}

static void keep_first_of_each(struct lookup *lookup) {
    size_t kept = 0;
    for (size_t i = 0; i < lookup->count; i++) {
        if (kept == 0 || strcmp(lookup->pairs[kept - 1].name, lookup->pairs[i].name) != 0) {
            lookup->pairs[kept++] = lookup->pairs[i];
        }
    }
    lookup->count = kept;
}

static bool add_environment(struct arena *arena, char *const *environment, struct lookup *lookup) {
    for (char *const *binding = environment; binding && *binding; binding++) {
        const char *equals = strchr(*binding, '=');
        if (!equals) {
            continue;
        }
        const struct ibc_view name = {.bytes = (const unsigned char *)*binding,
                                      .size = (size_t)(equals - *binding)};
        struct pair *pair = &lookup->pairs[lookup->count];
        pair->name = arena_text(arena, name);
        pair->value = arena_text(arena, ibc_view_of(equals + 1));
        pair->rank = lookup->count++;
        if (!pair->name || !pair->value) {
            return false;
        }
    }
    return true;
}

enum ibc_status lookup_make(struct arena *arena, char *const *environment,
                            const struct ibc_compose_binding *bindings, size_t count,
                            struct lookup *out, struct ibc_error *err) {
    size_t most = count;
    for (char *const *binding = environment; binding && *binding; binding++) {
        most++;
    }
    *out = (struct lookup){.pairs = arena_items(arena, most, sizeof(struct pair))};
    if (!out->pairs || !add_environment(arena, environment, out)) {
        return arena_fail(arena, err);
    }
    for (size_t i = count; i > 0; i--) {
        const struct ibc_compose_binding *binding = &bindings[i - 1];
        out->pairs[out->count] = (struct pair){binding->name, binding->value, out->count};
        out->count++;
    }
    if (out->count > 1) {
        qsort(out->pairs, out->count, sizeof out->pairs[0], compare_pairs);
    }
    keep_first_of_each(out);
    return IBC_OK;
}

const char *lookup_find(const struct lookup *lookup, const char *name, size_t size) {
    size_t low = 0, high = lookup->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare_names(name, lookup->pairs[middle].name, size);
        if (order == 0) {
            return lookup->pairs[middle].value;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}
