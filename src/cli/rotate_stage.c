/* rotate_stage.c - a new password into the vault, and out of it again. */
#include "cli/rotate.h"
#include "cli/staged.h"
#include "cli/survey.h"

/*
 * Before anybody types a password: what the ledger has decided since is written into the vault.
 * IBC_ERR_WAIT: a login with what is staged may be under way.
 */
static enum ibc_status open_settled(struct session *session, const struct cli *cli,
                                    const char *name, char profile[static IBC_PROFILE_NAME_MAX + 1],
                                    struct ibc_settled *settled, struct ibc_error *err) {
    enum ibc_status status = session_open(session, cli, false, err);
    if (status == IBC_OK) {
        status = session_any_profile(session, name, profile, err);
    }
    if (status == IBC_OK) {
        status = ibc_broker_settle(&session->broker, profile, settled, err);
    }
    return status == IBC_OK ? staged_refuse_tried(profile, settled, err) : status;
}

/* --- stage --- */

static bool same_value(const struct ibc_version *version, const struct ibc_field *password) {
    const struct ibc_field *own = ibc_version_field(version, IBC_FIELD_PASSWORD);
    return own && ibc_view_equal(own->value, password->value);
}

/* A username that was given beside the password must be the profile's, as IBKR sees it. */
static bool is_of_other_user(const struct ibc_vault *vault, const struct ibc_version *current,
                             const struct ibc_input *input) {
    unsigned char own[IBC_ACCOUNT_ID_BYTES], given[IBC_ACCOUNT_ID_BYTES];
    if (input->count < 2) {
        return false;
    }
    ibc_vault_account_id(vault, ibc_version_field(current, IBC_FIELD_USERNAME)->value, own);
    ibc_vault_account_id(vault, input->fields[1].value, given);
    return memcmp(own, given, sizeof own) != 0;
}

static enum ibc_status check_new(const struct ibc_vault *vault, const struct ibc_profile *profile,
                                 const struct ibc_input *input, struct ibc_error *err) {
    const struct ibc_version *current = ibc_profile_current(profile);
    const struct ibc_version *active = ibc_profile_active(profile);
    if (!current || !ibc_version_field(current, IBC_FIELD_USERNAME)) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "profile '%s' has no " IBC_FIELD_USERNAME "; seal it first: ibcred seal %s",
                        profile->name, profile->name);
    }
    if (is_of_other_user(vault, current, input)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "profile '%s' has another " IBC_FIELD_USERNAME " than the one given, and "
                        "rotate changes the password alone; seal another user with: ibcred seal %s",
                        profile->name, profile->name);
    }
    if (active && same_value(active, &input->fields[0])) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "profile '%s': that is the password of version %u, which is active; change "
                        "it at IBKR first, then give the new one here",
                        profile->name, active->number);
    }
    return IBC_OK;
}

/* IBKR said no to it before: its first login will not be made unless a person clears it. */
static enum ibc_status warn_of_burned(const struct session *session,
                                      const struct ibc_profile *profile,
                                      const struct ibc_field *password, struct ibc_error *err) {
    const struct ibc_version *current = ibc_profile_current(profile);
    bool burned;
    enum ibc_status status = ibc_broker_is_burned(
        &session->broker, ibc_version_field(current, IBC_FIELD_USERNAME)->value, password->value,
        &burned, err);
    if (status == IBC_OK && burned) {
        struct ibc_error sentence;
        ibc_fail(&sentence, IBC_OK,
                 "profile '%s': IBKR has rejected this password before, so it is held; if IBKR was "
                 "wrong: ibcred gate %s --clear",
                 profile->name, profile->name);
        warn(session->cli, sentence.text);
    }
    return status;
}

static enum ibc_status put_staged(struct session *session, const char *name,
                                  const struct ibc_input *input, struct staged_list *before,
                                  uint32_t *version, struct ibc_error *err) {
    const struct ibc_vault *vault = ibc_vault_edit_vault(session->edit);
    const struct ibc_field *password = &input->fields[0];
    ibc_auto_profile *profile = NULL;
    enum ibc_status status = ibc_vault_get(vault, name, &profile, err);
    if (status == IBC_OK) {
        status = staged_settle(session, profile, before, err);
    }
    if (status == IBC_OK) {
        status = check_new(vault, profile, input, err);
    }
    if (status == IBC_OK) {
        status = warn_of_burned(session, profile, password, err);
    }
    if (status == IBC_OK) {
        status = ibc_profile_add_version(profile, password, 1, IBC_VERSION_STAGED,
                                         ibc_clock_wall_ms(), err);
    }
    if (status != IBC_OK) {
        return status;
    }
    *version = ibc_profile_staged(profile)->number;
    return ibc_vault_edit_put(session->edit, profile, err);
}

static enum ibc_status tell_staged(const struct cli *cli, const char *profile,
                                   const struct staged_list *before,
                                   const struct ibc_field *password, uint32_t version,
                                   uint64_t generation, struct ibc_error *err) {
    staged_tell(cli, before);
    say(cli,
        "%s: version %u is staged; its first login, by ibcred up %s or ibcred inject %s --staged, "
        "decides about it",
        profile, (unsigned)version, profile, profile);
    json_auto_t *warnings = warn_of_closed_ways(cli, profile, password, 1);
    if (!cli->json) {
        return IBC_OK;
    }
    return print_json(json_pack("{s:s, s:i, s:s, s:I, s:O}", "profile", profile, "version",
                                (int)version, "state", "staged", "generation",
                                (json_int_t)generation, "warnings", warnings),
                      err);
}

enum ibc_status rotate_stage(const struct cli *cli, const char *name,
                             const struct field_source *source, struct ibc_error *err) {
    /* Before anybody types a password for a profile that is not there. */
    auto_session session;
    char profile[IBC_PROFILE_NAME_MAX + 1];
    struct ibc_settled settled;
    enum ibc_status status = open_settled(&session, cli, name, profile, &settled, err);
    ibc_auto_input input = {0};
    ibc_auto_secret unused = {0};
    if (status == IBC_OK) {
        session_rest(&session);
        status = gather_fields(source, &input, &unused, err);
    }
    if (status == IBC_OK) {
        status = session_lock(&session, err);
    }
    auto_staged before = {0};
    uint32_t version = 0;
    uint64_t generation = 0;
    if (status == IBC_OK) {
        status = put_staged(&session, profile, &input, &before, &version, err);
    }
    if (status == IBC_OK) {
        const struct ibc_audit_event event = {
            .event = "rotate", .profile = profile, .version = version, .verdict = "staged"};
        status = staged_commit(&session, &before, &event, &generation, err);
    }
    return status == IBC_OK
               ? tell_staged(cli, profile, &before, &input.fields[0], version, generation, err)
               : status;
}

/* --- abort --- */

/* Drop that version from the profile, which is as the ledger knows it. */
static enum ibc_status drop(struct session *session, struct ibc_profile *profile, uint32_t version,
                            struct ibc_error *err) {
    const struct ibc_version *staged = ibc_profile_staged(profile);
    if (!staged || staged->number != version) {
        return ibc_fail(err, IBC_ERR_WAIT,
                        "profile '%s' was changed meanwhile; look with ibcred show %s, and try "
                        "again",
                        profile->name, profile->name);
    }
    ibc_profile_unstage(profile, ibc_clock_wall_ms());
    return ibc_vault_edit_put(session->edit, profile, err);
}

static enum ibc_status unstage(struct session *session, const char *name, uint32_t version,
                               struct ibc_error *err) {
    enum ibc_status status = session_lock(session, err);
    ibc_auto_profile *profile = NULL;
    if (status == IBC_OK) {
        status = ibc_vault_get(ibc_vault_edit_vault(session->edit), name, &profile, err);
    }
    auto_staged staged = {0};
    if (status == IBC_OK) {
        status = staged_settle(session, profile, &staged, err);
    }
    if (status == IBC_OK) {
        status = drop(session, profile, version, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    uint64_t generation;
    const struct ibc_audit_event event = {
        .event = "rotate", .profile = name, .version = version, .verdict = "aborted"};
    return staged_commit(session, &staged, &event, &generation, err);
}

static enum ibc_status tell_aborted(const struct cli *cli, const char *profile,
                                    const struct ibc_settled *settled, struct ibc_error *err) {
    switch (settled->staging) {
    case IBC_STAGING_WAITS:
        say(cli, "%s: version %u is dropped; the active one stays as it was", profile,
            (unsigned)settled->version);
        break;
    case IBC_STAGING_BURNED:
        say(cli, "%s: version %u was rejected and is burned already; the active one stays", profile,
            (unsigned)settled->version);
        break;
    default:
        say(cli, "%s: nothing is staged", profile);
        break;
    }
    if (!cli->json) {
        return IBC_OK;
    }
    return print_json(json_pack("{s:s, s:o, s:b}", "profile", profile, "version",
                                json_version(settled->version), "aborted",
                                settled->staging == IBC_STAGING_WAITS),
                      err);
}

enum ibc_status rotate_abort(const struct cli *cli, const char *name, struct ibc_error *err) {
    auto_session session;
    char profile[IBC_PROFILE_NAME_MAX + 1];
    struct ibc_settled settled;
    enum ibc_status status = open_settled(&session, cli, name, profile, &settled, err);
    if (status == IBC_OK && settled.staging == IBC_STAGING_PROMOTED) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "profile '%s': version %u has logged in and is the active one; there is no "
                        "way back but another rotation",
                        profile, settled.version);
    }
    if (status == IBC_OK && settled.staging == IBC_STAGING_WAITS) {
        status = unstage(&session, profile, settled.version, err);
    }
    return status == IBC_OK ? tell_aborted(cli, profile, &settled, err) : status;
}
