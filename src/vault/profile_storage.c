/* profile_storage.c - see profile_storage.h. */
#include "vault/profile_storage.h"

/* Secret memory comes in whole pages: what one holds beside libsodium's canary. */
enum { STORAGE_STEP = 4096 - 16 };

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

enum ibc_status profile_reserve(struct ibc_profile *profile, size_t more,
                                struct ibc_secret *outgrown, struct ibc_error *err) {
    const size_t needed = profile->storage_used + more;
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

struct ibc_view profile_store(struct ibc_profile *profile, struct ibc_view view) {
    unsigned char *bytes = profile->storage.bytes + profile->storage_used;
    memcpy(bytes, view.bytes, view.size);
    profile->storage_used += view.size;
    return (struct ibc_view){.bytes = bytes, .size = view.size};
}
