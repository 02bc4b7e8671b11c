/* default.c - policy/log-rules.yaml, compiled in once embed_log_rules.c had seen it parse. */
#include <ibcred/gateway_log.h>

static const unsigned char text[] = {
#include "default_log_rules.inc"
};
_Static_assert(sizeof text <= IBC_LOG_RULES_FILE_MAX, "longer than a file of rules may be");

enum ibc_status ibc_log_rules_default(struct ibc_log_rules **out, struct ibc_error *err) {
    const struct ibc_view view = {.bytes = text, .size = sizeof text};
    return ibc_log_rules_parse(view, "log-rules.yaml", out, err);
}
