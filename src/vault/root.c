/* root.c - encoding and decoding the root's plaintext. */
#include "vault/root.h"

#include "base/bytes.h"
#include "base/utf8.h"

#include <sodium.h>

enum {
    FIXED_BYTES = 3 * VAULT_KEY_BYTES + 8 + 8,
    SLOT_INFO_BYTES = 1 + IBC_KEY_BYTES + 1 + IBC_SLOT_LABEL_MAX + 8 + 8,
};

static const unsigned char no_recipient[IBC_KEY_BYTES];

size_t vault_root_size(size_t slot_count, size_t page_count) {
    return FIXED_BYTES + slot_count * SLOT_INFO_BYTES + page_count * VAULT_TAG_BYTES;
}

static struct ibc_view key_view(const unsigned char *key) {
    return (struct ibc_view){.bytes = key, .size = VAULT_KEY_BYTES};
}

static void encode_slot_info(struct writer *writer, const struct ibc_slot_info *info) {
    const bool has_recipient = info->type == IBC_SLOT_RECIPIENT;
    write_u8(writer, (uint8_t)info->type);
    write_bytes(writer, key_view(has_recipient ? info->recipient.key : no_recipient));
    write_u8(writer, (uint8_t)strlen(info->label));
    unsigned char label[IBC_SLOT_LABEL_MAX] = {0};
    memcpy(label, info->label, strlen(info->label));
    write_bytes(writer, (struct ibc_view){.bytes = label, .size = sizeof label});
    write_u64(writer, (uint64_t)info->created_ms);
    write_u64(writer, (uint64_t)info->expires_ms);
}

void vault_root_encode(const struct vault_root *root, size_t slot_count, size_t page_count,
                       unsigned char *out) {
    struct writer writer = writer_to(out, vault_root_size(slot_count, page_count));
    write_bytes(&writer, key_view(root->account_key));
    write_bytes(&writer, key_view(root->audit_key));
    write_bytes(&writer, key_view(root->ledger_key));
    write_u64(&writer, (uint64_t)root->created_ms);
    write_u64(&writer, root->profile_count);
    for (size_t i = 0; i < slot_count; i++) {
        encode_slot_info(&writer, &root->slots[i]);
    }
    write_bytes(&writer,
                (struct ibc_view){.bytes = root->page_tags, .size = page_count * VAULT_TAG_BYTES});
}

enum ibc_status vault_slot_info_check(const struct ibc_slot_info *info, struct ibc_error *err) {
    if (!utf8_printable(ibc_view_of(info->label))) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "a key's label must be UTF-8 without control characters; give another");
    }
    if (info->created_ms < 0 || info->expires_ms < 0) {
        return ibc_fail(err, IBC_ERR_USAGE, "a slot's times must not be before 1970");
    }
    return IBC_OK;
}

static enum ibc_status decode_slot_info(struct reader *reader, enum ibc_slot_type type,
                                        struct ibc_slot_info *info, struct ibc_error *err) {
    const uint8_t own_type = read_u8(reader);
    const struct ibc_view recipient = read_bytes(reader, IBC_KEY_BYTES);
    const uint8_t label_size = read_u8(reader);
    const struct ibc_view label = read_bytes(reader, IBC_SLOT_LABEL_MAX);
    info->type = type;
    info->created_ms = (int64_t)read_u64(reader);
    info->expires_ms = (int64_t)read_u64(reader);
    if (reader->failed || own_type != type || label_size > IBC_SLOT_LABEL_MAX) {
        return ibc_fail(err, IBC_ERR_DATA, "a slot's type or label is out of bounds");
    }
    memcpy(info->recipient.key, recipient.bytes, recipient.size);
    memcpy(info->label, label.bytes, label_size);
    info->label[label_size] = '\0';

    const bool blank_recipient =
        type == IBC_SLOT_RECIPIENT || sodium_is_zero(recipient.bytes, recipient.size);
    if (!blank_recipient || strlen(info->label) != label_size ||
        !sodium_is_zero(label.bytes + label_size, label.size - label_size)) {
        return ibc_fail(err, IBC_ERR_DATA, "a slot's padding is not zero");
    }
    return vault_slot_info_check(info, err);
}

enum ibc_status vault_root_decode(struct ibc_view plain, const struct vault_header *header,
                                  const struct vault_slot *slots, struct vault_root *out,
                                  struct ibc_error *err) {
    struct reader reader = reader_of(plain);
    out->account_key = read_bytes(&reader, VAULT_KEY_BYTES).bytes;
    out->audit_key = read_bytes(&reader, VAULT_KEY_BYTES).bytes;
    out->ledger_key = read_bytes(&reader, VAULT_KEY_BYTES).bytes;
    out->created_ms = (int64_t)read_u64(&reader);
    out->profile_count = read_u64(&reader);
    for (size_t i = 0; i < header->slot_count; i++) {
        enum ibc_status status = decode_slot_info(&reader, slots[i].type, &out->slots[i], err);
        if (status != IBC_OK) {
            return status;
        }
    }
    out->page_tags = read_bytes(&reader, (size_t)header->page_count * VAULT_TAG_BYTES).bytes;
    if (!reader_done(&reader) || out->created_ms < 0) {
        return ibc_fail(err, IBC_ERR_DATA, "its size or time is out of bounds");
    }
    return IBC_OK;
}
