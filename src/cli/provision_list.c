/* provision_list.c - the copies that a profile has: going on with them, and leaving them alone. */
#include "cli/provision.h"

/* Which copies are meant. */
struct selection {
    const struct provision *provision;
    bool has_place;
    struct ibc_forge_secret place; /* any secret there, or at that server */
};

static enum ibc_status make_selection(const struct provision *provision, struct selection *out,
                                      struct ibc_error *err) {
    struct ibc_forge_place place = provision->place;
    *out = (struct selection){.provision = provision};
    out->has_place = place.repository || place.organisation;
    if (!out->has_place && !place.api_url) {
        return IBC_OK;
    }
    if (!out->has_place) {
        place = (struct ibc_forge_place){
            .forge = place.forge, .api_url = place.api_url, .repository = "any/any"};
    }
    char target[IBC_COPY_TARGET_MAX + 1];
    enum ibc_status status = ibc_forge_target(&place, NULL, IBC_FIELD_PASSWORD, target, err);
    return status == IBC_OK ? ibc_forge_target_parse(ibc_view_of(target), &out->place, err)
                            : status;
}

/* Do both lie beside one another, whatever they are called? */
static bool is_same_place(const struct ibc_forge_secret *a, const struct ibc_forge_secret *b) {
    const char *end = strrchr(a->url, '/');
    const char *other_end = strrchr(b->url, '/');
    return end && other_end && end - a->url == other_end - b->url &&
           strncmp(a->url, b->url, (size_t)(end - a->url)) == 0;
}

static bool selects_name(const struct provision *provision, const struct ibc_forge_secret *secret) {
    for (size_t i = 0; i < provision->field_count; i++) {
        const struct provision_field *field = &provision->fields[i];
        if (strcmp(field->name, secret->field) == 0 &&
            (!field->secret || strcasecmp(field->secret, secret->name) == 0)) {
            return true;
        }
    }
    return provision->field_count == 0;
}

static bool selects(const struct selection *selection, const struct ibc_forge_secret *secret) {
    const struct ibc_forge_place *place = &selection->provision->place;
    if (secret->forge != place->forge || !selects_name(selection->provision, secret)) {
        return false;
    }
    if (!selection->has_place) {
        return !place->api_url || is_same_server(selection->place.url, secret->url);
    }
    return is_same_place(&selection->place, secret) &&
           (!place->environment || strcmp(selection->place.scope, secret->scope) == 0);
}

static enum ibc_status select_copies(const struct provision *provision,
                                     const struct ibc_profile *profile, bool only_behind,
                                     struct copy_targets *out, struct ibc_error *err) {
    struct selection selection;
    enum ibc_status status = make_selection(provision, &selection, err);
    for (size_t i = 0; status == IBC_OK && i < profile->copy_count; i++) {
        const struct ibc_copy *copy = &profile->copies[i];
        struct ibc_forge_secret secret;
        if (only_behind && !ibc_copy_is_behind(profile, copy)) {
            continue;
        }
        /* What a later ibcred may have written is at no forge that is known here. */
        if (ibc_forge_target_parse(copy->target, &secret, err) == IBC_OK &&
            selects(&selection, &secret)) {
            status = add_target(out, copy->target, err);
        }
    }
    return status;
}

enum ibc_status provision_resume(const struct provision *provision, struct ibc_error *err) {
    auto_session session;
    auto_forge_access access = {0};
    ibc_auto_profile *profile = NULL;
    struct copy_targets targets = {0};
    char name[IBC_PROFILE_NAME_MAX + 1];
    enum ibc_status status = open_profile(provision, &session, name, &profile, err);
    if (status == IBC_OK) {
        status = select_copies(provision, profile, true, &targets, err);
    }
    if (status == IBC_OK && targets.count == 0) {
        say(provision->cli, "%s: none of its copies there is behind", name);
    }
    if (status == IBC_OK && (provision->dry_run || targets.count == 0)) {
        return answer_plan(provision, profile, &targets, "planned", err);
    }
    if (status == IBC_OK) {
        status = reach_forges(provision, profile, &targets, &access, err);
    }
    ibc_profile_free(&profile);
    session_rest(&session);
    return status == IBC_OK ? bring_and_answer(provision, &session, name, &access, &targets, err)
                            : status;
}

static enum ibc_status forget_all(struct session *session, struct ibc_profile *profile,
                                  const struct copy_targets *targets, struct ibc_error *err) {
    char why[TARGETS_TEXT_MAX];
    describe_targets(targets, why);
    const struct ibc_audit_event event = {
        .event = "provision", .profile = profile->name, .verdict = "forgotten", .why = why};
    uint64_t generation;
    for (size_t i = 0; i < targets->count; i++) {
        ibc_profile_forget_copy(profile, ibc_view_of(targets->items[i]));
    }
    enum ibc_status status = ibc_vault_edit_put(session->edit, profile, err);
    return status == IBC_OK ? session_commit(session, &event, &generation, err) : status;
}

enum ibc_status provision_forget(const struct provision *provision, struct ibc_error *err) {
    auto_session session;
    ibc_auto_profile *profile = NULL;
    struct copy_targets targets = {0};
    char name[IBC_PROFILE_NAME_MAX + 1];
    enum ibc_status status = session_edit(&session, provision->cli, err);
    if (status == IBC_OK) {
        status = session_any_profile(&session, provision->profile, name, err);
    }
    if (status == IBC_OK) {
        status = ibc_vault_get(session.broker.vault, name, &profile, err);
    }
    if (status == IBC_OK) {
        status = select_copies(provision, profile, false, &targets, err);
    }
    if (status == IBC_OK && targets.count == 0) {
        status = ibc_fail(err, IBC_ERR_NOT_FOUND,
                          "profile '%s' has no such copy; see: ibcred show %s", name, name);
    }
    if (status == IBC_OK && provision->dry_run) {
        return answer_plan(provision, profile, &targets, "planned", err);
    }
    if (status == IBC_OK) {
        status = forget_all(&session, profile, &targets, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    say(provision->cli,
        "from now on ibcred leaves these alone; what lies at the forge stays there");
    return answer_plan(provision, profile, &targets, "forgotten", err);
}
