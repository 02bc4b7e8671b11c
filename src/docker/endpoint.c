/* endpoint.c - DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH. */
#include "docker/endpoint.h"

#include <ibcred/number.h>

enum { PLAIN_PORT = 2375, TLS_PORT = 2376, PORT_MAX = 65535 };

#define UNIX_SCHEME "unix://"
#define TCP_SCHEME  "tcp://"

static bool is_set(const char *value) {
    return value && value[0] != '\0';
}

/* The rest of `text` after `prefix`, or NULL. */
static const char *after(const char *text, const char *prefix) {
    size_t size = strlen(prefix);
    return strncmp(text, prefix, size) == 0 ? text + size : NULL;
}

static enum ibc_status take_socket(const char *path, struct endpoint *out, struct ibc_error *err) {
    if (path[0] == '\0') {
        path = DOCKER_DEFAULT_SOCKET;
    }
    if (path[0] != '/') {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "DOCKER_HOST names the socket '%s' without the whole path; write "
                        "unix:///path/to/docker.sock",
                        path);
    }
    if (strlen(path) > ENDPOINT_SOCKET_MAX) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "the path of the socket in DOCKER_HOST is longer than the %d bytes that a "
                        "socket's name may have",
                        ENDPOINT_SOCKET_MAX);
    }
    snprintf(out->socket, sizeof out->socket, "%s", path);
    snprintf(out->address, sizeof out->address, "%s", path);
    snprintf(out->base, sizeof out->base, "http://docker");
    return IBC_OK;
}

/* Letters, digits, '.', '-' and '_'; in brackets an IPv6 address. */
static bool host_valid(const char *host, size_t size) {
    static const char names[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    static const char numbers[] = "0123456789abcdefABCDEF:.";
    if (size == 0 || size > ENDPOINT_HOST_MAX) {
        return false;
    }
    if (host[0] == '[') {
        return size > 2 && host[size - 1] == ']' && strspn(host + 1, numbers) == size - 2;
    }
    return strspn(host, names) >= size;
}

/* Where the host ends: at the ':' of the port, or at the end. */
static size_t host_size(const char *text) {
    const char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
    const char *colon = strchr(bracket ? bracket : text, ':');
    return colon ? (size_t)(colon - text) : strlen(text);
}

static enum ibc_status take_tcp(const char *text, struct endpoint *out, struct ibc_error *err) {
    char authority[ENDPOINT_ADDRESS_MAX];
    size_t size = strcspn(text, "/");
    const bool path = text[size] != '\0' && text[size + 1] != '\0';
    if (!path && size < sizeof authority) {
        memcpy(authority, text, size);
        authority[size] = '\0';
        size_t host = host_size(authority);
        uint64_t port = out->tls ? TLS_PORT : PLAIN_PORT;
        bool valid = host_valid(authority, host) &&
                     (authority[host] == '\0' ||
                      ibc_parse_number(authority + host + 1, size - host - 1, PORT_MAX, &port));
        if (valid && port > 0) {
            snprintf(out->base, sizeof out->base, "%s://%.*s:%u", out->tls ? "https" : "http",
                     (int)host, authority, (unsigned)port);
            snprintf(out->address, sizeof out->address, TCP_SCHEME "%.*s:%u", (int)host, authority,
                     (unsigned)port);
            return IBC_OK;
        }
    }
    return ibc_fail(err, IBC_ERR_USAGE, "DOCKER_HOST '" TCP_SCHEME "%s' is not tcp://HOST:PORT",
                    text);
}

/* The three files, which all lie in one directory. */
static enum ibc_status name_files(const struct endpoint_variables *variables, struct endpoint *out,
                                  struct ibc_error *err) {
    const bool has_path = is_set(variables->cert_path), has_config = is_set(variables->config);
    const char *directory = has_path     ? variables->cert_path
                            : has_config ? variables->config
                                         : variables->home;
    const char *below = has_path || has_config ? "" : "/.docker";
    if (!is_set(directory)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "DOCKER_TLS_VERIFY asks for TLS, but neither DOCKER_CERT_PATH nor HOME "
                        "says where ca.pem, cert.pem and key.pem lie");
    }
    if (strlen(directory) + strlen(below) + sizeof "/cert.pem" > sizeof out->ca_file) {
        return ibc_fail(err, IBC_ERR_USAGE, "the path in DOCKER_CERT_PATH is too long");
    }
    snprintf(out->ca_file, sizeof out->ca_file, "%s%s/ca.pem", directory, below);
    snprintf(out->certificate_file, sizeof out->certificate_file, "%s%s/cert.pem", directory,
             below);
    snprintf(out->key_file, sizeof out->key_file, "%s%s/key.pem", directory, below);
    return IBC_OK;
}

static enum ibc_status refuse(const char *host, struct ibc_error *err) {
    if (after(host, "ssh://")) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "DOCKER_HOST is '%s', and ibcred does not speak ssh; forward the socket "
                        "(ssh -NL /tmp/docker.sock:" DOCKER_DEFAULT_SOCKET " HOST) and set "
                        "DOCKER_HOST=unix:///tmp/docker.sock",
                        host);
    }
    return ibc_fail(err, IBC_ERR_USAGE,
                    "DOCKER_HOST is '%s', which is neither unix:///PATH nor tcp://HOST:PORT", host);
}

enum ibc_status endpoint_parse(const struct endpoint_variables *variables, struct endpoint *out,
                               struct ibc_error *err) {
    *out = (struct endpoint){0};
    const char *host = is_set(variables->host) ? variables->host : UNIX_SCHEME;
    const char *socket = after(host, UNIX_SCHEME), *tcp = after(host, TCP_SCHEME);
    if (socket) {
        return take_socket(socket, out, err);
    }
    if (!tcp) {
        return refuse(host, err);
    }
    out->tls = is_set(variables->tls_verify) || is_set(variables->cert_path);
    enum ibc_status status = take_tcp(tcp, out, err);
    if (status == IBC_OK && out->tls) {
        status = name_files(variables, out, err);
    }
    return status;
}
