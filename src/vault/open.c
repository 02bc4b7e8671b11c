/* open.c - opening a vault: everything but the records is authenticated here. */
#include "vault/handle.h"

#include <errno.h>
#include <ibcred/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGES_AT_ONCE = 16 };

uint64_t vault_pages_offset(const struct ibc_vault *vault) {
    return vault->front_size + vault->header.root_size;
}

uint64_t vault_records_offset(const struct ibc_vault *vault) {
    return vault_pages_offset(vault) + (uint64_t)vault->header.page_count * VAULT_PAGE_DISK_BYTES;
}

enum ibc_status vault_read(const struct ibc_vault *vault, uint64_t offset, unsigned char *bytes,
                           size_t size, struct ibc_error *err) {
    while (size > 0) {
        ssize_t got = pread(vault->fd, bytes, size, (off_t)offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return ibc_fail_errno(err, IBC_ERR_IO, errno, "vault '%s' cannot be read", vault->path);
        }
        if (got == 0) {
            ibc_fail(err, IBC_ERR_DATA, "the file ends at byte %llu", (unsigned long long)offset);
            return vault_damaged(err, vault->path, "the file");
        }
        bytes += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return IBC_OK;
}

enum ibc_status vault_read_header(struct ibc_vault *vault,
                                  unsigned char bytes[static VAULT_HEADER_BYTES],
                                  struct ibc_error *err) {
    struct stat info;
    if (fstat(vault->fd, &info) != 0) {
        return ibc_fail_errno(err, IBC_ERR_IO, errno, "vault '%s' cannot be examined", vault->path);
    }
    const uint64_t file_size = (uint64_t)info.st_size;
    const struct ibc_view header = {
        .bytes = bytes,
        .size = file_size < VAULT_HEADER_BYTES ? (size_t)file_size : VAULT_HEADER_BYTES,
    };
    enum ibc_status status = vault_read(vault, 0, bytes, header.size, err);
    if (status == IBC_OK) {
        status = vault_magic_check(header, vault->path, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    if (vault_header_decode(header, file_size, &vault->header, err) != IBC_OK) {
        return vault_damaged(err, vault->path, "the header");
    }
    return IBC_OK;
}

/* Read the header and the slots, which are what the root is bound to. */
static enum ibc_status read_front(struct ibc_vault *vault, struct vault_slot *slots,
                                  struct ibc_error *err) {
    unsigned char header[VAULT_HEADER_BYTES];
    enum ibc_status status = vault_read_header(vault, header, err);
    if (status != IBC_OK) {
        return status;
    }
    vault->front_size = sizeof header + vault->header.slots_size;
    vault->front = malloc(vault->front_size);
    if (!vault->front) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the slots");
    }
    memcpy(vault->front, header, sizeof header);
    const struct ibc_view slots_view = {.bytes = vault->front + sizeof header,
                                        .size = vault->header.slots_size};
    status = vault_read(vault, sizeof header, vault->front + sizeof header, slots_view.size, err);
    if (status != IBC_OK) {
        return status;
    }
    if (vault_slots_decode(slots_view, vault->header.slot_count, slots, err) != IBC_OK) {
        return vault_damaged(err, vault->path, "the slots");
    }
    return IBC_OK;
}

static enum ibc_status check_page(const struct ibc_vault *vault, uint32_t index,
                                  const unsigned char *disk_page, struct ibc_error *err) {
    unsigned char buffer[VAULT_AAD_BYTES_MAX];
    const struct ibc_view aad = vault_page_aad(vault->header.id, index, buffer);
    const struct ibc_view page = {.bytes = disk_page, .size = VAULT_PAGE_DISK_BYTES};
    if (!vault_authentic(vault->secrets->keys.page, aad, page,
                         vault->root.page_tags + (size_t)index * VAULT_TAG_BYTES)) {
        ibc_fail(err, IBC_ERR_DATA, "page %u was changed", index + 1);
        return vault_damaged(err, vault->path, "the directory");
    }
    return IBC_OK;
}

/* Authenticate the whole directory without decrypting it. */
static enum ibc_status check_pages(const struct ibc_vault *vault, struct ibc_error *err) {
    const uint32_t total = vault->header.page_count;
    const uint32_t step = total < PAGES_AT_ONCE ? total : PAGES_AT_ONCE;
    if (total == 0) {
        return IBC_OK;
    }
    ibc_auto_free unsigned char *pages = malloc((size_t)step * VAULT_PAGE_DISK_BYTES);
    if (!pages) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the directory");
    }
    for (uint32_t first = 0; first < total; first += step) {
        const uint32_t count = total - first < step ? total - first : step;
        enum ibc_status status =
            vault_read(vault, vault_pages_offset(vault) + (uint64_t)first * VAULT_PAGE_DISK_BYTES,
                       pages, (size_t)count * VAULT_PAGE_DISK_BYTES, err);
        for (uint32_t i = 0; i < count && status == IBC_OK; i++) {
            status = check_page(vault, first + i, pages + (size_t)i * VAULT_PAGE_DISK_BYTES, err);
        }
        if (status != IBC_OK) {
            return status;
        }
    }
    return IBC_OK;
}

static enum ibc_status read_vault(struct ibc_vault *vault, const struct ibc_keyring *keyring,
                                  struct ibc_error *err) {
    struct vault_slot slots[IBC_SLOTS_MAX];
    enum ibc_status status = read_front(vault, slots, err);
    if (status != IBC_OK) {
        return status;
    }
    status =
        ibc_secret_alloc(&vault->memory, sizeof *vault->secrets + vault->header.root_size, err);
    if (status != IBC_OK) {
        return status;
    }
    vault->secrets = (struct vault_secrets *)vault->memory.bytes;
    status =
        vault_read(vault, vault->front_size, vault->secrets->root, vault->header.root_size, err);
    if (status == IBC_OK) {
        status = vault_unlock(vault, slots, keyring, err);
    }
    return status == IBC_OK ? check_pages(vault, err) : status;
}

enum ibc_status vault_open_fd(int *fd, const char *path, const struct ibc_keyring *keyring,
                              struct ibc_vault **out, struct ibc_error *err) {
    *out = NULL;
    ibc_auto_vault *vault = calloc(1, sizeof *vault);
    if (!vault) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a vault");
    }
    vault->fd = *fd;
    *fd = -1;
    vault->path = strdup(path);
    vault->page = malloc(sizeof *vault->page);
    if (!vault->path || !vault->page) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a vault");
    }
    enum ibc_status status = read_vault(vault, keyring, err);
    if (status == IBC_OK) {
        *out = ibc_steal(&vault);
    }
    return status;
}

enum ibc_status ibc_vault_open(const char *path, const struct ibc_keyring *keyring,
                               struct ibc_vault **out, struct ibc_error *err) {
    *out = NULL;
    ibc_auto_fd fd = -1;
    enum ibc_status status = ibc_file_open_trusted(path, "vault", &fd, err);
    return status == IBC_OK ? vault_open_fd(&fd, path, keyring, out, err) : status;
}

void ibc_vault_free(struct ibc_vault **vault) {
    if (*vault) {
        ibc_close(&(*vault)->fd);
        ibc_secret_free(&(*vault)->memory);
        free((*vault)->page);
        free((*vault)->front);
        free((*vault)->path);
        free(*vault);
        *vault = NULL;
    }
}
