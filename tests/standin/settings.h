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
 *         ports             in place of 4000: the API is on the next port (live) or the one after
 *                           that (paper), the forwarder on the third and fourth (4000; without a
 *                           container: no API and no forwarder)
 *         api               how the API behaves once somebody has logged in: none (the port stays
 *                           closed), closed (accepts and hangs up), silent (accepts, never
 * answers), half (tells its version and no more), foreign (speaks HTTP); else as it should
 *         api_accounts      A or A,B,…: other accounts than the login was told
 *         api_zone          the name of the time zone that the API tells (the local one)
 *         api_clock_ms      how far its clock is ahead (0)
 *         api_late_ms       from the login to its port being open (0: open before IBC says
 *                           "Configuration tasks completed")
 *         api_byte_ms       pause before each byte that the API sends (0)
 *         properties        0: credentials reach IBC as they are, instead of losing what they lose
 *                           in the image on their way through config.ini and Java's properties (1)
 *
 * The words api, api_accounts and api_zone may be set for one mode alone, as api_live or api_paper.
 */
#ifndef STANDIN_SETTINGS_H
#define STANDIN_SETTINGS_H

#include "wire.h"

#include <stdint.h>

/* The content of the file `name` of that directory. False when there is none. */
bool standin_file(const char *name, struct text *out);

/* The number set for `name`, or `otherwise`. */
int64_t setting(const char *name, int64_t otherwise);

/*
 * The rest of the line set for `name` with "_" and `mode` behind it, else of the one for `name`;
 * "" where neither is set. One that does not fit ends the program with a sentence.
 */
void setting_word(const char *name, const char *mode, char *out, size_t size);

#endif
