/*
 * forwarder.h - stands for the image's socat: takes connections for the API from outside, from the
 * container's start on, whether anybody has logged in or not.
 */
#ifndef STANDIN_FORWARDER_H
#define STANDIN_FORWARDER_H

#include <sys/types.h>

/* Start it for that mode. Returns its process, or 0 where there is to be none. */
pid_t forwarder_start(const char *mode);

#endif
