/* record.c - encoding and decoding the record of a profile. */
#include "vault/record.h"

#include "base/bytes.h"
#include "vault/profile_check.h"

#include <sodium.h>

enum {
    SIZE_BYTES = 4, /* the content's own length */
    VERSION_FIXED_BYTES = 4 + 1 + 8 + 8 + 8 + 1 + 8 + 1,
    COPY_FIXED_BYTES = 1 + 4 + 8,
};

/* --- sizes ----------------------------------------------------------------------------------- */

static size_t version_size(const struct ibc_version *version) {
    size_t size = VERSION_FIXED_BYTES;
    for (size_t i = 0; i < version->field_count; i++) {
        size += 1 + version->fields[i].name.size + 2 + version->fields[i].value.size;
    }
    return size;
}

/* Bounded by the rules of profile_check.h to some 280 MB, so that the sums cannot overflow. */
static size_t content_size(const struct ibc_profile *profile) {
    size_t size = 1 + strlen(profile->name) + 1 + 1 + strlen(profile->account) + 8 + 2 + 2;
    for (size_t i = 0; i < profile->version_count; i++) {
        size += version_size(&profile->versions[i]);
    }
    for (size_t i = 0; i < profile->copy_count; i++) {
        size += COPY_FIXED_BYTES + profile->copies[i].target.size;
    }
    return size;
}

enum ibc_status record_units(const struct ibc_profile *profile, uint16_t *units,
                             struct ibc_error *err) {
    const size_t size = VAULT_NONCE_BYTES + SIZE_BYTES + content_size(profile);
    const size_t needed = (size + VAULT_RECORD_UNIT - 1) / VAULT_RECORD_UNIT;
    if (needed > VAULT_RECORD_UNITS_MAX) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "profile '%s' would take %zu bytes with all its versions, and %d are "
                        "allowed; seal it under a new name",
                        profile->name, size, VAULT_RECORD_UNITS_MAX * VAULT_RECORD_UNIT);
    }
    *units = (uint16_t)needed;
    return IBC_OK;
}

/* --- encoding -------------------------------------------------------------------------------- */

static void write_short(struct writer *writer, struct ibc_view view) {
    write_u8(writer, (uint8_t)view.size);
    write_bytes(writer, view);
}

static void write_version(struct writer *writer, const struct ibc_version *version) {
    write_u32(writer, version->number);
    write_u8(writer, (uint8_t)version->state);
    write_u64(writer, (uint64_t)version->created_ms);
    write_u64(writer, (uint64_t)version->state_ms);
    write_u64(writer, (uint64_t)version->proven_ms);
    write_u8(writer, (uint8_t)version->proven_kind);
    write_u64(writer, (uint64_t)version->expires_ms);
    write_u8(writer, (uint8_t)version->field_count);
    for (size_t i = 0; i < version->field_count; i++) {
        write_short(writer, version->fields[i].name);
        write_u16(writer, (uint16_t)version->fields[i].value.size);
        write_bytes(writer, version->fields[i].value);
    }
}

static void write_copy(struct writer *writer, const struct ibc_copy *copy) {
    write_short(writer, copy->target);
    write_u32(writer, copy->version);
    write_u64(writer, (uint64_t)copy->copied_ms);
}

void record_encode(const struct ibc_profile *profile, unsigned char *plain, size_t size) {
    struct writer writer = writer_to(plain, size);
    write_u32(&writer, (uint32_t)content_size(profile));
    write_short(&writer, ibc_view_of(profile->name));
    write_u8(&writer, (uint8_t)profile->kind);
    write_short(&writer, ibc_view_of(profile->account));
    write_u64(&writer, (uint64_t)profile->created_ms);
    write_u16(&writer, (uint16_t)profile->version_count);
    for (size_t i = 0; i < profile->version_count; i++) {
        write_version(&writer, &profile->versions[i]);
    }
    write_u16(&writer, (uint16_t)profile->copy_count);
    for (size_t i = 0; i < profile->copy_count; i++) {
        write_copy(&writer, &profile->copies[i]);
    }
    memset(plain + writer.at, 0, size - writer.at);
}

/* --- decoding -------------------------------------------------------------------------------- */

static const char cut_short[] = "the record ends too early";

static struct ibc_view read_short(struct reader *reader) {
    return read_bytes(reader, read_u8(reader));
}

/* Read text of at most `capacity` - 1 bytes into `out`; false where it is longer or holds a NUL. */
static bool read_text(struct reader *reader, char *out, size_t capacity) {
    const struct ibc_view view = read_short(reader);
    if (reader->failed || view.size >= capacity || memchr(view.bytes, '\0', view.size)) {
        return false;
    }
    memcpy(out, view.bytes, view.size);
    out[view.size] = '\0';
    return true;
}

static enum ibc_status read_fields(struct reader *reader, struct ibc_version *version, size_t count,
                                   struct ibc_error *err) {
    version->fields = calloc(count > 0 ? count : 1, sizeof *version->fields);
    if (!version->fields) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the fields");
    }
    version->field_count = count;
    for (size_t i = 0; i < count; i++) {
        version->fields[i].name = read_short(reader);
        version->fields[i].value = read_bytes(reader, read_u16(reader));
    }
    return reader->failed ? ibc_fail(err, IBC_ERR_DATA, cut_short) : IBC_OK;
}

static enum ibc_status read_version(struct reader *reader, struct ibc_version *version,
                                    struct ibc_error *err) {
    version->number = read_u32(reader);
    version->state = read_u8(reader);
    version->created_ms = (int64_t)read_u64(reader);
    version->state_ms = (int64_t)read_u64(reader);
    version->proven_ms = (int64_t)read_u64(reader);
    version->proven_kind = read_u8(reader);
    version->expires_ms = (int64_t)read_u64(reader);
    return read_fields(reader, version, read_u8(reader), err);
}

static enum ibc_status read_versions(struct reader *reader, struct ibc_profile *profile,
                                     struct ibc_error *err) {
    const size_t count = read_u16(reader);
    if (reader->failed || count > reader_left(reader) / VERSION_FIXED_BYTES) {
        return ibc_fail(err, IBC_ERR_DATA, cut_short);
    }
    profile->versions = calloc(count > 0 ? count : 1, sizeof *profile->versions);
    if (!profile->versions) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the versions");
    }
    profile->version_count = count;
    for (size_t i = 0; i < count; i++) {
        enum ibc_status status = read_version(reader, &profile->versions[i], err);
        if (status != IBC_OK) {
            return status;
        }
    }
    return IBC_OK;
}

static enum ibc_status read_copies(struct reader *reader, struct ibc_profile *profile,
                                   struct ibc_error *err) {
    const size_t count = read_u16(reader);
    if (reader->failed || count > reader_left(reader) / COPY_FIXED_BYTES) {
        return ibc_fail(err, IBC_ERR_DATA, cut_short);
    }
    profile->copies = calloc(count > 0 ? count : 1, sizeof *profile->copies);
    if (!profile->copies) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the copies");
    }
    profile->copy_count = count;
    for (size_t i = 0; i < count; i++) {
        profile->copies[i].target = read_short(reader);
        profile->copies[i].version = read_u32(reader);
        profile->copies[i].copied_ms = (int64_t)read_u64(reader);
    }
    return IBC_OK;
}

static enum ibc_status read_profile(struct reader *reader, struct ibc_profile *profile,
                                    struct ibc_error *err) {
    if (!read_text(reader, profile->name, sizeof profile->name)) {
        return ibc_fail(err, IBC_ERR_DATA, "the name is out of bounds");
    }
    profile->kind = read_u8(reader);
    if (!read_text(reader, profile->account, sizeof profile->account)) {
        return ibc_fail(err, IBC_ERR_DATA, "the account is out of bounds");
    }
    profile->created_ms = (int64_t)read_u64(reader);
    enum ibc_status status = read_versions(reader, profile, err);
    if (status == IBC_OK) {
        status = read_copies(reader, profile, err);
    }
    if (status == IBC_OK && !reader_done(reader)) {
        return ibc_fail(err, IBC_ERR_DATA, "the record's content does not fill its length");
    }
    return status;
}

/* The content of a record, without its length and padding; the empty view where they are wrong. */
static struct ibc_view content_of(struct ibc_view plain) {
    struct reader reader = reader_of(plain);
    const uint32_t size = read_u32(&reader);
    const struct ibc_view content = read_bytes(&reader, size);
    const size_t padding = reader_left(&reader);
    if (reader.failed || padding >= VAULT_RECORD_UNIT ||
        !sodium_is_zero(plain.bytes + plain.size - padding, padding)) {
        return (struct ibc_view){0};
    }
    return content;
}

enum ibc_status record_decode(struct ibc_view plain, struct ibc_profile **out,
                              struct ibc_error *err) {
    *out = NULL;
    const struct ibc_view content = content_of(plain);
    if (content.size == 0) {
        return ibc_fail(err, IBC_ERR_DATA, "the record's length or padding is wrong");
    }
    ibc_auto_profile *profile = calloc(1, sizeof *profile);
    if (!profile) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a profile");
    }
    struct reader reader = reader_of(content);
    enum ibc_status status = read_profile(&reader, profile, err);
    if (status == IBC_OK && profile_check(profile, err) != IBC_OK) {
        status = err->status = IBC_ERR_DATA;
    }
    if (status == IBC_OK) {
        *out = ibc_steal(&profile);
    }
    return status;
}
