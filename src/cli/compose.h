/*
 * compose.h - the Compose of this machine: Docker Compose v2 or docker-compose 1.29.
 */
#ifndef IBCRED_CLI_COMPOSE_H
#define IBCRED_CLI_COMPOSE_H

#include <ibcred/docker.h>

enum { COMPOSE_ARGUMENTS_MAX = 64, COMPOSE_ID_MAX = 64 };

struct compose {
    const char *command[3]; /* {"docker", "compose"} or {"docker-compose"} */
    size_t words;
    const char *service;
};

/* For exec(3), which takes pointers to non-const and changes nothing behind them. */
static inline char *const *compose_argv(const char *const *words) {
    const union {
        const char *const *words;
        char *const *argv;
    } same = {.words = words};
    return same.argv;
}

/* Which one is here? IBC_ERR_UNAVAILABLE: none. `service` is borrowed. */
IBC_CHECKED enum ibc_status compose_find(const char *service, struct compose *out,
                                         struct ibc_error *err);

/* "docker compose", for sentences. */
const char *compose_name(const struct compose *compose);

/*
 * The arguments of `up -d` with `further` ones (NULL-terminated, or NULL) before the service.
 * IBC_ERR_USAGE: too many.
 */
IBC_CHECKED enum ibc_status compose_up_arguments(const struct compose *compose,
                                                 char *const *further,
                                                 const char *out[static COMPOSE_ARGUMENTS_MAX],
                                                 struct ibc_error *err);

/*
 * Would the service's container mount what lies at the path `link`, which IBCRED_SECRET_DIR stands
 * for? A service that does not takes its password from somewhere else. `image` becomes the one that
 * the container is made from, "" where none is named. Statuses as below.
 */
IBC_CHECKED enum ibc_status compose_check_mount(const struct compose *compose, const char *link,
                                                char image[static IBC_DOCKER_IMAGE_MAX + 1],
                                                struct ibc_error *err);

/*
 * The id of the service's container, running or not; "" where it has none. IBC_ERR_UNAVAILABLE:
 * Compose cannot say, and what it wrote is in the sentence.
 */
IBC_CHECKED enum ibc_status compose_container(const struct compose *compose,
                                              char id[static COMPOSE_ID_MAX + 1],
                                              struct ibc_error *err);

#endif
