/*
 * layout.h - the directory of a new file, packed and sealed.
 */
#ifndef IBCRED_VAULT_LAYOUT_H
#define IBCRED_VAULT_LAYOUT_H

#include "vault/directory.h"

/* The zero value is the directory of an empty vault. */
struct vault_layout {
    unsigned char *pages; /* as on disk */
    unsigned char *tags;  /* VAULT_TAG_BYTES a page */
    uint32_t page_count;
    uint64_t records_size; /* bytes */
};

/*
 * Lay the entries out, which are sorted by name: each page takes as many as fit.
 * IBC_ERR_USAGE: more than VAULT_PAGES_MAX pages. The caller frees with vault_layout_free().
 */
IBC_CHECKED enum ibc_status vault_layout_make(const struct vault_entry *const *entries,
                                              size_t count, const unsigned char *vault_id,
                                              const unsigned char *page_key,
                                              struct vault_layout *out, struct ibc_error *err);

void vault_layout_free(struct vault_layout *layout);
#define vault_auto_layout IBC_CLEANUP(vault_layout_free) struct vault_layout

#endif
