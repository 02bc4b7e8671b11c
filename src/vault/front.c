/* front.c - sealing header, slots and root. */
#include "vault/front.h"

size_t vault_front_size(const struct vault_header *header) {
    return (size_t)VAULT_HEADER_BYTES + header->slots_size + header->root_size;
}

enum ibc_status vault_front_seal(const struct vault_header *header, struct ibc_view slots,
                                 const struct vault_root *root, const unsigned char *root_key,
                                 unsigned char *out, struct ibc_error *err) {
    const size_t plain_size = vault_root_size(header->slot_count, header->page_count);
    ibc_auto_secret plain = {0};
    enum ibc_status status = ibc_secret_alloc(&plain, plain_size, err);
    if (status != IBC_OK) {
        return status;
    }
    vault_root_encode(root, header->slot_count, header->page_count, plain.bytes);

    vault_header_encode(header, out);
    memcpy(out + VAULT_HEADER_BYTES, slots.bytes, slots.size);
    const struct ibc_view aad = {.bytes = out, .size = VAULT_HEADER_BYTES + slots.size};
    unsigned char *sealed = out + aad.size;
    unsigned char *tag = sealed + VAULT_NONCE_BYTES + plain_size;
    vault_seal(root_key, aad, ibc_secret_view(&plain), sealed, tag);
    return IBC_OK;
}
