/*
 * endpoint.h - where the Docker daemon listens, out of the variables that its own client reads.
 * Pure.
 */
#ifndef IBCRED_DOCKER_ENDPOINT_H
#define IBCRED_DOCKER_ENDPOINT_H

#include <ibcred/docker.h>

#define DOCKER_DEFAULT_SOCKET "/var/run/docker.sock"

enum {
    ENDPOINT_SOCKET_MAX = 107,     /* bytes of a socket's path: sun_path of unix(7), less its NUL */
    ENDPOINT_ADDRESS_MAX = 320,    /* bytes: room for the longest name of a host, and its port */
    ENDPOINT_HOST_MAX = 253,       /* bytes of a name in the DNS (RFC 1035) */
    ENDPOINT_FILE_MAX = 4096 + 16, /* bytes of a PEM file's path */
};

/* What the environment says; NULL and "" are the same. */
struct endpoint_variables {
    const char *host;       /* DOCKER_HOST */
    const char *tls_verify; /* DOCKER_TLS_VERIFY: anything but "" asks for TLS */
    const char *cert_path;  /* DOCKER_CERT_PATH: so does a directory here */
    const char *config;     /* DOCKER_CONFIG: holds the PEM files where DOCKER_CERT_PATH does not */
    const char *home;       /* HOME: and .docker in here where there is no DOCKER_CONFIG */
};

struct endpoint {
    char address[ENDPOINT_ADDRESS_MAX + 1]; /* for sentences: a socket's path, or tcp://… */
    char base[ENDPOINT_ADDRESS_MAX + 1]; /* http://… or https://…, without a slash at its end */
    char socket[ENDPOINT_SOCKET_MAX + 1]; /* "" for tcp */
    bool tls;
    char ca_file[ENDPOINT_FILE_MAX]; /* this and the next two: "" without TLS */
    char certificate_file[ENDPOINT_FILE_MAX];
    char key_file[ENDPOINT_FILE_MAX];
};

/* IBC_ERR_USAGE: an address that is neither a socket's nor tcp; the sentence says what to set. */
IBC_CHECKED enum ibc_status endpoint_parse(const struct endpoint_variables *variables,
                                           struct endpoint *out, struct ibc_error *err);

#endif
