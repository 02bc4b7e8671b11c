/*
 * version.h - which version of the API to speak. Pure.
 */
#ifndef IBCRED_DOCKER_VERSION_H
#define IBCRED_DOCKER_VERSION_H

#include <ibcred/docker.h>

enum { VERSION_MAX = 16 /* bytes, with the NUL */ };

/*
 * The version to speak with a daemon whose own is `daemon` ("1.41") and which takes none below
 * `daemon_min` (NULL where it does not say). The lower of its own and IBC_DOCKER_API_MAX; a daemon
 * that takes only later ones gets its lowest, since what is asked of it here has not changed
 * from one to the next. IBC_ERR_UNAVAILABLE: too old, or not a version.
 */
IBC_CHECKED enum ibc_status version_choose(const char *daemon, const char *daemon_min,
                                           char out[static VERSION_MAX], struct ibc_error *err);

/* True when `daemon` is later than IBC_DOCKER_API_MAX, so that its lowest counts too. */
bool version_is_later(const char *daemon);

#endif
