/* project.c - services, secrets and networks out of the layers. */
#include "compose/building.h"

/* A scalar of a service. */
struct scalar {
    size_t offset; /* of its text in struct ibc_compose_service */
    const char *path[4];
};

static const struct scalar scalars[] = {
    {offsetof(struct ibc_compose_service, image), {"image"}},
    {offsetof(struct ibc_compose_service, container_name), {"container_name"}},
    {offsetof(struct ibc_compose_service, restart), {"restart"}},
    {offsetof(struct ibc_compose_service, stop_grace_period), {"stop_grace_period"}},
    {offsetof(struct ibc_compose_service, user), {"user"}},
    {offsetof(struct ibc_compose_service, network_mode), {"network_mode"}},
    {offsetof(struct ibc_compose_service, deploy_restart),
     {"deploy", "restart_policy", "condition"}},
    {offsetof(struct ibc_compose_service, deploy_restart_attempts),
     {"deploy", "restart_policy", "max_attempts"}},
};

static enum ibc_status build_scalars(struct building *building, const struct layers *layers,
                                     struct ibc_compose_service *service) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(scalars); i++) {
        struct ibc_compose_text text;
        enum ibc_status status = layers_text(building, layers, scalars[i].path, &text);
        if (status != IBC_OK) {
            return status;
        }
        memcpy((unsigned char *)service + scalars[i].offset, &text, sizeof text);
    }
    return IBC_OK;
}

static enum ibc_status build_deploy(struct building *building, const struct layers *layers,
                                    struct ibc_compose_service *service) {
    static const char *const path[] = {"deploy", "restart_policy", NULL};
    const struct node *node;
    enum ibc_status status = layers_find(building, layers, path, &node);
    if (status == IBC_OK && node && node->kind == NODE_MAPPING && node->count > 0) {
        service->deploy_policy = node->place;
    }
    return status;
}

static bool is_word_of(const char *words, const char *word) {
    const size_t length = strlen(word);
    while (*words != '\0') {
        const size_t size = strcspn(words, ",");
        if (size == length && memcmp(words, word, size) == 0) {
            return true;
        }
        words += size + (words[size] == ',' ? 1 : 0);
    }
    return false;
}

/* "*" asks for all of them. */
static bool is_asked_for(const struct building *building, const char *profile) {
    static const char variable[] = "COMPOSE_PROFILES", all[] = "*";
    const char *words = lookup_find(&building->lookup, variable, strlen(variable));
    if (words && (is_word_of(words, profile) || is_word_of(words, all))) {
        return true;
    }
    for (size_t i = 0; i < building->profile_count; i++) {
        if (strcmp(building->profiles[i], profile) == 0 ||
            strcmp(building->profiles[i], all) == 0) {
            return true;
        }
    }
    return false;
}

static void set_active(const struct building *building, struct ibc_compose_service *service) {
    service->active = service->profile_count == 0;
    for (size_t i = 0; i < service->profile_count && !service->active; i++) {
        service->active = is_asked_for(building, value_or(&service->profiles[i].text, ""));
    }
}

static void set_places(const struct named *named, struct ibc_compose_service *service) {
    const struct entry *first = named->at[0].entry;
    service->name = named->name;
    service->place = first->key_place;
    service->last_place = named->at[named->count - 1].entry->key_place;
    service->indent = first->alias ? 0 : first->value->indent;
    service->body = first->value->place;
}

static enum ibc_status build_service(struct building *building, const struct named *named,
                                     struct ibc_compose_service *service) {
    struct layers layers;
    set_places(named, service);
    enum ibc_status status = building_service_layers(building, named, &layers, &service->unread);
    if (status == IBC_OK) {
        status = build_scalars(building, &layers, service);
    }
    if (status == IBC_OK) {
        status = build_deploy(building, &layers, service);
    }
    if (status == IBC_OK) {
        status = build_variables(building, &layers, service);
    }
    if (status == IBC_OK) {
        status = build_ports(building, &layers, service);
    }
    if (status == IBC_OK) {
        status = build_mounts(building, &layers, service);
    }
    if (status == IBC_OK) {
        status = build_name_lists(building, &layers, service);
    }
    set_active(building, service);
    return status;
}

static bool is_reset(const struct named *named) {
    return named->at[named->count - 1].entry->value->tag == TAG_RESET;
}

static enum ibc_status build_services(struct building *building) {
    struct ibc_compose_project *project = building->project;
    struct named *named;
    size_t count;
    enum ibc_status status = building_names(building, "services", &named, &count);
    if (status == IBC_OK) {
        status =
            building_items(building, count, sizeof *project->services, (void *)&project->services);
    }
    for (size_t i = 0; i < count && status == IBC_OK; i++) {
        if (!is_reset(&named[i])) {
            status = build_service(building, &named[i], &project->services[project->service_count]);
            project->service_count++;
        }
    }
    return status;
}

static enum ibc_status build_secret(struct building *building, const struct named *named,
                                    struct ibc_compose_secret *secret) {
    static const char *const file[] = {"file", NULL}, *const environment[] = {"environment", NULL};
    static const char *const external[] = {"external", NULL};
    struct layers layers;
    const struct node *node = NULL;
    secret->name = named->name;
    secret->place = named->at[named->count - 1].entry->key_place;
    enum ibc_status status = building_layers(building, named, &layers);
    if (status == IBC_OK) {
        status = layers_text(building, &layers, file, &secret->file);
    }
    if (status == IBC_OK) {
        status = layers_text(building, &layers, environment, &secret->environment);
    }
    if (status == IBC_OK) {
        status = layers_find(building, &layers, external, &node);
    }
    secret->external = node && (node->kind == NODE_MAPPING || text_is_true(&node->text));
    return status;
}

static enum ibc_status build_secrets(struct building *building) {
    struct ibc_compose_project *project = building->project;
    struct named *named;
    enum ibc_status status = building_names(building, "secrets", &named, &project->secret_count);
    if (status == IBC_OK) {
        status = building_items(building, project->secret_count, sizeof *project->secrets,
                                (void *)&project->secrets);
    }
    for (size_t i = 0; i < project->secret_count && status == IBC_OK; i++) {
        status = build_secret(building, &named[i], &project->secrets[i]);
    }
    return status;
}

static enum ibc_status build_networks(struct building *building) {
    static const char *const binding[] = {"driver_opts",
                                          "com.docker.network.bridge.host_binding_ipv4", NULL};
    struct ibc_compose_project *project = building->project;
    struct named *named;
    enum ibc_status status = building_names(building, "networks", &named, &project->network_count);
    if (status == IBC_OK) {
        status = building_items(building, project->network_count, sizeof *project->networks,
                                (void *)&project->networks);
    }
    for (size_t i = 0; i < project->network_count && status == IBC_OK; i++) {
        struct layers layers;
        project->networks[i].name = named[i].name;
        status = building_layers(building, &named[i], &layers);
        if (status == IBC_OK) {
            status = layers_text(building, &layers, binding, &project->networks[i].host_binding);
        }
    }
    return status;
}

/* `include:` brings in whole projects, with rules of their own. */
static void note_includes(struct building *building) {
    struct ibc_compose_name *unread = &building->project->unread;
    for (size_t i = 0; i < building->project->own_file_count && !unread->text.written; i++) {
        const struct node *node = tree_find(building->files[i].root, "include");
        if (tree_is_null(node)) {
            continue;
        }
        if (node->kind == NODE_LIST && node->count > 0) {
            node = node->entries[0].value;
        }
        unread->target = "";
        unread->text = node->kind == NODE_SCALAR ? node->text : child_text(node, "path");
        unread->text.written = unread->text.written ? unread->text.written : "include";
        unread->text.place = node->place;
    }
}

enum ibc_status build_project(struct building *building) {
    enum ibc_status status = build_services(building);
    if (status == IBC_OK) {
        status = build_secrets(building);
    }
    if (status == IBC_OK) {
        status = build_networks(building);
    }
    note_includes(building);
    return status;
}
