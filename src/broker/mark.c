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

static bool prove(const struct ibc_policy *policy, struct ibc_profile *profile,
                  struct ibc_version *version, enum ibc_kind kind, int64_t now_ms,
                  struct marked *out) {
    /* Only a person takes back what contradicts. */
    bool changed = (kind == IBC_KIND_LIVE || !ibc_version_contradicts(profile, version)) &&
                   ibc_version_prove(version, kind, now_ms);
    if (version->state == IBC_VERSION_STAGED) {
        out->promoted = version->number;
        changed = ibc_profile_promote(profile, now_ms);
        ibc_profile_prune(profile, &policy->rotation_keep, now_ms);
    }
    return changed;
}

static bool burn(struct ibc_version *version, int64_t now_ms, struct marked *out) {
    if (version->state == IBC_VERSION_STAGED) {
        out->burned = version->number;
    }
    return set_state(version, IBC_VERSION_BURNED, now_ms);
}

bool mark_profile(const struct ibc_broker *broker, struct ibc_profile *profile,
                  const unsigned char *credential, struct mark mark, int64_t now_ms,
                  struct marked *out) {
    *out = (struct marked){0};
    struct ibc_version *version =
        mark.type == MARK_NONE ? NULL : version_with(broker->vault, profile, credential);
    if (!version) {
        return false;
    }
    switch (mark.type) {
    case MARK_PROVEN:
        return prove(broker->policy, profile, version, mark.kind, now_ms, out);
    case MARK_EXPIRES:
        return ibc_version_expire(version, mark.expires_ms);
    case MARK_BURNED:
        return burn(version, now_ms, out);
    case MARK_CLEARED:
        return clear(broker->vault, profile, version, now_ms);
    case MARK_NONE:
    default:
        return false;
    }
}

static enum ibc_status write_mark(const struct ibc_broker *broker, struct ibc_profile *profile,
                                  const unsigned char *credential, struct mark mark, int64_t now_ms,
                                  struct marked *out, struct ibc_error *err) {
    if (!mark_profile(broker, profile, credential, mark, now_ms, out)) {
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
    if (status != IBC_OK || !mark_profile(broker, newest, credential, mark, now_ms, out)) {
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

enum ibc_status mark_version(const struct ibc_broker *broker, struct ibc_profile *profile,
                             const unsigned char *credential, struct mark mark, int64_t now_ms,
                             struct marked *out, struct ibc_error *err) {
    enum ibc_status status = write_mark(broker, profile, credential, mark, now_ms, out, err);
    if (status != IBC_OK) {
        *out = (struct marked){0};
    }
    return status;
}

enum ibc_status note_marked(const struct ibc_broker *broker, const char *profile,
                            const struct marked *marked, struct ibc_error *err) {
    if (marked->promoted == 0 && marked->burned == 0) {
        return IBC_OK;
    }
    const struct ibc_audit_event event = {
        .event = "rotate",
        .profile = profile,
        .version = marked->promoted ? marked->promoted : marked->burned,
        .verdict = marked->promoted ? "promoted" : "burned",
    };
    return ibc_broker_note(broker, &event, err);
}
