/*
 * saturate.h - sums and products of times that stop at the end of the range, where a wait is the
 * longest there is, instead of wrapping round to none.
 */
#ifndef IBCRED_GATE_SATURATE_H
#define IBCRED_GATE_SATURATE_H

#include <stdint.h>

/* Neither argument may be negative. */
static inline int64_t saturating_add(int64_t a, int64_t b) {
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static inline int64_t saturating_multiply(int64_t a, int64_t b) {
    int64_t product;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

static inline int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static inline int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

#endif
