/* mounts.c - what a service mounts: `volumes:`, by target, and `tmpfs:`. */
#include "compose/building.h"

#include <strings.h>

static enum ibc_status copy(struct building *building, const char *start, size_t size,
                            const char **out) {
    *out = arena_text(building->arena, (struct ibc_view){(const unsigned char *)start, size});
    return *out ? IBC_OK : arena_fail(building->arena, building->err);
}

/* A path is the host's; anything else is the name of a volume. */
static enum ibc_mount_type type_of_source(const char *source) {
    return source[0] != '\0' && strchr("./~", source[0]) ? IBC_MOUNT_BIND : IBC_MOUNT_VOLUME;
}

/* True when the options, separated by commas, hold that one. */
static bool has_option(const char *options, const char *option) {
    const size_t length = strlen(option);
    while (*options != '\0') {
        const size_t size = strcspn(options, ",:");
        if (size == length && memcmp(options, option, size) == 0) {
            return true;
        }
        options += size + (options[size] != '\0' ? 1 : 0);
    }
    return false;
}

/* SOURCE:TARGET[:OPTIONS], or a TARGET alone. */
static enum ibc_status read_short(struct building *building, const struct node *node,
                                  struct ibc_compose_mount *out) {
    const char *value = value_or(&node->text, "");
    const size_t source = strcspn(value, ":");
    if (value[source] == '\0') {
        out->type = IBC_MOUNT_VOLUME;
        out->source = "";
        out->target = value;
        return IBC_OK;
    }
    const char *rest = value + source + 1;
    const size_t target = strcspn(rest, ":");
    enum ibc_status status = copy(building, value, source, &out->source);
    if (status == IBC_OK) {
        status = copy(building, rest, target, &out->target);
    }
    out->read_only = has_option(rest + target, "ro");
    out->type = type_of_source(value);
    return status;
}

static void read_long(const struct node *node, struct ibc_compose_mount *out) {
    static const char *const types[] = {
        [IBC_MOUNT_BIND] = "bind", [IBC_MOUNT_VOLUME] = "volume", [IBC_MOUNT_TMPFS] = "tmpfs"};
    const struct ibc_compose_text type = child_text(node, "type");
    const struct ibc_compose_text source = child_text(node, "source");
    const struct ibc_compose_text target = child_text(node, "target");
    const struct ibc_compose_text read_only = child_text(node, "read_only");
    out->type = IBC_MOUNT_OTHER;
    for (enum ibc_mount_type i = IBC_MOUNT_BIND; i < IBC_MOUNT_OTHER; i++) {
        if (strcmp(value_or(&type, ""), types[i]) == 0) {
            out->type = i;
        }
    }
    out->source = value_or(&source, "");
    out->target = value_or(&target, "");
    out->read_only = text_is_true(&read_only);
}

static enum ibc_status take_volume(struct building *building, const struct item *item,
                                   struct ibc_compose_mount *out) {
    out->place = item->place;
    if (item->value->kind == NODE_LIST) {
        return tree_fail(&item->place, building->err,
                         "a volume is a text (\"./data:/data\") or a mapping");
    }
    if (item->value->kind == NODE_SCALAR) {
        return read_short(building, item->value, out);
    }
    read_long(item->value, out);
    return IBC_OK;
}

/* TARGET[:OPTIONS] */
static enum ibc_status take_tmpfs(struct building *building, const struct item *item,
                                  struct ibc_compose_mount *out) {
    *out = (struct ibc_compose_mount){.type = IBC_MOUNT_TMPFS, .source = "", .place = item->place};
    if (item->value->kind != NODE_SCALAR) {
        return tree_fail(&item->place, building->err, "a tmpfs is a path in the container");
    }
    const char *value = value_or(&item->value->text, "");
    const size_t size = strcspn(value, ":");
    out->read_only = has_option(value + size, "ro");
    return copy(building, value, size, &out->target);
}

typedef enum ibc_status take_mount(struct building *building, const struct item *item,
                                   struct ibc_compose_mount *out);

/* Append the mounts of the items to those that are there; of one target the last counts. */
static enum ibc_status append_mounts(struct building *building, const struct items *items,
                                     take_mount *take, struct ibc_compose_service *service) {
    struct keyed *keyed;
    struct ibc_compose_mount *mounts = service->mounts + service->mount_count;
    enum ibc_status status = building_items(building, items->count, sizeof *keyed, (void *)&keyed);
    for (size_t i = 0; i < items->count && status == IBC_OK; i++) {
        status = take(building, &items->at[i], &mounts[i]);
        keyed[i] = (struct keyed){.key = mounts[i].target, .index = i};
        keyed[i].gone = tree_is_null(items->at[i].value);
    }
    if (status == IBC_OK) {
        keep_last(keyed, items->count);
        service->mount_count += compact(mounts, sizeof *mounts, keyed, items->count);
    }
    return status;
}

enum ibc_status build_mounts(struct building *building, const struct layers *layers,
                             struct ibc_compose_service *service) {
    struct items volumes = {0}, tmpfs = {0};
    enum ibc_status status = layers_items(building, layers, "volumes", FORM_LIST, &volumes);
    if (status == IBC_OK) {
        status = layers_items(building, layers, "tmpfs", FORM_TEXT | FORM_LIST, &tmpfs);
    }
    if (status == IBC_OK) {
        status = building_items(building, volumes.count + tmpfs.count, sizeof *service->mounts,
                                (void *)&service->mounts);
    }
    if (status == IBC_OK) {
        status = append_mounts(building, &volumes, take_volume, service);
    }
    return status == IBC_OK ? append_mounts(building, &tmpfs, take_tmpfs, service) : status;
}
