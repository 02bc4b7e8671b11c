/* default.c - policy/default.yaml, compiled in as embed_policy.c has parsed it. */
#include <ibcred/policy.h>

static const unsigned char bytes[] = {
#include "default_policy.inc"
};
_Static_assert(sizeof bytes == sizeof(struct ibc_policy), "embedded for another machine");

void ibc_policy_default(struct ibc_policy *out) {
    memcpy(out, bytes, sizeof *out);
}
