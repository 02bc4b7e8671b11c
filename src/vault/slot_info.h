/*
 * slot_info.h - what a slot tells of itself: made from a request, and the rule that one stays.
 * Pure.
 */
#ifndef IBCRED_VAULT_SLOT_INFO_H
#define IBCRED_VAULT_SLOT_INFO_H

#include "vault/root.h"

/*
 * Check `request` and describe the slot that is made of it at `now_ms` (wall clock).
 * IBC_ERR_USAGE: an unknown type, a label or a time out of bounds, or expired before it begins.
 */
IBC_CHECKED enum ibc_status vault_slot_describe(const struct ibc_slot_request *request,
                                                int64_t now_ms, struct ibc_slot_info *out,
                                                struct ibc_error *err);

/* For a set of slots without one that never expires. Returns IBC_ERR_USAGE. */
enum ibc_status vault_slots_all_expire(struct ibc_error *err);

#endif
