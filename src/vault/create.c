/* create.c - a new, empty vault. */
#include "vault/front.h"
#include "vault/output.h"
#include "vault/slot_info.h"

#include <ibcred/file.h>
#include <limits.h>
#include <sodium.h>

/* What is drawn for a new vault, in one guarded allocation. */
struct new_keys {
    struct vault_keys derived;
    unsigned char account[VAULT_KEY_BYTES];
    unsigned char audit[VAULT_KEY_BYTES];
    unsigned char ledger[VAULT_KEY_BYTES];
};

/* Wrap the data key for every request and describe the slots in the root. */
static enum ibc_status make_slots(const struct ibc_slot_request *requests, size_t count,
                                  const struct new_keys *keys, const unsigned char *vault_id,
                                  struct vault_root *root, struct writer *writer,
                                  struct ibc_error *err) {
    bool one_stays = false;
    for (size_t i = 0; i < count; i++) {
        enum ibc_status status =
            vault_slot_describe(&requests[i], root->created_ms, &root->slots[i], err);
        if (status == IBC_OK) {
            status = vault_slot_wrap(&requests[i], vault_id, keys->derived.data, writer, err);
        }
        if (status != IBC_OK) {
            return status;
        }
        one_stays = one_stays || requests[i].expires_ms == 0;
    }
    return one_stays ? IBC_OK : vault_slots_all_expire(err);
}

/* A name beside `path` that no other creation uses. */
static enum ibc_status temporary_name(const char *path, char out[static PATH_MAX],
                                      struct ibc_error *err) {
    const int size = snprintf(out, PATH_MAX, "%s.%08x.new", path, randombytes_random());
    if (size < 0 || size >= PATH_MAX) {
        return ibc_fail(err, IBC_ERR_CREATE, "the path '%s' is too long", path);
    }
    return IBC_OK;
}

static enum ibc_status write_new(const char *path, struct ibc_view content, struct ibc_error *err) {
    char temporary[PATH_MAX];
    vault_auto_output *output = NULL;
    enum ibc_status status = temporary_name(path, temporary, err);
    if (status == IBC_OK) {
        status = vault_output_new(temporary, 0600, &output, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    vault_output_write(output, content);
    status = vault_output_sync(output, err);
    return status == IBC_OK ? vault_output_publish(output, path, err) : status;
}

static struct vault_header new_header(const struct ibc_slot_request *requests, size_t count) {
    struct vault_header header = {
        .slot_count = (uint16_t)count,
        .generation = 1,
        .root_size = vault_root_disk_size(count, 0),
    };
    randombytes_buf(header.id, sizeof header.id);
    for (size_t i = 0; i < count; i++) {
        header.slots_size += (uint32_t)vault_slot_size(requests[i].type);
    }
    return header;
}

/* Draw the keys and the id of a new vault, seal its front and write it. */
static enum ibc_status seal_new(const char *path, const struct ibc_slot_request *requests,
                                size_t count, int64_t now_ms, struct new_keys *keys,
                                struct ibc_error *err) {
    randombytes_buf(keys, sizeof *keys);
    vault_derive_keys(&keys->derived);
    const struct vault_header header = new_header(requests, count);
    struct vault_root root = {
        .account_key = keys->account,
        .audit_key = keys->audit,
        .ledger_key = keys->ledger,
        .created_ms = now_ms,
    };
    unsigned char slot_bytes[IBC_SLOTS_MAX * VAULT_SLOT_BYTES_MAX];
    struct writer writer = writer_to(slot_bytes, sizeof slot_bytes);
    enum ibc_status status = make_slots(requests, count, keys, header.id, &root, &writer, err);
    if (status != IBC_OK) {
        return status;
    }

    const struct ibc_view slots = {.bytes = slot_bytes, .size = writer.at};
    const size_t size = vault_front_size(&header);
    ibc_auto_free unsigned char *front = malloc(size);
    if (!front) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a vault");
    }
    status = vault_front_seal(&header, slots, &root, keys->derived.root, front, err);
    if (status != IBC_OK) {
        return status;
    }
    return write_new(path, (struct ibc_view){.bytes = front, .size = size}, err);
}

enum ibc_status ibc_vault_create(const char *path, const struct ibc_slot_request *slots,
                                 size_t count, int64_t now_ms, struct ibc_error *err) {
    if (count < 1 || count > IBC_SLOTS_MAX) {
        return ibc_fail(err, IBC_ERR_USAGE, "a vault needs 1 to %d recipients or passphrases",
                        IBC_SLOTS_MAX);
    }
    ibc_auto_secret keys = {0};
    enum ibc_status status = ibc_secret_alloc(&keys, sizeof(struct new_keys), err);
    if (status != IBC_OK) {
        return status;
    }
    return seal_new(path, slots, count, now_ms, (struct new_keys *)keys.bytes, err);
}
