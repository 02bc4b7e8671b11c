/* rotate_key.c - a new data key: slots wrapped anew, records sealed anew. */
#include "vault/edit.h"
#include "vault/passphrase.h"

#include <search.h>
#include <sodium.h>

/* --- slots ----------------------------------------------------------------------------------- */

/* Leave out what has expired; whether a passphrase slot is among what stays. */
static bool leave_expired_out(struct ibc_vault_edit *edit, int64_t now_ms) {
    bool has_passphrase = false;
    for (size_t i = 0; i < edit->slot_count; i++) {
        struct edit_slot *slot = &edit->slots[i];
        slot->left_out = slot->left_out || ibc_slot_expired(&slot->info, now_ms);
        has_passphrase =
            has_passphrase || (!slot->left_out && slot->info.type == IBC_SLOT_PASSPHRASE);
    }
    return has_passphrase;
}

/* Whether the answer opens the slot as it is; its cost is what the new one shall have. */
static enum ibc_status try_answer(const struct ibc_vault_edit *edit, const struct edit_slot *slot,
                                  struct ibc_view answer, struct ibc_argon2 *argon2, bool *fits,
                                  struct ibc_error *err) {
    struct vault_slot decoded[IBC_SLOTS_MAX];
    const struct ibc_view bytes = {.bytes = slot->bytes, .size = slot->size};
    ibc_auto_secret data_key = {0};
    enum ibc_status status = vault_slots_decode(bytes, 1, decoded, err);
    if (status == IBC_OK) {
        *argon2 = decoded[0].argon2;
        status = ibc_secret_alloc(&data_key, VAULT_KEY_BYTES, err);
    }
    if (status == IBC_OK) {
        status = vault_passphrase_unwrap(&decoded[0], edit->vault->header.id, answer,
                                         data_key.bytes, fits, err);
    }
    return status;
}

/* The passphrases that were given for the slots of one vault. */
struct answers {
    const struct ibc_keyring *keyring;
    struct ibc_secret all; /* to be tried on every slot */
    struct ibc_secret own; /* of one slot */
};

static void answers_free(struct answers *answers) {
    ibc_secret_free(&answers->all);
    ibc_secret_free(&answers->own);
}

/* `*out`: the passphrase that opens the slot, of `answers`; `*fits` is false where none does. */
static enum ibc_status find_answer(const struct ibc_vault_edit *edit, const struct edit_slot *slot,
                                   size_t index, struct answers *answers,
                                   struct ibc_slot_request *out, bool *fits,
                                   struct ibc_error *err) {
    struct ibc_error ignored;
    enum ibc_status status = IBC_OK;
    *fits = false;
    out->passphrase = ibc_secret_view(&answers->all);
    if (out->passphrase.size > 0) {
        status = try_answer(edit, slot, out->passphrase, &out->argon2, fits, err);
    }
    if (status != IBC_OK || *fits || !answers->keyring->ask_slot) {
        return status;
    }
    ibc_secret_free(&answers->own);
    if (answers->keyring->ask_slot(answers->keyring->context, &slot->info, index + 1, &answers->own,
                                   &ignored) != IBC_OK ||
        answers->own.size == 0) {
        return IBC_OK; /* nobody is there: that it stays shut says more */
    }
    out->passphrase = ibc_secret_view(&answers->own);
    return try_answer(edit, slot, out->passphrase, &out->argon2, fits, err);
}

/* Wrap the new data key for slot `index`. */
static enum ibc_status wrap_anew(const struct ibc_vault_edit *edit, struct edit_slot *slot,
                                 size_t index, struct answers *answers,
                                 const unsigned char *data_key, struct ibc_error *err) {
    struct ibc_slot_request request = {
        .type = slot->info.type,
        .recipient = slot->info.recipient,
    };
    if (slot->info.type == IBC_SLOT_PASSPHRASE) {
        bool fits = false;
        enum ibc_status status = find_answer(edit, slot, index, answers, &request, &fits, err);
        if (status != IBC_OK) {
            return status;
        }
        if (!fits) {
            return ibc_fail(err, IBC_ERR_REFUSED,
                            "key %zu of vault '%s'%s%s is a passphrase, and it is not the one that "
                            "was given; give that one, or remove that key first",
                            index + 1, edit->vault->path, slot->info.label[0] ? ", " : "",
                            slot->info.label);
        }
    }
    struct writer writer = writer_to(slot->bytes, sizeof slot->bytes);
    return vault_slot_wrap(&request, edit->vault->header.id, data_key, &writer, err);
}

static enum ibc_status wrap_all_anew(struct ibc_vault_edit *edit, struct answers *answers,
                                     const unsigned char *data_key, struct ibc_error *err) {
    enum ibc_status status = IBC_OK;
    for (size_t i = 0; i < edit->slot_count && status == IBC_OK; i++) {
        if (!edit->slots[i].left_out) {
            status = wrap_anew(edit, &edit->slots[i], i, answers, data_key, err);
        }
    }
    return status;
}

/* --- records --------------------------------------------------------------------------------- */

struct resealing {
    struct ibc_vault_edit *edit;
    const unsigned char *old_key; /* of the records that were put or resealed in this edit */
    enum ibc_status status;
    struct ibc_error *err;
};

/* Decrypt the entry's record, as it would go to disk now, in the scratch. */
static enum ibc_status open_record(const struct resealing *resealing,
                                   const struct edit_entry *entry, struct ibc_error *err) {
    struct ibc_vault_edit *edit = resealing->edit;
    const size_t size = vault_record_size(&entry->entry);
    enum ibc_status status = vault_scratch_grow(&edit->scratch, size, err);
    if (status != IBC_OK) {
        return status;
    }
    if (!entry->fresh) {
        ibc_auto_profile *profile = NULL;
        return vault_record_load(edit->vault, &entry->entry, edit->scratch.bytes, &profile, err);
    }
    memcpy(edit->scratch.bytes, entry->fresh, size);
    unsigned char buffer[VAULT_AAD_BYTES_MAX];
    const struct ibc_view aad = vault_record_aad(edit->vault->header.id, buffer);
    return vault_unseal(resealing->old_key, aad, edit->scratch.bytes, size, entry->entry.tag)
               ? IBC_OK
               : ibc_fail(err, IBC_ERR_INTERNAL, "profile '%s' was spoiled in memory",
                          entry->entry.name);
}

static void reseal(const void *node, VISIT visit, void *context) {
    struct resealing *resealing = context;
    if (resealing->status != IBC_OK || (visit != postorder && visit != leaf)) {
        return;
    }
    struct edit_entry *entry = *(struct edit_entry *const *)node;
    resealing->status = open_record(resealing, entry, resealing->err);
    if (resealing->status == IBC_OK) {
        const struct ibc_view plain = {
            .bytes = resealing->edit->scratch.bytes + VAULT_NONCE_BYTES,
            .size = vault_record_size(&entry->entry) - VAULT_NONCE_BYTES,
        };
        resealing->status = vault_edit_seal(resealing->edit, plain, entry, resealing->err);
    }
}

/* Seal everything under `next_keys`, which take the place of those before. */
static enum ibc_status reseal_all(struct ibc_vault_edit *edit, struct ibc_secret *next_keys,
                                  struct ibc_error *err) {
    ibc_auto_secret kept = ibc_secret_steal(&edit->next_keys);
    const struct vault_keys *old =
        kept.size > 0 ? (const struct vault_keys *)kept.bytes : &edit->vault->secrets->keys;
    edit->next_keys = ibc_secret_steal(next_keys);
    struct resealing resealing = {
        .edit = edit, .old_key = old->record, .status = IBC_OK, .err = err};
    twalk_r(edit->entries, reseal, &resealing);
    return resealing.status;
}

static enum ibc_status draw_keys(struct ibc_secret *out, struct ibc_error *err) {
    enum ibc_status status = ibc_secret_alloc(out, sizeof(struct vault_keys), err);
    if (status == IBC_OK) {
        struct vault_keys *keys = (struct vault_keys *)out->bytes;
        randombytes_buf(keys->data, sizeof keys->data);
        vault_derive_keys(keys);
    }
    return status;
}

enum ibc_status ibc_vault_edit_rotate_key(struct ibc_vault_edit *edit,
                                          const struct ibc_keyring *keyring, int64_t now_ms,
                                          struct ibc_error *err) {
    const char *closed = edit->closed;
    edit->closed = "its data key could not be changed"; /* what is half done stays in memory */
    const bool has_passphrase = leave_expired_out(edit, now_ms);
    enum ibc_status status = vault_edit_slots_check(edit, err);
    IBC_CLEANUP(answers_free) struct answers answers = {.keyring = keyring};
    if (status == IBC_OK && has_passphrase && keyring->ask) {
        status = keyring->ask(keyring->context, &answers.all, err);
    }
    ibc_auto_secret keys = {0};
    if (status == IBC_OK) {
        status = draw_keys(&keys, err);
    }
    if (status == IBC_OK) {
        status = wrap_all_anew(edit, &answers, ((const struct vault_keys *)keys.bytes)->data, err);
    }
    if (status == IBC_OK) {
        status = reseal_all(edit, &keys, err);
    }
    if (status == IBC_OK) {
        edit->closed = closed;
    }
    return status;
}
