/*
 * edit.h - the state of an edit, which edit.c fills and commit.c writes out.
 */
#ifndef IBCRED_VAULT_EDIT_H
#define IBCRED_VAULT_EDIT_H

#include "vault/handle.h"

#include <limits.h>

struct edit_entry {
    struct vault_entry entry; /* its offset is where the old file has the record */
    unsigned char *fresh;     /* the record as it goes to disk; NULL where it is the old one */
};

struct ibc_vault_edit {
    struct ibc_vault *vault; /* its descriptor holds the lock */
    char target[PATH_MAX];   /* the file to replace */
    void *entries;           /* tsearch(3) tree of struct edit_entry, by name */
    size_t count;
    struct ibc_secret scratch; /* one plaintext record */
    bool committed;
};

#endif
