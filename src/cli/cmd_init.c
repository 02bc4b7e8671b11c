/* cmd_init.c - ibcred init: a new vault and, unless keys are given, an identity. */
#include "cli/identities.h"

#include <ibcred/file.h>

#include <unistd.h>

enum { SLOTS = IBC_SLOTS_MAX };

struct plan {
    struct option_values recipients;
    bool passphrase;
    struct ibc_secret passphrase_text;
    struct ibc_identities *identities; /* NULL where recipients or a passphrase do */
    char *identity_path;
    bool identity_is_new;
    size_t slot_count;
    struct ibc_slot_request slots[SLOTS];
};

static void plan_free(struct plan *plan) {
    ibc_secret_free(&plan->passphrase_text);
    ibc_identities_free(&plan->identities);
    free(plan->identity_path);
    plan->identity_path = NULL;
}

static enum ibc_status add_slot(struct plan *plan, struct ibc_slot_request slot,
                                struct ibc_error *err) {
    if (plan->slot_count == SLOTS) {
        return ibc_fail(err, IBC_ERR_USAGE, "a vault has at most %d keys", SLOTS);
    }
    plan->slots[plan->slot_count++] = slot;
    return IBC_OK;
}

static enum ibc_status add_recipients(struct plan *plan, struct ibc_error *err) {
    for (size_t i = 0; i < plan->recipients.count; i++) {
        struct ibc_slot_request slot = {.type = IBC_SLOT_RECIPIENT};
        enum ibc_status status =
            ibc_recipient_parse(plan->recipients.items[i], &slot.recipient, err);
        if (status == IBC_OK) {
            status = add_slot(plan, slot, err);
        }
        if (status != IBC_OK) {
            return status;
        }
    }
    return IBC_OK;
}

static enum ibc_status add_passphrase(struct plan *plan, struct ibc_error *err) {
    enum ibc_status status = new_passphrase("IBCRED_PASSPHRASE_FD", &plan->passphrase_text, err);
    if (status != IBC_OK) {
        return status;
    }
    return add_slot(
        plan,
        (struct ibc_slot_request){.type = IBC_SLOT_PASSPHRASE,
                                  .passphrase = ibc_secret_view(&plan->passphrase_text)},
        err);
}

/* The identity that is there already, or a new one that is not written yet. */
static enum ibc_status find_identity(const struct cli *cli, struct plan *plan,
                                     struct ibc_error *err) {
    const char *text = variable("IBCRED_IDENTITY");
    if (text && !cli->identity && !variable("IBCRED_IDENTITY_FILE")) {
        return ibc_identities_parse(ibc_view_of(text), "IBCRED_IDENTITY", &plan->identities, err);
    }
    enum ibc_status status = place_of_identity(cli, &plan->identity_path, err);
    if (status != IBC_OK) {
        return status;
    }
    if (access(plan->identity_path, F_OK) == 0) {
        return ibc_identities_load(plan->identity_path, &plan->identities, err);
    }
    plan->identity_is_new = true;
    return ibc_identities_generate(&plan->identities, err);
}

static enum ibc_status add_identities(const struct cli *cli, struct plan *plan,
                                      struct ibc_error *err) {
    enum ibc_status status = find_identity(cli, plan, err);
    for (size_t i = 0; status == IBC_OK && i < ibc_identities_count(plan->identities); i++) {
        const struct ibc_slot_request slot = {
            .type = IBC_SLOT_RECIPIENT, .recipient = ibc_identities_recipient(plan->identities, i)};
        status = add_slot(plan, slot, err);
    }
    return status;
}

static enum ibc_status make_vault(const struct plan *plan, const char *path,
                                  struct ibc_error *err) {
    if (access(path, F_OK) == 0) {
        return ibc_fail(err, IBC_ERR_CREATE, "there is a vault at '%s' already; it is left alone",
                        path);
    }
    if (plan->identity_is_new) {
        enum ibc_status status = write_identities(plan->identities, plan->identity_path, err);
        if (status != IBC_OK) {
            return status;
        }
    }
    enum ibc_status status =
        ibc_vault_create(path, plan->slots, plan->slot_count, ibc_clock_wall_ms(), err);
    if (status != IBC_OK && plan->identity_is_new && access(path, F_OK) != 0) {
        unlink(plan->identity_path);
    }
    return status;
}

static enum ibc_status tell(const struct cli *cli, const struct plan *plan, const char *path,
                            struct ibc_error *err) {
    const char *identity = plan->identity_path ? plan->identity_path : "";
    json_t *recipients = json_array();
    for (size_t i = 0; i < plan->slot_count; i++) {
        if (plan->slots[i].type == IBC_SLOT_RECIPIENT) {
            char text[IBC_RECIPIENT_TEXT_MAX];
            ibc_recipient_format(&plan->slots[i].recipient, text);
            json_array_append_new(recipients, json_string(text));
            say(cli, "recipient  %s", text);
        }
    }
    say(cli, "vault      %s", path);
    if (plan->identity_is_new) {
        say(cli, "identity   %s (new: back it up, the vault opens to nobody else)", identity);
    } else if (plan->identity_path) {
        say(cli, "identity   %s", identity);
    }
    if (!cli->json) {
        json_decref(recipients);
        return IBC_OK;
    }
    return print_json(json_pack("{s:s, s:s*, s:o, s:b}", "vault", path, "identity",
                                plan->identity_path, "recipients", recipients, "passphrase",
                                plan->passphrase),
                      err);
}

enum ibc_status cmd_init(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    IBC_CLEANUP(plan_free) struct plan plan = {0};
    const struct option_spec options[] = {
        {"recipient", "KEY", "an age1… key that shall open the vault (several)",
         .values = &plan.recipients},
        {"passphrase", NULL, "a passphrase shall open it", .flag = &plan.passphrase},
    };
    enum ibc_status status =
        parse_options(cli, "init", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK && argc > 0) {
        status = ibc_fail(err, IBC_ERR_USAGE, "init takes no operand; the vault's path is --vault");
    }
    if (status == IBC_OK) {
        status = add_recipients(&plan, err);
    }
    if (status == IBC_OK && plan.passphrase) {
        status = add_passphrase(&plan, err);
    }
    if (status == IBC_OK && (plan.slot_count == 0 || cli->identity)) {
        status = add_identities(cli, &plan, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_free char *path = vault_path(cli);
    if (!path) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory");
    }
    status = make_vault(&plan, path, err);
    return status == IBC_OK ? tell(cli, &plan, path, err) : status;
}
