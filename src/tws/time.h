/*
 * time.h - the time as a gateway writes it: "20261122 14:56:39 America/New_York".
 *
 * The zone is whatever the gateway's machine calls its own: an IANA name, an abbreviation, or a
 * name in English words.
 */
#ifndef IBCRED_TWS_TIME_H
#define IBCRED_TWS_TIME_H

#include <ibcred/common.h>

/*
 * The instant that `text` tells, in seconds since 1970 UTC. Where clocks are set back and it
 * happens twice, the one nearer to `near`. False where the text is no such time or its zone is not
 * known. Not thread-safe: see base/zone.h.
 */
IBC_CHECKED bool tws_time_parse(const char *text, int64_t near, int64_t *instant);

#endif
