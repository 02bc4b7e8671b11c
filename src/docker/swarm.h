/*
 * swarm.h - what the calls about a swarm's secrets and services share.
 */
#ifndef IBCRED_DOCKER_SWARM_H
#define IBCRED_DOCKER_SWARM_H

#include "docker/call.h"

/* As docker_refused(), and IBC_ERR_REFUSED where the daemon is no swarm manager. */
enum ibc_status swarm_refused(const struct ibc_http_response *answer, const char *what,
                              struct ibc_error *err);

/*
 * Change a service's specification as ibc_docker_service_update() says. Pure. False: it is not in
 * the form of one, or there is no memory; it may be changed in part then.
 */
IBC_CHECKED bool swarm_change_spec(json_t *spec, const struct ibc_docker_service_change *change);

#endif
