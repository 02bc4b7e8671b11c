/*
 * ports.c - the ports of a service.
 *
 * Short form: [[HOST:]PUBLISHED:]TARGET[/PROTOCOL], where PUBLISHED and TARGET may be ranges and
 * HOST an address, in brackets or not. Long form: a mapping.
 */
#include "compose/building.h"

#include <ibcred/number.h>

enum { PORT_LARGEST = 65535, PORT_KEY_MAX = 64 };

static bool parse_port(struct ibc_view text, unsigned *out) {
    uint64_t number;
    if (!ibc_parse_number((const char *)text.bytes, text.size, PORT_LARGEST, &number)) {
        return false;
    }
    *out = (unsigned)number;
    return true;
}

/* A port, or FIRST-LAST. Leaves zeros where it is neither. */
static void parse_range(struct ibc_view text, unsigned *first, unsigned *last) {
    const unsigned char *dash = text.size > 0 ? memchr(text.bytes, '-', text.size) : NULL;
    const size_t size = dash ? (size_t)(dash - text.bytes) : text.size;
    const struct ibc_view rest = {dash ? dash + 1 : text.bytes, dash ? text.size - size - 1 : size};
    if (!parse_port((struct ibc_view){text.bytes, size}, first) || !parse_port(rest, last) ||
        *last < *first) {
        *first = 0;
        *last = 0;
    }
}

/* Cut what stands behind the last colon off `text`, or all of it. */
static struct ibc_view cut_last(struct ibc_view *text) {
    const unsigned char *colon = text->size > 0 ? memrchr(text->bytes, ':', text->size) : NULL;
    const size_t size = colon ? (size_t)(colon - text->bytes) : 0;
    const struct ibc_view last =
        colon ? (struct ibc_view){colon + 1, text->size - size - 1} : *text;
    text->size = size;
    return last;
}

/* The address without its brackets. */
static const char *take_host(struct building *building, struct ibc_view host) {
    if (host.size >= 2 && host.bytes[0] == '[' && host.bytes[host.size - 1] == ']') {
        host = (struct ibc_view){host.bytes + 1, host.size - 2};
    }
    return arena_text(building->arena, host);
}

static enum ibc_status read_short(struct building *building, const struct node *node,
                                  struct ibc_compose_port *out) {
    struct ibc_view rest = ibc_view_of(value_or(&node->text, ""));
    const unsigned char *slash = rest.size > 0 ? memrchr(rest.bytes, '/', rest.size) : NULL;
    out->text = node->text;
    if (slash) {
        out->udp = strcmp((const char *)slash, "/udp") == 0;
        rest.size = (size_t)(slash - rest.bytes);
    }
    parse_range(cut_last(&rest), &out->target, &out->target_last);
    const struct ibc_view published = cut_last(&rest);
    if (published.size > 0) {
        parse_range(published, &out->published, &out->published_last);
    }
    out->host = take_host(building, rest);
    return out->host ? IBC_OK : arena_fail(building->arena, building->err);
}

static void child_range(const struct node *mapping, const char *key, unsigned *first,
                        unsigned *last) {
    const struct ibc_compose_text text = child_text(mapping, key);
    parse_range(ibc_view_of(value_or(&text, "")), first, last);
}

static enum ibc_status read_long(struct building *building, const struct node *node,
                                 struct ibc_compose_port *out) {
    const struct ibc_compose_text host = child_text(node, "host_ip");
    const struct ibc_compose_text protocol = child_text(node, "protocol");
    out->long_form = true;
    out->udp = strcmp(value_or(&protocol, ""), "udp") == 0;
    child_range(node, "target", &out->target, &out->target_last);
    child_range(node, "published", &out->published, &out->published_last);
    out->host = take_host(building, ibc_view_of(value_or(&host, "")));
    return out->host ? IBC_OK : arena_fail(building->arena, building->err);
}

/* Of two that publish the same to the same, Compose keeps one. */
static const char *key_of(struct building *building, const struct ibc_compose_port *port) {
    const size_t size = strlen(port->host) + PORT_KEY_MAX;
    char *key = arena_items(building->arena, size, 1);
    if (key && port->target == 0) {
        (void)snprintf(key, size, "%p", (const void *)port);
    } else if (key) {
        (void)snprintf(key, size, "%u-%u:%u-%u/%d %s", port->published, port->published_last,
                       port->target, port->target_last, port->udp, port->host);
    }
    return key;
}

static enum ibc_status take_port(struct building *building, const struct item *item,
                                 struct ibc_compose_port *out) {
    const struct node *node = item->value;
    out->place = item->place;
    if (node->kind == NODE_LIST) {
        return tree_fail(&node->place, building->err,
                         "a port is a text (\"127.0.0.1:4002:4004\") or a mapping");
    }
    return node->kind == NODE_SCALAR ? read_short(building, node, out)
                                     : read_long(building, node, out);
}

enum ibc_status build_ports(struct building *building, const struct layers *layers,
                            struct ibc_compose_service *service) {
    struct items items = {0};
    struct keyed *keyed = NULL;
    enum ibc_status status = layers_items(building, layers, "ports", FORM_LIST, &items);
    if (status == IBC_OK) {
        status =
            building_items(building, items.count, sizeof *service->ports, (void *)&service->ports);
    }
    if (status == IBC_OK) {
        status = building_items(building, items.count, sizeof *keyed, (void *)&keyed);
    }
    for (size_t i = 0; i < items.count && status == IBC_OK; i++) {
        struct ibc_compose_port *port = &service->ports[i];
        status = take_port(building, &items.at[i], port);
        if (status == IBC_OK) {
            keyed[i] = (struct keyed){.key = key_of(building, port), .index = i};
            keyed[i].gone = tree_is_null(items.at[i].value);
            status = keyed[i].key ? IBC_OK : arena_fail(building->arena, building->err);
        }
    }
    if (status == IBC_OK) {
        keep_last(keyed, items.count);
        service->port_count = compact(service->ports, sizeof *service->ports, keyed, items.count);
    }
    return status;
}
