/* directory.c - encoding and decoding a page of the directory. */
#include "vault/directory.h"

#include <sodium.h>

size_t vault_record_size(const struct vault_entry *entry) {
    return (size_t)entry->units * VAULT_RECORD_UNIT;
}

size_t vault_entry_size(const struct vault_entry *entry) {
    return VAULT_ENTRY_BYTES_MIN - 1 + strlen(entry->name);
}

/* Decode the next entry; what is wrong with it, or NULL. */
static const char *decode_entry(struct reader *reader, struct vault_entry *entry) {
    const struct ibc_view name = read_bytes(reader, read_u8(reader));
    const uint8_t kind = read_u8(reader);
    entry->units = read_u16(reader);
    const struct ibc_view tag = read_bytes(reader, VAULT_TAG_BYTES);
    if (reader->failed || name.size > IBC_PROFILE_NAME_MAX) {
        return "an entry is out of bounds";
    }
    memcpy(entry->name, name.bytes, name.size);
    entry->name[name.size] = '\0';
    memcpy(entry->tag, tag.bytes, tag.size);
    entry->kind = kind;
    if (strlen(entry->name) != name.size || !ibc_profile_name_valid(entry->name)) {
        return "a name is not a profile's";
    }
    if (kind != IBC_KIND_PAPER && kind != IBC_KIND_LIVE) {
        return "a kind is neither paper nor live";
    }
    if (entry->units < 1 || entry->units > VAULT_RECORD_UNITS_MAX) {
        return "the size of a record is out of bounds";
    }
    return NULL;
}

/* Decode all entries of a page and place their records; what is wrong, or NULL. */
static const char *decode_entries(struct reader *reader, struct vault_page *page) {
    page->end = page->start;
    for (size_t i = 0; i < page->count; i++) {
        struct vault_entry *entry = &page->entries[i];
        const char *fault = decode_entry(reader, entry);
        if (fault) {
            return fault;
        }
        if (i > 0 && strcmp(page->entries[i - 1].name, entry->name) >= 0) {
            return "the names are out of order";
        }
        entry->offset = page->end;
        if (__builtin_add_overflow(page->end, vault_record_size(entry), &page->end)) {
            return "a record is out of bounds";
        }
    }
    return NULL;
}

enum ibc_status vault_page_decode(const unsigned char *plain, struct vault_page *out,
                                  struct ibc_error *err) {
    struct reader reader = reader_of((struct ibc_view){.bytes = plain, .size = VAULT_PAGE_BYTES});
    out->count = read_u16(&reader);
    out->start = read_u64(&reader);
    if (out->count < 1 || out->count > VAULT_PAGE_ENTRIES_MAX) {
        return ibc_fail(err, IBC_ERR_DATA, "the number of entries is out of bounds");
    }
    const char *fault = decode_entries(&reader, out);
    if (fault) {
        return ibc_fail(err, IBC_ERR_DATA, "%s", fault);
    }
    out->used = reader.at;
    if (!sodium_is_zero(plain + reader.at, reader_left(&reader))) {
        return ibc_fail(err, IBC_ERR_DATA, "the padding is not zero");
    }
    return IBC_OK;
}

struct ibc_view vault_page_first_name(const unsigned char *plain) {
    struct reader reader = reader_of((struct ibc_view){.bytes = plain, .size = VAULT_PAGE_BYTES});
    read_bytes(&reader, VAULT_PAGE_HEAD_BYTES);
    return read_bytes(&reader, read_u8(&reader));
}

static int order_by_name(const void *name, const void *entry) {
    return strcmp(name, ((const struct vault_entry *)entry)->name);
}

const struct vault_entry *vault_page_find(const struct vault_page *page, const char *name) {
    return bsearch(name, page->entries, page->count, sizeof page->entries[0], order_by_name);
}

void vault_page_begin(struct vault_page_writer *page, unsigned char *plain, uint64_t offset) {
    memset(plain, 0, VAULT_PAGE_BYTES);
    *page = (struct vault_page_writer){.writer = writer_to(plain, VAULT_PAGE_BYTES)};
    write_u16(&page->writer, 0);
    write_u64(&page->writer, offset);
}

bool vault_page_add(struct vault_page_writer *page, const struct vault_entry *entry) {
    struct writer *writer = &page->writer;
    if (vault_entry_size(entry) > writer->size - writer->at) {
        return false;
    }
    write_u8(writer, (uint8_t)strlen(entry->name));
    write_bytes(writer, ibc_view_of(entry->name));
    write_u8(writer, (uint8_t)entry->kind);
    write_u16(writer, entry->units);
    write_bytes(writer, (struct ibc_view){.bytes = entry->tag, .size = sizeof entry->tag});
    page->count++;
    return true;
}

void vault_page_finish(struct vault_page_writer *page) {
    struct writer head = writer_to(page->writer.bytes, sizeof page->count);
    write_u16(&head, page->count);
}
