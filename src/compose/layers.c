/* layers.c - what the files say of one thing, laid over one another. */
#include "compose/building.h"

static int compare_appearances(const void *a, const void *b) {
    const struct appearance *left = a, *right = b;
    const int order = strcmp(left->entry->key, right->entry->key);
    return order != 0 ? order : (left->file > right->file) - (left->file < right->file);
}

/* The section of that file, or NULL; IBC_ERR_DATA where it is no mapping. */
static enum ibc_status find_section(struct building *building, size_t file, const char *section,
                                    const struct node **out) {
    const struct entry *entry = tree_entry(building->files[file].root, section);
    *out = entry && !tree_is_null(entry->value) ? entry->value : NULL;
    if (*out && (*out)->kind != NODE_MAPPING) {
        return tree_fail(&entry->place, building->err,
                         "this section must be a mapping of names to what they are");
    }
    return IBC_OK;
}

static bool is_extension(const struct entry *entry) {
    return strncmp(entry->key, "x-", 2) == 0;
}

/* Collect all appearances; the sections that are not there count for nothing. */
static enum ibc_status collect(struct building *building, const char *section,
                               struct appearance **out, size_t *count) {
    const struct node *found[IBC_COMPOSE_FILES_MAX] = {0};
    size_t most = 0;
    *count = 0;
    for (size_t i = 0; i < building->project->own_file_count; i++) {
        enum ibc_status status = find_section(building, i, section, &found[i]);
        if (status != IBC_OK) {
            return status;
        }
        most += found[i] ? found[i]->count : 0;
    }
    enum ibc_status status = building_items(building, most, sizeof **out, out);
    for (size_t i = 0; i < building->project->own_file_count && status == IBC_OK; i++) {
        for (size_t j = 0; found[i] && j < found[i]->count; j++) {
            if (!is_extension(&found[i]->entries[j])) {
                (*out)[(*count)++] = (struct appearance){&found[i]->entries[j], i};
            }
        }
    }
    return status;
}

/* By the first appearance: its file, then where the file's mapping has it. */
static int compare_named(const void *a, const void *b) {
    const struct appearance *left = ((const struct named *)a)->at;
    const struct appearance *right = ((const struct named *)b)->at;
    if (left->file != right->file) {
        return left->file < right->file ? -1 : 1;
    }
    return (left->entry > right->entry) - (left->entry < right->entry);
}

enum ibc_status building_names(struct building *building, const char *section, struct named **out,
                               size_t *count) {
    struct appearance *all;
    size_t total;
    enum ibc_status status = collect(building, section, &all, &total);
    if (status == IBC_OK) {
        status = building_items(building, total, sizeof **out, out);
    }
    *count = 0;
    if (status != IBC_OK || total == 0) {
        return status;
    }
    qsort(all, total, sizeof *all, compare_appearances);
    for (size_t i = 0; i < total; i++) {
        if (i == 0 || strcmp(all[i].entry->key, all[i - 1].entry->key) != 0) {
            (*out)[(*count)++] = (struct named){.name = all[i].entry->key, .at = &all[i]};
        }
        (*out)[*count - 1].count++;
    }
    qsort(*out, *count, sizeof **out, compare_named);
    return IBC_OK;
}

enum ibc_status building_layers(struct building *building, const struct named *named,
                                struct layers *out) {
    *out = (struct layers){0};
    enum ibc_status status =
        building_items(building, named->count, sizeof out->at[0], (void *)&out->at);
    for (size_t i = 0; i < named->count && status == IBC_OK; i++) {
        const struct appearance *appearance = &named->at[i];
        const struct node *body = appearance->entry->value;
        if (body->tag != TAG_NONE) {
            out->count = 0;
        }
        if (tree_is_null(body) || body->tag == TAG_RESET) {
            continue;
        }
        if (body->kind != NODE_MAPPING) {
            return tree_fail(&body->place, building->err, "there must be a mapping here");
        }
        out->at[out->count++] = (struct layer){body, building->files[appearance->file].directory};
    }
    return status;
}

/*
 * Go down the path in one layer. `*cleared` says that what the layers before it have does not
 * count.
 */
static enum ibc_status find_in_layer(struct building *building, const struct node *body,
                                     const char *const *path, const struct node **out,
                                     bool *cleared) {
    const struct node *node = body;
    *cleared = false;
    *out = NULL;
    for (; *path && node; path++) {
        if (tree_is_null(node)) {
            return IBC_OK;
        }
        if (node->kind != NODE_MAPPING) {
            return tree_fail(&node->place, building->err, "there must be a mapping here");
        }
        node = tree_find(node, *path);
        if (node && node->tag != TAG_NONE) {
            *cleared = true;
            node = node->tag == TAG_RESET ? NULL : node;
        }
    }
    *out = tree_is_null(node) ? NULL : node;
    return IBC_OK;
}

enum ibc_status layers_find(struct building *building, const struct layers *layers,
                            const char *const *path, const struct node **out) {
    *out = NULL;
    for (size_t i = 0; i < layers->count; i++) {
        const struct node *node;
        bool cleared;
        enum ibc_status status = find_in_layer(building, layers->at[i].body, path, &node, &cleared);
        if (status != IBC_OK) {
            return status;
        }
        if (node || cleared) {
            *out = node;
        }
    }
    return IBC_OK;
}

enum ibc_status layers_text(struct building *building, const struct layers *layers,
                            const char *const *path, struct ibc_compose_text *out) {
    const struct node *node;
    *out = (struct ibc_compose_text){0};
    enum ibc_status status = layers_find(building, layers, path, &node);
    if (status != IBC_OK || !node) {
        return status;
    }
    if (node->kind != NODE_SCALAR) {
        return tree_fail(&node->place, building->err,
                         "there must be one value here, no list and no mapping");
    }
    *out = node->text;
    return IBC_OK;
}

static enum form form_of(const struct node *node) {
    static const enum form forms[] = {
        [NODE_SCALAR] = FORM_TEXT, [NODE_LIST] = FORM_LIST, [NODE_MAPPING] = FORM_MAPPING};
    return forms[node->kind];
}

static size_t item_count(const struct node *node) {
    if (tree_is_null(node) || node->tag == TAG_RESET) {
        return 0;
    }
    return node->kind == NODE_SCALAR ? 1 : node->count;
}

static void append_items(const struct node *node, const char *directory, struct items *out) {
    if (item_count(node) > 0 && node->kind == NODE_SCALAR) {
        out->at[out->count++] =
            (struct item){.value = node, .place = node->place, .directory = directory};
        return;
    }
    for (size_t i = 0; i < item_count(node); i++) {
        const struct entry *entry = &node->entries[i];
        out->at[out->count++] = (struct item){
            .key = entry->key,
            .key_place = entry->key_place,
            .value = entry->value,
            .place = entry->place,
            .directory = directory,
        };
    }
}

/* The first layer that counts, and how many items there may be from it on. */
static enum ibc_status survey(struct building *building, const struct layers *layers,
                              const char *key, unsigned forms, size_t *first, size_t *count) {
    *first = 0;
    *count = 0;
    for (size_t i = 0; i < layers->count; i++) {
        const struct node *node = tree_find(layers->at[i].body, key);
        if (!node) {
            continue;
        }
        if (item_count(node) > 0 && !(forms & form_of(node))) {
            return tree_fail(&node->place, building->err,
                             forms & FORM_MAPPING ? "there must be a list or a mapping here"
                                                  : "there must be a list here");
        }
        if (node->tag != TAG_NONE) {
            *first = i;
            *count = 0;
        }
        *count += item_count(node);
    }
    return IBC_OK;
}

enum ibc_status layers_items(struct building *building, const struct layers *layers,
                             const char *key, unsigned forms, struct items *out) {
    size_t first, count;
    *out = (struct items){0};
    enum ibc_status status = survey(building, layers, key, forms, &first, &count);
    if (status == IBC_OK) {
        status = building_items(building, count, sizeof out->at[0], (void *)&out->at);
    }
    for (size_t i = first; i < layers->count && status == IBC_OK; i++) {
        const struct node *node = tree_find(layers->at[i].body, key);
        if (node) {
            append_items(node, layers->at[i].directory, out);
        }
    }
    return status;
}
