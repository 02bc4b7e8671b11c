/* mapping.c - the keys of a mapping: none twice, merge keys put in, found by search. */
#include "compose/tree.h"

#define MERGE_KEY "<<"

enum ibc_status tree_fail(const struct ibc_place *place, struct ibc_error *err, const char *why) {
    return ibc_fail(err, IBC_ERR_DATA, "%s:%u:%u: %s", place->file, place->line, place->column,
                    why);
}

bool tree_is_null(const struct node *node) {
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    if (!node) {
        return true;
    }
    for (size_t i = 0; node->kind == NODE_SCALAR && node->plain && i < IBC_ARRAY_SIZE(words); i++) {
        if (strcmp(node->text.written, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* By key, then in the order of the array in which they lie. */
static int compare_entries(const void *a, const void *b) {
    const struct entry *const *left = a, *const *right = b;
    const int order = strcmp((*left)->key, (*right)->key);
    return order != 0 ? order : (*left > *right) - (*left < *right);
}

static int compare_key(const void *key, const void *element) {
    const struct entry *const *entry = element;
    return strcmp(key, (*entry)->key);
}

const struct entry *tree_entry(const struct node *mapping, const char *key) {
    if (!mapping || mapping->kind != NODE_MAPPING || mapping->count == 0) {
        return NULL;
    }
    struct entry **found =
        bsearch(key, mapping->sorted, mapping->count, sizeof(struct entry *), compare_key);
    return found ? *found : NULL;
}

struct node *tree_find(const struct node *mapping, const char *key) {
    const struct entry *entry = tree_entry(mapping, key);
    return entry ? entry->value : NULL;
}

static void sort(struct node *mapping) {
    for (size_t i = 0; i < mapping->count; i++) {
        mapping->sorted[i] = &mapping->entries[i];
    }
    if (mapping->count > 1) {
        qsort(mapping->sorted, mapping->count, sizeof(struct entry *), compare_entries);
    }
}

/*
 * Leave out an entry whose key stands further up: an explicit key wins over a merged one. The first
 * `written` entries are explicit.
 */
static enum ibc_status drop_repeated(struct node *mapping, size_t written, struct ibc_error *err) {
    size_t kept = 0;
    for (size_t i = 1; i < mapping->count; i++) {
        struct entry *entry = mapping->sorted[i];
        if (strcmp(entry->key, mapping->sorted[i - 1]->key) != 0) {
            continue;
        }
        if (entry < mapping->entries + written) {
            return tree_fail(&entry->key_place, err,
                             "this key stands twice in one mapping; keep one of them");
        }
        entry->value = NULL;
    }
    for (size_t i = 0; i < mapping->count; i++) {
        if (mapping->entries[i].value) {
            mapping->entries[kept++] = mapping->entries[i];
        }
    }
    if (kept < mapping->count) {
        mapping->count = kept;
        sort(mapping);
    }
    return IBC_OK;
}

/* What a merge key's value names: one mapping, or the mappings of a list. */
struct sources {
    const struct node *value; /* or NULL */
    size_t count;
};

static const struct node *source_at(const struct sources *sources, size_t index) {
    return sources->value->kind == NODE_LIST ? sources->value->entries[index].value
                                             : sources->value;
}

static enum ibc_status find_sources(const struct entry *merge, struct sources *out,
                                    size_t *entry_count, struct ibc_error *err) {
    *out = (struct sources){.value = merge->value, .count = 1};
    if (merge->value->kind == NODE_LIST) {
        out->count = merge->value->count;
    }
    for (size_t i = 0; i < out->count; i++) {
        const struct node *source = source_at(out, i);
        if (source->kind != NODE_MAPPING) {
            return tree_fail(&merge->key_place, err,
                             "`<<` takes in what is no mapping; name one, or a list of them");
        }
        *entry_count += source->count;
    }
    return IBC_OK;
}

/* Put their entries behind those that are there. They were counted where `<<` was read. */
static void append_sources(struct node *mapping, const struct sources *sources) {
    for (size_t i = 0; i < sources->count; i++) {
        const struct node *source = source_at(sources, i);
        if (source->count > 0) {
            memcpy(mapping->entries + mapping->count, source->entries,
                   source->count * sizeof source->entries[0]);
            mapping->count += source->count;
        }
    }
}

static void remove_merge_key(struct node *mapping) {
    for (size_t i = 0; i < mapping->count; i++) {
        if (strcmp(mapping->entries[i].key, MERGE_KEY) == 0) {
            mapping->count--;
            memmove(mapping->entries + i, mapping->entries + i + 1,
                    (mapping->count - i) * sizeof mapping->entries[0]);
            return;
        }
    }
}

/* Find the merge key among the entries, and what it names. `*total` grows by what that has. */
static enum ibc_status find_merged(const struct entry *entries, size_t count,
                                   struct sources *sources, size_t *total, struct ibc_error *err) {
    enum ibc_status status = IBC_OK;
    for (size_t i = 0; i < count && status == IBC_OK; i++) {
        if (strcmp(entries[i].key, MERGE_KEY) != 0) {
            continue;
        }
        if (sources->value) {
            return tree_fail(&entries[i].key_place, err,
                             "a second `<<` in one mapping; give the first one a list");
        }
        status = find_sources(&entries[i], sources, total, err);
    }
    return status;
}

enum ibc_status tree_finish_mapping(struct arena *arena, struct node *mapping,
                                    const struct entry *entries, size_t count,
                                    struct ibc_error *err) {
    struct sources sources = {0};
    size_t total = count;
    enum ibc_status status = find_merged(entries, count, &sources, &total, err);
    if (status != IBC_OK) {
        return status;
    }
    mapping->entries = arena_items(arena, total, sizeof *mapping->entries);
    mapping->sorted = arena_items(arena, total, sizeof(struct entry *));
    if (!mapping->entries || !mapping->sorted) {
        return arena_fail(arena, err);
    }
    if (count > 0) {
        memcpy(mapping->entries, entries, count * sizeof entries[0]);
    }
    mapping->count = count;
    remove_merge_key(mapping);
    const size_t written = mapping->count;
    append_sources(mapping, &sources);
    sort(mapping);
    return drop_repeated(mapping, written, err);
}
