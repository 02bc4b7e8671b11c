/* key_change.c - ibcred key add, remove and rotate: who opens the vault from now on. */
#include "cli/keys.h"

#include <ibcred/file.h>

/* --- adding ---------------------------------------------------------------------------------- */

struct addition {
    const char *recipient, *label, *expires;
    bool passphrase;
    struct ibc_secret text; /* the passphrase */
    struct ibc_slot_request request;
};

static void addition_free(struct addition *addition) {
    ibc_secret_free(&addition->text);
}

/* The two lines would be taken in an order that nobody can see from outside. */
static enum ibc_status check_descriptors(struct ibc_error *err) {
    const char *old = variable("IBCRED_PASSPHRASE_FD");
    const char *new = variable("IBCRED_NEW_PASSPHRASE_FD");
    if (old && new &&strcmp(old, new) == 0) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "IBCRED_PASSPHRASE_FD and IBCRED_NEW_PASSPHRASE_FD name one descriptor; "
                        "the passphrase that opens and the one to be added need one each");
    }
    return IBC_OK;
}

/* What is typed is typed before the vault is locked, so that no writer waits for a person. */
static enum ibc_status gather(const struct cli *cli, struct addition *addition,
                              struct ibc_error *err) {
    struct ibc_slot_request *request = &addition->request;
    const int64_t now_ms = ibc_clock_wall_ms();
    ibc_auto_free char *path = NULL;
    request->label = addition->label;
    enum ibc_status status = find_vault(cli, &path, err);
    if (status == IBC_OK) {
        status = parse_expiry(addition->expires, now_ms, &request->expires_ms, err);
    }
    if (status == IBC_OK && !addition->passphrase) {
        request->type = IBC_SLOT_RECIPIENT;
        return ibc_recipient_parse(addition->recipient, &request->recipient, err);
    }
    request->type = IBC_SLOT_PASSPHRASE;
    if (status == IBC_OK) {
        status = check_descriptors(err);
    }
    if (status == IBC_OK) {
        status = new_passphrase(NULL, &addition->text, err);
    }
    request->passphrase = ibc_secret_view(&addition->text);
    return status;
}

static enum ibc_status add(const struct cli *cli, const struct ibc_slot_request *request,
                           struct ibc_error *err) {
    struct ibc_slot_info slot = {
        .type = request->type,
        .recipient = request->recipient,
        .created_ms = ibc_clock_wall_ms(),
        .expires_ms = request->expires_ms,
    };
    auto_session session;
    uint64_t generation = 0;
    enum ibc_status status = session_edit(&session, cli, err);
    if (status == IBC_OK) {
        status = ibc_vault_edit_add_slot(session.edit, request, slot.created_ms, err);
    }
    char words[KEY_TEXT_MAX];
    snprintf(slot.label, sizeof slot.label, "%s", request->label ? request->label : "");
    describe_key(&slot, words);
    if (status == IBC_OK) {
        const struct ibc_audit_event event = {.event = "key-add", .verdict = "done", .why = words};
        status = session_commit(&session, &event, &generation, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    say(cli, "%s: added; it opens the vault from now on", words);
    if (!cli->json) {
        return IBC_OK;
    }
    json_t *added = key_json(&slot, slot.created_ms);
    return print_json(json_pack("{s:o, s:I}", "added", added, "generation", (json_int_t)generation),
                      err);
}

enum ibc_status key_add(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    IBC_CLEANUP(addition_free) struct addition addition = {0};
    const struct option_spec options[] = {
        {"passphrase", NULL, "a passphrase ($IBCRED_NEW_PASSPHRASE_FD, or asked for twice)",
         .flag = &addition.passphrase},
        {"label", "TEXT", "what to know it by", .value = &addition.label},
        {"expires", "WHEN", "90d, 2027-01-31: it opens nothing from then on",
         .value = &addition.expires},
    };
    enum ibc_status status =
        parse_options(cli, "key", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK) {
        status = optional_operand(argc, argv, &addition.recipient, err);
    }
    if (status == IBC_OK && addition.passphrase == (addition.recipient != NULL)) {
        status =
            ibc_fail(err, IBC_ERR_USAGE,
                     "say which key to add, one at a time: ibcred key add age1…, or ibcred key add "
                     "--passphrase");
    }
    if (status == IBC_OK) {
        status = gather(cli, &addition, err);
    }
    return status == IBC_OK ? add(cli, &addition.request, err) : status;
}

/* --- a new data key -------------------------------------------------------------------------- */

/* What a change that came with a new data key tells, beside what it was. */
struct change {
    const char *event;
    char words[KEY_TEXT_MAX]; /* which key was removed; "" */
    json_t *removed;          /* owned */
    size_t expired;           /* how many more are left out for that */
    bool own;                 /* the identity of this run opens it no more */
};

static void change_free(struct change *change) {
    json_decref(change->removed);
}

static bool same_recipient(const struct ibc_slot_info *a, const struct ibc_slot_info *b) {
    return a->type == IBC_SLOT_RECIPIENT && b->type == IBC_SLOT_RECIPIENT &&
           memcmp(a->recipient.key, b->recipient.key, sizeof a->recipient.key) == 0;
}

/* Does an identity of this run have a slot that stays, but for those of the key `except`? */
static bool opens_after(const struct session *session, const struct ibc_slot_info *except,
                        int64_t now_ms) {
    const struct ibc_vault *vault = ibc_vault_edit_vault(session->edit);
    for (size_t i = 0; i < ibc_vault_slot_count(vault); i++) {
        const struct ibc_slot_info *slot = ibc_vault_slot(vault, i);
        if (slot->type != IBC_SLOT_RECIPIENT || ibc_slot_expired(slot, now_ms) ||
            (except && same_recipient(slot, except))) {
            continue;
        }
        for (size_t k = 0; k < ibc_identities_count(session->identities); k++) {
            const struct ibc_recipient own = ibc_identities_recipient(session->identities, k);
            if (memcmp(own.key, slot->recipient.key, sizeof own.key) == 0) {
                return true;
            }
        }
    }
    return false;
}

static size_t count_expired(const struct ibc_vault *vault, int64_t now_ms) {
    size_t count = 0;
    for (size_t i = 0; i < ibc_vault_slot_count(vault); i++) {
        count += ibc_slot_expired(ibc_vault_slot(vault, i), now_ms);
    }
    return count;
}

static enum ibc_status tell(const struct cli *cli, struct change *change, uint64_t generation,
                            struct ibc_error *err) {
    if (change->words[0]) {
        say(cli, "%s: removed, and the vault has a new data key", change->words);
        say(cli, "whoever holds that key still opens the copies of the vault made until now (git, "
                 "backups): a password that was in them is safe only once it is changed");
    } else {
        say(cli, "the vault has a new data key; every record is sealed anew");
    }
    if (change->expired > 0) {
        say(cli, "%zu expired %s out of the vault", change->expired,
            change->expired == 1 ? "key is" : "keys are");
    }
    if (change->own) {
        warn(cli, "the identity that was used here opens the vault no more");
    }
    if (!cli->json) {
        return IBC_OK;
    }
    return print_json(json_pack("{s:O?, s:i, s:I}", "removed", change->removed, "expired",
                                (int)change->expired, "generation", (json_int_t)generation),
                      err);
}

/* Rotate the data key of what is being edited, and write it down. */
static enum ibc_status finish(struct session *session, struct change *change, int64_t now_ms,
                              struct ibc_error *err) {
    uint64_t generation = 0;
    enum ibc_status status =
        ibc_vault_edit_rotate_key(session->edit, &session->keyring, now_ms, err);
    if (status == IBC_OK) {
        const struct ibc_audit_event event = {
            .event = change->event,
            .verdict = "done",
            .why = change->words[0] ? change->words : NULL,
        };
        status = session_commit(session, &event, &generation, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    forget_old_data_key(session);
    return tell(session->cli, change, generation, err);
}

/* Leave out the key and every other slot of the same recipient: a vault may have it twice. */
static enum ibc_status remove_key(const struct session *session, size_t index,
                                  struct ibc_error *err) {
    const struct ibc_vault *vault = ibc_vault_edit_vault(session->edit);
    const struct ibc_slot_info *gone = ibc_vault_slot(vault, index);
    enum ibc_status status = IBC_OK;
    for (size_t i = 0; i < ibc_vault_slot_count(vault) && status == IBC_OK; i++) {
        const struct ibc_slot_info *slot = ibc_vault_slot(vault, i);
        if (i == index || same_recipient(slot, gone)) {
            status = ibc_vault_edit_remove_slot(session->edit, i, err);
        }
    }
    return status;
}

/* Ask whether the key that was found is the one that is meant, before anything is locked. */
static enum ibc_status edit_after_question(struct session *session, const struct cli *cli,
                                           const char *text, struct change *change,
                                           struct ibc_error *err) {
    size_t index = 0;
    enum ibc_status status = session_open(session, cli, false, err);
    if (status == IBC_OK) {
        status = find_key(session->vault, text, &index, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    char question[KEY_TEXT_MAX + 64];
    describe_key(ibc_vault_slot(session->vault, index), change->words);
    snprintf(question, sizeof question, "Remove %s, and give the vault a new data key",
             change->words);
    session_rest(session);
    status = confirm(question, err);
    return status == IBC_OK ? session_lock(session, err) : status;
}

static enum ibc_status begin_removal(struct session *session, const char *text,
                                     struct change *change, int64_t now_ms, struct ibc_error *err) {
    const struct ibc_vault *vault = ibc_vault_edit_vault(session->edit);
    char words[KEY_TEXT_MAX];
    size_t index = 0;
    enum ibc_status status = find_key(vault, text, &index, err);
    if (status != IBC_OK) {
        return status;
    }
    const struct ibc_slot_info *slot = ibc_vault_slot(vault, index);
    describe_key(slot, words);
    if (change->words[0] != '\0' && strcmp(change->words, words) != 0) {
        return ibc_fail(err, IBC_ERR_WAIT,
                        "the keys of vault '%s' were changed meanwhile; look with ibcred key list, "
                        "and try again",
                        session->vault_path);
    }
    memcpy(change->words, words, sizeof words);
    status = remove_key(session, index, err);
    if (status != IBC_OK) {
        return status;
    }
    change->removed = key_json(slot, now_ms);
    change->expired = count_expired(vault, now_ms) - ibc_slot_expired(slot, now_ms);
    change->own = session->identities && opens_after(session, NULL, now_ms) &&
                  !opens_after(session, slot, now_ms);
    return IBC_OK;
}

enum ibc_status key_remove(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    bool yes = false;
    const struct option_spec options[] = {
        {"yes", NULL, "do not ask", .flag = &yes},
    };
    enum ibc_status status =
        parse_options(cli, "key", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK && argc != 1) {
        status =
            ibc_fail(err, IBC_ERR_USAGE, "name one key: ibcred key remove NUMBER, age1… or LABEL");
    }
    if (status != IBC_OK) {
        return status;
    }
    auto_session session;
    IBC_CLEANUP(change_free) struct change change = {.event = "key-remove"};
    const int64_t now_ms = ibc_clock_wall_ms();
    status = yes ? session_edit(&session, cli, err)
                 : edit_after_question(&session, cli, argv[0], &change, err);
    if (status == IBC_OK) {
        status = begin_removal(&session, argv[0], &change, now_ms, err);
    }
    return status == IBC_OK ? finish(&session, &change, now_ms, err) : status;
}

enum ibc_status key_rotate(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    enum ibc_status status = parse_options(cli, "key", NULL, 0, &argc, &argv, err);
    if (status == IBC_OK && argc > 0) {
        status = ibc_fail(err, IBC_ERR_USAGE,
                          "key rotate takes no operand; for a new password: ibcred rotate");
    }
    if (status != IBC_OK) {
        return status;
    }
    auto_session session;
    struct change change = {.event = "key-rotate"};
    const int64_t now_ms = ibc_clock_wall_ms();
    status = session_edit(&session, cli, err);
    if (status == IBC_OK) {
        change.expired = count_expired(ibc_vault_edit_vault(session.edit), now_ms);
        status = finish(&session, &change, now_ms, err);
    }
    return status;
}
