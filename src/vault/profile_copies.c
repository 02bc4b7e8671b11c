/* profile_copies.c - where copies of a profile's fields went. */
#include "vault/profile_check.h"
#include "vault/profile_storage.h"

/* Where the copy of that target is, or where it would go. */
static size_t place_of_copy(const struct ibc_profile *profile, struct ibc_view target) {
    size_t at = 0;
    while (at < profile->copy_count && view_compare(profile->copies[at].target, target) < 0) {
        at++;
    }
    return at;
}

static bool is_copy_at(const struct ibc_profile *profile, size_t at, struct ibc_view target) {
    return at < profile->copy_count && view_compare(profile->copies[at].target, target) == 0;
}

/* Put `copy`, whose target is stored already, at its place among the others. */
static enum ibc_status insert_copy(struct ibc_profile *profile, size_t at,
                                   const struct ibc_copy *copy, struct ibc_error *err) {
    struct ibc_copy *copies = calloc(profile->copy_count + 1, sizeof *copies);
    if (!copies) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a copy");
    }
    for (size_t i = 0; i < profile->copy_count; i++) {
        copies[i < at ? i : i + 1] = profile->copies[i];
    }
    copies[at] = *copy;
    free(profile->copies);
    profile->copies = copies;
    profile->copy_count++;
    return IBC_OK;
}

enum ibc_status ibc_profile_note_copy(struct ibc_profile *profile, struct ibc_view target,
                                      uint32_t version, int64_t copied_ms, struct ibc_error *err) {
    struct ibc_copy copy = {.target = target, .version = version, .copied_ms = copied_ms};
    enum ibc_status status = profile_check_copy(profile, &copy, err);
    if (status != IBC_OK) {
        return status;
    }
    const size_t at = place_of_copy(profile, target);
    if (is_copy_at(profile, at, target)) {
        profile->copies[at].version = version;
        profile->copies[at].copied_ms = copied_ms;
        return IBC_OK;
    }
    if (profile->copy_count == IBC_COPIES_MAX) {
        return ibc_fail(err, IBC_ERR_USAGE, "profile '%s' has %d copies, the most it can keep",
                        profile->name, IBC_COPIES_MAX);
    }
    ibc_auto_secret outgrown = {0};
    status = profile_reserve(profile, target.size, &outgrown, err);
    if (status != IBC_OK) {
        return status;
    }
    copy.target = profile_store(profile, target);
    return insert_copy(profile, at, &copy, err);
}

bool ibc_profile_forget_copy(struct ibc_profile *profile, struct ibc_view target) {
    const size_t at = place_of_copy(profile, target);
    if (!is_copy_at(profile, at, target)) {
        return false;
    }
    profile->copy_count--;
    memmove(profile->copies + at, profile->copies + at + 1,
            (profile->copy_count - at) * sizeof *profile->copies);
    return true;
}

bool ibc_copy_is_behind(const struct ibc_profile *profile, const struct ibc_copy *copy) {
    const struct ibc_version *active = ibc_profile_active(profile);
    return active && (copy->copied_ms == 0 || copy->version != active->number);
}
