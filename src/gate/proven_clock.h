/*
 * proven_clock.h - how much time has passed for certain, over reboots and set clocks. Pure.
 *
 * The wall clock is never asked: where it was set forward and the machine then rebooted between
 * two calls, that looks exactly like time that passed, so whoever sets it could end any wait.
 * What counts is what CLOCK_BOOTTIME has shown: within one boot the difference of two readings,
 * and from one boot to the next the new boot's own reading, for that boot began after whatever
 * was seen before it. Time between the last sight of a boot and the start of the next is not
 * counted. So the clock may lag behind the true time, and never runs ahead of it.
 *
 * The sequence of the ledger is believed more than its readings: an instant taken before the one
 * in front of it (by a process that then waited for the lock) counts as no time having passed.
 */
#ifndef IBCRED_GATE_PROVEN_CLOCK_H
#define IBCRED_GATE_PROVEN_CLOCK_H

#include <ibcred/clock.h>

/*
 * The longest that one boot is taken to last: 300 years. So the sum over every boot that a ledger
 * can hold stays within an int64_t.
 */
#define PROVEN_BOOT_MS_MAX INT64_C(9467280000000)

/* The zero value stands before the first instant. */
struct proven_clock {
    int64_t reading;    /* milliseconds; never falls */
    int64_t boot_start; /* the reading that the current boot began at */
    unsigned char boot_id[IBC_BOOT_ID_BYTES];
};

/* Move on to `instant`, which happened after all that came before, and yield the reading. */
int64_t proven_clock_advance(struct proven_clock *clock, const struct ibc_instant *instant);

#endif
