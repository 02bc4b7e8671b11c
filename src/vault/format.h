/*
 * format.h - sizes, limits and the header of a vault file (docs/vault-format.md). Pure.
 *
 * The decoders of this room report IBC_ERR_DATA with a clause ("the names are out of order");
 * vault_damaged() makes the sentence of it.
 */
#ifndef IBCRED_VAULT_FORMAT_H
#define IBCRED_VAULT_FORMAT_H

#include <ibcred/vault.h>

#define VAULT_MAGIC "IBCVAULT"

enum {
    VAULT_VERSION = 1,
    VAULT_MAGIC_BYTES = 8,
    VAULT_HEADER_BYTES = 56,
    VAULT_KEY_BYTES = 32,
    VAULT_NONCE_BYTES = 24,
    VAULT_TAG_BYTES = 16,
    VAULT_PAGE_BYTES = 4096,                                      /* its content */
    VAULT_PAGE_DISK_BYTES = VAULT_NONCE_BYTES + VAULT_PAGE_BYTES, /* its tag is in the root */
    VAULT_PAGES_MAX = 16384,
    VAULT_RECORD_UNIT = 256, /* a record is a whole number of these on disk, with its nonce */
    VAULT_RECORD_UNITS_MAX = 4096,
};

#define VAULT_GENERATION_MAX INT64_MAX

struct vault_header {
    uint16_t slot_count;
    uint32_t slots_size; /* bytes */
    uint64_t generation;
    unsigned char id[IBC_VAULT_ID_BYTES];
    uint32_t root_size; /* bytes, with nonce and tag */
    uint32_t page_count;
    uint64_t records_size; /* bytes */
};

/* The size on disk of the root of a vault with so many slots and pages. */
uint32_t vault_root_disk_size(size_t slot_count, size_t page_count);

/* The size of a whole file with this header. */
uint64_t vault_file_size(const struct vault_header *header);

/*
 * Whether `bytes` begin a vault that this program can read: magic and version. The sentence is
 * complete: `path` names the file.
 */
IBC_CHECKED enum ibc_status vault_magic_check(struct ibc_view bytes, const char *path,
                                              struct ibc_error *err);

/*
 * Decode and check a header, whose magic is checked already. `file_size` is how large the file
 * is, which must agree.
 */
IBC_CHECKED enum ibc_status vault_header_decode(struct ibc_view bytes, uint64_t file_size,
                                                struct vault_header *out, struct ibc_error *err);

void vault_header_encode(const struct vault_header *header,
                         unsigned char out[static VAULT_HEADER_BYTES]);

/*
 * Make the sentence for the clause in `err`: which vault, which `part` of it, what to do. Returns
 * IBC_ERR_DATA.
 */
enum ibc_status vault_damaged(struct ibc_error *err, const char *path, const char *part);

#endif
