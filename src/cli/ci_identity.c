/* ci_identity.c - a key of the vault for one place at a forge; see provision.h. */
#include "cli/forge_turn.h"
#include "cli/interrupt.h"
#include "cli/keys.h"
#include "cli/provision.h"

#include <ibcred/file.h>

#include <ctype.h>

#define IDENTITY_NAME "IBCRED_IDENTITY"

/* What becomes of the key, from the vault to the forge. */
struct handing {
    const struct provision *provision;
    struct session session;
    struct forge_access access;
    struct ibc_forge_secret secret;
    char target[IBC_COPY_TARGET_MAX + 1];
    char label[IBC_SLOT_LABEL_MAX + 1];
    bool label_is_whole; /* else another place may have the same one */
    struct ibc_recipient recipient;
    struct ibc_secret text; /* as age-keygen writes it */
};

static void handing_close(struct handing *handing) {
    forge_access_close(&handing->access);
    ibc_secret_free(&handing->text);
    session_close(&handing->session);
}

/* The server and where it lies there, without the API's own path; "" for the one that all mean. */
static void write_server(const struct ibc_forge_secret *secret, char *out, size_t size) {
    static const char *const usual[FORGE_LAST + 1] = {[IBC_FORGE_GITHUB] = "api.github.com",
                                                      [IBC_FORGE_GITLAB] = "gitlab.com",
                                                      [IBC_FORGE_GITEA] = ""};
    static const char *const ends[] = {"/repos/", "/orgs/", "/projects/", "/groups/", "/api/v"};
    const char *start = strstr(secret->url, "://");
    start = start ? start + 3 : "";
    size_t length = strlen(start);
    for (size_t i = 0; i < IBC_ARRAY_SIZE(ends); i++) {
        const char *end = strstr(start, ends[i]);
        length = end && (size_t)(end - start) < length ? (size_t)(end - start) : length;
    }
    snprintf(out, size, "%.*s", (int)length, start);
    if (strcmp(out, usual[secret->forge]) == 0) {
        out[0] = '\0';
    }
}

/* No forge tells owners, repositories and projects apart by their case alone. */
static void write_owner(const struct ibc_forge_place *place, char *out, size_t size) {
    snprintf(out, size, "%s", place->repository ? place->repository : place->organisation);
    for (char *at = out; *at != '\0'; at++) {
        *at = (char)tolower((unsigned char)*at);
    }
}

/*
 * "ci github owner/repo", and whatever tells this place from others there. Each part says what it
 * is, and the one that may hold blanks is the last, so that no two places have one label.
 */
static void write_label(struct handing *handing) {
    const struct ibc_forge_place *place = &handing->provision->place;
    const char *name = handing->secret.name;
    const bool other_name = strcmp(name, IDENTITY_NAME) != 0;
    char server[IBC_COPY_TARGET_MAX + 1];
    char owner[IBC_COPY_TARGET_MAX + 1];
    write_server(&handing->secret, server, sizeof server);
    write_owner(place, owner, sizeof owner);
    const char *parts[] = {
        "ci",
        ibc_forge_name(place->forge),
        server[0] ? server : NULL,
        place->organisation ? "org" : NULL,
        owner,
        place->dependabot ? "dependabot" : NULL,
        other_name ? "secret" : NULL,
        other_name ? name : NULL,
        place->environment ? "env" : NULL,
        place->environment,
    };
    size_t used = 0;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(parts) && used < sizeof handing->label; i++) {
        if (parts[i]) {
            used += (size_t)snprintf(handing->label + used, sizeof handing->label - used, "%s%s",
                                     i > 0 ? " " : "", parts[i]);
        }
    }
    handing->label_is_whole = used < sizeof handing->label;
}

static enum ibc_status aim(struct handing *handing, struct ibc_error *err) {
    const struct provision *provision = handing->provision;
    const char *name = provision->secret_name ? provision->secret_name : IDENTITY_NAME;
    enum ibc_status status =
        ibc_forge_target(&provision->place, name, IDENTITY_NAME, handing->target, err);
    if (status == IBC_OK) {
        status = ibc_forge_target_parse(ibc_view_of(handing->target), &handing->secret, err);
    }
    if (status == IBC_OK) {
        write_label(handing);
    }
    return status;
}

static bool is_older(const struct handing *handing, const struct ibc_slot_info *slot) {
    return slot->type == IBC_SLOT_RECIPIENT && strcmp(slot->label, handing->label) == 0 &&
           memcmp(slot->recipient.key, handing->recipient.key, IBC_KEY_BYTES) != 0;
}

/* A new data key is wrapped for a passphrase only by who knows it: better asked for now than missed
 * once the forge has the key. */
static enum ibc_status ask_ahead(struct handing *handing, struct ibc_error *err) {
    const struct ibc_vault *vault = handing->session.vault;
    const struct ibc_keyring *keyring = &handing->session.keyring;
    bool has_passphrase = false;
    bool has_older = false;
    for (size_t i = 0; i < ibc_vault_slot_count(vault); i++) {
        const struct ibc_slot_info *slot = ibc_vault_slot(vault, i);
        has_passphrase |= slot->type == IBC_SLOT_PASSPHRASE;
        has_older |= is_older(handing, slot);
    }
    ibc_auto_secret passphrase = {0};
    return has_passphrase && has_older && handing->label_is_whole
               ? keyring->ask(keyring->context, &passphrase, err)
               : IBC_OK;
}

/* The vault opens, and there is a token; a profile that is named may hold it. */
static enum ibc_status enter(struct handing *handing, struct ibc_error *err) {
    const struct provision *provision = handing->provision;
    ibc_auto_profile *profile = NULL;
    enum ibc_status status = session_open(&handing->session, provision->cli, false, err);
    if (status == IBC_OK && provision->profile) {
        status = ibc_vault_get(handing->session.vault, provision->profile, &profile, err);
    }
    if (status == IBC_OK && !provision->dry_run) {
        status = forge_access_init(&handing->access, provision->cli, &provision->copying, err);
        if (status == IBC_OK) {
            status = forge_access_open(&handing->access, &handing->secret, profile, err);
        }
        if (status == IBC_OK) {
            status = ask_ahead(handing, err);
        }
    }
    session_rest(&handing->session);
    return status;
}

/* --- the vault's side --------------------------------------------------------------------------*/

static enum ibc_status commit(struct handing *handing, const char *event, const char *why,
                              struct ibc_error *err) {
    uint64_t generation;
    const struct ibc_audit_event line = {.event = event, .verdict = "done", .why = why};
    return session_commit(&handing->session, &line, &generation, err);
}

/* A new identity: its secret half into `text`, its public half into the slot to be made. */
static enum ibc_status make_identity(struct handing *handing, int64_t now_ms,
                                     struct ibc_slot_info *slot, struct ibc_error *err) {
    ibc_auto_identities *identity = NULL;
    enum ibc_status status = ibc_identities_generate(&identity, err);
    if (status == IBC_OK) {
        status = ibc_identities_format(identity, now_ms, &handing->text, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    handing->recipient = ibc_identities_recipient(identity, 0);
    *slot = (struct ibc_slot_info){.type = IBC_SLOT_RECIPIENT,
                                   .recipient = handing->recipient,
                                   .created_ms = now_ms,
                                   .expires_ms = handing->provision->expires_ms};
    memcpy(slot->label, handing->label, sizeof slot->label);
    return IBC_OK;
}

static enum ibc_status add_key(struct handing *handing, struct ibc_error *err) {
    struct ibc_slot_info slot;
    char words[KEY_TEXT_MAX];
    enum ibc_status status = make_identity(handing, ibc_clock_wall_ms(), &slot, err);
    if (status == IBC_OK) {
        status = session_lock(&handing->session, err);
    }
    if (status == IBC_OK) {
        const struct ibc_slot_request request = {.type = slot.type,
                                                 .recipient = slot.recipient,
                                                 .label = slot.label,
                                                 .expires_ms = slot.expires_ms};
        status = ibc_vault_edit_add_slot(handing->session.edit, &request, slot.created_ms, err);
    }
    if (status == IBC_OK) {
        describe_key(&slot, words);
        status = commit(handing, "key-add", words, err);
    }
    session_rest(&handing->session);
    return status;
}

/* Leave slots out: the new one, or all older ones of this place. */
static enum ibc_status leave_out(struct handing *handing, bool older, size_t *count,
                                 struct ibc_error *err) {
    struct ibc_vault_edit *edit = handing->session.edit;
    const struct ibc_vault *vault = ibc_vault_edit_vault(edit);
    enum ibc_status status = IBC_OK;
    *count = 0;
    for (size_t i = 0; status == IBC_OK && i < ibc_vault_slot_count(vault); i++) {
        const struct ibc_slot_info *slot = ibc_vault_slot(vault, i);
        const bool ours = slot->type == IBC_SLOT_RECIPIENT &&
                          memcmp(slot->recipient.key, handing->recipient.key, IBC_KEY_BYTES) == 0;
        if (older ? is_older(handing, slot) : ours) {
            status = ibc_vault_edit_remove_slot(edit, i, err);
            (*count)++;
        }
    }
    return status;
}

/* Take slots away. The older ones' keys were used, so that the data key goes with them; the new one
 * is known to nobody. */
static enum ibc_status remove_keys(struct handing *handing, bool older, size_t *count,
                                   struct ibc_error *err) {
    struct session *session = &handing->session;
    enum ibc_status status = session_lock(session, err);
    if (status == IBC_OK) {
        status = leave_out(handing, older, count, err);
    }
    if (status == IBC_OK && *count > 0 && older) {
        status =
            ibc_vault_edit_rotate_key(session->edit, &session->keyring, ibc_clock_wall_ms(), err);
    }
    if (status == IBC_OK && *count > 0) {
        status = commit(handing, "key-remove", handing->label, err);
    }
    if (status == IBC_OK && *count > 0 && older) {
        forget_old_data_key(session);
    }
    session_rest(session);
    return status;
}

/* --- the forge's side --------------------------------------------------------------------------*/

/* The line of the identity file that is no comment. */
static struct ibc_view key_line(const struct ibc_secret *text) {
    struct ibc_view line = ibc_secret_view(text);
    while (line.size > 0 && line.bytes[line.size - 1] == '\n') {
        line.size--;
    }
    size_t start = line.size;
    while (start > 0 && line.bytes[start - 1] != '\n') {
        start--;
    }
    return (struct ibc_view){.bytes = line.bytes + start, .size = line.size - start};
}

static void note_in_audit(struct handing *handing, bool done) {
    const struct ibc_audit_event event = {
        .event = "provision", .verdict = done ? "done" : "failed", .why = handing->target};
    struct ibc_error err;
    enum ibc_status status = session_wake(&handing->session, &err);
    if (status == IBC_OK) {
        status = ibc_broker_note(&handing->session.broker, &event, &err);
    }
    session_rest(&handing->session);
    if (status != IBC_OK) {
        warn(handing->provision->cli, err.text);
    }
}

/* The forge did not take the key. Where that is sure, the vault is as before. */
static enum ibc_status take_back(struct handing *handing, struct ibc_error *err) {
    const struct ibc_error why = *err;
    struct ibc_error second;
    size_t count;
    note_in_audit(handing, false);
    const bool sure = !ibc_forge_may_have_it(handing->access.forges[handing->secret.forge].client);
    if (sure && remove_keys(handing, false, &count, &second) == IBC_OK) {
        return ibc_fail(err, why.status, "%s; the key that was made for it is gone again",
                        why.text);
    }
    return ibc_fail(err, why.status,
                    "%s; the vault has a key for it, named '%s', that may not have arrived: the "
                    "same command again replaces it",
                    why.text, handing->label);
}

static enum ibc_status hand_over(struct handing *handing, bool *created, struct ibc_error *err) {
    enum ibc_status status =
        ibc_forge_put(handing->access.forges[handing->secret.forge].client, &handing->secret,
                      key_line(&handing->text), created, err);
    if (status != IBC_OK) {
        return take_back(handing, err);
    }
    warn_if_widened(handing->provision->cli, handing->access.forges[handing->secret.forge].client,
                    &handing->secret);
    note_in_audit(handing, true);
    return IBC_OK;
}

/* The forge has the new key: now the older ones of this place may go. */
static enum ibc_status retire_older(struct handing *handing, struct ibc_error *err) {
    const struct cli *cli = handing->provision->cli;
    size_t count = 0;
    if (!handing->label_is_whole) {
        warn(cli, "the place's name is too long for a label, so older keys of it are not known for "
                  "sure and stay; see: ibcred key list");
        return IBC_OK;
    }
    enum ibc_status status = remove_keys(handing, true, &count, err);
    if (status != IBC_OK) {
        const struct ibc_error why = *err;
        return ibc_fail(err, status,
                        "the new key is at the forge, but the older ones named '%s' still open the "
                        "vault: %s",
                        handing->label, why.text);
    }
    if (count > 0) {
        say(cli, "older keys named '%s' open nothing that is written from now on: %zu",
            handing->label, count);
    }
    return IBC_OK;
}

static enum ibc_status answer(const struct handing *handing, bool created, bool arrived,
                              enum ibc_status status, struct ibc_error *err) {
    const struct provision *provision = handing->provision;
    const char *result = !arrived ? "failed" : created ? "created" : "updated";
    const struct brought brought = {.done = arrived, .behind = !arrived};
    json_t *results = json_array();
    json_array_append_new(results, copy_result_json(handing->secret.name, NULL, handing->target,
                                                    result, status == IBC_OK ? NULL : err->text));
    if (arrived) {
        say(provision->cli, "%s %s at %s", result, handing->secret.name, handing->target);
        say(provision->cli,
            "commit '%s' to git now: its jobs need the vault that knows the new key",
            handing->session.vault_path);
    }
    return answer_provision(provision, provision->profile, results, &brought, status, err);
}

static enum ibc_status answer_dry(const struct handing *handing, struct ibc_error *err) {
    struct copy_targets targets = {0};
    enum ibc_status status = add_target(&targets, ibc_view_of(handing->target), err);
    return status == IBC_OK ? answer_plan(handing->provision, NULL, &targets, "planned", err)
                            : status;
}

enum ibc_status provision_identity(const struct provision *provision, struct ibc_error *err) {
    IBC_CLEANUP(handing_close)
    struct handing handing = {.provision = provision, .session = {.state_fd = -1}};
    enum ibc_status status = aim(&handing, err);
    if (status == IBC_OK) {
        status = enter(&handing, err);
    }
    if (status == IBC_OK && provision->dry_run) {
        return answer_dry(&handing, err);
    }
    /* Two of one place would each take the other's key for an older one. */
    ibc_auto_fd turn = -1;
    if (status == IBC_OK) {
        catch_interrupts();
        status = forge_turn_take(&handing.session, handing.access.patience, &turn, err);
    }
    if (status == IBC_OK) {
        status = add_key(&handing, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    bool created = false;
    status = hand_over(&handing, &created, err);
    const bool arrived = status == IBC_OK;
    if (arrived) {
        status = retire_older(&handing, err);
    }
    return answer(&handing, created, arrived, status, err);
}
