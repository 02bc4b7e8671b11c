/* default.c - see default.h; the Makefile makes the bytes. */
#include "policy/default.h"

static const unsigned char text[] = {
#include "default_policy.inc"
};

struct ibc_view policy_default_text(void) {
    return (struct ibc_view){.bytes = text, .size = sizeof text};
}
