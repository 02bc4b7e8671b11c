/*
 * ports.h - where the API listens, and what forwards to it from outside the container.
 *
 * As in the image: the gateway's API on 4001 (live) or 4002 (paper), the forwarder that its users
 * publish on 4003 or 4004. Run without a container (the variable STANDIN is set) there is neither,
 * unless the setting `ports` names what takes the place of 4000; then both are on loopback only.
 */
#ifndef STANDIN_PORTS_H
#define STANDIN_PORTS_H

#include <stdint.h>

/* 0: there is to be none. `mode` is "paper" or "live". */
uint16_t port_of_api(const char *mode);
uint16_t port_of_forwarder(const char *mode);

/* A socket that listens; -1, after a line on stderr, where the port cannot be had. */
int listen_on(uint16_t port);

#endif
