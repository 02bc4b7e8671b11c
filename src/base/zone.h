/*
 * zone.h - local time in one IANA zone.
 *
 * glibc knows only one zone at a time, the one that the environment variable TZ names, and takes
 * a zone it cannot find for UTC without a word. So a zone is looked up first, entered, and left
 * again; meanwhile no other thread may ask for local time or touch the environment.
 */
#ifndef IBCRED_BASE_ZONE_H
#define IBCRED_BASE_ZONE_H

#include <ibcred/common.h>

enum ibc_zone_state { IBC_ZONE_FOUND, IBC_ZONE_UNKNOWN, IBC_ZONE_NO_DATABASE };

/* Is there such a zone under $TZDIR, or /usr/share/zoneinfo? */
enum ibc_zone_state ibc_zone_find(const char *name);

/* What ibc_zone_leave() puts back. The zero value is a zone that was not entered. */
struct ibc_zone_scope {
    bool entered;
    char *previous; /* value of TZ; NULL when it was not set */
};

/* Make `name` the process's zone. False, with nothing changed, where that cannot be done. */
IBC_CHECKED bool ibc_zone_enter(const char *name, struct ibc_zone_scope *scope);
void ibc_zone_leave(struct ibc_zone_scope *scope);
#define ibc_auto_zone IBC_CLEANUP(ibc_zone_leave) struct ibc_zone_scope

/*
 * Local times are counted in seconds as if the zone were UTC. ibc_zone_local() gives the one at
 * `instant` (seconds since 1970 UTC).
 */
int64_t ibc_zone_local(int64_t instant);

/*
 * The instant at which clocks show `local`. Where daylight saving time makes that happen twice or
 * never, two instants qualify: the first or the last of them, an hour apart.
 */
enum ibc_zone_choice { IBC_ZONE_FIRST, IBC_ZONE_LAST };
int64_t ibc_zone_instant(int64_t local, enum ibc_zone_choice choice);

#endif
