/* profile.c - building a profile and reading from it. */
#include <ibcred/profile.h>

#include "vault/profile_check.h"
#include "vault/profile_storage.h"

#include <ibcred/file.h>

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

static struct ibc_version *version_in(const struct ibc_profile *profile,
                                      enum ibc_version_state state) {
    for (size_t i = 0; i < profile->version_count; i++) {
        if (profile->versions[i].state == state) {
            return &profile->versions[i];
        }
    }
    return NULL;
}

const struct ibc_version *ibc_profile_active(const struct ibc_profile *profile) {
    return version_in(profile, IBC_VERSION_ACTIVE);
}

const struct ibc_version *ibc_profile_staged(const struct ibc_profile *profile) {
    return version_in(profile, IBC_VERSION_STAGED);
}

const struct ibc_version *ibc_profile_current(const struct ibc_profile *profile) {
    const struct ibc_version *active = ibc_profile_active(profile);
    if (active || profile->version_count == 0) {
        return active;
    }
    for (size_t i = profile->version_count; i > 0; i--) {
        if (profile->versions[i - 1].state == IBC_VERSION_BURNED) {
            return &profile->versions[i - 1];
        }
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

bool ibc_version_expire(struct ibc_version *version, int64_t expires_ms) {
    if (version->expires_ms != 0 && expires_ms > version->expires_ms - DAY_MS) {
        return false;
    }
    version->expires_ms = expires_ms;
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

/* How many fields of the current version `fields` does not replace. */
static size_t count_carried(const struct ibc_profile *profile, const struct ibc_field *fields,
                            size_t count) {
    const struct ibc_version *version = ibc_profile_current(profile);
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

static size_t size_of_fields(const struct ibc_field *fields, size_t count) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += fields[i].name.size + fields[i].value.size;
    }
    return size;
}

static int order_fields(const void *a, const void *b) {
    return view_compare(((const struct ibc_field *)a)->name, ((const struct ibc_field *)b)->name);
}

/* Fill `merged` with what the current version carries over and copies of `fields`, sorted. */
static void merge_fields(struct ibc_profile *profile, const struct ibc_field *fields, size_t count,
                         struct ibc_field *merged) {
    const struct ibc_version *version = ibc_profile_current(profile);
    size_t merged_count = 0;
    for (size_t i = 0; version && i < version->field_count; i++) {
        if (!names_field(fields, count, version->fields[i].name)) {
            merged[merged_count++] = version->fields[i];
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct ibc_field *field = &merged[merged_count++];
        field->name = profile_store(profile, fields[i].name);
        field->value = profile_store(profile, fields[i].value);
    }
    qsort(merged, merged_count, sizeof *merged, order_fields);
}

static void set_state(struct ibc_version *version, enum ibc_version_state state, int64_t now_ms) {
    version->state = state;
    version->state_ms = now_ms;
}

/* Retire what a new version of that state takes the place of. */
static void retire_replaced(struct ibc_version *versions, size_t count,
                            enum ibc_version_state state, int64_t now_ms) {
    for (size_t i = 0; i < count; i++) {
        const bool active = versions[i].state == IBC_VERSION_ACTIVE && state == IBC_VERSION_ACTIVE;
        const bool staged = versions[i].state == IBC_VERSION_STAGED &&
                            (state == IBC_VERSION_ACTIVE || state == IBC_VERSION_STAGED);
        if (active || staged) {
            set_state(&versions[i], IBC_VERSION_RETIRED, now_ms);
        }
    }
}

/* Put `version` behind the others, which move to `versions`, an array with room for one more. */
static void append_version(struct ibc_profile *profile, struct ibc_version *versions,
                           const struct ibc_version *version) {
    if (profile->version_count > 0) {
        memcpy(versions, profile->versions, profile->version_count * sizeof *versions);
    }
    retire_replaced(versions, profile->version_count, version->state, version->created_ms);
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
    status = profile_reserve(profile, size_of_fields(fields, count), &outgrown, err);
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

/* --- what becomes of versions -------------------------------------------------------------- */

bool ibc_profile_promote(struct ibc_profile *profile, int64_t now_ms) {
    struct ibc_version *staged = version_in(profile, IBC_VERSION_STAGED);
    struct ibc_version *active = version_in(profile, IBC_VERSION_ACTIVE);
    if (staged && active) {
        set_state(active, IBC_VERSION_RETIRED, now_ms);
    }
    if (staged) {
        set_state(staged, IBC_VERSION_ACTIVE, now_ms);
    }
    return staged != NULL;
}

bool ibc_profile_unstage(struct ibc_profile *profile, int64_t now_ms) {
    struct ibc_version *staged = version_in(profile, IBC_VERSION_STAGED);
    if (staged) {
        set_state(staged, IBC_VERSION_RETIRED, now_ms);
    }
    return staged != NULL;
}

static bool has_copy_of(const struct ibc_profile *profile, uint32_t number) {
    for (size_t i = 0; i < profile->copy_count; i++) {
        if (profile->copies[i].version == number) {
            return true;
        }
    }
    return false;
}

/* What it held stays in the profile's storage, which other versions share, until that is wiped. */
static void drop_version(struct ibc_profile *profile, size_t index) {
    struct ibc_version *version = &profile->versions[index];
    free(version->fields);
    profile->version_count--;
    memmove(version, version + 1, (profile->version_count - index) * sizeof *version);
}

/* How many versions were retired after this one was. */
static int64_t retired_later(const struct ibc_profile *profile, const struct ibc_version *version) {
    int64_t count = 0;
    for (size_t i = 0; i < profile->version_count; i++) {
        const struct ibc_version *other = &profile->versions[i];
        count += other->state == IBC_VERSION_RETIRED &&
                 (other->state_ms > version->state_ms ||
                  (other->state_ms == version->state_ms && other->number > version->number));
    }
    return count;
}

bool ibc_profile_prune(struct ibc_profile *profile, const struct ibc_retention *retention,
                       int64_t now_ms) {
    bool dropped = false;
    for (size_t i = profile->version_count; i > 0; i--) {
        const struct ibc_version *version = &profile->versions[i - 1];
        if (version->state != IBC_VERSION_RETIRED) {
            continue;
        }
        const bool is_young = now_ms - version->state_ms < retention->age * 1000;
        if (retired_later(profile, version) >= retention->versions && !is_young &&
            !has_copy_of(profile, version->number)) {
            drop_version(profile, i - 1);
            dropped = true;
        }
    }
    return dropped;
}
