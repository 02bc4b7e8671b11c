/* building.c - files into a building, and what all attributes need. */
#include "compose/building.h"

#include <ibcred/dotenv.h>
#include <strings.h>

/* Sections whose values may have variables; what else a file has is read by nobody here. */
static const char *const sections[] = {"services", "networks", "volumes", "secrets", "configs"};

enum ibc_status building_items(struct building *building, size_t count, size_t size,
                               void *pointer_to_pointer) {
    void *items = arena_items(building->arena, count, size);
    memcpy(pointer_to_pointer, &items, sizeof items);
    return items ? IBC_OK : arena_fail(building->arena, building->err);
}

enum ibc_status building_inherit(struct building *building, size_t count,
                                 const struct ibc_place *place) {
    building->inherited += count;
    if (building->inherited > IBC_COMPOSE_NODES_MAX) {
        return tree_fail(place, building->err,
                         "with this, services take over too much from others or from env files");
    }
    return IBC_OK;
}

const char *building_path(struct building *building, const char *directory, const char *path) {
    while (path[0] == '.' && path[1] == '/') {
        path += 2; /* one file has one name */
    }
    if (path[0] == '/' || directory[0] == '\0') {
        return arena_text(building->arena, ibc_view_of(path));
    }
    const size_t size = strlen(directory) + 1 + strlen(path) + 1;
    char *joined = arena_items(building->arena, size, 1);
    if (joined) {
        (void)snprintf(joined, size, "%s/%s", directory, path);
    }
    return joined;
}

const char *building_parent(struct building *building, const char *path) {
    const char *slash = strrchr(path, '/');
    const size_t size = slash ? (size_t)(slash - path) + (slash == path ? 1 : 0) : 0;
    return arena_text(building->arena, (struct ibc_view){(const unsigned char *)path, size});
}

enum ibc_status building_add_file(struct building *building, const char *name,
                                  const char *directory, struct ibc_view text) {
    struct ibc_compose_project *project = building->project;
    if (project->file_count == IBC_COMPOSE_FILES_MAX) {
        return ibc_fail(building->err, IBC_ERR_DATA, "more than %d compose files; name fewer",
                        IBC_COMPOSE_FILES_MAX);
    }
    struct node *root;
    enum ibc_status status = tree_parse(building->arena, name, text, &root, building->err);
    for (size_t i = 0; i < IBC_ARRAY_SIZE(sections) && status == IBC_OK; i++) {
        struct node *section = tree_find(root, sections[i]);
        status = section ? interpolate_tree(&building->interpolation, section) : IBC_OK;
    }
    if (status == IBC_OK) {
        const size_t index = project->file_count++;
        project->files[index] = name;
        project->texts[index] = text;
        building->files[index] = (struct source_file){name, directory, root};
    }
    return status;
}

static bool take_binding(struct building *building, const char *name, struct ibc_view text,
                         const struct ibc_dotenv_entry *entry, struct ibc_compose_binding *out) {
    out->name = arena_text(building->arena, entry->name);
    out->value = arena_text(building->arena, entry->value);
    out->place = (struct ibc_place){
        .file = name,
        .line = entry->line,
        .column = 1,
        .start = entry->start,
        .end = entry->end < text.size ? entry->end : text.size,
    };
    return out->name && out->value;
}

enum ibc_status building_read_bindings(struct building *building, const char *name,
                                       struct ibc_view text, struct ibc_compose_binding **out,
                                       size_t *count, struct ibc_error *err) {
    ibc_auto_dotenv *dotenv = NULL;
    enum ibc_status status = ibc_dotenv_parse(IBC_READER_COMPOSE_V2, text, name, &dotenv, err);
    if (status != IBC_OK) {
        return status;
    }
    *count = ibc_dotenv_count(dotenv);
    *out = arena_items(building->arena, *count, sizeof **out);
    status = *out ? IBC_OK : arena_fail(building->arena, err);
    for (size_t i = 0; i < *count && status == IBC_OK; i++) {
        if (!take_binding(building, name, text, ibc_dotenv_at(dotenv, i), &(*out)[i])) {
            status = arena_fail(building->arena, err);
        }
    }
    return status;
}

enum ibc_status building_set_variables(struct building *building, const char *name,
                                       struct ibc_view text, char *const *environment) {
    struct ibc_compose_project *project = building->project;
    enum ibc_status status = IBC_OK;
    if (name) {
        project->env_file = name;
        status = building_read_bindings(building, name, text, &project->bindings,
                                        &project->binding_count, building->err);
    }
    return status == IBC_OK ? lookup_make(building->arena, environment, project->bindings,
                                          project->binding_count, &building->lookup, building->err)
                            : status;
}

const char *value_or(const struct ibc_compose_text *text, const char *other) {
    return text->value ? text->value : other;
}

struct ibc_compose_text child_text(const struct node *mapping, const char *key) {
    const struct node *child = tree_find(mapping, key);
    return child && child->kind == NODE_SCALAR && !tree_is_null(child)
               ? child->text
               : (struct ibc_compose_text){0};
}

bool text_is_true(const struct ibc_compose_text *text) {
    static const char *const words[] = {"true", "yes", "on"};
    for (size_t i = 0; text->value && i < IBC_ARRAY_SIZE(words); i++) {
        if (strcasecmp(text->value, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int compare_keyed(const void *a, const void *b) {
    const struct keyed *left = a, *right = b;
    const int order = strcmp(left->key, right->key);
    return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

static int compare_index(const void *a, const void *b) {
    const struct keyed *left = a, *right = b;
    return (left->index > right->index) - (left->index < right->index);
}

void keep_last(struct keyed *keyed, size_t count) {
    if (count < 2) {
        return;
    }
    qsort(keyed, count, sizeof *keyed, compare_keyed);
    for (size_t i = 0; i + 1 < count; i++) {
        if (strcmp(keyed[i].key, keyed[i + 1].key) == 0) {
            keyed[i].gone = true;
        }
    }
    qsort(keyed, count, sizeof *keyed, compare_index);
}

size_t compact(void *items, size_t size, const struct keyed *keyed, size_t count) {
    size_t kept = 0;
    unsigned char *bytes = items;
    for (size_t i = 0; i < count; i++) {
        if (!keyed[i].gone) {
            memmove(bytes + kept * size, bytes + i * size, size);
            kept++;
        }
    }
    return kept;
}
