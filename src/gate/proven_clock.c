/* proven_clock.c - see proven_clock.h. */
#include "gate/proven_clock.h"

#include "gate/saturate.h"
#include <string.h>

int64_t proven_clock_advance(struct proven_clock *clock, const struct ibc_instant *instant) {
    if (memcmp(clock->boot_id, instant->boot_id, IBC_BOOT_ID_BYTES) != 0) {
        memcpy(clock->boot_id, instant->boot_id, IBC_BOOT_ID_BYTES);
        clock->boot_start = clock->reading;
    }
    int64_t boot_ms = smaller(larger(instant->boot_ms, 0), PROVEN_BOOT_MS_MAX);
    int64_t reading = saturating_add(clock->boot_start, boot_ms);
    clock->reading = larger(clock->reading, reading);
    return clock->reading;
}
