/* copy_targets.c - lists of copies, and which of a profile's are behind; see copies.h. */
#include "cli/copies.h"

#include <ibcred/file.h>

enum ibc_status add_target(struct copy_targets *targets, struct ibc_view target,
                           struct ibc_error *err) {
    if (targets->count == IBC_COPIES_MAX) {
        return ibc_fail(err, IBC_ERR_USAGE, "a profile has at most %d copies", IBC_COPIES_MAX);
    }
    snprintf(targets->items[targets->count++], sizeof targets->items[0], "%.*s", (int)target.size,
             (const char *)target.bytes);
    return IBC_OK;
}

void describe_targets(const struct copy_targets *targets, char out[static TARGETS_TEXT_MAX]) {
    int used = snprintf(out, TARGETS_TEXT_MAX, "%s", targets->items[0]);
    if (targets->count > 1) {
        snprintf(out + used, TARGETS_TEXT_MAX - (size_t)used, " and %zu more", targets->count - 1);
    }
}

const struct ibc_copy *find_copy(const struct ibc_profile *profile, const char *target) {
    for (size_t i = 0; i < profile->copy_count; i++) {
        if (ibc_view_is(profile->copies[i].target, target)) {
            return &profile->copies[i];
        }
    }
    return NULL;
}

size_t copies_behind(const struct ibc_profile *profile) {
    size_t count = 0;
    for (size_t i = 0; i < profile->copy_count; i++) {
        count += ibc_copy_is_behind(profile, &profile->copies[i]);
    }
    return count;
}

enum ibc_status add_behind(const struct ibc_profile *profile, struct copy_targets *targets,
                           struct ibc_error *err) {
    enum ibc_status status = IBC_OK;
    for (size_t i = 0; status == IBC_OK && i < profile->copy_count; i++) {
        if (ibc_copy_is_behind(profile, &profile->copies[i])) {
            status = add_target(targets, profile->copies[i].target, err);
        }
    }
    return status;
}
