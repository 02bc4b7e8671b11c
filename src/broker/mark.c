/* mark.c - see mark.h. */
#include "broker/mark.h"

#include "broker/account.h"

struct ibc_version *version_with(const struct ibc_vault *vault, struct ibc_profile *profile,
                                 const unsigned char *credential) {
    for (size_t i = profile->version_count; i > 0; i--) {
        if (!has_credentials(&profile->versions[i - 1])) {
            continue;
        }
        unsigned char id[IBC_CREDENTIAL_ID_BYTES];
        credential_of(vault, &profile->versions[i - 1], id);
        if (memcmp(id, credential, sizeof id) == 0) {
            return &profile->versions[i - 1];
        }
    }
    return NULL;
}

static bool set_state(struct ibc_version *version, enum ibc_version_state state, int64_t now_ms) {
    if (version->state == state) {
        return false;
    }
    version->state = state;
    version->state_ms = now_ms;
    return true;
}

/* What a person says of one password is said of the username: it is the user that has a kind. */
static bool clear(const struct ibc_vault *vault, struct ibc_profile *profile,
                  struct ibc_version *version, int64_t now_ms) {
    bool changed = version->state == IBC_VERSION_BURNED && !ibc_profile_active(profile) &&
                   set_state(version, IBC_VERSION_ACTIVE, now_ms);
    for (size_t i = 0; i < profile->version_count; i++) {
        struct ibc_version *other = &profile->versions[i];
        if (ibc_version_contradicts(profile, other) && has_credentials(other) &&
            same_account(vault, other, version)) {
            other->proven_ms = 0;
            other->proven_kind = 0;
            changed = true;
        }
    }
    return changed;
}

/* Mark `profile` itself. False: there is nothing to write. */
static bool apply(const struct ibc_vault *vault, struct ibc_profile *profile,
                  const unsigned char *credential, struct mark mark, int64_t now_ms) {
    struct ibc_version *version =
        mark.type == MARK_NONE ? NULL : version_with(vault, profile, credential);
    if (!version) {
        return false;
    }
    switch (mark.type) {
    case MARK_PROVEN:
        /* Only a person takes back what contradicts. */
        return (mark.kind == IBC_KIND_LIVE || !ibc_version_contradicts(profile, version)) &&
               ibc_version_prove(version, mark.kind, now_ms);
    case MARK_BURNED:
        return set_state(version, IBC_VERSION_BURNED, now_ms);
    case MARK_CLEARED:
        return clear(vault, profile, version, now_ms);
    case MARK_NONE:
    default:
        return false;
    }
}

enum ibc_status mark_version(const struct ibc_broker *broker, struct ibc_profile *profile,
                             const unsigned char *credential, struct mark mark, int64_t now_ms,
                             struct ibc_error *err) {
    if (!apply(broker->vault, profile, credential, mark, now_ms)) {
        return IBC_OK;
    }
    ibc_auto_vault_edit *edit = NULL;
    enum ibc_status status =
        ibc_vault_edit_begin(ibc_vault_path(broker->vault), broker->keyring, &edit, err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_profile *newest = NULL;
    status = ibc_vault_get(ibc_vault_edit_vault(edit), profile->name, &newest, err);
    if (status != IBC_OK || !apply(broker->vault, newest, credential, mark, now_ms)) {
        return status;
    }
    status = ibc_vault_edit_put(edit, newest, err);
    uint64_t generation = 0;
    if (status == IBC_OK) {
        status = ibc_vault_edit_commit(edit, &generation, err);
    }
    if (status == IBC_OK) {
        status =
            ibc_generation_remember(broker->state_fd, ibc_vault_id(broker->vault), generation, err);
    }
    return status;
}
