/* copies.c - see copies.h. */
#include "cli/copies.h"

#include "cli/forge_turn.h"
#include "cli/interrupt.h"

#include <ibcred/file.h>

/* How often one copy is brought anew because another version has become active meanwhile. */
enum { ROUNDS = 3 };

/* Bringing one copy. */
struct bringing {
    struct session *session;
    const char *profile;
    struct forge_access *access;
    const char *target;
    struct ibc_forge_secret secret;
    uint32_t version; /* the one that was sent last */
    bool asked;       /* the forge */
    bool sent, created;
    bool outdated; /* another version is active by now */
};

/* One token goes to one server. `*first` is the first of the targets at that forge; `*there`: is
 * one? What a later ibcred may have written is at none that is known here. */
static enum ibc_status check_servers(const struct ibc_profile *profile,
                                     const struct copy_targets *targets, enum ibc_forge forge,
                                     bool *there, struct ibc_forge_secret *first,
                                     struct ibc_error *err) {
    *there = false;
    for (size_t i = 0; i < targets->count; i++) {
        struct ibc_forge_secret secret;
        if (ibc_forge_target_parse(ibc_view_of(targets->items[i]), &secret, err) != IBC_OK ||
            secret.forge != forge) {
            continue;
        }
        if (*there && !is_same_server(first->url, secret.url)) {
            const char *name = ibc_forge_name(forge);
            return ibc_fail(err, IBC_ERR_USAGE,
                            "profile '%s' has copies at two servers of %s, and a token is meant "
                            "for one: ibcred provision %s %s --resume --api-url URL, for each",
                            profile->name, name, name, profile->name);
        }
        if (!*there) {
            *first = secret;
        }
        *there = true;
    }
    return IBC_OK;
}

enum ibc_status open_forges(struct forge_access *access, const struct ibc_profile *profile,
                            const struct copy_targets *targets, struct ibc_error *err) {
    struct ibc_error first = {0};
    for (enum ibc_forge forge = IBC_FORGE_GITHUB; forge <= FORGE_LAST; forge++) {
        struct ibc_error *failure = &access->forges[forge].failure;
        bool there;
        struct ibc_forge_secret secret;
        enum ibc_status status = check_servers(profile, targets, forge, &there, &secret, failure);
        if (status == IBC_OK && there) {
            status = forge_access_open(access, &secret, profile, failure);
        }
        if (status != IBC_OK && first.status == IBC_OK) {
            first = *failure;
        }
    }
    if (first.status != IBC_OK) {
        *err = first;
    }
    return first.status;
}

/* The field's value in the active version, and a closed vault. */
static enum ibc_status read_value(struct bringing *bringing, struct ibc_secret *out,
                                  struct ibc_error *err) {
    ibc_auto_profile *profile = NULL;
    enum ibc_status status = session_wake(bringing->session, err);
    if (status == IBC_OK) {
        status = ibc_vault_get(bringing->session->vault, bringing->profile, &profile, err);
    }
    session_rest(bringing->session);
    if (status != IBC_OK) {
        return status;
    }
    const struct ibc_version *version = ibc_profile_active(profile);
    if (!version) {
        return ibc_fail(err, IBC_ERR_REFUSED, "profile '%s' has no active version", profile->name);
    }
    const struct ibc_field *field = ibc_version_field(version, bringing->secret.field);
    if (!field) {
        return ibc_fail(err, IBC_ERR_NOT_FOUND, "profile '%s' has no field '%s'", profile->name,
                        bringing->secret.field);
    }
    bringing->version = version->number;
    return ibc_secret_copy(out, field->value, err);
}

/* NULL: there is none, or none any more. */
static struct ibc_forge_client *client_of(const struct bringing *bringing) {
    return bringing->access->forges[bringing->secret.forge].client;
}

void warn_if_widened(const struct cli *cli, const struct ibc_forge_client *client,
                     const struct ibc_forge_secret *secret) {
    char text[IBC_ERROR_TEXT_MAX];
    if (ibc_forge_widened(client)) {
        snprintf(text, sizeof text,
                 "%s: fewer repositories could read it until now; --visibility %s has opened it",
                 secret->url, secret->visibility);
        warn(cli, text);
    }
}

static enum ibc_status send(struct bringing *bringing, struct ibc_error *err) {
    ibc_auto_secret value = {0};
    bool created = false;
    enum ibc_status status = read_value(bringing, &value, err);
    if (status == IBC_OK) {
        bringing->asked = true;
        status = ibc_forge_put(client_of(bringing), &bringing->secret, ibc_secret_view(&value),
                               &created, err);
    }
    if (status == IBC_OK) {
        warn_if_widened(bringing->session->cli, client_of(bringing), &bringing->secret);
        bringing->sent = true;
        bringing->created |= created;
    }
    return status;
}

/* What became of a try. */
enum result {
    SENT,    /* it lies at the forge */
    REFUSED, /* the forge did not take it, and has what it had */
    UNKNOWN, /* it may have taken it */
};

/* Put the copy down as there or as wanted, in this version; IBC_OK with `*changed` false: it stands
 * so already, or was forgotten meanwhile. */
static enum ibc_status note(struct bringing *bringing, struct ibc_profile *profile, bool there,
                            bool *changed, struct ibc_error *err) {
    const struct ibc_copy *copy = find_copy(profile, bringing->target);
    *changed = copy && (copy->version != bringing->version || (copy->copied_ms != 0) != there);
    if (!*changed) {
        return IBC_OK;
    }
    enum ibc_status status = ibc_profile_note_copy(profile, copy->target, bringing->version,
                                                   there ? ibc_clock_wall_ms() : 0, err);
    return status == IBC_OK ? ibc_vault_edit_put(bringing->session->edit, profile, err) : status;
}

/* Into vault and audit log. */
static enum ibc_status write_down(struct bringing *bringing, enum result result,
                                  struct ibc_error *err) {
    const struct ibc_audit_event event = {.event = "provision",
                                          .profile = bringing->profile,
                                          .version = bringing->version,
                                          .verdict = result == SENT ? "done" : "failed",
                                          .why = bringing->target};
    struct session *session = bringing->session;
    ibc_auto_profile *profile = NULL;
    bool changed = false;
    uint64_t generation;
    enum ibc_status status = session_lock(session, err);
    if (status == IBC_OK) {
        status = ibc_vault_get(session->broker.vault, bringing->profile, &profile, err);
    }
    if (status == IBC_OK) {
        const struct ibc_version *active = ibc_profile_active(profile);
        bringing->outdated = active && active->number != bringing->version;
    }
    if (status == IBC_OK && result != REFUSED) {
        status = note(bringing, profile, result == SENT, &changed, err);
    }
    if (status == IBC_OK) {
        status = changed ? session_commit(session, &event, &generation, err)
                         : ibc_broker_note(&session->broker, &event, err);
    }
    session_rest(session);
    return status;
}

static void write_failure_down(struct bringing *bringing) {
    struct ibc_error err;
    const enum result result = ibc_forge_may_have_it(client_of(bringing)) ? UNKNOWN : REFUSED;
    if (bringing->version != 0 && write_down(bringing, result, &err) != IBC_OK) {
        warn(bringing->session->cli, err.text);
    }
}

/* `why` the last try did not bring it. */
static void give_up(struct bringing *bringing, const struct ibc_error *why) {
    write_failure_down(bringing);
    if (ibc_forge_would_fail_all(client_of(bringing)) && !is_interrupted()) {
        forge_access_end(bringing->access, bringing->secret.forge, why);
    }
}

/* Whatever keeps the forge from being asked at all. */
static enum ibc_status prepare(struct bringing *bringing, int *turn, struct ibc_error *err) {
    enum ibc_status status =
        ibc_forge_target_parse(ibc_view_of(bringing->target), &bringing->secret, err);
    if (status == IBC_OK && !client_of(bringing)) {
        *err = bringing->access->forges[bringing->secret.forge].failure;
        status = err->status;
    }
    if (status == IBC_OK && is_interrupted()) {
        status = ibc_fail(err, IBC_ERR_WAIT, "interrupted");
    }
    return status == IBC_OK
               ? forge_turn_take(bringing->session, bringing->access->patience, turn, err)
               : status;
}

static enum ibc_status bring(struct bringing *bringing, struct ibc_error *err) {
    /* From the value that is read to the note that it is there. */
    ibc_auto_fd turn = -1;
    enum ibc_status status = prepare(bringing, &turn, err);
    bringing->outdated = true;
    for (int round = 0; status == IBC_OK && bringing->outdated && round < ROUNDS; round++) {
        bringing->sent = false;
        status = send(bringing, err);
        if (status != IBC_OK) {
            give_up(bringing, err);
            break;
        }
        status = write_down(bringing, SENT, err);
    }
    if (status != IBC_OK && bringing->sent) {
        const struct ibc_error why = *err;
        ibc_fail(err, status, "'%s' is written, but the vault could not note it: %s",
                 bringing->target, why.text);
    }
    return status;
}

json_t *copy_result_json(const char *name, const char *field, const char *target,
                         const char *result, const char *message) {
    return json_pack("{s:s, s:s?, s:s, s:s, s:s?}", "name", name, "field", field, "target", target,
                     "result", result, "message", message);
}

/* Was it not told yet? What keeps all copies from a forge is told with the first of them. */
static bool is_news(const struct bringing *bringing) {
    const enum ibc_forge forge = bringing->secret.forge;
    bool *told = &bringing->access->forges[forge].is_told;
    if (forge == 0 || client_of(bringing)) {
        return true;
    }
    const bool news = !*told;
    *told = true;
    return news;
}

static const char *result_of(const struct bringing *bringing, enum ibc_status status) {
    if (status != IBC_OK) {
        return bringing->asked ? "failed" : "untried";
    }
    return bringing->created ? "created" : "updated";
}

/* One line for people and one entry for programs. What fails first is told in the end. */
static void tell(const struct bringing *bringing, enum ibc_status status,
                 const struct ibc_error *first, const struct ibc_error *err, json_t *results) {
    const struct cli *cli = bringing->session->cli;
    const char *result = result_of(bringing, status);
    if (status == IBC_OK) {
        say(cli, "%s %s at %s", result, bringing->secret.name, bringing->target);
    } else if (is_news(bringing) && strcmp(err->text, first->text) != 0 && !is_interrupted()) {
        warn(cli, err->text);
    }
    if (results) {
        json_array_append_new(results,
                              copy_result_json(bringing->secret.name, bringing->secret.field,
                                               bringing->target, result,
                                               status == IBC_OK ? NULL : err->text));
    }
}

static enum ibc_status sum_up(struct session *session, const char *name, struct brought *out,
                              struct ibc_error *err) {
    ibc_auto_profile *profile = NULL;
    enum ibc_status status = session_wake(session, err);
    if (status == IBC_OK) {
        status = ibc_vault_get(session->vault, name, &profile, err);
    }
    if (status == IBC_OK) {
        out->behind = copies_behind(profile);
    }
    session_rest(session);
    return status;
}

/* The first failure, and where things stand. */
static enum ibc_status fail_with_count(const struct ibc_error *first, enum ibc_forge forge,
                                       const char *profile, size_t tried, const struct brought *out,
                                       struct ibc_error *err) {
    if (out->behind == 0) {
        return ibc_fail(err, first->status, "%s; %zu of %zu brought", first->text, out->done,
                        tried);
    }
    const char *name = forge ? ibc_forge_name(forge) : "FORGE";
    return ibc_fail(err, first->status,
                    "%s; %zu of %zu brought, %zu of profile '%s' still behind: ibcred provision %s "
                    "%s --resume, or ibcred rotate %s --resume, finishes it; provision "
                    "--forget gives up a place that was a mistake",
                    first->text, out->done, tried, out->behind, profile, name, profile, profile);
}

enum ibc_status bring_targets(struct session *session, const char *profile,
                              struct forge_access *access, const struct copy_targets *targets,
                              json_t *results, struct brought *out, struct ibc_error *err) {
    struct ibc_error first = {0};
    enum ibc_forge forge = 0;
    *out = (struct brought){0};
    catch_interrupts();
    for (size_t i = 0; i < targets->count; i++) {
        struct bringing bringing = {
            .session = session, .profile = profile, .access = access, .target = targets->items[i]};
        struct ibc_error why = {0};
        enum ibc_status status = bring(&bringing, &why);
        out->done += status == IBC_OK;
        if (status != IBC_OK && first.status == IBC_OK) {
            first = why;
            forge = bringing.secret.forge;
        }
        tell(&bringing, status, &first, &why, results);
    }
    enum ibc_status status = sum_up(session, profile, out, err);
    return first.status == IBC_OK
               ? status
               : fail_with_count(&first, forge, profile, targets->count, out, err);
}

enum ibc_status session_bring_copies(struct session *session, const char *profile_name,
                                     struct forge_access *access, struct brought *out,
                                     struct ibc_error *err) {
    struct copy_targets targets = {0};
    ibc_auto_profile *profile = NULL;
    *out = (struct brought){0};
    forge_access_next(access);
    enum ibc_status status = ibc_vault_get(session->broker.vault, profile_name, &profile, err);
    if (status == IBC_OK) {
        status = add_behind(profile, &targets, err);
    }
    if (status == IBC_OK) {
        /* A forge that is not to be had fails with its own copies. */
        struct ibc_error ignored;
        (void)!open_forges(access, profile, &targets, &ignored);
    }
    ibc_profile_free(&profile);
    session_rest(session);
    return status == IBC_OK && targets.count > 0
               ? bring_targets(session, profile_name, access, &targets, NULL, out, err)
               : status;
}
