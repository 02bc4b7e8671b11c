/* edit_slots.c - the key slots of the next generation. */
#include "vault/edit.h"
#include "vault/slot_info.h"

void vault_edit_slots_begin(struct ibc_vault_edit *edit) {
    const struct ibc_vault *vault = edit->vault;
    const unsigned char *bytes = vault->front + VAULT_HEADER_BYTES;
    for (size_t i = 0; i < vault->header.slot_count; i++) {
        struct edit_slot *slot = &edit->slots[i];
        slot->info = vault->root.slots[i];
        slot->size = vault_slot_size(slot->info.type);
        memcpy(slot->bytes, bytes, slot->size);
        bytes += slot->size;
    }
    edit->slot_count = vault->header.slot_count;
}

void vault_edit_slots_measure(const struct ibc_vault_edit *edit, uint16_t *count, uint32_t *size) {
    *count = 0;
    *size = 0;
    for (size_t i = 0; i < edit->slot_count; i++) {
        if (!edit->slots[i].left_out) {
            *count = (uint16_t)(*count + 1);
            *size += (uint32_t)edit->slots[i].size;
        }
    }
}

void vault_edit_slots_write(const struct ibc_vault_edit *edit, struct writer *writer,
                            struct ibc_slot_info infos[static IBC_SLOTS_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < edit->slot_count; i++) {
        const struct edit_slot *slot = &edit->slots[i];
        if (!slot->left_out) {
            write_bytes(writer, (struct ibc_view){.bytes = slot->bytes, .size = slot->size});
            infos[count++] = slot->info;
        }
    }
}

enum ibc_status vault_edit_slots_check(const struct ibc_vault_edit *edit, struct ibc_error *err) {
    size_t count = 0;
    for (size_t i = 0; i < edit->slot_count; i++) {
        if (!edit->slots[i].left_out && edit->slots[i].info.expires_ms == 0) {
            return IBC_OK;
        }
        count += !edit->slots[i].left_out;
    }
    return count == 0 ? ibc_fail(err, IBC_ERR_USAGE,
                                 "no key would be left, and nobody could open vault '%s' any more; "
                                 "add another first: ibcred key add",
                                 edit->vault->path)
                      : vault_slots_all_expire(err);
}

/* The slot of that recipient in the next generation, or NULL. */
static struct edit_slot *find_recipient(struct ibc_vault_edit *edit,
                                        const struct ibc_recipient *recipient) {
    for (size_t i = 0; i < edit->slot_count; i++) {
        struct edit_slot *slot = &edit->slots[i];
        if (!slot->left_out && slot->info.type == IBC_SLOT_RECIPIENT &&
            memcmp(slot->info.recipient.key, recipient->key, IBC_KEY_BYTES) == 0) {
            return slot;
        }
    }
    return NULL;
}

/* Make room for a slot that `info` describes: in the count, and of one of the same recipient. */
static enum ibc_status make_room(struct ibc_vault_edit *edit, const struct ibc_slot_info *info,
                                 int64_t now_ms, struct ibc_error *err) {
    struct edit_slot *same =
        info->type == IBC_SLOT_RECIPIENT ? find_recipient(edit, &info->recipient) : NULL;
    if (same && !ibc_slot_expired(&same->info, now_ms)) {
        return ibc_fail(err, IBC_ERR_USAGE, "this recipient opens the vault already");
    }
    uint16_t count;
    uint32_t size;
    vault_edit_slots_measure(edit, &count, &size);
    if (!same && (count >= IBC_SLOTS_MAX || edit->slot_count >= IBC_ARRAY_SIZE(edit->slots))) {
        return ibc_fail(err, IBC_ERR_USAGE, "a vault has at most %d keys; remove one first",
                        IBC_SLOTS_MAX);
    }
    if (same) {
        same->left_out = true;
    }
    return IBC_OK;
}

enum ibc_status ibc_vault_edit_add_slot(struct ibc_vault_edit *edit,
                                        const struct ibc_slot_request *request, int64_t now_ms,
                                        struct ibc_error *err) {
    struct edit_slot slot = {0};
    struct writer writer = writer_to(slot.bytes, sizeof slot.bytes);
    enum ibc_status status = vault_slot_describe(request, now_ms, &slot.info, err);
    if (status == IBC_OK) {
        status = vault_slot_wrap(request, edit->vault->header.id, vault_edit_keys(edit)->data,
                                 &writer, err);
    }
    if (status == IBC_OK) {
        status = make_room(edit, &slot.info, now_ms, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    slot.size = writer.at;
    edit->slots[edit->slot_count] = slot;
    edit->slot_count++;
    status = vault_edit_slots_check(edit, err);
    if (status != IBC_OK) {
        edit->slot_count--;
    }
    return status;
}

enum ibc_status ibc_vault_edit_remove_slot(struct ibc_vault_edit *edit, size_t index,
                                           struct ibc_error *err) {
    if (index >= edit->vault->header.slot_count || edit->slots[index].left_out) {
        return ibc_fail(err, IBC_ERR_USAGE, "vault '%s' has no key number %zu", edit->vault->path,
                        index + 1);
    }
    edit->slots[index].left_out = true;
    enum ibc_status status = vault_edit_slots_check(edit, err);
    edit->slots[index].left_out = status == IBC_OK;
    return status;
}
