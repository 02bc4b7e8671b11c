/* layout.c - packing directory entries into pages. */
#include "vault/layout.h"

#include "vault/seal.h"

void vault_layout_free(struct vault_layout *layout) {
    free(layout->pages);
    free(layout->tags);
    *layout = (struct vault_layout){0};
}

static void seal_page(struct vault_layout *layout, struct vault_page_writer *page,
                      const unsigned char *vault_id, const unsigned char *page_key) {
    vault_page_finish(page);
    unsigned char buffer[VAULT_AAD_BYTES_MAX];
    const struct ibc_view aad = vault_page_aad(vault_id, layout->page_count, buffer);
    const struct ibc_view plain = {.bytes = page->writer.bytes, .size = VAULT_PAGE_BYTES};
    vault_seal(page_key, aad, plain,
               layout->pages + (size_t)layout->page_count * VAULT_PAGE_DISK_BYTES,
               layout->tags + (size_t)layout->page_count * VAULT_TAG_BYTES);
    layout->page_count++;
}

/* Fill one page from `entries`, count its records in, and return how many entries it took. */
static size_t fill_page(const struct vault_entry *const *entries, size_t count,
                        struct vault_page_writer *page, unsigned char *plain,
                        struct vault_layout *layout) {
    vault_page_begin(page, plain, layout->records_size);
    size_t taken = 0;
    while (taken < count && vault_page_add(page, entries[taken])) {
        layout->records_size += vault_record_size(entries[taken]);
        taken++;
    }
    return taken;
}

enum ibc_status vault_layout_make(const struct vault_entry *const *entries, size_t count,
                                  const unsigned char *vault_id, const unsigned char *page_key,
                                  struct vault_layout *out, struct ibc_error *err) {
    *out = (struct vault_layout){0};
    const size_t most_pages = count / VAULT_PAGE_ENTRIES_MIN + 1;
    if (most_pages > VAULT_PAGES_MAX) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "%zu profiles are too many for one vault; divide them among several",
                        count);
    }
    vault_auto_layout layout = {
        .pages = malloc(most_pages * VAULT_PAGE_DISK_BYTES),
        .tags = malloc(most_pages * VAULT_TAG_BYTES),
    };
    ibc_auto_secret plain = {0};
    enum ibc_status status = ibc_secret_alloc(&plain, VAULT_PAGE_BYTES, err);
    if (status != IBC_OK || !layout.pages || !layout.tags) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the directory");
    }
    while (count > 0) {
        struct vault_page_writer page;
        const size_t taken = fill_page(entries, count, &page, plain.bytes, &layout);
        seal_page(&layout, &page, vault_id, page_key);
        entries += taken;
        count -= taken;
    }
    *out = layout;
    layout = (struct vault_layout){0};
    return IBC_OK;
}
