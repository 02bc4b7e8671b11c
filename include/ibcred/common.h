/*
 * common.h - the macros that every public header of libibcred uses.
 */
#ifndef IBCRED_COMMON_H
#define IBCRED_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The result must be looked at: ignoring it is a compile-time warning. */
#define IBC_CHECKED __attribute__((warn_unused_result))

/* The function takes a printf format as argument `fmt` and its values from `args` on. */
#define IBC_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Calls `destroy(&variable)` when the variable goes out of scope. */
#define IBC_CLEANUP(destroy) __attribute__((cleanup(destroy)))

/* Gives up ownership: yields the pointer's value and leaves NULL behind. */
#define ibc_steal(pointer)                                                                         \
    __extension__({                                                                                \
        __typeof__(*(pointer)) ibc_stolen_ = *(pointer);                                           \
        *(pointer) = NULL;                                                                         \
        ibc_stolen_;                                                                               \
    })

#define IBC_ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
