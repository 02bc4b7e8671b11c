/*
 * settings.h - how the stand-in was set up: the files of its own directory.
 *
 * That is /standin in the image, or the directory of the variable STANDIN where the program is run
 * without a container. Files there:
 *
 *     broker              "ADDRESS PORT" of the broker that answers logins
 *     username, password  without a broker: the only credentials that are accepted, byte for byte
 *     settings            lines "NAME VALUE", times in milliseconds:
 *         cold_restart_ms   what a new JVM takes inside the container (3000)
 *         both_ms           from the live instance to the paper one (15000)
 *         relogin_ms        from a second factor's time-out to the next login (5000)
 *         throttle_extra_ms what IBC adds to the wait it was told (3000)
 */
#ifndef STANDIN_SETTINGS_H
#define STANDIN_SETTINGS_H

#include "wire.h"

#include <stdint.h>

/* The content of the file `name` of that directory. False when there is none. */
bool standin_file(const char *name, struct text *out);

/* The number set for `name`, or `otherwise`. */
int64_t setting(const char *name, int64_t otherwise);

#endif
