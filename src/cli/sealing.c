/* sealing.c - fields into a profile, with the checks that belong to a username. */
#include "cli/sealing.h"

#include "cli/survey.h"

static const struct ibc_field *find(const struct sealing *sealing, const char *name) {
    for (size_t i = 0; i < sealing->field_count; i++) {
        if (ibc_view_is(sealing->fields[i].name, name)) {
            return &sealing->fields[i];
        }
    }
    return NULL;
}

static bool has_edge_blanks(struct ibc_view text) {
    return text.size > 0 && (text.bytes[0] == ' ' || text.bytes[text.size - 1] == ' ');
}

static enum ibc_status check_username(const struct sealing *sealing, enum ibc_kind kind,
                                      struct ibc_error *err) {
    const struct ibc_field *username = find(sealing, IBC_FIELD_USERNAME);
    if (!username) {
        return IBC_OK;
    }
    if (has_edge_blanks(username->value)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "profile '%s': " IBC_FIELD_USERNAME " begins or ends with a blank, which "
                        "no IBKR username does; seal it without",
                        sealing->profile);
    }
    switch (ibc_username_check(username->value, kind)) {
    case IBC_USERNAME_ACCOUNT_ID:
        return ibc_fail(err, IBC_ERR_USAGE,
                        "profile '%s': " IBC_FIELD_USERNAME " looks like an account id (U1234567), "
                        "which IBKR takes for no username; seal the name you log in with",
                        sealing->profile);
    case IBC_USERNAME_CONTRADICTS:
        if (!sealing->force) {
            return ibc_fail(err, IBC_ERR_MISMATCH,
                            "profile '%s': " IBC_FIELD_USERNAME " does not look like a %s user; "
                            "correct --kind, or say --force if it is right",
                            sealing->profile, ibc_kind_name(kind));
        }
        return IBC_OK;
    default:
        return IBC_OK;
    }
}

static enum ibc_status new_profile(const struct sealing *sealing, struct ibc_profile **out,
                                   struct ibc_error *err) {
    if (sealing->kind == 0) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "profile '%s' is new, so say what its username is: --kind paper or "
                        "--kind live",
                        sealing->profile);
    }
    if (!find(sealing, IBC_FIELD_USERNAME) || !find(sealing, IBC_FIELD_PASSWORD)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "profile '%s' is new and needs both " IBC_FIELD_USERNAME
                        " and " IBC_FIELD_PASSWORD,
                        sealing->profile);
    }
    return ibc_profile_new(sealing->profile, sealing->kind, sealing->account, ibc_clock_wall_ms(),
                           out, err);
}

static enum ibc_status open_profile(const struct ibc_vault_edit *edit,
                                    const struct sealing *sealing, struct ibc_profile **out,
                                    struct ibc_error *err) {
    enum ibc_status status = ibc_vault_get(ibc_vault_edit_vault(edit), sealing->profile, out, err);
    if (status == IBC_ERR_NOT_FOUND) {
        return new_profile(sealing, out, err);
    }
    if (status == IBC_OK && sealing->kind != 0 && sealing->kind != (*out)->kind) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "profile '%s' is sealed as %s; remove it first to seal a %s user under "
                        "its name",
                        sealing->profile, ibc_kind_name((*out)->kind),
                        ibc_kind_name(sealing->kind));
    }
    return status;
}

static enum ibc_status check_account(const struct sealing *sealing, enum ibc_kind kind,
                                     struct ibc_error *err) {
    enum ibc_kind told;
    if (sealing->force || !sealing->account || !ibc_account_kind(sealing->account, &told) ||
        told == kind) {
        return IBC_OK;
    }
    return ibc_fail(err, IBC_ERR_MISMATCH,
                    "profile '%s' is sealed as %s, and account %s is a %s one; correct --kind or "
                    "--account, or say --force if it is right",
                    sealing->profile, ibc_kind_name(kind), sealing->account, ibc_kind_name(told));
}

enum ibc_status seal_fields(const struct session *session, const struct sealing *sealing,
                            struct staged_list *staged, uint32_t *version, struct ibc_error *err) {
    const int64_t now_ms = ibc_clock_wall_ms();
    ibc_auto_profile *profile = NULL;
    enum ibc_status status = open_profile(session->edit, sealing, &profile, err);
    if (status == IBC_OK) {
        status = check_username(sealing, profile->kind, err);
    }
    if (status == IBC_OK) {
        status = check_account(sealing, profile->kind, err);
    }
    if (status == IBC_OK) {
        status = staged_settle(session, profile, staged, err);
    }
    if (status == IBC_OK) {
        status = ibc_profile_add_version(profile, sealing->fields, sealing->field_count,
                                         IBC_VERSION_ACTIVE, now_ms, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    ibc_profile_prune(profile, &session->policy.rotation_keep, now_ms);
    if (sealing->account && sealing->account[0] != '\0') {
        snprintf(profile->account, sizeof profile->account, "%s", sealing->account);
    }
    *version = ibc_profile_active(profile)->number;
    return ibc_vault_edit_put(session->edit, profile, err);
}

void sealed_free(struct sealed *sealed) {
    staged_free(&sealed->staged);
}

enum ibc_status seal_profile(const struct cli *cli, const struct sealing *sealing,
                             const char *event, struct sealed *out, struct ibc_error *err) {
    *out = (struct sealed){0};
    auto_session session;
    enum ibc_status status = session_edit(&session, cli, err);
    if (status == IBC_OK) {
        status = seal_fields(&session, sealing, &out->staged, &out->version, err);
    }
    if (status == IBC_OK) {
        const struct ibc_audit_event line = {.event = event,
                                             .profile = sealing->profile,
                                             .version = out->version,
                                             .verdict = "done"};
        status = staged_commit(&session, &out->staged, &line, &out->generation, err);
    }
    return status;
}

enum ibc_status tell_sealed(const struct cli *cli, const struct sealing *sealing,
                            const struct sealed *sealed, struct ibc_error *err) {
    staged_tell(cli, &sealed->staged);
    say(cli, "%s: version %u is sealed", sealing->profile, (unsigned)sealed->version);
    json_auto_t *warnings =
        warn_of_closed_ways(cli, sealing->profile, sealing->fields, sealing->field_count);
    if (!cli->json) {
        return IBC_OK;
    }
    return print_json(json_pack("{s:s, s:i, s:I, s:O}", "profile", sealing->profile, "version",
                                (int)sealed->version, "generation", (json_int_t)sealed->generation,
                                "warnings", warnings),
                      err);
}
