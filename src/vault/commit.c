/* commit.c - writing the next generation of a vault. */
#include "vault/edit.h"
#include "vault/front.h"
#include "vault/layout.h"
#include "vault/lock.h"
#include "vault/output.h"

#include <errno.h>
#include <fcntl.h>
#include <ibcred/file.h>
#include <search.h>
#include <sys/stat.h>
#include <unistd.h>

/* The entries of the tree, in order of name. */
struct listing {
    const struct vault_entry **entries;
    size_t count;
};

static void list_entry(const void *node, VISIT visit, void *context) {
    struct listing *listing = context;
    if (visit == postorder || visit == leaf) {
        const struct edit_entry *entry = *(struct edit_entry *const *)node;
        listing->entries[listing->count++] = &entry->entry;
    }
}

/* The next generation's header, which `layout` has given its sizes. */
static enum ibc_status next_header(const struct ibc_vault_edit *edit,
                                   const struct vault_layout *layout, struct vault_header *out,
                                   struct ibc_error *err) {
    *out = edit->vault->header;
    if (out->generation >= VAULT_GENERATION_MAX) {
        return ibc_fail(err, IBC_ERR_DATA,
                        "vault '%s' has come to its last generation; make a new one",
                        edit->vault->path);
    }
    out->generation++;
    vault_edit_slots_measure(edit, &out->slot_count, &out->slots_size);
    out->page_count = layout->page_count;
    out->root_size = vault_root_disk_size(out->slot_count, out->page_count);
    out->records_size = layout->records_size;
    return IBC_OK;
}

static enum ibc_status write_front(const struct ibc_vault_edit *edit,
                                   const struct vault_header *header,
                                   const struct vault_layout *layout, struct vault_output *output,
                                   struct ibc_error *err) {
    struct vault_root root = edit->vault->root;
    root.profile_count = edit->count;
    root.page_tags = layout->tags;
    unsigned char slot_bytes[IBC_SLOTS_MAX * VAULT_SLOT_BYTES_MAX];
    struct writer writer = writer_to(slot_bytes, sizeof slot_bytes);
    vault_edit_slots_write(edit, &writer, root.slots);
    const struct ibc_view slots = {.bytes = slot_bytes, .size = writer.at};
    const size_t size = vault_front_size(header);
    ibc_auto_free unsigned char *front = malloc(size);
    if (!front) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the root");
    }
    enum ibc_status status =
        vault_front_seal(header, slots, &root, vault_edit_keys(edit)->root, front, err);
    if (status == IBC_OK) {
        vault_output_write(output, (struct ibc_view){.bytes = front, .size = size});
        vault_output_write(
            output, (struct ibc_view){.bytes = layout->pages,
                                      .size = (size_t)layout->page_count * VAULT_PAGE_DISK_BYTES});
    }
    return status;
}

/* Copy the records, changed or as they are; the old ones are authenticated once more. */
static enum ibc_status write_records(const struct ibc_vault_edit *edit,
                                     const struct listing *listing, struct vault_output *output,
                                     struct ibc_error *err) {
    ibc_auto_free unsigned char *copy = malloc((size_t)VAULT_RECORD_UNITS_MAX * VAULT_RECORD_UNIT);
    if (!copy) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a record");
    }
    for (size_t i = 0; i < listing->count; i++) {
        const struct edit_entry *entry = (const struct edit_entry *)listing->entries[i];
        if (!entry->fresh) {
            enum ibc_status status = vault_record_load(edit->vault, &entry->entry, copy, NULL, err);
            if (status != IBC_OK) {
                return status;
            }
        }
        vault_output_write(output, (struct ibc_view){.bytes = entry->fresh ? entry->fresh : copy,
                                                     .size = vault_record_size(&entry->entry)});
    }
    return IBC_OK;
}

/* The old file's permissions, without those that would let others write. */
static mode_t mode_of(const struct ibc_vault *vault) {
    struct stat info;
    return fstat(vault->fd, &info) == 0 ? info.st_mode & 0755 : 0600;
}

/* Begin the new file beside the old one; whatever has its name is left from a killed writer. */
static enum ibc_status begin_output(const struct ibc_vault_edit *edit, struct vault_output **out,
                                    struct ibc_error *err) {
    char temporary[PATH_MAX];
    const int size = snprintf(temporary, sizeof temporary, "%s.new", edit->target);
    if (size < 0 || (size_t)size >= sizeof temporary) {
        return ibc_fail(err, IBC_ERR_CREATE, "the path '%s' is too long", edit->target);
    }
    if (unlink(temporary) != 0 && errno != ENOENT) {
        return ibc_fail_errno(err, IBC_ERR_CREATE, errno, "'%s' cannot be removed", temporary);
    }
    return vault_output_new(temporary, mode_of(edit->vault), out, err);
}

static enum ibc_status write_generation(const struct ibc_vault_edit *edit,
                                        const struct listing *listing,
                                        const struct vault_header *header,
                                        const struct vault_layout *layout, struct ibc_error *err) {
    vault_auto_output *output = NULL;
    enum ibc_status status = begin_output(edit, &output, err);
    if (status == IBC_OK) {
        status = write_front(edit, header, layout, output, err);
    }
    if (status == IBC_OK) {
        status = write_records(edit, listing, output, err);
    }
    if (status == IBC_OK) {
        status = vault_output_sync(output, err);
    }
    if (status == IBC_OK && !lock_still_named(AT_FDCWD, edit->target, edit->vault->fd)) {
        status = ibc_fail(err, IBC_ERR_IO,
                          "vault '%s' was replaced by another program meanwhile; try again",
                          edit->target);
    }
    return status == IBC_OK ? vault_output_replace(output, edit->target, err) : status;
}

enum ibc_status ibc_vault_edit_commit(struct ibc_vault_edit *edit, uint64_t *generation,
                                      struct ibc_error *err) {
    if (edit->closed) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "an edit of vault '%s' is not written: %s",
                        edit->vault->path, edit->closed);
    }
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers it is */
    ibc_auto_free const struct vault_entry **entries = calloc(edit->count + 1, sizeof *entries);
    if (!entries) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the directory");
    }
    struct listing listing = {.entries = entries};
    twalk_r(edit->entries, list_entry, &listing);

    vault_auto_layout layout = {0};
    struct vault_header header;
    enum ibc_status status = vault_layout_make(entries, listing.count, edit->vault->header.id,
                                               vault_edit_keys(edit)->page, &layout, err);
    if (status == IBC_OK) {
        status = next_header(edit, &layout, &header, err);
    }
    if (status == IBC_OK) {
        status = write_generation(edit, &listing, &header, &layout, err);
    }
    if (status == IBC_OK) {
        edit->closed = "it was written before";
        *generation = header.generation;
    }
    return status;
}
