/* rotate_resume.c - going on with rotations that were cut off, of one profile or of all. */
#include "cli/interrupt.h"
#include "cli/rotate.h"

#include <ibcred/file.h>

/* The profiles to look after, and what came of them. */
struct resumption {
    struct session *session;
    struct forge_access access;
    size_t count, room;
    char (*names)[IBC_PROFILE_NAME_MAX + 1];
    json_t *answers;
    enum ibc_status failed; /* the first failure, or IBC_OK */
    struct ibc_error failure;
    size_t waiting; /* profiles whose staged version waits for its first login */
    struct ibc_error wait;
};

static void resumption_free(struct resumption *resumption) {
    forge_access_close(&resumption->access);
    free(resumption->names);
    json_decref(resumption->answers);
}

/* --- which --- */

static bool needs_work(const struct ibc_profile *profile) {
    return copies_behind(profile) > 0 || ibc_profile_staged(profile);
}

static enum ibc_status add_name(struct resumption *resumption, const char *name,
                                struct ibc_error *err) {
    if (resumption->count == resumption->room) {
        const size_t room = 2 * resumption->room + 16;
        char(*names)[IBC_PROFILE_NAME_MAX + 1] = calloc(room, sizeof *names);
        if (!names) {
            return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the profiles");
        }
        if (resumption->count > 0) {
            memcpy(names, resumption->names, resumption->count * sizeof *names);
        }
        free(resumption->names);
        resumption->names = names;
        resumption->room = room;
    }
    snprintf(resumption->names[resumption->count++], sizeof *resumption->names, "%s", name);
    return IBC_OK;
}

static enum ibc_status look_at(void *context, const char *name, enum ibc_kind kind,
                               struct ibc_error *err) {
    (void)kind;
    struct resumption *resumption = context;
    ibc_auto_profile *profile = NULL;
    enum ibc_status status = ibc_vault_get(resumption->session->vault, name, &profile, err);
    return status == IBC_OK && needs_work(profile) ? add_name(resumption, name, err) : status;
}

static enum ibc_status find_work(struct resumption *resumption, const char *name,
                                 struct ibc_error *err) {
    if (!name) {
        return ibc_vault_each(resumption->session->vault, look_at, resumption, err);
    }
    char profile[IBC_PROFILE_NAME_MAX + 1];
    enum ibc_status status = session_any_profile(resumption->session, name, profile, err);
    ibc_auto_profile *looked_at = NULL;
    if (status == IBC_OK) {
        status = ibc_vault_get(resumption->session->vault, profile, &looked_at, err);
    }
    return status == IBC_OK ? add_name(resumption, profile, err) : status;
}

/* --- one --- */

static const char *const staging_words[] = {
    [IBC_STAGING_NONE] = "none",     [IBC_STAGING_WAITS] = "staged",
    [IBC_STAGING_TRIED] = "tried",   [IBC_STAGING_PROMOTED] = "promoted",
    [IBC_STAGING_BURNED] = "burned",
};

static void tell_settled(struct resumption *resumption, const char *name,
                         const struct ibc_settled *settled) {
    const struct cli *cli = resumption->session->cli;
    const unsigned version = (unsigned)settled->version;
    switch (settled->staging) {
    case IBC_STAGING_PROMOTED:
        say(cli, "%s: version %u had logged in; it is the active one now", name, version);
        break;
    case IBC_STAGING_BURNED:
        say(cli, "%s: version %u had been rejected; it is burned, and the active one stays", name,
            version);
        break;
    case IBC_STAGING_WAITS:
    case IBC_STAGING_TRIED:
        resumption->waiting++;
        ibc_fail(&resumption->wait, IBC_ERR_WAIT,
                 settled->staging == IBC_STAGING_WAITS
                     ? "profile '%s': version %u is staged and waits for its first login: ibcred "
                       "up %s"
                     : "profile '%s': version %u was released, and nobody has said yet what came "
                       "of its login: ibcred report %s OUTCOME",
                 name, version, name);
        resumption->wait.retry_after = settled->retry_after;
        break;
    case IBC_STAGING_NONE:
        break;
    }
}

static enum ibc_status resume_one(struct resumption *resumption, const char *name,
                                  struct ibc_settled *settled, struct brought *brought,
                                  struct ibc_error *err) {
    struct session *session = resumption->session;
    *settled = (struct ibc_settled){0};
    *brought = (struct brought){0};
    enum ibc_status status = session_wake(session, err);
    if (status == IBC_OK) {
        status = session_settle(session, name, settled, err);
    }
    if (status == IBC_OK) {
        tell_settled(resumption, name, settled);
        status = session_bring_copies(session, name, &resumption->access, brought, err);
    }
    session_rest(session);
    return status;
}

/* One that fails keeps none of the others from being looked after. */
static void resume(struct resumption *resumption, const char *name) {
    struct ibc_settled settled;
    struct brought brought;
    struct ibc_error why;
    enum ibc_status status = resume_one(resumption, name, &settled, &brought, &why);
    if (status != IBC_OK && resumption->failed == IBC_OK) {
        resumption->failed = status;
        resumption->failure = why;
    } else if (status != IBC_OK) {
        warn(resumption->session->cli, why.text);
    }
    json_array_append_new(resumption->answers,
                          json_pack("{s:s, s:s, s:o, s:I, s:I, s:s?}", "profile", name, "staging",
                                    staging_words[settled.staging], "version",
                                    json_version(settled.version), "brought",
                                    (json_int_t)brought.done, "behind", (json_int_t)brought.behind,
                                    "message", status == IBC_OK ? NULL : why.text));
}

static enum ibc_status outcome_of(const struct resumption *resumption, struct ibc_error *err) {
    if (resumption->failed != IBC_OK) {
        *err = resumption->failure;
        return resumption->failed;
    }
    if (resumption->waiting > 0) {
        *err = resumption->wait;
        return IBC_ERR_WAIT;
    }
    return IBC_OK;
}

enum ibc_status rotate_resume(const struct cli *cli, const char *name,
                              const struct copy_options *options, struct ibc_error *err) {
    auto_session session;
    IBC_CLEANUP(resumption_free)
    struct resumption resumption = {.session = &session, .answers = json_array()};
    enum ibc_status status = session_open(&session, cli, false, err);
    if (status == IBC_OK) {
        status = forge_access_init(&resumption.access, cli, options, err);
    }
    if (status == IBC_OK) {
        status = find_work(&resumption, name, err);
    }
    session_rest(&session);
    if (status != IBC_OK) {
        return status;
    }
    for (size_t i = 0; i < resumption.count && !is_interrupted(); i++) {
        resume(&resumption, resumption.names[i]);
    }
    if (cli->json) {
        status = print_json(json_incref(resumption.answers), err);
    }
    return status == IBC_OK ? outcome_of(&resumption, err) : status;
}
