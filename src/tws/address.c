/* address.c - from the text of an address to what connect(2) takes. */
#include "tws/address.h"

#include <arpa/inet.h>
#include <ibcred/number.h>
#include <ibcred/tws.h>
#include <netdb.h>
#include <netinet/in.h>
#include <nss.h>

/* --- "HOST:PORT" ------------------------------------------------------------------------------ */

static bool parse_port(const char *text, uint16_t *port) {
    uint64_t number;
    if (!ibc_parse_number(text, strlen(text), UINT16_MAX, &number) || number == 0) {
        return false;
    }
    *port = (uint16_t)number;
    return true;
}

static bool is_host(const char *text, size_t size, bool bracketed) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "._-:%";
    const size_t forbidden = bracketed ? 0 : strlen(":%");
    for (size_t i = 0; i < size; i++) {
        if (!memchr(letters, text[i], sizeof letters - 1 - forbidden)) {
            return false;
        }
    }
    return size > 0 && size <= IBC_PROBE_HOST_MAX && (!bracketed || memchr(text, ':', size));
}

bool ibc_probe_address(const char *text, char host[static IBC_PROBE_HOST_MAX + 1], uint16_t *port) {
    const bool bracketed = text[0] == '[';
    const char *begin = bracketed ? text + 1 : text;
    const size_t size = strcspn(begin, bracketed ? "]" : ":");
    const char *rest = begin + size;
    if (bracketed && *rest++ != ']') {
        return false;
    }
    const bool has_port = *rest == ':';
    const bool has_host = bracketed || size > 0;
    uint16_t number = *port;
    if ((has_host && !is_host(begin, size, bracketed)) || (!has_host && !has_port) ||
        (has_port && !parse_port(rest + 1, &number)) || (!has_port && *rest != '\0')) {
        return false;
    }
    if (has_host) {
        memcpy(host, begin, size);
        host[size] = '\0';
    }
    *port = number;
    return true;
}

/* --- addresses -------------------------------------------------------------------------------- */

static bool find_numeric(const char *host, uint16_t port, struct tws_addresses *out) {
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    out->count = 1;
    if (inet_pton(AF_INET, host, &four.sin_addr) == 1) {
        memcpy(&out->items[0].socket, &four, sizeof four);
        out->items[0].size = sizeof four;
        return true;
    }
    if (inet_pton(AF_INET6, host, &six.sin6_addr) == 1) {
        memcpy(&out->items[0].socket, &six, sizeof six);
        out->items[0].size = sizeof six;
        return true;
    }
    out->count = 0;
    return false;
}

/* gai_strerror() answers in the user's language; these are the ones a user can do something about.
 */
static const char *reason(int code) {
    switch (code) {
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
        return "there is no host of that name";
    case EAI_AGAIN:
        return "its name cannot be resolved now: no name server answers";
    default:
        return "its name cannot be resolved";
    }
}

const char *tws_addresses_find(const char *host, uint16_t port, struct tws_addresses *out) {
    if (find_numeric(host, port, out)) {
        return NULL;
    }
    /*
     * /etc/hosts and DNS, which are part of libc itself. Whatever else nsswitch.conf names would be
     * loaded, which a statically linked program can do only on the system it was built on.
     */
    (void)__nss_configure_lookup("hosts", "files dns");
    char service[8];
    snprintf(service, sizeof service, "%u", (unsigned)port);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    const int code = getaddrinfo(host, service, &hints, &list);
    if (code != 0) {
        return reason(code);
    }
    for (const struct addrinfo *info = list; info && out->count < TWS_ADDRESSES_MAX;
         info = info->ai_next) {
        struct tws_address *address = &out->items[out->count++];
        memcpy(&address->socket, info->ai_addr, info->ai_addrlen);
        address->size = info->ai_addrlen;
    }
    freeaddrinfo(list);
    return out->count > 0 ? NULL : reason(EAI_NONAME);
}
