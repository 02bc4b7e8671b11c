/* provision.c - fields of a profile to a place at a forge; see provision.h. */
#include "cli/provision.h"

/* No forge tells places apart by their case alone; names of variables GitLab does. */
static bool is_same_url(const struct ibc_forge_secret *a, const struct ibc_forge_secret *b) {
    return strcasecmp(a->url, b->url) == 0 && strcmp(a->name, b->name) == 0;
}

/* Both name one variable at the forge: two fields cannot go there. */
static bool is_same_secret(const struct ibc_forge_secret *a, const struct ibc_forge_secret *b) {
    return a->forge == b->forge && is_same_url(a, b) && strcmp(a->scope, b->scope) == 0;
}

enum ibc_status answer_provision(const struct provision *provision, const char *profile,
                                 json_t *results, const struct brought *brought,
                                 enum ibc_status status, struct ibc_error *err) {
    if (!provision->cli->json) {
        json_decref(results);
        return status;
    }
    struct ibc_error unwritable;
    enum ibc_status written = print_json(
        json_pack("{s:s, s:s?, s:o, s:I, s:I}", "forge", ibc_forge_name(provision->place.forge),
                  "profile", profile, "secrets", results, "done", (json_int_t)brought->done,
                  "behind", (json_int_t)brought->behind),
        &unwritable);
    if (status == IBC_OK && written != IBC_OK) {
        *err = unwritable;
        return written;
    }
    return status;
}

enum ibc_status answer_plan(const struct provision *provision, const struct ibc_profile *profile,
                            const struct copy_targets *targets, const char *result,
                            struct ibc_error *err) {
    const struct brought brought = {.behind = profile ? copies_behind(profile) : 0};
    json_t *results = json_array();
    for (size_t i = 0; i < targets->count; i++) {
        struct ibc_forge_secret secret;
        enum ibc_status status =
            ibc_forge_target_parse(ibc_view_of(targets->items[i]), &secret, err);
        if (status != IBC_OK) {
            json_decref(results);
            return status;
        }
        say(provision->cli, "%s %s at %s", result, secret.name, targets->items[i]);
        json_array_append_new(
            results, copy_result_json(secret.name, secret.field, targets->items[i], result, NULL));
    }
    return answer_provision(provision, profile ? profile->name : NULL, results, &brought, IBC_OK,
                            err);
}

enum ibc_status open_profile(const struct provision *provision, struct session *session,
                             char name[static IBC_PROFILE_NAME_MAX + 1], struct ibc_profile **out,
                             struct ibc_error *err) {
    enum ibc_status status = session_open(session, provision->cli, false, err);
    if (status == IBC_OK) {
        status = session_any_profile(session, provision->profile, name, err);
    }
    return status == IBC_OK ? ibc_vault_get(session->vault, name, out, err) : status;
}

/* --- provision_fields() ------------------------------------------------------------------------*/

static enum ibc_status check_field(const struct ibc_profile *profile,
                                   const struct provision_field *field, const char *target,
                                   struct ibc_error *err) {
    const struct ibc_version *version = ibc_profile_active(profile);
    if (!version) {
        return ibc_fail(err, IBC_ERR_REFUSED, "profile '%s' has no active version", profile->name);
    }
    const struct ibc_field *found = ibc_version_field(version, field->name);
    if (!found) {
        return ibc_fail(err, IBC_ERR_NOT_FOUND, "profile '%s' has no field '%s'", profile->name,
                        field->name);
    }
    struct ibc_forge_secret secret;
    enum ibc_status status = ibc_forge_target_parse(ibc_view_of(target), &secret, err);
    return status == IBC_OK ? ibc_forge_check_value(&secret, found->value, err) : status;
}

static enum ibc_status check_all_differ(const struct copy_targets *targets, struct ibc_error *err) {
    for (size_t i = 0; i < targets->count; i++) {
        for (size_t j = 0; j < i; j++) {
            struct ibc_forge_secret a;
            struct ibc_forge_secret b;
            enum ibc_status status =
                ibc_forge_target_parse(ibc_view_of(targets->items[i]), &a, err);
            if (status == IBC_OK) {
                status = ibc_forge_target_parse(ibc_view_of(targets->items[j]), &b, err);
            }
            if (status != IBC_OK) {
                return status;
            }
            if (is_same_secret(&a, &b)) {
                return ibc_fail(err, IBC_ERR_USAGE,
                                "fields %s and %s cannot both go into the secret %s", b.field,
                                a.field, a.name);
            }
        }
    }
    return IBC_OK;
}

/* The targets that `profile` is to have, and who else may have them. */
struct rivalry {
    const struct ibc_vault *vault;
    const char *profile;
    const struct copy_targets *targets;
};

static bool is_among(const struct copy_targets *targets, struct ibc_view target) {
    struct ibc_error ignored;
    struct ibc_forge_secret theirs;
    struct ibc_forge_secret ours;
    if (ibc_forge_target_parse(target, &theirs, &ignored) != IBC_OK) {
        return false;
    }
    for (size_t i = 0; i < targets->count; i++) {
        if (ibc_forge_target_parse(ibc_view_of(targets->items[i]), &ours, &ignored) == IBC_OK &&
            is_same_secret(&ours, &theirs)) {
            return true;
        }
    }
    return false;
}

static enum ibc_status look_for_rival(void *context, const char *name, enum ibc_kind kind,
                                      struct ibc_error *err) {
    (void)kind;
    const struct rivalry *rivalry = context;
    ibc_auto_profile *other = NULL;
    if (strcmp(name, rivalry->profile) == 0) {
        return IBC_OK;
    }
    enum ibc_status status = ibc_vault_get(rivalry->vault, name, &other, err);
    for (size_t i = 0; status == IBC_OK && i < other->copy_count; i++) {
        const struct ibc_view target = other->copies[i].target;
        if (is_among(rivalry->targets, target)) {
            status = ibc_fail(err, IBC_ERR_USAGE,
                              "'%.*s' is kept up to date for profile '%s', and one secret cannot "
                              "hold two: choose another with --field NAME=SECRET, or take it off "
                              "that profile's list with --forget",
                              (int)target.size, (const char *)target.bytes, name);
        }
    }
    return status;
}

/* Two profiles would write over each other's password, and each believe its own to be there. */
static enum ibc_status check_rivals(const struct ibc_vault *vault, const char *profile,
                                    const struct copy_targets *targets, struct ibc_error *err) {
    struct rivalry rivalry = {.vault = vault, .profile = profile, .targets = targets};
    return ibc_vault_each(vault, look_for_rival, &rivalry, err);
}

/* The targets of the fields, and everything about them that is known without the forge. */
static enum ibc_status choose(const struct provision *provision, const struct ibc_profile *profile,
                              struct copy_targets *out, struct ibc_error *err) {
    static const struct provision_field usual[] = {{.name = IBC_FIELD_USERNAME},
                                                   {.name = IBC_FIELD_PASSWORD}};
    const bool named = provision->field_count > 0;
    const struct provision_field *fields = named ? provision->fields : usual;
    const size_t count = named ? provision->field_count : IBC_ARRAY_SIZE(usual);
    enum ibc_status status = IBC_OK;
    for (size_t i = 0; status == IBC_OK && i < count; i++) {
        char target[IBC_COPY_TARGET_MAX + 1];
        status = ibc_forge_target(&provision->place, fields[i].secret, fields[i].name, target, err);
        if (status == IBC_OK) {
            status = check_field(profile, &fields[i], target, err);
        }
        if (status == IBC_OK) {
            status = add_target(out, ibc_view_of(target), err);
        }
    }
    return status == IBC_OK ? check_all_differ(out, err) : status;
}

/* Whatever was to be kept in that secret so far, in another field or another way, is so no longer.
 */
static void forget_others(struct ibc_profile *profile, const char *target) {
    struct ibc_error ignored;
    struct ibc_forge_secret wanted;
    if (ibc_forge_target_parse(ibc_view_of(target), &wanted, &ignored) != IBC_OK) {
        return;
    }
    for (size_t i = profile->copy_count; i > 0; i--) {
        struct ibc_forge_secret other;
        const struct ibc_view known = profile->copies[i - 1].target;
        if (ibc_forge_target_parse(known, &other, &ignored) == IBC_OK &&
            is_same_secret(&wanted, &other)) {
            ibc_profile_forget_copy(profile, known);
        }
    }
}

/* Put the targets that are new on the profile's list. False: all are there. */
static enum ibc_status list_new(struct ibc_profile *profile, const struct copy_targets *targets,
                                bool *changed, struct ibc_error *err) {
    const struct ibc_version *version = ibc_profile_active(profile);
    enum ibc_status status = IBC_OK;
    for (size_t i = 0; status == IBC_OK && version && i < targets->count; i++) {
        if (!find_copy(profile, targets->items[i])) {
            forget_others(profile, targets->items[i]);
            status = ibc_profile_note_copy(profile, ibc_view_of(targets->items[i]), version->number,
                                           0, err);
            *changed = true;
        }
    }
    return status;
}

/* Before the forge is asked, the vault knows what is wanted: whoever is cut off can go on. */
static enum ibc_status want(struct session *session, const char *name,
                            const struct copy_targets *targets, struct ibc_error *err) {
    ibc_auto_profile *profile = NULL;
    bool changed = false;
    uint64_t generation;
    enum ibc_status status = session_lock(session, err);
    if (status == IBC_OK) {
        status = ibc_vault_get(session->broker.vault, name, &profile, err);
    }
    if (status == IBC_OK) {
        status = check_rivals(session->broker.vault, name, targets, err);
    }
    if (status == IBC_OK) {
        status = list_new(profile, targets, &changed, err);
    }
    if (status == IBC_OK && changed) {
        status = ibc_vault_edit_put(session->edit, profile, err);
    }
    if (status == IBC_OK && changed) {
        char why[TARGETS_TEXT_MAX];
        describe_targets(targets, why);
        const struct ibc_audit_event event = {
            .event = "provision", .profile = name, .verdict = "wanted", .why = why};
        status = session_commit(session, &event, &generation, err);
    }
    session_rest(session);
    return status;
}

enum ibc_status reach_forges(const struct provision *provision, const struct ibc_profile *profile,
                             const struct copy_targets *targets, struct forge_access *access,
                             struct ibc_error *err) {
    enum ibc_status status = forge_access_init(access, provision->cli, &provision->copying, err);
    return status == IBC_OK ? open_forges(access, profile, targets, err) : status;
}

enum ibc_status bring_and_answer(const struct provision *provision, struct session *session,
                                 const char *name, struct forge_access *access,
                                 const struct copy_targets *targets, struct ibc_error *err) {
    struct brought brought = {0};
    json_t *results = json_array();
    enum ibc_status status = bring_targets(session, name, access, targets, results, &brought, err);
    if (status == IBC_OK && brought.behind > 0) {
        say(provision->cli, "other copies of profile '%s' are behind: %zu; see: ibcred show %s",
            name, brought.behind, name);
    }
    return answer_provision(provision, name, results, &brought, status, err);
}

enum ibc_status provision_fields(const struct provision *provision, struct ibc_error *err) {
    auto_session session;
    auto_forge_access access = {0};
    ibc_auto_profile *profile = NULL;
    struct copy_targets targets = {0};
    char name[IBC_PROFILE_NAME_MAX + 1];
    enum ibc_status status = open_profile(provision, &session, name, &profile, err);
    if (status == IBC_OK) {
        status = choose(provision, profile, &targets, err);
    }
    if (status == IBC_OK) {
        status = check_rivals(session.vault, name, &targets, err);
    }
    if (status == IBC_OK && provision->dry_run) {
        return answer_plan(provision, profile, &targets, "planned", err);
    }
    if (status == IBC_OK) {
        status = reach_forges(provision, profile, &targets, &access, err);
    }
    ibc_profile_free(&profile);
    session_rest(&session);
    if (status == IBC_OK) {
        status = want(&session, name, &targets, err);
    }
    return status == IBC_OK ? bring_and_answer(provision, &session, name, &access, &targets, err)
                            : status;
}
