/*
 * directory.h - one page of the directory: which profiles there are, and each record's tag. Pure.
 */
#ifndef IBCRED_VAULT_DIRECTORY_H
#define IBCRED_VAULT_DIRECTORY_H

#include "base/bytes.h"
#include "vault/format.h"

enum {
    VAULT_PAGE_HEAD_BYTES = 2 + 8,
    VAULT_ENTRY_BYTES_MIN = 1 + 1 + 1 + 2 + VAULT_TAG_BYTES,
    VAULT_ENTRY_BYTES_MAX = VAULT_ENTRY_BYTES_MIN - 1 + IBC_PROFILE_NAME_MAX,
    VAULT_PAGE_ENTRIES_MAX = (VAULT_PAGE_BYTES - VAULT_PAGE_HEAD_BYTES) / VAULT_ENTRY_BYTES_MIN,
    /* A page that is followed by another holds at least so many. */
    VAULT_PAGE_ENTRIES_MIN = (VAULT_PAGE_BYTES - VAULT_PAGE_HEAD_BYTES) / VAULT_ENTRY_BYTES_MAX,
};

struct vault_entry {
    char name[IBC_PROFILE_NAME_MAX + 1];
    enum ibc_kind kind;
    uint16_t units;  /* size of the record on disk, in VAULT_RECORD_UNIT */
    uint64_t offset; /* of the record in the record area, bytes */
    unsigned char tag[VAULT_TAG_BYTES];
};

struct vault_page {
    size_t count;
    size_t used;    /* bytes, without the padding */
    uint64_t start; /* offset of the first record */
    uint64_t end;   /* offset just after the last one */
    struct vault_entry entries[VAULT_PAGE_ENTRIES_MAX];
};

size_t vault_record_size(const struct vault_entry *entry); /* bytes on disk */
size_t vault_entry_size(const struct vault_entry *entry);  /* bytes in a page */

/* Decode a page of VAULT_PAGE_BYTES at `plain`; everything but its neighbours is checked. */
IBC_CHECKED enum ibc_status vault_page_decode(const unsigned char *plain, struct vault_page *out,
                                              struct ibc_error *err);

/* The name of the first entry, without decoding the rest; the empty view where there is none. */
struct ibc_view vault_page_first_name(const unsigned char *plain);

/* The entry of that name, or NULL. */
const struct vault_entry *vault_page_find(const struct vault_page *page, const char *name);

/* A page being filled: VAULT_PAGE_BYTES that belong to the caller. */
struct vault_page_writer {
    struct writer writer;
    uint16_t count;
};

/* Begin a page whose first record is at `offset`. */
void vault_page_begin(struct vault_page_writer *page, unsigned char *plain, uint64_t offset);

/* Add an entry, its offset left aside; false where it does not fit. */
IBC_CHECKED bool vault_page_add(struct vault_page_writer *page, const struct vault_entry *entry);

/* Fill in the count and the padding. */
void vault_page_finish(struct vault_page_writer *page);

#endif
