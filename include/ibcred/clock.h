/*
 * clock.h - one instant, told by two clocks.
 *
 * The wall clock can be set by anyone; CLOCK_BOOTTIME cannot, counts suspends, and means
 * something only within one boot. Decisions take an instant as an argument and never ask.
 */
#ifndef IBCRED_CLOCK_H
#define IBCRED_CLOCK_H

#include <ibcred/error.h>

#pragma GCC visibility push(default)

enum { IBC_BOOT_ID_BYTES = 16 };

struct ibc_instant {
    int64_t wall_ms;                          /* CLOCK_REALTIME, milliseconds since 1970 UTC */
    int64_t boot_ms;                          /* CLOCK_BOOTTIME, milliseconds since boot */
    unsigned char boot_id[IBC_BOOT_ID_BYTES]; /* which boot (random(4), boot_id) */
};

/* Read both clocks. IBC_ERR_INTERNAL where the kernel gives no boot id. */
IBC_CHECKED enum ibc_status ibc_clock_now(struct ibc_instant *out, struct ibc_error *err);

/* The wall clock alone, where that is all that is asked. */
int64_t ibc_clock_wall_ms(void);

enum { IBC_TIMESTAMP_MAX = 96 /* bytes: room for whatever a struct tm could hold */ };

/* Write `wall_ms` as RFC 3339 in UTC with milliseconds ("2026-11-22T08:00:00.000Z"). */
void ibc_format_timestamp(int64_t wall_ms, char out[static IBC_TIMESTAMP_MAX]);

#pragma GCC visibility pop

#endif
