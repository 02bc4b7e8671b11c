/*
 * draft.h - a vault in the making, which can be made wrong at any stage.
 *
 * Follows docs/vault-format.md from the inside out: records, directory pages, root, file. After
 * each stage a fault may change what was made; everything that comes later is right again, so
 * that the fault is the only one.
 */
#ifndef IBCRED_TESTS_DRAFT_H
#define IBCRED_TESTS_DRAFT_H

#include "vault/directory.h"
#include "vault/front.h"
#include "vault/record.h"
#include "vault/seal.h"

#include <sodium.h>

enum {
    DRAFT_PROFILES_MAX = 64,
    DRAFT_PAGES_MAX = 2,
    DRAFT_SLOTS_BYTES = IBC_SLOTS_MAX * VAULT_SLOT_BYTES_MAX,
    DRAFT_ROOT_BYTES = 16384,
    DRAFT_RECORD_BYTES = 8192,
    DRAFT_FILE_BYTES = 65536,
};

/* What has just been made when a fault sets in. */
enum stage {
    STAGE_NONE,
    STAGE_PROFILES, /* profiles, before they are encoded */
    STAGE_RECORD,   /* plaintext of the first record */
    STAGE_ENTRIES,  /* directory entries, before they are encoded */
    STAGE_PAGE,     /* plaintext of the first page */
    STAGE_ROOT,     /* plaintext of the root */
    STAGE_FRONT,    /* header and slots, before the root is bound to them */
    STAGE_FILE,     /* the whole file */
};

struct draft {
    struct ibc_slot_request requests[IBC_SLOTS_MAX];
    size_t slot_count;
    struct ibc_profile *profiles[DRAFT_PROFILES_MAX];
    size_t profile_count;
    uint16_t extra_units; /* by which the first record is longer than it need be */
    size_t first_page;    /* entries on the first page; 0 for as many as fit */

    unsigned char account_key[VAULT_KEY_BYTES];
    unsigned char audit_key[VAULT_KEY_BYTES];
    unsigned char ledger_key[VAULT_KEY_BYTES];
    struct vault_keys keys;
    struct vault_header header;
    struct vault_root root;

    unsigned char record_plain[DRAFT_PROFILES_MAX][DRAFT_RECORD_BYTES];
    unsigned char records[DRAFT_PROFILES_MAX][DRAFT_RECORD_BYTES]; /* as on disk */
    size_t record_sizes[DRAFT_PROFILES_MAX];                       /* on disk */
    struct vault_entry entries[DRAFT_PROFILES_MAX];
    unsigned char page_plain[DRAFT_PAGES_MAX][VAULT_PAGE_BYTES];
    unsigned char pages[DRAFT_PAGES_MAX * VAULT_PAGE_DISK_BYTES]; /* as on disk */
    unsigned char page_tags[DRAFT_PAGES_MAX * VAULT_TAG_BYTES];
    unsigned char root_plain[DRAFT_ROOT_BYTES];
    unsigned char file[DRAFT_FILE_BYTES];
    size_t file_size;
};

/* One thing that is wrong: a change by a function, or some bytes in place of others. */
struct fault {
    enum stage stage;
    void (*change)(struct draft *draft);
    size_t offset;
    const char *bytes;
    size_t size;
};

static void require(enum ibc_status status, const struct ibc_error *err) {
    if (status != IBC_OK) {
        fprintf(stderr, "make_vectors: %s\n", err->text);
        exit(1);
    }
}

static void set_in(struct draft *draft, const struct fault *fault, enum stage stage,
                   unsigned char *bytes) {
    if (fault->stage != stage) {
        return;
    }
    if (fault->change) {
        fault->change(draft);
    } else {
        memcpy(bytes + fault->offset, fault->bytes, fault->size);
    }
}

static void seal_record(struct draft *draft, size_t index, const struct fault *fault) {
    struct ibc_error err;
    struct vault_entry *entry = &draft->entries[index];
    const struct ibc_profile *profile = draft->profiles[index];
    unsigned char *plain = draft->record_plain[index];
    require(record_units(profile, &entry->units, &err), &err);
    entry->units = (uint16_t)(entry->units + (index == 0 ? draft->extra_units : 0));
    entry->kind = profile->kind;
    memcpy(entry->name, profile->name, sizeof entry->name);
    draft->record_sizes[index] = vault_record_size(entry);

    const size_t plain_size = draft->record_sizes[index] - VAULT_NONCE_BYTES;
    record_encode(profile, plain, plain_size);
    if (index == 0) {
        set_in(draft, fault, STAGE_RECORD, plain);
    }
    unsigned char buffer[VAULT_AAD_BYTES_MAX];
    vault_seal(draft->keys.record, vault_record_aad(draft->header.id, buffer),
               (struct ibc_view){.bytes = plain, .size = plain_size}, draft->records[index],
               entry->tag);
}

static void seal_page(struct draft *draft, uint32_t index, const struct fault *fault) {
    unsigned char *plain = draft->page_plain[index];
    if (index == 0) {
        set_in(draft, fault, STAGE_PAGE, plain);
    }
    unsigned char buffer[VAULT_AAD_BYTES_MAX];
    vault_seal(draft->keys.page, vault_page_aad(draft->header.id, index, buffer),
               (struct ibc_view){.bytes = plain, .size = VAULT_PAGE_BYTES},
               draft->pages + (size_t)index * VAULT_PAGE_DISK_BYTES,
               draft->page_tags + (size_t)index * VAULT_TAG_BYTES);
}

static void seal_directory(struct draft *draft, const struct fault *fault) {
    size_t taken = 0;
    uint64_t offset = 0;
    while (taken < draft->profile_count) {
        struct vault_page_writer page;
        vault_page_begin(&page, draft->page_plain[draft->header.page_count], offset);
        const size_t end = draft->header.page_count == 0 && draft->first_page > 0
                               ? draft->first_page
                               : draft->profile_count;
        while (taken < end && vault_page_add(&page, &draft->entries[taken])) {
            offset += draft->record_sizes[taken++];
        }
        vault_page_finish(&page);
        seal_page(draft, draft->header.page_count++, fault);
    }
    draft->header.records_size = offset;
}

static void write_slots(struct draft *draft, struct writer *writer) {
    struct ibc_error err;
    for (size_t i = 0; i < draft->slot_count; i++) {
        const struct ibc_slot_request *request = &draft->requests[i];
        struct ibc_slot_info *info = &draft->root.slots[i];
        info->type = request->type;
        info->recipient = request->recipient;
        info->created_ms = draft->root.created_ms;
        snprintf(info->label, sizeof info->label, "%s", request->label);
        require(vault_slot_wrap(request, draft->header.id, draft->keys.data, writer, &err), &err);
    }
}

static void append(struct draft *draft, const unsigned char *bytes, size_t size) {
    memcpy(draft->file + draft->file_size, bytes, size);
    draft->file_size += size;
}

/* Header, slots and root, the root bound to what stands before it. */
static void seal_front(struct draft *draft, const struct fault *fault) {
    struct writer slots = writer_to(draft->file + VAULT_HEADER_BYTES, DRAFT_SLOTS_BYTES);
    write_slots(draft, &slots);
    draft->header.slot_count = (uint16_t)draft->slot_count;
    draft->header.slots_size = (uint32_t)slots.at;
    draft->header.root_size = vault_root_disk_size(draft->slot_count, draft->header.page_count);
    vault_header_encode(&draft->header, draft->file);
    set_in(draft, fault, STAGE_FRONT, draft->file);

    const size_t plain_size = vault_root_size(draft->slot_count, draft->header.page_count);
    vault_root_encode(&draft->root, draft->slot_count, draft->header.page_count, draft->root_plain);
    set_in(draft, fault, STAGE_ROOT, draft->root_plain);
    const struct ibc_view front = {.bytes = draft->file, .size = VAULT_HEADER_BYTES + slots.at};
    unsigned char *sealed = draft->file + front.size;
    vault_seal(draft->keys.root, front,
               (struct ibc_view){.bytes = draft->root_plain, .size = plain_size}, sealed,
               sealed + VAULT_NONCE_BYTES + plain_size);
    draft->file_size = front.size + draft->header.root_size;
}

/* Make `draft->file` of what the caller has put into the draft. */
static void draft_make(struct draft *draft, uint64_t generation, const struct fault *fault) {
    randombytes_buf(&draft->keys, sizeof draft->keys);
    randombytes_buf(draft->account_key, sizeof draft->account_key);
    randombytes_buf(draft->audit_key, sizeof draft->audit_key);
    randombytes_buf(draft->ledger_key, sizeof draft->ledger_key);
    randombytes_buf(draft->header.id, sizeof draft->header.id);
    vault_derive_keys(&draft->keys);
    draft->header.generation = generation;
    draft->root.account_key = draft->account_key;
    draft->root.audit_key = draft->audit_key;
    draft->root.ledger_key = draft->ledger_key;
    draft->root.created_ms = 1795334400000;
    draft->root.profile_count = draft->profile_count;
    draft->root.page_tags = draft->page_tags;

    set_in(draft, fault, STAGE_PROFILES, NULL);
    for (size_t i = 0; i < draft->profile_count; i++) {
        seal_record(draft, i, fault);
    }
    set_in(draft, fault, STAGE_ENTRIES, NULL);
    seal_directory(draft, fault);
    seal_front(draft, fault);
    append(draft, draft->pages, (size_t)draft->header.page_count * VAULT_PAGE_DISK_BYTES);
    for (size_t i = 0; i < draft->profile_count; i++) {
        append(draft, draft->records[i], draft->record_sizes[i]);
    }
    set_in(draft, fault, STAGE_FILE, draft->file);
}

#endif
