/* edit.c - a change under way: the whole directory in a tree, changed records beside it. */
#include "vault/edit.h"

#include "vault/lock.h"
#include "vault/profile_check.h"
#include "vault/record.h"

#include <ibcred/file.h>
#include <search.h>

static int order_entries(const void *a, const void *b) {
    return strcmp(((const struct edit_entry *)a)->entry.name,
                  ((const struct edit_entry *)b)->entry.name);
}

static void free_entry(void *entry) {
    free(((struct edit_entry *)entry)->fresh);
    free(entry);
}

/* The entry of that name in the tree, or NULL. */
static struct edit_entry *find_entry(const struct ibc_vault_edit *edit, const char *name) {
    struct edit_entry probe = {0};
    snprintf(probe.entry.name, sizeof probe.entry.name, "%s", name);
    struct edit_entry *const *node = tfind(&probe, &edit->entries, order_entries);
    return node ? *node : NULL;
}

/* Take `*entry` into the tree, in place of one of the same name. */
static enum ibc_status place_entry(struct ibc_vault_edit *edit, struct edit_entry **entry,
                                   struct ibc_error *err) {
    struct edit_entry **node = tsearch(*entry, &edit->entries, order_entries);
    if (!node) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for another profile");
    }
    if (*node == *entry) {
        edit->count++;
    } else {
        free_entry(*node);
        *node = *entry;
    }
    *entry = NULL;
    return IBC_OK;
}

static enum ibc_status adopt_entry(void *context, const struct vault_entry *entry,
                                   struct ibc_error *err) {
    struct ibc_vault_edit *edit = context;
    enum ibc_status status = vault_record_verify(edit->vault, entry, &edit->scratch, err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_free struct edit_entry *own = calloc(1, sizeof *own);
    if (!own) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the directory");
    }
    own->entry = *entry;
    return place_entry(edit, &own, err);
}

enum ibc_status ibc_vault_edit_begin(const char *path, const struct ibc_keyring *keyring,
                                     struct ibc_vault_edit **out, struct ibc_error *err) {
    *out = NULL;
    ibc_auto_vault_edit *edit = calloc(1, sizeof *edit);
    if (!edit) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for an edit");
    }
    ibc_auto_fd fd = -1;
    enum ibc_status status = vault_lock(path, edit->target, &fd, err);
    if (status == IBC_OK) {
        status = vault_open_fd(&fd, path, keyring, &edit->vault, err);
    }
    if (status == IBC_OK) {
        vault_edit_slots_begin(edit);
        status = vault_walk(edit->vault, adopt_entry, edit, err);
    }
    if (status == IBC_OK) {
        *out = ibc_steal(&edit);
    }
    return status;
}

const struct ibc_vault *ibc_vault_edit_vault(const struct ibc_vault_edit *edit) {
    return edit->vault;
}

void ibc_vault_edit_free(struct ibc_vault_edit **edit) {
    if (*edit) {
        tdestroy((*edit)->entries, free_entry);
        ibc_secret_free(&(*edit)->scratch);
        ibc_secret_free(&(*edit)->next_keys);
        ibc_vault_free(&(*edit)->vault);
        free(*edit);
        *edit = NULL;
    }
}

const struct vault_keys *vault_edit_keys(const struct ibc_vault_edit *edit) {
    return edit->next_keys.size > 0 ? (const struct vault_keys *)edit->next_keys.bytes
                                    : &edit->vault->secrets->keys;
}

enum ibc_status vault_edit_seal(const struct ibc_vault_edit *edit, struct ibc_view plain,
                                struct edit_entry *entry, struct ibc_error *err) {
    if (!entry->fresh) {
        entry->fresh = malloc(vault_record_size(&entry->entry));
    }
    if (!entry->fresh) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for profile '%s'", entry->entry.name);
    }
    unsigned char buffer[VAULT_AAD_BYTES_MAX];
    const struct ibc_view aad = vault_record_aad(edit->vault->header.id, buffer);
    vault_seal(vault_edit_keys(edit)->record, aad, plain, entry->fresh, entry->entry.tag);
    return IBC_OK;
}

/* Encode and seal the record of `profile` into `entry`, in the scratch of the edit. */
static enum ibc_status seal_record(struct ibc_vault_edit *edit, const struct ibc_profile *profile,
                                   struct edit_entry *entry, struct ibc_error *err) {
    const size_t size = vault_record_size(&entry->entry) - VAULT_NONCE_BYTES;
    enum ibc_status status = vault_scratch_grow(&edit->scratch, size, err);
    if (status != IBC_OK) {
        return status;
    }
    record_encode(profile, edit->scratch.bytes, size);
    const struct ibc_view plain = {.bytes = edit->scratch.bytes, .size = size};
    return vault_edit_seal(edit, plain, entry, err);
}

static void drop_entry(struct edit_entry **entry) {
    if (*entry) {
        free_entry(*entry);
    }
}

enum ibc_status ibc_vault_edit_put(struct ibc_vault_edit *edit, const struct ibc_profile *profile,
                                   struct ibc_error *err) {
    uint16_t units = 0;
    enum ibc_status status = profile_check(profile, err);
    if (status == IBC_OK) {
        status = record_units(profile, &units, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    IBC_CLEANUP(drop_entry) struct edit_entry *entry = calloc(1, sizeof *entry);
    if (!entry) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for profile '%s'", profile->name);
    }
    memcpy(entry->entry.name, profile->name, sizeof entry->entry.name);
    entry->entry.kind = profile->kind;
    entry->entry.units = units;
    status = seal_record(edit, profile, entry, err);
    return status == IBC_OK ? place_entry(edit, &entry, err) : status;
}

enum ibc_status ibc_vault_edit_remove(struct ibc_vault_edit *edit, const char *name,
                                      struct ibc_error *err) {
    struct edit_entry *entry = ibc_profile_name_valid(name) ? find_entry(edit, name) : NULL;
    if (!entry) {
        return ibc_fail(err, IBC_ERR_NOT_FOUND,
                        "vault '%s' has no profile '%s'; ibcred list shows those it has",
                        edit->vault->path, name);
    }
    tdelete(entry, &edit->entries, order_entries);
    free_entry(entry);
    edit->count--;
    return IBC_OK;
}
