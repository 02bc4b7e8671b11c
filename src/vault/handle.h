/*
 * handle.h - an open vault, as the files of this room share it.
 */
#ifndef IBCRED_VAULT_HANDLE_H
#define IBCRED_VAULT_HANDLE_H

#include "vault/directory.h"
#include "vault/root.h"
#include "vault/seal.h"

struct ibc_vault {
    char *path;
    int fd;
    struct vault_header header;
    unsigned char *front; /* header and slots as on disk */
    size_t front_size;
    struct ibc_secret memory; /* holds `secrets` */
    struct vault_secrets *secrets;
    struct vault_root root;
    struct vault_page *page; /* scratch: the page decoded last */
    bool from_cache;         /* opened by the key in the kernel's keyring */
    int64_t key_expires_ms;  /* when the slot expires that it was opened by; 0: never */
};

/*
 * Open the vault behind `*fd`, which is taken over on success. `path` is what it was opened by.
 * Statuses as ibc_vault_open().
 */
IBC_CHECKED enum ibc_status vault_open_fd(int *fd, const char *path,
                                          const struct ibc_keyring *keyring, struct ibc_vault **out,
                                          struct ibc_error *err);

/* Read the header into `bytes`, and decode and check it. IBC_ERR_DATA where it is no vault's. */
IBC_CHECKED enum ibc_status vault_read_header(struct ibc_vault *vault,
                                              unsigned char bytes[static VAULT_HEADER_BYTES],
                                              struct ibc_error *err);

/*
 * Open the root, whose sealed bytes are in `vault->secrets`, with whatever in `keyring` fits a slot
 * that has not expired: data key and derived keys are there afterwards too. IBC_ERR_REFUSED:
 * nothing fits. IBC_ERR_DATA: damaged. Otherwise the status of asking for the passphrase.
 */
IBC_CHECKED enum ibc_status vault_unlock(struct ibc_vault *vault, const struct vault_slot *slots,
                                         const struct ibc_keyring *keyring, struct ibc_error *err);

/* Read exactly `size` bytes at `offset` of the file. IBC_ERR_DATA where it ends before. */
IBC_CHECKED enum ibc_status vault_read(const struct ibc_vault *vault, uint64_t offset,
                                       unsigned char *bytes, size_t size, struct ibc_error *err);

/* Where the pages and the records begin in the file. */
uint64_t vault_pages_offset(const struct ibc_vault *vault);
uint64_t vault_records_offset(const struct ibc_vault *vault);

/*
 * Call `visit` for each entry of the directory in order, checking everything that one page says
 * about another. Stops at, and returns, the first status that is not IBC_OK.
 */
typedef enum ibc_status vault_entry_visit(void *context, const struct vault_entry *entry,
                                          struct ibc_error *err);
IBC_CHECKED enum ibc_status vault_walk(const struct ibc_vault *vault, vault_entry_visit *visit,
                                       void *context, struct ibc_error *err);

/*
 * Read the record of `entry` into `buffer`, which has room for it; decode it where `out` is not
 * NULL (its views point into `buffer`), only authenticate it, leaving the ciphertext, otherwise.
 */
IBC_CHECKED enum ibc_status vault_record_load(const struct ibc_vault *vault,
                                              const struct vault_entry *entry,
                                              unsigned char *buffer, struct ibc_profile **out,
                                              struct ibc_error *err);

/* Decode the record of `entry` in `scratch`, which grows as needed, and let go of it. */
IBC_CHECKED enum ibc_status vault_record_verify(const struct ibc_vault *vault,
                                                const struct vault_entry *entry,
                                                struct ibc_secret *scratch, struct ibc_error *err);

/* Make `scratch` at least `size` bytes large; what it held is lost where it was smaller. */
IBC_CHECKED enum ibc_status vault_scratch_grow(struct ibc_secret *scratch, size_t size,
                                               struct ibc_error *err);

#endif
