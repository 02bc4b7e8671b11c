/* network.c - a container's published ports and its own address. */
#include "docker/network.h"

#include "docker/call.h"
#include <ibcred/number.h>

#define LOOPBACK "127.0.0.1"

/* "4004/tcp"; false for another protocol, and for what is no port. */
static bool take_port(const char *text, uint16_t *out) {
    static const char protocol[] = "/tcp";
    const size_t digits = strcspn(text, "/");
    uint64_t port;
    if ((text[digits] != '\0' && strcmp(text + digits, protocol) != 0) ||
        !ibc_parse_number(text, digits, UINT16_MAX, &port) || port == 0) {
        return false;
    }
    *out = (uint16_t)port;
    return true;
}

static void take_bindings(uint16_t port, const json_t *bindings, struct ibc_container *out) {
    size_t index;
    json_t *binding;
    json_array_foreach(bindings, index, binding) {
        if (out->port_count == IBC_DOCKER_PORTS_MAX) {
            return;
        }
        struct ibc_docker_port *slot = &out->ports[out->port_count];
        const char *published = json_string_value(json_object_get(binding, "HostPort"));
        docker_text(binding, "HostIp", slot->host, sizeof slot->host);
        if (published && take_port(published, &slot->published)) {
            slot->port = port;
            out->port_count++;
        }
    }
}

static void take_ports(const json_t *settings, struct ibc_container *out) {
    const char *name;
    json_t *bindings;
    /* jansson iterates over what it does not change, but takes no pointer to const. */
    json_t *ports = json_object_get(settings, "Ports");
    json_object_foreach(ports, name, bindings) {
        uint16_t port;
        if (take_port(name, &port)) {
            take_bindings(port, bindings, out);
        }
    }
}

/* Of several networks any will do: they all lead to the same container. */
static void take_address(const json_t *settings, struct ibc_container *out) {
    const char *name;
    json_t *network;
    json_t *networks = json_object_get(settings, "Networks");
    json_object_foreach(networks, name, network) {
        docker_text(network, "IPAddress", out->address, sizeof out->address);
        if (out->address[0] != '\0') {
            return;
        }
    }
}

void network_take(const json_t *json, struct ibc_container *out) {
    const json_t *settings = json_object_get(json, "NetworkSettings");
    const char *word =
        json_string_value(json_object_get(json_object_get(json, "HostConfig"), "NetworkMode"));
    out->host_network = word && strcmp(word, "host") == 0;
    take_ports(settings, out);
    take_address(settings, out);
}

/* --- from here ---------------------------------------------------------------------------------*/

/* The name or address in "tcp://HOST:PORT"; false for the socket of this machine. */
static bool other_host(const struct ibc_docker *docker, char host[static IBC_DOCKER_NAME_MAX + 1]) {
    if (docker->endpoint.socket[0] != '\0') {
        return false;
    }
    const char *begin = strstr(docker->endpoint.base, "://");
    begin = begin ? begin + strlen("://") : docker->endpoint.base;
    const bool bracketed = begin[0] == '[';
    const size_t size = strcspn(begin + bracketed, bracketed ? "]" : ":/");
    snprintf(host, IBC_DOCKER_NAME_MAX + 1, "%.*s", (int)size, begin + bracketed);
    return true;
}

static bool is_wildcard(const char *host) {
    return host[0] == '\0' || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

static const struct ibc_docker_port *published(const struct ibc_container *container, uint16_t port,
                                               bool wildcard_only) {
    for (size_t i = 0; i < container->port_count; i++) {
        if (container->ports[i].port == port &&
            (!wildcard_only || is_wildcard(container->ports[i].host))) {
            return &container->ports[i];
        }
    }
    return NULL;
}

bool ibc_docker_reach(const struct ibc_docker *docker, const struct ibc_container *container,
                      uint16_t port, char host[static IBC_DOCKER_NAME_MAX + 1], uint16_t *out) {
    const bool away = other_host(docker, host);
    const struct ibc_docker_port *way = published(container, port, away);
    if (way) {
        *out = way->published;
        if (!away) {
            snprintf(host, IBC_DOCKER_NAME_MAX + 1, "%s",
                     is_wildcard(way->host) ? LOOPBACK : way->host);
        }
        return true;
    }
    *out = port;
    if (container->host_network) {
        if (!away) {
            snprintf(host, IBC_DOCKER_NAME_MAX + 1, LOOPBACK);
        }
        return true;
    }
    if (away || container->address[0] == '\0') {
        return false;
    }
    snprintf(host, IBC_DOCKER_NAME_MAX + 1, "%s", container->address);
    return true;
}
