/*
 * network.h - where a container's ports are, out of what `inspect` tells.
 */
#ifndef IBCRED_DOCKER_NETWORK_H
#define IBCRED_DOCKER_NETWORK_H

#include <ibcred/docker.h>
#include <jansson.h>

/* Take published ports, own address and network mode out of the answer of inspect. */
void network_take(const json_t *json, struct ibc_container *out);

#endif
