/* default.c - policy/default.yaml, compiled in. */
#include <ibcred/policy.h>

static const unsigned char text[] = {
#include "default_policy.inc"
};

struct ibc_view ibc_policy_default_text(void) {
    return (struct ibc_view){.bytes = text, .size = sizeof text};
}
