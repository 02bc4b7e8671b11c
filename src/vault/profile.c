/* profile.c - building a profile and reading from it. */
#include <ibcred/profile.h>

#include "vault/profile_check.h"

#include <ibcred/file.h>
#include <sodium.h>

/* Secret memory comes in whole pages: what one holds beside libsodium's canary. */
enum { STORAGE_STEP = 4096 - 16 };

#define DAY_MS INT64_C(86400000)

const char *ibc_version_state_name(enum ibc_version_state state) {
    switch (state) {
    case IBC_VERSION_STAGED:
        return "staged";
    case IBC_VERSION_ACTIVE:
        return "active";
    case IBC_VERSION_BURNED:
        return "burned";
    default:
        return "retired";
    }
}

static void free_versions(struct ibc_profile *profile) {
    for (size_t i = 0; i < profile->version_count; i++) {
        free(profile->versions[i].fields);
    }
    free(profile->versions);
    profile->versions = NULL;
    profile->version_count = 0;
}

static void free_copies(struct ibc_profile *profile) {
    free(profile->copies);
    profile->copies = NULL;
    profile->copy_count = 0;
}

void ibc_profile_free(struct ibc_profile **profile) {
    if (*profile) {
        free_versions(*profile);
        free_copies(*profile);
        ibc_secret_free(&(*profile)->storage);
        free(*profile);
        *profile = NULL;
    }
}

enum ibc_status ibc_profile_new(const char *name, enum ibc_kind kind, const char *account,
                                int64_t now_ms, struct ibc_profile **out, struct ibc_error *err) {
    *out = NULL;
    account = account ? account : "";
    enum ibc_status status = profile_check_head(name, kind, account, now_ms, err);
    if (status != IBC_OK) {
        return status;
    }
    struct ibc_profile *profile = calloc(1, sizeof *profile);
    if (!profile) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a profile");
    }
    snprintf(profile->name, sizeof profile->name, "%s", name);
    snprintf(profile->account, sizeof profile->account, "%s", account);
    profile->kind = kind;
    profile->created_ms = now_ms;
    *out = profile;
    return IBC_OK;
}

const struct ibc_version *ibc_profile_active(const struct ibc_profile *profile) {
    for (size_t i = 0; i < profile->version_count; i++) {
        if (profile->versions[i].state == IBC_VERSION_ACTIVE) {
            return &profile->versions[i];
        }
    }
    return NULL;
}

const struct ibc_version *ibc_profile_current(const struct ibc_profile *profile) {
    const struct ibc_version *active = ibc_profile_active(profile);
    if (active || profile->version_count == 0) {
        return active;
    }
    return &profile->versions[profile->version_count - 1];
}

bool ibc_version_prove(struct ibc_version *version, enum ibc_kind kind, int64_t now_ms) {
    /* A mark from far ahead, of a clock that was wrong, is to be replaced too. */
    const int64_t age = now_ms - version->proven_ms;
    const bool recent = version->proven_ms != 0 && age < DAY_MS && age > -DAY_MS;
    if (recent && (kind == 0 || kind == version->proven_kind)) {
        return false;
    }
    version->proven_ms = now_ms;
    if (kind != 0) {
        version->proven_kind = kind;
    }
    return true;
}

bool ibc_version_contradicts(const struct ibc_profile *profile, const struct ibc_version *version) {
    return profile->kind == IBC_KIND_PAPER && version->proven_kind == IBC_KIND_LIVE;
}

const struct ibc_field *ibc_version_field(const struct ibc_version *version, const char *name) {
    for (size_t i = 0; i < version->field_count; i++) {
        if (ibc_view_is(version->fields[i].name, name)) {
            return &version->fields[i];
        }
    }
    return NULL;
}

/* --- adding a version ---------------------------------------------------------------------- */

static bool names_field(const struct ibc_field *fields, size_t count, struct ibc_view name) {
    for (size_t i = 0; i < count; i++) {
        if (view_compare(fields[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static enum ibc_status check_new_fields(const struct ibc_profile *profile,
                                        const struct ibc_field *fields, size_t count,
                                        struct ibc_error *err) {
    if (count > IBC_FIELDS_MAX) {
        return ibc_fail(err, IBC_ERR_USAGE, "profile '%s' can hold no more than %d fields",
                        profile->name, IBC_FIELDS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        enum ibc_status status = ibc_field_check(&fields[i], err);
        if (status != IBC_OK) {
            return status;
        }
        if (names_field(fields, i, fields[i].name)) {
            return ibc_fail(err, IBC_ERR_USAGE, "%.*s is given twice; give it once",
                            (int)fields[i].name.size, (const char *)fields[i].name.bytes);
        }
    }
    return IBC_OK;
}

static const struct ibc_version *newest(const struct ibc_profile *profile) {
    return profile->version_count > 0 ? &profile->versions[profile->version_count - 1] : NULL;
}

/* How many fields of the newest version `fields` does not replace. */
static size_t count_carried(const struct ibc_profile *profile, const struct ibc_field *fields,
                            size_t count) {
    const struct ibc_version *version = newest(profile);
    size_t carried = 0;
    for (size_t i = 0; version && i < version->field_count; i++) {
        carried += !names_field(fields, count, version->fields[i].name);
    }
    return carried;
}

static enum ibc_status check_room(const struct ibc_profile *profile, size_t field_count,
                                  struct ibc_error *err) {
    const struct ibc_version *last = newest(profile);
    if (field_count < 1 || field_count > IBC_FIELDS_MAX) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "a version of profile '%s' must have 1 to %d fields, not %zu",
                        profile->name, IBC_FIELDS_MAX, field_count);
    }
    if (profile->version_count >= IBC_VERSIONS_MAX || (last && last->number == UINT32_MAX)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "profile '%s' has %d versions, the most it can keep; seal it under a new "
                        "name",
                        profile->name, IBC_VERSIONS_MAX);
    }
    return IBC_OK;
}

static void move_view(struct ibc_view *view, const unsigned char *from, unsigned char *to) {
    view->bytes = to + (view->bytes - from);
}

/* Let every view point into `to` where it points into `from` now. */
static void move_views(struct ibc_profile *profile, const unsigned char *from, unsigned char *to) {
    for (size_t i = 0; i < profile->version_count; i++) {
        for (size_t j = 0; j < profile->versions[i].field_count; j++) {
            move_view(&profile->versions[i].fields[j].name, from, to);
            move_view(&profile->versions[i].fields[j].value, from, to);
        }
    }
    for (size_t i = 0; i < profile->copy_count; i++) {
        move_view(&profile->copies[i].target, from, to);
    }
}

/*
 * Make room for the bytes of `fields`. A storage that was too small is handed to `outgrown`, since
 * `fields` may point into it.
 */
static enum ibc_status reserve(struct ibc_profile *profile, const struct ibc_field *fields,
                               size_t count, struct ibc_secret *outgrown, struct ibc_error *err) {
    size_t needed = profile->storage_used;
    for (size_t i = 0; i < count; i++) {
        needed += fields[i].name.size + fields[i].value.size;
    }
    if (needed <= profile->storage.size) {
        return IBC_OK;
    }
    ibc_auto_secret larger = {0};
    size_t size = (needed + STORAGE_STEP - 1) / STORAGE_STEP * STORAGE_STEP;
    enum ibc_status status = ibc_secret_alloc(&larger, size, err);
    if (status != IBC_OK) {
        return status;
    }
    if (profile->storage_used > 0) {
        memcpy(larger.bytes, profile->storage.bytes, profile->storage_used);
        move_views(profile, profile->storage.bytes, larger.bytes);
    }
    *outgrown = ibc_secret_steal(&profile->storage);
    profile->storage = ibc_secret_steal(&larger);
    return IBC_OK;
}

static struct ibc_view store(struct ibc_profile *profile, struct ibc_view view) {
    unsigned char *bytes = profile->storage.bytes + profile->storage_used;
    memcpy(bytes, view.bytes, view.size);
    profile->storage_used += view.size;
    return (struct ibc_view){.bytes = bytes, .size = view.size};
}

static int order_fields(const void *a, const void *b) {
    return view_compare(((const struct ibc_field *)a)->name, ((const struct ibc_field *)b)->name);
}

/* Fill `merged` with what the newest version carries over and copies of `fields`, sorted. */
static void merge_fields(struct ibc_profile *profile, const struct ibc_field *fields, size_t count,
                         struct ibc_field *merged) {
    const struct ibc_version *version = newest(profile);
    size_t merged_count = 0;
    for (size_t i = 0; version && i < version->field_count; i++) {
        if (!names_field(fields, count, version->fields[i].name)) {
            merged[merged_count++] = version->fields[i];
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct ibc_field *field = &merged[merged_count++];
        field->name = store(profile, fields[i].name);
        field->value = store(profile, fields[i].value);
    }
    qsort(merged, merged_count, sizeof *merged, order_fields);
}

static void retire_active(struct ibc_version *versions, size_t count, int64_t now_ms) {
    for (size_t i = 0; i < count; i++) {
        if (versions[i].state == IBC_VERSION_ACTIVE) {
            versions[i].state = IBC_VERSION_RETIRED;
            versions[i].state_ms = now_ms;
        }
    }
}

/* Put `version` behind the others, which move to `versions`, an array with room for one more. */
static void append_version(struct ibc_profile *profile, struct ibc_version *versions,
                           const struct ibc_version *version) {
    if (profile->version_count > 0) {
        memcpy(versions, profile->versions, profile->version_count * sizeof *versions);
    }
    if (version->state == IBC_VERSION_ACTIVE) {
        retire_active(versions, profile->version_count, version->created_ms);
    }
    versions[profile->version_count] = *version;
    free(profile->versions);
    profile->versions = versions;
    profile->version_count++;
}

enum ibc_status ibc_profile_add_version(struct ibc_profile *profile, const struct ibc_field *fields,
                                        size_t count, enum ibc_version_state state, int64_t now_ms,
                                        struct ibc_error *err) {
    enum ibc_status status = check_new_fields(profile, fields, count, err);
    if (status != IBC_OK) {
        return status;
    }
    const size_t merged_count = count_carried(profile, fields, count) + count;
    status = check_room(profile, merged_count, err);
    if (status != IBC_OK) {
        return status;
    }

    /* NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI): check_room() refuses none */
    ibc_auto_free struct ibc_field *merged = calloc(merged_count, sizeof *merged);
    ibc_auto_free struct ibc_version *versions =
        calloc(profile->version_count + 1, sizeof *versions);
    if (!merged || !versions) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a version");
    }
    ibc_auto_secret outgrown = {0};
    status = reserve(profile, fields, count, &outgrown, err);
    if (status != IBC_OK) {
        return status;
    }

    merge_fields(profile, fields, count, merged);
    const struct ibc_version version = {
        .number = profile->version_count > 0 ? newest(profile)->number + 1 : 1,
        .state = state,
        .created_ms = now_ms,
        .state_ms = now_ms,
        .field_count = merged_count,
        .fields = ibc_steal(&merged),
    };
    append_version(profile, ibc_steal(&versions), &version);
    return IBC_OK;
}
