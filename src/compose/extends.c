/* extends.c - the layers of a service: what it extends lies below what it says itself. */
#include "compose/building.h"

enum { CHAIN_MAX = 32, LAYERS_MAX = IBC_COMPOSE_FILES_MAX * (CHAIN_MAX + 1) };

/* What `extends:` names. */
struct extended {
    struct ibc_compose_text service, file; /* the file's `written` is NULL: the same one */
    struct ibc_place place;
};

/* The layers of one service while they are found. */
struct stack {
    struct layer at[LAYERS_MAX];
    size_t count;
    struct ibc_compose_text *unread;
};

static void read_extended(const struct node *node, struct extended *out) {
    *out = (struct extended){.place = node->place};
    if (node->kind == NODE_SCALAR) {
        out->service = node->text;
    } else {
        out->service = child_text(node, "service");
        out->file = child_text(node, "file");
    }
}

/*
 * The index of the file of that path, which is read where it was not before; false where it cannot
 * be followed.
 */
static enum ibc_status find_file(struct building *building, const char *path, size_t *index,
                                 bool *found) {
    struct ibc_compose_project *project = building->project;
    *found = true;
    for (*index = 0; *index < project->file_count; ++*index) {
        if (strcmp(project->files[*index], path) == 0) {
            return IBC_OK;
        }
    }
    *found = false;
    if (!building->read || project->file_count == IBC_COMPOSE_FILES_MAX) {
        return IBC_OK;
    }
    struct ibc_view text;
    struct ibc_error ignored;
    if (building->read(building, path, IBC_COMPOSE_FILE_MAX, &text, &ignored) != IBC_OK) {
        return IBC_OK;
    }
    const char *directory = building_parent(building, path);
    if (!directory) {
        return arena_fail(building->arena, building->err);
    }
    *found = true;
    return building_add_file(building, path, directory, text);
}

/* The service that is extended and the file that it is in; NULL where it cannot be found. */
static enum ibc_status follow(struct building *building, const struct extended *extended,
                              size_t *file, const struct node **out) {
    bool found = true;
    *out = NULL;
    if (extended->file.written && extended->file.value) {
        const char *path =
            building_path(building, building->files[*file].directory, extended->file.value);
        if (!path) {
            return arena_fail(building->arena, building->err);
        }
        enum ibc_status status = find_file(building, path, file, &found);
        if (status != IBC_OK) {
            return status;
        }
    } else if (extended->file.written) {
        found = false;
    }
    if (found && extended->service.value) {
        const struct node *services = tree_find(building->files[*file].root, "services");
        *out = tree_find(services, extended->service.value);
    }
    return IBC_OK;
}

static enum ibc_status push_with_extended(struct building *building, const struct node *body,
                                          size_t file, unsigned depth, struct stack *stack);

/* Push what the value of `extends:` names, or tell that it could not be followed. */
static enum ibc_status push_extended(struct building *building, const struct node *value,
                                     size_t file, unsigned depth, struct stack *stack) {
    struct extended extended;
    const struct node *base;
    read_extended(value, &extended);
    enum ibc_status status = follow(building, &extended, &file, &base);
    if (status != IBC_OK || tree_is_null(base) || base->kind != NODE_MAPPING ||
        depth == CHAIN_MAX) {
        *stack->unread = extended.file.written ? extended.file : extended.service;
        stack->unread->place = extended.place;
        return status;
    }
    status = building_inherit(building, base->weight, &extended.place);
    return status == IBC_OK ? push_with_extended(building, base, file, depth + 1, stack) : status;
}

static enum ibc_status push_with_extended(struct building *building, const struct node *body,
                                          size_t file, unsigned depth, struct stack *stack) {
    const struct node *value = tree_find(body, "extends");
    if (!tree_is_null(value) && value->tag != TAG_RESET) {
        enum ibc_status status = push_extended(building, value, file, depth, stack);
        if (status != IBC_OK) {
            return status;
        }
    }
    if (stack->count < LAYERS_MAX) {
        stack->at[stack->count++] = (struct layer){body, building->files[file].directory};
    }
    return IBC_OK;
}

static enum ibc_status push_all(struct building *building, const struct named *named,
                                struct stack *stack) {
    for (size_t i = 0; i < named->count; i++) {
        const struct appearance *appearance = &named->at[i];
        const struct node *body = appearance->entry->value;
        if (body->tag != TAG_NONE) {
            stack->count = 0;
        }
        if (tree_is_null(body) || body->tag == TAG_RESET) {
            continue;
        }
        if (body->kind != NODE_MAPPING) {
            return tree_fail(&body->place, building->err,
                             "a service must be a mapping (image:, environment:, …)");
        }
        enum ibc_status status = push_with_extended(building, body, appearance->file, 0, stack);
        if (status != IBC_OK) {
            return status;
        }
    }
    return IBC_OK;
}

enum ibc_status building_service_layers(struct building *building, const struct named *named,
                                        struct layers *out, struct ibc_compose_text *unread) {
    struct stack stack;
    stack.count = 0;
    stack.unread = unread;
    *out = (struct layers){0};
    enum ibc_status status = push_all(building, named, &stack);
    if (status == IBC_OK) {
        status = building_items(building, stack.count, sizeof out->at[0], (void *)&out->at);
    }
    if (status == IBC_OK && stack.count > 0) {
        memcpy(out->at, stack.at, stack.count * sizeof stack.at[0]);
        out->count = stack.count;
    }
    return status;
}
