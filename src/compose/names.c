/* names.c - lists of names: env files, secrets, networks and profiles of a service. */
#include "compose/building.h"

/* How a list of names is written. */
struct name_list {
    const char *key;
    unsigned forms;
    const char *child; /* where the name is an item's mapping, its key in there */
    bool is_secret;    /* it has a target, which tells it from others */
};

static void take_name(const struct name_list *list, const struct item *item,
                      struct ibc_compose_name *out) {
    const struct node *node = item->value;
    struct ibc_compose_text target = {0};
    if (item->key) {
        out->text = (struct ibc_compose_text){
            .written = item->key, .value = item->key, .literal = true, .place = item->key_place};
    } else if (node->kind == NODE_SCALAR) {
        out->text = node->text;
    } else if (list->child) {
        out->text = child_text(node, list->child);
        target = child_text(node, "target");
    }
    out->target = list->is_secret ? value_or(&target, value_or(&out->text, "")) : "";
}

static const char *key_of(const struct name_list *list, const struct ibc_compose_name *name) {
    if (list->is_secret && name->target[0] != '\0') {
        return name->target;
    }
    return value_or(&name->text, name->text.written ? name->text.written : "");
}

static enum ibc_status build_names(struct building *building, const struct layers *layers,
                                   const struct name_list *list, struct ibc_compose_name **out,
                                   size_t *count) {
    struct items items = {0};
    struct keyed *keyed = NULL;
    enum ibc_status status = layers_items(building, layers, list->key, list->forms, &items);
    if (status == IBC_OK) {
        status = building_items(building, items.count, sizeof **out, (void *)out);
    }
    if (status == IBC_OK) {
        status = building_items(building, items.count, sizeof *keyed, (void *)&keyed);
    }
    if (status != IBC_OK) {
        return status;
    }
    for (size_t i = 0; i < items.count; i++) {
        const struct item *item = &items.at[i];
        take_name(list, item, &(*out)[i]);
        keyed[i] = (struct keyed){.key = key_of(list, &(*out)[i]), .index = i};
        keyed[i].gone = item->value->tag == TAG_RESET || !(*out)[i].text.written ||
                        (!item->key && tree_is_null(item->value));
    }
    keep_last(keyed, items.count);
    *count = compact(*out, sizeof **out, keyed, items.count);
    return IBC_OK;
}

enum ibc_status build_name_lists(struct building *building, const struct layers *layers,
                                 struct ibc_compose_service *service) {
    static const struct name_list env_files = {"env_file", FORM_TEXT | FORM_LIST, "path", false};
    static const struct name_list secrets = {"secrets", FORM_LIST, "source", true};
    static const struct name_list networks = {"networks", FORM_LIST | FORM_MAPPING, NULL, false};
    static const struct name_list profiles = {"profiles", FORM_LIST, NULL, false};
    enum ibc_status status =
        build_names(building, layers, &env_files, &service->env_files, &service->env_file_count);
    if (status == IBC_OK) {
        status = build_names(building, layers, &secrets, &service->secrets, &service->secret_count);
    }
    if (status == IBC_OK) {
        status =
            build_names(building, layers, &networks, &service->networks, &service->network_count);
    }
    return status == IBC_OK ? build_names(building, layers, &profiles, &service->profiles,
                                          &service->profile_count)
                            : status;
}
