/* slot_info.c - describing slots. */
#include "vault/slot_info.h"

bool ibc_slot_expired(const struct ibc_slot_info *slot, int64_t now_ms) {
    return slot->expires_ms != 0 && slot->expires_ms <= now_ms;
}

enum ibc_status vault_slot_describe(const struct ibc_slot_request *request, int64_t now_ms,
                                    struct ibc_slot_info *out, struct ibc_error *err) {
    const char *label = request->label ? request->label : "";
    if (request->type != IBC_SLOT_RECIPIENT && request->type != IBC_SLOT_PASSPHRASE) {
        return ibc_fail(err, IBC_ERR_USAGE, "a slot is of no known type");
    }
    if (strnlen(label, IBC_SLOT_LABEL_MAX + 1) > IBC_SLOT_LABEL_MAX) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "a key's label has at most %d bytes; give a shorter one",
                        IBC_SLOT_LABEL_MAX);
    }
    *out = (struct ibc_slot_info){
        .type = request->type,
        .recipient = request->recipient,
        .created_ms = now_ms,
        .expires_ms = request->expires_ms,
    };
    snprintf(out->label, sizeof out->label, "%s", label);
    enum ibc_status status = vault_slot_info_check(out, err);
    if (status == IBC_OK && ibc_slot_expired(out, now_ms)) {
        status = ibc_fail(err, IBC_ERR_USAGE,
                          "a key would have expired before it was added; give a later time");
    }
    return status;
}

enum ibc_status vault_slots_all_expire(struct ibc_error *err) {
    return ibc_fail(err, IBC_ERR_USAGE,
                    "no key would be left that never expires, so that a clock could lock everybody "
                    "out; add one without an expiry first: ibcred key add");
}
