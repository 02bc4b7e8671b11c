/*
 * edit.h - the state of an edit, which edit.c, edit_slots.c and rotate_key.c fill and commit.c
 * writes out.
 */
#ifndef IBCRED_VAULT_EDIT_H
#define IBCRED_VAULT_EDIT_H

#include "vault/handle.h"

#include <limits.h>

struct edit_entry {
    struct vault_entry entry; /* its offset is where the old file has the record */
    unsigned char *fresh;     /* the record as it goes to disk; NULL where it is the old one */
};

struct edit_slot {
    struct ibc_slot_info info;
    bool left_out; /* of the next generation */
    size_t size;
    unsigned char bytes[VAULT_SLOT_BYTES_MAX]; /* as they go to disk */
};

struct ibc_vault_edit {
    struct ibc_vault *vault; /* its descriptor holds the lock */
    char target[PATH_MAX];   /* the file to replace */
    void *entries;           /* tsearch(3) tree of struct edit_entry, by name */
    size_t count;
    struct edit_slot slots[2 * IBC_SLOTS_MAX]; /* the old file's, in its order, then added ones */
    size_t slot_count;
    struct ibc_secret next_keys; /* struct vault_keys; empty while the data key stays */
    struct ibc_secret scratch;   /* one plaintext record */
    const char *closed;          /* why it can't be committed; NULL while it can */
};

/* The keys that the next generation is sealed under. */
const struct vault_keys *vault_edit_keys(const struct ibc_vault_edit *edit);

/*
 * Seal `plain`, as many bytes as a record of the entry's size has, for the next generation into the
 * entry: its `fresh`, which is made where it is NULL, and its tag.
 */
IBC_CHECKED enum ibc_status vault_edit_seal(const struct ibc_vault_edit *edit,
                                            struct ibc_view plain, struct edit_entry *entry,
                                            struct ibc_error *err);

/* --- edit_slots.c ---------------------------------------------------------------------------- */

/* Begin with the slots of the old file. */
void vault_edit_slots_begin(struct ibc_vault_edit *edit);

/* How many slots the next generation has, and their size in bytes. */
void vault_edit_slots_measure(const struct ibc_vault_edit *edit, uint16_t *count, uint32_t *size);

/* Their bytes behind `writer`, and in `infos` what they tell of themselves. */
void vault_edit_slots_write(const struct ibc_vault_edit *edit, struct writer *writer,
                            struct ibc_slot_info infos[static IBC_SLOTS_MAX]);

/* IBC_ERR_USAGE where all slots of the next generation expire. */
IBC_CHECKED enum ibc_status vault_edit_slots_check(const struct ibc_vault_edit *edit,
                                                   struct ibc_error *err);

#endif
