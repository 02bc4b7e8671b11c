/*
 * root.h - the plaintext of the root: long-lived keys, what the slots are, the pages' tags. Pure.
 */
#ifndef IBCRED_VAULT_ROOT_H
#define IBCRED_VAULT_ROOT_H

#include "vault/format.h"
#include "vault/slots.h"

/* Keys and tags lie in the plaintext that was decoded. */
struct vault_root {
    const unsigned char *account_key; /* VAULT_KEY_BYTES, as the next two */
    const unsigned char *audit_key;
    const unsigned char *ledger_key;
    int64_t created_ms; /* wall clock */
    uint64_t profile_count;
    struct ibc_slot_info slots[IBC_SLOTS_MAX];
    const unsigned char *page_tags; /* VAULT_TAG_BYTES each */
};

/* Bytes of plaintext. */
size_t vault_root_size(size_t slot_count, size_t page_count);

/* Write vault_root_size() bytes to `out`. */
void vault_root_encode(const struct vault_root *root, size_t slot_count, size_t page_count,
                       unsigned char *out);

/* `plain` has vault_root_size() bytes; `slots` are those of the same file. */
IBC_CHECKED enum ibc_status vault_root_decode(struct ibc_view plain,
                                              const struct vault_header *header,
                                              const struct vault_slot *slots,
                                              struct vault_root *out, struct ibc_error *err);

/* Check what a slot tells of itself: a short printable label, times from 1970 on. */
IBC_CHECKED enum ibc_status vault_slot_info_check(const struct ibc_slot_info *info,
                                                  struct ibc_error *err);

#endif
