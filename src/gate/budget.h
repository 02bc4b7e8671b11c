/*
 * budget.h - how many things happened within a rolling window. Pure, of fixed size.
 *
 * Only the newest few can matter to a limit, so only those are kept.
 */
#ifndef IBCRED_GATE_BUDGET_H
#define IBCRED_GATE_BUDGET_H

#include <ibcred/common.h>

enum { BUDGET_LIMIT_MAX = 32 };

/* The zero value is empty. */
struct budget {
    int64_t at[BUDGET_LIMIT_MAX]; /* a ring of times, never falling */
    uint64_t total;               /* how many were ever added */
};

/* Count one thing at the time `at`, or at that of the one before where that is later. */
void budget_add(struct budget *budget, int64_t at);

/* How many are younger than `window` at the time `now`, at most BUDGET_LIMIT_MAX. */
int64_t budget_count(const struct budget *budget, int64_t window, int64_t now);

/* The time of the `nth` newest (1 = the newest), which must be counted. */
int64_t budget_at(const struct budget *budget, int64_t nth);

#endif
