/*
 * lease_name.h - what the name of a delivery says.
 */
#ifndef IBCRED_DELIVER_LEASE_NAME_H
#define IBCRED_DELIVER_LEASE_NAME_H

#include <ibcred/lease.h>

enum { BOOT_BYTES = 4 /* of the boot id: enough to tell one boot from the next */ };

struct lease {
    char boot[2 * BOOT_BYTES + 1];
    int64_t end_ms; /* CLOCK_BOOTTIME */
    enum ibc_lease_kind kind;
};

/* False when `name` is not the name of a delivery. */
bool lease_parse(const char *name, struct lease *out);

#endif
