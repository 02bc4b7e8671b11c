/* session.c - the files of one run: policy, state directory, identity, vault. */
#include "cli/cli.h"

#include <ibcred/file.h>

int64_t boot_clock_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_BOOTTIME, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Where the vault is open already, it is the passphrase itself that is needed, and no open vault.
 */
static enum ibc_status nobody_to_ask(const struct session *session, struct ibc_error *err) {
    const bool is_open = session->vault || session->edit;
    return ibc_fail(err, IBC_ERR_USAGE,
                    "%sthere is no terminal to ask for the passphrase of vault '%s' on; name a "
                    "descriptor that it can be read from in IBCRED_PASSPHRASE_FD%s",
                    !is_open && session->identities ? "no identity that was given fits, and " : "",
                    session->vault_path, is_open ? "" : ", or run ibcred unlock on one before");
}

/* The next line of the descriptor, or a question. */
static enum ibc_status next_passphrase(const struct session *session, const char *prompt,
                                       struct ibc_secret *out, struct ibc_error *err) {
    const char *number = variable("IBCRED_PASSPHRASE_FD");
    if (number) {
        return passphrase_from_fd(number, out, err);
    }
    return has_terminal() ? ask(prompt, false, out, err) : nobody_to_ask(session, err);
}

/* The passphrase, asked for once a session. */
static enum ibc_status ask_passphrase(void *context, struct ibc_secret *out,
                                      struct ibc_error *err) {
    struct session *session = context;
    if (session->passphrase.size == 0) {
        enum ibc_status status = next_passphrase(session, "Passphrase", &session->passphrase, err);
        if (status != IBC_OK) {
            return status;
        }
    }
    return ibc_secret_copy(out, ibc_secret_view(&session->passphrase), err);
}

static enum ibc_status ask_slot(void *context, const struct ibc_slot_info *slot, size_t number,
                                struct ibc_secret *out, struct ibc_error *err) {
    char prompt[IBC_SLOT_LABEL_MAX + 64];
    snprintf(prompt, sizeof prompt, "Passphrase of key %zu%s%s", number, slot->label[0] ? ", " : "",
             slot->label);
    return next_passphrase(context, prompt, out, err);
}

static enum ibc_status load_identities(struct session *session, struct ibc_error *err) {
    const char *text = variable("IBCRED_IDENTITY");
    if (text && !session->cli->identity && !variable("IBCRED_IDENTITY_FILE")) {
        return ibc_identities_parse(ibc_view_of(text), "IBCRED_IDENTITY", &session->identities,
                                    err);
    }
    ibc_auto_free char *path = existing_identity(session->cli);
    if (!path) {
        return IBC_OK; /* a passphrase may do */
    }
    if (strncmp(path, "AGE-SECRET-KEY-", strlen("AGE-SECRET-KEY-")) == 0) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--identity and IBCRED_IDENTITY_FILE take the path of a file, not the key; "
                        "the key itself goes into IBCRED_IDENTITY");
    }
    return ibc_identities_load(path, &session->identities, err);
}

enum ibc_status load_policy(const struct cli *cli, struct ibc_policy *out, struct ibc_error *err) {
    ibc_auto_free char *path = existing_policy(cli);
    if (!path) {
        ibc_policy_default(out);
        return IBC_OK;
    }
    return ibc_policy_load(path, out, err);
}

static enum ibc_status open_state(struct session *session, struct ibc_error *err) {
    ibc_auto_free char *path = state_path();
    if (!path) {
        return ibc_fail(
            err, IBC_ERR_USAGE,
            "there is no state directory: set IBCRED_STATE_DIR, XDG_STATE_HOME or HOME");
    }
    return ibc_directory_open_private(path, "state directory", &session->state_fd, err);
}

/* Everything but the vault. */
static enum ibc_status prepare(struct session *session, const struct cli *cli,
                               struct ibc_error *err) {
    *session = (struct session){.cli = cli, .state_fd = -1};
    enum ibc_status status = find_vault(cli, &session->vault_path, err);
    if (status == IBC_OK) {
        status = load_policy(session->cli, &session->policy, err);
    }
    if (status == IBC_OK) {
        status = open_state(session, err);
    }
    if (status == IBC_OK) {
        status = load_identities(session, err);
    }
    session->keyring = (struct ibc_keyring){.identities = session->identities,
                                            .cached = true,
                                            .ask = ask_passphrase,
                                            .ask_slot = ask_slot,
                                            .context = session};
    return status;
}

static void pass_warning_on(void *context, const char *sentence) {
    const struct session *session = context;
    warn(session->cli, sentence);
}

static enum ibc_status adopt(struct session *session, const struct ibc_vault *vault,
                             bool accept_older, struct ibc_error *err) {
    session->broker = (struct ibc_broker){
        .vault = vault,
        .keyring = &session->keyring,
        .policy = &session->policy,
        .state_fd = session->state_fd,
        .warn = pass_warning_on,
        .warn_context = session,
    };
    return ibc_generation_check(session->state_fd, ibc_vault_id(vault), ibc_vault_generation(vault),
                                accept_older, err);
}

/*
 * A writer may put the next generation in place, and have it remembered, between our opening the
 * vault and our asking: an older one is only believed when it is still there at a second look.
 */
enum { LOOKS = 3 };

static enum ibc_status open_vault(struct session *session, bool accept_older,
                                  struct ibc_error *err) {
    enum ibc_status status = IBC_OK;
    for (int look = 0; look < LOOKS; look++) {
        ibc_vault_free(&session->vault);
        status = ibc_vault_open(session->vault_path, &session->keyring, &session->vault, err);
        if (status != IBC_OK) {
            return status;
        }
        status = adopt(session, session->vault, accept_older, err);
        if (status != IBC_ERR_DATA) {
            return status;
        }
    }
    return status;
}

enum ibc_status session_open(struct session *session, const struct cli *cli, bool accept_older,
                             struct ibc_error *err) {
    enum ibc_status status = prepare(session, cli, err);
    return status == IBC_OK ? open_vault(session, accept_older, err) : status;
}

void session_rest(struct session *session) {
    ibc_vault_edit_free(&session->edit);
    ibc_vault_free(&session->vault);
    session->broker = (struct ibc_broker){0};
}

enum ibc_status session_wake(struct session *session, struct ibc_error *err) {
    enum ibc_status status = load_policy(session->cli, &session->policy, err);
    return status == IBC_OK ? open_vault(session, false, err) : status;
}

enum ibc_status session_settle(struct session *session, const char *profile,
                               struct ibc_settled *out, struct ibc_error *err) {
    enum ibc_status status = ibc_broker_settle(&session->broker, profile, out, err);
    if (status != IBC_OK ||
        (out->staging != IBC_STAGING_PROMOTED && out->staging != IBC_STAGING_BURNED)) {
        return status;
    }
    session_rest(session);
    return session_wake(session, err);
}

enum ibc_status session_wait(struct session *session, int64_t seconds, const char *why,
                             struct ibc_error *err) {
    session_rest(session);
    if (!count_down(session->cli, seconds, why)) {
        return ibc_fail(err, IBC_ERR_WAIT, "stopped while waiting; nothing was released");
    }
    return session_wake(session, err);
}

enum ibc_status session_lock(struct session *session, struct ibc_error *err) {
    session_rest(session);
    enum ibc_status status =
        ibc_vault_edit_begin(session->vault_path, &session->keyring, &session->edit, err);
    if (status == IBC_OK) {
        status = adopt(session, ibc_vault_edit_vault(session->edit), false, err);
    }
    return status;
}

enum ibc_status session_edit(struct session *session, const struct cli *cli,
                             struct ibc_error *err) {
    enum ibc_status status = prepare(session, cli, err);
    return status == IBC_OK ? session_lock(session, err) : status;
}

/*
 * The audit log is opened before the vault is replaced: a change that cannot be written down does
 * not happen.
 */
enum ibc_status session_commit(struct session *session, const struct ibc_audit_event *event,
                               uint64_t *generation, struct ibc_error *err) {
    const struct ibc_vault *vault = session->broker.vault;
    struct ibc_instant now;
    ibc_auto_audit *audit = NULL;
    enum ibc_status status = ibc_clock_now(&now, err);
    if (status == IBC_OK) {
        status = ibc_audit_open(session->state_fd, ibc_vault_id(vault), ibc_vault_audit_key(vault),
                                &audit, err);
    }
    if (status == IBC_OK) {
        status = ibc_vault_edit_commit(session->edit, generation, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    status = ibc_generation_remember(session->state_fd, ibc_vault_id(vault), *generation, err);
    if (status == IBC_OK) {
        status = ibc_audit_append(audit, event, &now, err);
    }
    if (status != IBC_OK) {
        const struct ibc_error why = *err;
        ibc_fail(err, status, "the vault is changed, but that could not be written down: %s",
                 why.text);
    }
    return status;
}

enum ibc_status session_runtime(const struct session *session, struct ibc_runtime **out,
                                struct ibc_error *err) {
    struct runtime_candidates candidates;
    runtime_candidates(&candidates);
    return ibc_runtime_open(candidates.paths, candidates.count, session->policy.allow_disk, out,
                            err);
}

void session_close(struct session *session) {
    ibc_vault_edit_free(&session->edit);
    ibc_vault_free(&session->vault);
    ibc_identities_free(&session->identities);
    ibc_secret_free(&session->passphrase);
    ibc_close(&session->state_fd);
    free(session->vault_path);
    session->vault_path = NULL;
}

/* The profiles of certain kinds, counted; the last one's name. */
struct candidates {
    bool paper, live; /* which kinds count */
    size_t count;
    char name[IBC_PROFILE_NAME_MAX + 1];
};

static enum ibc_status count_candidate(void *context, const char *name, enum ibc_kind kind,
                                       struct ibc_error *err) {
    (void)err;
    struct candidates *candidates = context;
    if (kind == IBC_KIND_PAPER ? candidates->paper : candidates->live) {
        candidates->count++;
        snprintf(candidates->name, sizeof candidates->name, "%s", name);
    }
    return IBC_OK;
}

static enum ibc_status only_profile(const struct session *session, const char *name,
                                    struct candidates candidates, const char *which,
                                    char out[static IBC_PROFILE_NAME_MAX + 1],
                                    struct ibc_error *err) {
    if (name) {
        if (!ibc_profile_name_valid(name)) {
            return ibc_fail(err, IBC_ERR_USAGE,
                            "'%s' is not a profile name: 1 to 64 of a-z 0-9 . _ -", name);
        }
        snprintf(out, IBC_PROFILE_NAME_MAX + 1, "%s", name);
        return IBC_OK;
    }
    enum ibc_status status =
        ibc_vault_each(session->broker.vault, count_candidate, &candidates, err);
    if (status != IBC_OK) {
        return status;
    }
    if (candidates.count != 1) {
        return ibc_fail(err, candidates.count == 0 ? IBC_ERR_NOT_FOUND : IBC_ERR_USAGE,
                        "vault '%s' has %zu %sprofiles; name the one you mean (see: ibcred list)",
                        session->vault_path, candidates.count, which);
    }
    memcpy(out, candidates.name, sizeof candidates.name);
    return IBC_OK;
}

enum ibc_status session_profile(const struct session *session, const char *name, enum ibc_mode mode,
                                char out[static IBC_PROFILE_NAME_MAX + 1], struct ibc_error *err) {
    const struct candidates candidates = {.paper = mode == IBC_MODE_PAPER,
                                          .live = mode != IBC_MODE_PAPER};
    char which[16];
    snprintf(which, sizeof which, "%s ", candidates.paper ? "paper" : "live");
    return only_profile(session, name, candidates, which, out, err);
}

enum ibc_status session_any_profile(const struct session *session, const char *name,
                                    char out[static IBC_PROFILE_NAME_MAX + 1],
                                    struct ibc_error *err) {
    const struct candidates candidates = {.paper = true, .live = true};
    return only_profile(session, name, candidates, "", out, err);
}
