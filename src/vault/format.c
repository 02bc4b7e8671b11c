/* format.c - the header of a vault file. */
#include "vault/format.h"

#include "base/bytes.h"
#include "vault/root.h"
#include "vault/slots.h"

uint32_t vault_root_disk_size(size_t slot_count, size_t page_count) {
    return (uint32_t)(VAULT_NONCE_BYTES + vault_root_size(slot_count, page_count) +
                      VAULT_TAG_BYTES);
}

uint64_t vault_file_size(const struct vault_header *header) {
    return (uint64_t)VAULT_HEADER_BYTES + header->slots_size + header->root_size +
           (uint64_t)header->page_count * VAULT_PAGE_DISK_BYTES + header->records_size;
}

enum ibc_status vault_magic_check(struct ibc_view bytes, const char *path, struct ibc_error *err) {
    struct reader reader = reader_of(bytes);
    struct ibc_view magic = read_bytes(&reader, VAULT_MAGIC_BYTES);
    unsigned version = read_u16(&reader);
    if (reader.failed || !ibc_view_is(magic, VAULT_MAGIC)) {
        return ibc_fail(err, IBC_ERR_DATA,
                        "'%s' is not a vault: it does not begin with " VAULT_MAGIC
                        "; name the right file or restore it from a backup",
                        path);
    }
    if (version != VAULT_VERSION) {
        return ibc_fail(err, IBC_ERR_DATA,
                        "vault '%s' has format version %u and this program reads version %d; use "
                        "the ibcred that wrote it",
                        path, version, VAULT_VERSION);
    }
    return IBC_OK;
}

/* What is wrong with a header by itself, or NULL. */
static const char *header_fault(const struct vault_header *header) {
    if (header->slot_count < 1 || header->slot_count > IBC_SLOTS_MAX) {
        return "the number of slots is out of bounds";
    }
    if (header->slots_size < header->slot_count * VAULT_SLOT_BYTES_MIN ||
        header->slots_size > header->slot_count * VAULT_SLOT_BYTES_MAX) {
        return "the size of the slots is out of bounds";
    }
    if (header->generation < 1 || header->generation > VAULT_GENERATION_MAX) {
        return "the generation is out of bounds";
    }
    if (header->page_count > VAULT_PAGES_MAX) {
        return "the number of directory pages is out of bounds";
    }
    if (header->root_size != vault_root_disk_size(header->slot_count, header->page_count)) {
        return "the size of the root does not fit the slots and pages";
    }
    if (header->records_size % VAULT_RECORD_UNIT != 0 || header->records_size > INT64_MAX / 2) {
        return "the size of the records is out of bounds";
    }
    return NULL;
}

enum ibc_status vault_header_decode(struct ibc_view bytes, uint64_t file_size,
                                    struct vault_header *out, struct ibc_error *err) {
    struct reader reader = reader_of(bytes);
    read_bytes(&reader, VAULT_MAGIC_BYTES);
    read_u16(&reader);
    struct vault_header header = {0};
    header.slot_count = read_u16(&reader);
    header.slots_size = read_u32(&reader);
    header.generation = read_u64(&reader);
    struct ibc_view id = read_bytes(&reader, sizeof header.id);
    header.root_size = read_u32(&reader);
    header.page_count = read_u32(&reader);
    header.records_size = read_u64(&reader);
    if (!reader_done(&reader)) {
        return ibc_fail(err, IBC_ERR_DATA, "the file ends in it");
    }
    memcpy(header.id, id.bytes, sizeof header.id);

    const char *fault = header_fault(&header);
    if (fault) {
        return ibc_fail(err, IBC_ERR_DATA, "%s", fault);
    }
    if (vault_file_size(&header) != file_size) {
        return ibc_fail(err, IBC_ERR_DATA, "the file has %llu bytes where it says %llu",
                        (unsigned long long)file_size,
                        (unsigned long long)vault_file_size(&header));
    }
    *out = header;
    return IBC_OK;
}

void vault_header_encode(const struct vault_header *header,
                         unsigned char out[static VAULT_HEADER_BYTES]) {
    struct writer writer = writer_to(out, VAULT_HEADER_BYTES);
    write_bytes(&writer, ibc_view_of(VAULT_MAGIC));
    write_u16(&writer, VAULT_VERSION);
    write_u16(&writer, header->slot_count);
    write_u32(&writer, header->slots_size);
    write_u64(&writer, header->generation);
    write_bytes(&writer, (struct ibc_view){.bytes = header->id, .size = sizeof header->id});
    write_u32(&writer, header->root_size);
    write_u32(&writer, header->page_count);
    write_u64(&writer, header->records_size);
}

enum ibc_status vault_damaged(struct ibc_error *err, const char *path, const char *part) {
    char clause[IBC_ERROR_TEXT_MAX];
    snprintf(clause, sizeof clause, "%s", err->text);
    clause[strcspn(clause, ";")] = '\0'; /* advice for sealing does not help who reads */
    return ibc_fail(err, IBC_ERR_DATA,
                    "vault '%s' is damaged: %s: %s; restore the vault from a backup", path, part,
                    clause);
}
