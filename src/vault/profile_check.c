/* profile_check.c - the rules for names, fields, versions and copies. */
#include "vault/profile_check.h"

#include "base/utf8.h"

static bool is_letter(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(unsigned char c) {
    return c >= '0' && c <= '9';
}

bool ibc_profile_name_valid(const char *name) {
    static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    static const char later[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t size = strnlen(name, IBC_PROFILE_NAME_MAX + 1);
    return size >= 1 && size <= IBC_PROFILE_NAME_MAX && strspn(name, first) >= 1 &&
           strspn(name, later) == size;
}

static bool account_valid(const char *account) {
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t size = strnlen(account, IBC_ACCOUNT_MAX + 1);
    return size <= IBC_ACCOUNT_MAX && strspn(account, allowed) == size;
}

static bool field_name_valid(struct ibc_view name) {
    if (name.size == 0 || name.size > IBC_FIELD_NAME_MAX || is_digit(name.bytes[0])) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        if (!is_letter(name.bytes[i]) && !is_digit(name.bytes[i]) && name.bytes[i] != '_') {
            return false;
        }
    }
    return true;
}

static bool kind_valid(enum ibc_kind kind) {
    return kind == IBC_KIND_PAPER || kind == IBC_KIND_LIVE;
}

int view_compare(struct ibc_view a, struct ibc_view b) {
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common > 0 ? memcmp(a.bytes, b.bytes, common) : 0;
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static bool has_byte(struct ibc_view text, char byte) {
    return memchr(text.bytes, byte, text.size) != NULL;
}

/* What is wrong with a field's value, or NULL. */
static const char *value_fault(struct ibc_view value) {
    if (value.size == 0) {
        return "is empty";
    }
    if (value.size > IBC_FIELD_VALUE_MAX) {
        return "is longer than 4096 bytes";
    }
    if (has_byte(value, '\0') || has_byte(value, '\n') || has_byte(value, '\r')) {
        return "holds a NUL, a line feed or a carriage return, which no env file can carry";
    }
    return utf8_valid(value) ? NULL : "is not UTF-8";
}

enum ibc_status ibc_field_check(const struct ibc_field *field, struct ibc_error *err) {
    if (!field_name_valid(field->name)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "a field's name must be 1 to %d letters, digits and underscores, and not "
                        "begin with a digit",
                        IBC_FIELD_NAME_MAX);
    }
    const char *fault = value_fault(field->value);
    if (fault) {
        return ibc_fail(err, IBC_ERR_USAGE, "the value of %.*s %s; seal another value",
                        (int)field->name.size, (const char *)field->name.bytes, fault);
    }
    return IBC_OK;
}

enum ibc_status profile_check_head(const char *name, enum ibc_kind kind, const char *account,
                                   int64_t created_ms, struct ibc_error *err) {
    if (!ibc_profile_name_valid(name)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "a profile's name must be 1 to %d of a-z, 0-9, '.', '_' and '-', and begin "
                        "with a letter or digit",
                        IBC_PROFILE_NAME_MAX);
    }
    if (!kind_valid(kind)) {
        return ibc_fail(err, IBC_ERR_USAGE, "profile '%s' is neither paper nor live", name);
    }
    if (!account_valid(account)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "the account of profile '%s' must be at most %d capital letters and digits",
                        name, IBC_ACCOUNT_MAX);
    }
    if (created_ms < 0) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "profile '%s' was made before 1970; set the clock right", name);
    }
    return IBC_OK;
}

/* What is wrong with a version by itself, its fields left aside, or NULL. */
static const char *version_fault(const struct ibc_version *version) {
    if (version->state < IBC_VERSION_STAGED || version->state > IBC_VERSION_RETIRED) {
        return "has no known state";
    }
    if (version->created_ms < 0 || version->state_ms < 0 || version->proven_ms < 0 ||
        version->expires_ms < 0) {
        return "has a time before 1970";
    }
    if (version->proven_kind != 0 && !kind_valid(version->proven_kind)) {
        return "was proven by an account of no known kind";
    }
    if (version->proven_ms == 0 && version->proven_kind != 0) {
        return "has the kind of a login that never was";
    }
    if (version->field_count < 1 || version->field_count > IBC_FIELDS_MAX) {
        return "must have 1 to 64 fields";
    }
    return NULL;
}

static enum ibc_status check_version(const struct ibc_version *version, struct ibc_error *err) {
    const char *fault = version_fault(version);
    if (fault) {
        return ibc_fail(err, IBC_ERR_USAGE, "version %u %s", version->number, fault);
    }
    for (size_t i = 0; i < version->field_count; i++) {
        enum ibc_status status = ibc_field_check(&version->fields[i], err);
        if (status != IBC_OK) {
            return status;
        }
        if (i > 0 && view_compare(version->fields[i - 1].name, version->fields[i].name) >= 0) {
            return ibc_fail(err, IBC_ERR_USAGE, "the fields of version %u are out of order",
                            version->number);
        }
    }
    return IBC_OK;
}

static enum ibc_status check_versions(const struct ibc_profile *profile, struct ibc_error *err) {
    if (profile->version_count > IBC_VERSIONS_MAX) {
        return ibc_fail(err, IBC_ERR_USAGE, "more than %d versions", IBC_VERSIONS_MAX);
    }
    uint32_t last_number = 0;
    size_t active_count = 0, staged_count = 0;
    for (size_t i = 0; i < profile->version_count; i++) {
        const struct ibc_version *version = &profile->versions[i];
        enum ibc_status status = check_version(version, err);
        if (status != IBC_OK) {
            return status;
        }
        if (version->number <= last_number) {
            return ibc_fail(err, IBC_ERR_USAGE, "the versions are out of order");
        }
        last_number = version->number;
        active_count += version->state == IBC_VERSION_ACTIVE;
        staged_count += version->state == IBC_VERSION_STAGED;
    }
    if (active_count > 1 || staged_count > 1) {
        return ibc_fail(err, IBC_ERR_USAGE, "more than one version is %s",
                        active_count > 1 ? "active" : "staged");
    }
    return IBC_OK;
}

static bool has_version(const struct ibc_profile *profile, uint32_t number) {
    for (size_t i = 0; i < profile->version_count; i++) {
        if (profile->versions[i].number == number) {
            return true;
        }
    }
    return false;
}

enum ibc_status profile_check_copy(const struct ibc_profile *profile, const struct ibc_copy *copy,
                                   struct ibc_error *err) {
    if (copy->target.size < 1 || copy->target.size > IBC_COPY_TARGET_MAX ||
        !utf8_printable(copy->target)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "a copy's target must be 1 to %d bytes of printable text",
                        IBC_COPY_TARGET_MAX);
    }
    if (!has_version(profile, copy->version) || copy->copied_ms < 0) {
        return ibc_fail(err, IBC_ERR_USAGE, "a copy is of version %u, which never was",
                        copy->version);
    }
    return IBC_OK;
}

static enum ibc_status check_copies(const struct ibc_profile *profile, struct ibc_error *err) {
    if (profile->copy_count > IBC_COPIES_MAX) {
        return ibc_fail(err, IBC_ERR_USAGE, "more than %d copies", IBC_COPIES_MAX);
    }
    for (size_t i = 0; i < profile->copy_count; i++) {
        const struct ibc_copy *copy = &profile->copies[i];
        enum ibc_status status = profile_check_copy(profile, copy, err);
        if (status != IBC_OK) {
            return status;
        }
        if (i > 0 && view_compare(profile->copies[i - 1].target, copy->target) >= 0) {
            return ibc_fail(err, IBC_ERR_USAGE, "the copies are out of order");
        }
    }
    return IBC_OK;
}

enum ibc_status profile_check(const struct ibc_profile *profile, struct ibc_error *err) {
    enum ibc_status status = profile_check_head(profile->name, profile->kind, profile->account,
                                                profile->created_ms, err);
    if (status == IBC_OK) {
        status = check_versions(profile, err);
    }
    if (status == IBC_OK) {
        status = check_copies(profile, err);
    }
    return status;
}
