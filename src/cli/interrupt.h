/*
 * interrupt.h - being asked to stop, and finishing what must not be left half-done.
 */
#ifndef IBCRED_CLI_INTERRUPT_H
#define IBCRED_CLI_INTERRUPT_H

#include <ibcred/common.h>

/* From now on SIGINT, SIGTERM and SIGHUP only set a flag and wake what sleeps. */
void catch_interrupts(void);

/* Was one of them caught? */
bool is_interrupted(void);

/* Sleep by CLOCK_BOOTTIME. False, at once, when interrupted. */
bool pause_for(int64_t milliseconds);

/* Die of the signal that was caught, so that whoever started us sees it. Returns where none was. */
void die_of_interrupt(void);

#endif
