/* read.c - finding, reading and verifying the profiles of an open vault. */
#include "vault/handle.h"

#include "vault/profile_check.h"
#include "vault/record.h"

#include <ibcred/file.h>

/* --- the directory --------------------------------------------------------------------------- */

static enum ibc_status damaged_page(const struct ibc_vault *vault, uint32_t index,
                                    struct ibc_error *err) {
    char part[64];
    snprintf(part, sizeof part, "page %u of the directory", index + 1);
    return vault_damaged(err, vault->path, part);
}

/* Read, authenticate and decrypt page `index` in `disk_page`; its plaintext is behind the nonce. */
static enum ibc_status load_page(const struct ibc_vault *vault, uint32_t index,
                                 unsigned char *disk_page, struct ibc_error *err) {
    enum ibc_status status =
        vault_read(vault, vault_pages_offset(vault) + (uint64_t)index * VAULT_PAGE_DISK_BYTES,
                   disk_page, VAULT_PAGE_DISK_BYTES, err);
    if (status != IBC_OK) {
        return status;
    }
    unsigned char buffer[VAULT_AAD_BYTES_MAX];
    const struct ibc_view aad = vault_page_aad(vault->header.id, index, buffer);
    if (!vault_unseal(vault->secrets->keys.page, aad, disk_page, VAULT_PAGE_DISK_BYTES,
                      vault->root.page_tags + (size_t)index * VAULT_TAG_BYTES)) {
        ibc_fail(err, IBC_ERR_DATA, "it was changed");
        return damaged_page(vault, index, err);
    }
    return IBC_OK;
}

static enum ibc_status decode_page(const struct ibc_vault *vault, uint32_t index,
                                   const unsigned char *disk_page, struct vault_page *page,
                                   struct ibc_error *err) {
    if (vault_page_decode(disk_page + VAULT_NONCE_BYTES, page, err) != IBC_OK) {
        return damaged_page(vault, index, err);
    }
    if (page->end > vault->header.records_size || page->start > page->end) {
        ibc_fail(err, IBC_ERR_DATA, "its records lie outside the file");
        return damaged_page(vault, index, err);
    }
    return IBC_OK;
}

/* What two pages that follow each other say wrongly about each other, or NULL. */
static const char *neighbour_fault(const struct vault_entry *last, uint64_t end, size_t used,
                                   const struct vault_page *page) {
    if (page->start != end) {
        return "its records do not follow those of the page before";
    }
    if (last->name[0] == '\0') {
        return NULL;
    }
    if (strcmp(last->name, page->entries[0].name) >= 0) {
        return "its names do not follow those of the page before";
    }
    if (used + vault_entry_size(&page->entries[0]) <= VAULT_PAGE_BYTES) {
        return "its first entry belongs on the page before";
    }
    return NULL;
}

/* What vault_walk() carries from page to page. */
struct walk {
    struct ibc_secret disk_page;
    struct vault_page *page;
    struct vault_entry last; /* with an empty name before the first page */
    size_t used;             /* bytes of the page before */
    uint64_t end;            /* of the records so far */
    uint64_t count;          /* profiles so far */
};

static enum ibc_status walk_page(const struct ibc_vault *vault, uint32_t index, struct walk *walk,
                                 vault_entry_visit *visit, void *context, struct ibc_error *err) {
    struct vault_page *page = walk->page;
    enum ibc_status status = load_page(vault, index, walk->disk_page.bytes, err);
    if (status == IBC_OK) {
        status = decode_page(vault, index, walk->disk_page.bytes, page, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    const char *fault = neighbour_fault(&walk->last, walk->end, walk->used, page);
    if (fault) {
        ibc_fail(err, IBC_ERR_DATA, "%s", fault);
        return damaged_page(vault, index, err);
    }
    walk->last = page->entries[page->count - 1];
    walk->used = page->used;
    walk->end = page->end;
    walk->count += page->count;
    for (size_t i = 0; i < page->count; i++) {
        status = visit(context, &page->entries[i], err);
        if (status != IBC_OK) {
            return status;
        }
    }
    return IBC_OK;
}

enum ibc_status vault_walk(const struct ibc_vault *vault, vault_entry_visit *visit, void *context,
                           struct ibc_error *err) {
    ibc_auto_free struct vault_page *page = malloc(sizeof *page);
    ibc_auto_secret disk_page = {0};
    enum ibc_status status = ibc_secret_alloc(&disk_page, VAULT_PAGE_DISK_BYTES, err);
    if (status != IBC_OK || !page) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the directory");
    }
    struct walk walk = {.disk_page = disk_page, .page = page};
    for (uint32_t index = 0; index < vault->header.page_count; index++) {
        status = walk_page(vault, index, &walk, visit, context, err);
        if (status != IBC_OK) {
            return status;
        }
    }
    if (walk.end != vault->header.records_size || walk.count != vault->root.profile_count) {
        ibc_fail(err, IBC_ERR_DATA, "it lists other profiles than the root counts");
        return vault_damaged(err, vault->path, "the directory");
    }
    return IBC_OK;
}

/* --- one record ------------------------------------------------------------------------------ */

static enum ibc_status damaged_profile(const struct ibc_vault *vault,
                                       const struct vault_entry *entry, struct ibc_error *err) {
    char part[IBC_PROFILE_NAME_MAX + 16];
    snprintf(part, sizeof part, "profile '%s'", entry->name);
    return vault_damaged(err, vault->path, part);
}

static enum ibc_status decode_record(const struct ibc_vault *vault, const struct vault_entry *entry,
                                     struct ibc_view plain, struct ibc_profile **out,
                                     struct ibc_error *err) {
    ibc_auto_profile *profile = NULL;
    enum ibc_status status = record_decode(plain, &profile, err);
    if (status == IBC_OK &&
        (strcmp(profile->name, entry->name) != 0 || profile->kind != entry->kind)) {
        status = ibc_fail(err, IBC_ERR_DATA, "its record is of another profile or kind");
    }
    if (status == IBC_OK) {
        *out = ibc_steal(&profile);
    }
    return status == IBC_ERR_DATA ? damaged_profile(vault, entry, err) : status;
}

enum ibc_status vault_record_load(const struct ibc_vault *vault, const struct vault_entry *entry,
                                  unsigned char *buffer, struct ibc_profile **out,
                                  struct ibc_error *err) {
    const size_t size = vault_record_size(entry);
    enum ibc_status status =
        vault_read(vault, vault_records_offset(vault) + entry->offset, buffer, size, err);
    if (status != IBC_OK) {
        return status;
    }
    const unsigned char *key = vault->secrets->keys.record;
    unsigned char aad_buffer[VAULT_AAD_BYTES_MAX];
    const struct ibc_view aad = vault_record_aad(vault->header.id, aad_buffer);
    const struct ibc_view sealed = {.bytes = buffer, .size = size};
    const bool authentic = out ? vault_unseal(key, aad, buffer, size, entry->tag)
                               : vault_authentic(key, aad, sealed, entry->tag);
    if (!authentic) {
        ibc_fail(err, IBC_ERR_DATA, "its record was changed");
        return damaged_profile(vault, entry, err);
    }
    const struct ibc_view plain = {.bytes = buffer + VAULT_NONCE_BYTES,
                                   .size = size - VAULT_NONCE_BYTES};
    return out ? decode_record(vault, entry, plain, out, err) : IBC_OK;
}

enum ibc_status vault_scratch_grow(struct ibc_secret *scratch, size_t size, struct ibc_error *err) {
    if (size <= scratch->size) {
        return IBC_OK;
    }
    ibc_secret_free(scratch);
    return ibc_secret_alloc(scratch, size, err);
}

enum ibc_status vault_record_verify(const struct ibc_vault *vault, const struct vault_entry *entry,
                                    struct ibc_secret *scratch, struct ibc_error *err) {
    ibc_auto_profile *profile = NULL;
    enum ibc_status status = vault_scratch_grow(scratch, vault_record_size(entry), err);
    if (status == IBC_OK) {
        status = vault_record_load(vault, entry, scratch->bytes, &profile, err);
    }
    return status;
}

/* --- get, each, verify ----------------------------------------------------------------------- */

/*
 * Find the page where `name` is, or would be: the last one that does not begin behind it. What is
 * left in the scratch is that page, decoded.
 */
static enum ibc_status find_page(const struct ibc_vault *vault, const char *name,
                                 struct ibc_error *err) {
    unsigned char *disk_page = vault->secrets->disk_page;
    const unsigned char *plain = disk_page + VAULT_NONCE_BYTES;
    uint32_t low = 0;
    uint32_t high = vault->header.page_count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        enum ibc_status status = load_page(vault, middle, disk_page, err);
        if (status != IBC_OK) {
            return status;
        }
        if (view_compare(vault_page_first_name(plain), ibc_view_of(name)) <= 0) {
            low = middle;
        } else {
            high = middle;
        }
    }
    enum ibc_status status = load_page(vault, low, disk_page, err);
    return status == IBC_OK ? decode_page(vault, low, disk_page, vault->page, err) : status;
}

enum ibc_status ibc_vault_get(const struct ibc_vault *vault, const char *name,
                              struct ibc_profile **out, struct ibc_error *err) {
    *out = NULL;
    const struct vault_entry *entry = NULL;
    if (ibc_profile_name_valid(name) && vault->header.page_count > 0) {
        enum ibc_status status = find_page(vault, name, err);
        if (status != IBC_OK) {
            return status;
        }
        entry = vault_page_find(vault->page, name);
    }
    if (!entry) {
        return ibc_fail(err, IBC_ERR_NOT_FOUND,
                        "vault '%s' has no profile '%s'; ibcred list shows those it has",
                        vault->path, name);
    }

    ibc_auto_secret record = {0};
    ibc_auto_profile *profile = NULL;
    enum ibc_status status = ibc_secret_alloc(&record, vault_record_size(entry), err);
    if (status == IBC_OK) {
        status = vault_record_load(vault, entry, record.bytes, &profile, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    profile->storage = ibc_secret_steal(&record);
    profile->storage_used = profile->storage.size;
    *out = ibc_steal(&profile);
    return IBC_OK;
}

struct each {
    ibc_vault_visit *visit;
    void *context;
};

static enum ibc_status visit_name(void *context, const struct vault_entry *entry,
                                  struct ibc_error *err) {
    const struct each *each = context;
    return each->visit(each->context, entry->name, entry->kind, err);
}

enum ibc_status ibc_vault_each(const struct ibc_vault *vault, ibc_vault_visit *visit, void *context,
                               struct ibc_error *err) {
    struct each each = {.visit = visit, .context = context};
    return vault_walk(vault, visit_name, &each, err);
}

struct verification {
    const struct ibc_vault *vault;
    struct ibc_secret scratch;
};

static enum ibc_status verify_entry(void *context, const struct vault_entry *entry,
                                    struct ibc_error *err) {
    struct verification *verification = context;
    return vault_record_verify(verification->vault, entry, &verification->scratch, err);
}

enum ibc_status ibc_vault_verify(const struct ibc_vault *vault, struct ibc_error *err) {
    struct verification verification = {.vault = vault};
    enum ibc_status status = vault_walk(vault, verify_entry, &verification, err);
    ibc_secret_free(&verification.scratch);
    return status;
}
