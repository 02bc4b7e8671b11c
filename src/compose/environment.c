/* environment.c - the variables of a service: `environment:` over its env files. */
#include "compose/building.h"

enum { ENV_FILES_MAX = 256 /* different ones */, ENV_FILE_MAX = 1 << 20 /* bytes */ };

/* The variables of one service while they are found. */
struct variables {
    struct ibc_compose_variable *at;
    struct keyed *keyed;
    size_t count;
};

static enum ibc_status read_env_file(struct building *building, const char *path,
                                     struct env_file *out) {
    struct ibc_view text;
    struct ibc_error err;
    out->path = path;
    enum ibc_status status = building->read(building, path, ENV_FILE_MAX, &text, &err);
    if (status == IBC_OK) {
        status = building_read_bindings(building, path, text, &out->bindings, &out->count, &err);
    }
    out->unread = status != IBC_OK && status != IBC_ERR_NOT_FOUND;
    out->count = status == IBC_OK ? out->count : 0;
    if (status == IBC_ERR_INTERNAL) {
        *building->err = err;
        return status;
    }
    return IBC_OK;
}

/* The env file of that path, read now or before. `*out` is NULL where there are too many. */
static enum ibc_status find_env_file(struct building *building, const char *path,
                                     struct env_file **out) {
    for (*out = building->env_files; *out; *out = (*out)->next) {
        if (strcmp((*out)->path, path) == 0) {
            return IBC_OK;
        }
    }
    if (building->env_file_count == ENV_FILES_MAX) {
        return IBC_OK;
    }
    enum ibc_status status = building_items(building, 1, sizeof **out, out);
    if (status == IBC_OK) {
        status = read_env_file(building, path, *out);
    }
    if (status == IBC_OK) {
        (*out)->next = building->env_files;
        building->env_files = *out;
        building->env_file_count++;
    }
    return status;
}

/* The path that an item of `env_file:` gives, as text. */
static struct ibc_compose_text path_text(const struct item *item) {
    return item->value->kind == NODE_MAPPING ? child_text(item->value, "path") : item->value->text;
}

/* The env files of the items; a place in `files` is NULL where one could not be read. */
static enum ibc_status find_env_files(struct building *building, const struct items *items,
                                      struct env_file **files, size_t *total,
                                      struct ibc_compose_text *unread) {
    *total = 0;
    for (size_t i = 0; i < items->count && building->read; i++) {
        const struct ibc_compose_text text = path_text(&items->at[i]);
        if (!text.value || text.value[0] == '\0') {
            continue;
        }
        const char *path = building_path(building, items->at[i].directory, text.value);
        if (!path) {
            return arena_fail(building->arena, building->err);
        }
        enum ibc_status status = find_env_file(building, path, &files[i]);
        if (status != IBC_OK) {
            return status;
        }
        if (!files[i] || files[i]->unread) {
            *unread = text;
            continue;
        }
        *total += files[i]->count;
        status = building_inherit(building, files[i]->count, &text.place);
        if (status != IBC_OK) {
            return status;
        }
    }
    return IBC_OK;
}

static void append_bindings(struct variables *variables, const struct env_file *file) {
    for (size_t i = 0; i < file->count; i++) {
        const struct ibc_compose_binding *binding = &file->bindings[i];
        variables->at[variables->count++] = (struct ibc_compose_variable){
            .name = binding->name,
            .text = {.written = binding->value,
                     .value = binding->value,
                     .literal = true,
                     .place = binding->place},
            .from_env_file = true,
            .place = binding->place,
        };
    }
}

/* A name without a value: Compose passes its own variable on. */
static void pass_on(const struct building *building, struct ibc_compose_variable *variable,
                    const struct ibc_place *place) {
    const char *value = lookup_find(&building->lookup, variable->name, strlen(variable->name));
    variable->text = (struct ibc_compose_text){
        .value = value ? value : "", .interpolated = true, .place = *place};
}

/* NAME=value as one text. The name may have variables in it too, and with them a "=". */
static enum ibc_status split_binding(struct building *building, const struct node *node,
                                     struct ibc_compose_variable *variable) {
    const struct ibc_compose_text *whole = &node->text;
    const char *written = strchr(whole->written, '=');
    const bool plain_name = strcspn(whole->written, "=") < strcspn(whole->written, "$");
    const char *from = plain_name || !whole->value ? whole->written : whole->value;
    const char *equals = strchr(from, '=');
    const size_t size = equals ? (size_t)(equals - from) : strlen(from);
    variable->name =
        arena_text(building->arena, (struct ibc_view){(const unsigned char *)from, size});
    if (!variable->name) {
        return arena_fail(building->arena, building->err);
    }
    if (!equals) {
        pass_on(building, variable, &node->place);
        return IBC_OK;
    }
    variable->text = *whole;
    variable->text.written = written ? written + 1 : equals + 1;
    if (plain_name) {
        return interpolate(&building->interpolation, &variable->text);
    }
    variable->text.value = whole->value ? equals + 1 : NULL;
    return IBC_OK;
}

static enum ibc_status take_variable(struct building *building, const struct item *item,
                                     struct ibc_compose_variable *out) {
    const struct node *node = item->value;
    *out = (struct ibc_compose_variable){.name = item->key, .place = item->place};
    if (node->kind != NODE_SCALAR) {
        return tree_fail(&node->place, building->err,
                         "a variable is NAME=value in a list, or NAME: value in a mapping");
    }
    if (!item->key) {
        return split_binding(building, node, out);
    }
    if (tree_is_null(node)) {
        pass_on(building, out, &item->key_place);
    } else {
        out->text = node->text;
    }
    return IBC_OK;
}

static enum ibc_status append_items(struct building *building, const struct items *items,
                                    struct variables *variables) {
    for (size_t i = 0; i < items->count; i++) {
        const struct item *item = &items->at[i];
        if (!item->key && tree_is_null(item->value)) {
            continue;
        }
        enum ibc_status status = take_variable(building, item, &variables->at[variables->count]);
        if (status != IBC_OK) {
            return status;
        }
        variables->keyed[variables->count].gone = item->value->tag == TAG_RESET;
        variables->count++;
    }
    return IBC_OK;
}

/* Of each name the last one counts. */
static void hand_over(struct variables *variables, struct ibc_compose_service *service) {
    for (size_t i = 0; i < variables->count; i++) {
        variables->keyed[i].key = variables->at[i].name;
        variables->keyed[i].index = i;
    }
    keep_last(variables->keyed, variables->count);
    service->variables = variables->at;
    service->variable_count =
        compact(variables->at, sizeof *variables->at, variables->keyed, variables->count);
}

/* All of them in the order in which they are laid over one another. */
static enum ibc_status lay_over(struct building *building, const struct items *files_items,
                                const struct items *items, struct ibc_compose_service *service) {
    struct env_file **files;
    struct variables variables = {0};
    size_t bindings;
    enum ibc_status status =
        building_items(building, files_items->count, sizeof(struct env_file *), (void *)&files);
    if (status == IBC_OK) {
        status = find_env_files(building, files_items, files, &bindings, &service->unread);
    }
    if (status == IBC_OK) {
        status = building_items(building, bindings + items->count, sizeof *variables.at,
                                (void *)&variables.at);
    }
    if (status == IBC_OK) {
        status = building_items(building, bindings + items->count, sizeof *variables.keyed,
                                (void *)&variables.keyed);
    }
    for (size_t i = 0; i < files_items->count && status == IBC_OK; i++) {
        if (files[i]) {
            append_bindings(&variables, files[i]);
        }
    }
    status = status == IBC_OK ? append_items(building, items, &variables) : status;
    if (status != IBC_OK) {
        return status;
    }
    hand_over(&variables, service);
    return IBC_OK;
}

enum ibc_status build_variables(struct building *building, const struct layers *layers,
                                struct ibc_compose_service *service) {
    struct items files = {0}, items = {0};
    enum ibc_status status =
        layers_items(building, layers, "env_file", FORM_TEXT | FORM_LIST, &files);
    if (status == IBC_OK) {
        status = layers_items(building, layers, "environment", FORM_LIST | FORM_MAPPING, &items);
    }
    return status == IBC_OK ? lay_over(building, &files, &items, service) : status;
}
