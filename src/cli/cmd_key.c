/* cmd_key.c - ibcred key: identities, and which keys open the vault. */
#include "cli/identities.h"
#include "cli/keys.h"

#include <ibcred/file.h>

/* As age-keygen -o does: the file, and its public half for whoever shall add it. */
static enum ibc_status make_identity(const struct cli *cli, const char *path,
                                     struct ibc_error *err) {
    ibc_auto_identities *identities = NULL;
    enum ibc_status status = ibc_identities_generate(&identities, err);
    if (status == IBC_OK) {
        status = write_identities(identities, path, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    char text[IBC_RECIPIENT_TEXT_MAX];
    const struct ibc_recipient recipient = ibc_identities_recipient(identities, 0);
    ibc_recipient_format(&recipient, text);
    say(cli, "identity '%s' is made; it opens a vault once its recipient is added: ibcred key add",
        path);
    if (cli->json) {
        return print_json(json_pack("{s:s, s:s}", "identity", path, "recipient", text), err);
    }
    puts(text);
    return flush_output(err);
}

static enum ibc_status key_new(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    const char *output = NULL;
    const struct option_spec options[] = {
        {"output", "FILE", "the new identity (where ibcred looks for one)", .value = &output,
         .letter = 'o'},
    };
    enum ibc_status status =
        parse_options(cli, "key", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK && argc > 0) {
        status = ibc_fail(err, IBC_ERR_USAGE, "key new takes no operand; the file is --output");
    }
    ibc_auto_free char *path = NULL;
    if (status == IBC_OK && !output) {
        status = place_of_identity(cli, &path, err);
        output = path;
    }
    return status == IBC_OK ? make_identity(cli, output, err) : status;
}

enum { WHEN_TEXT_MAX = IBC_TIMESTAMP_MAX + 16 };

/* "never", "2027-01-31T18:00:00Z", or "2026-01-31 EXPIRED". */
static void format_expiry(const struct ibc_slot_info *slot, int64_t now_ms,
                          char out[static WHEN_TEXT_MAX]) {
    char time[IBC_TIMESTAMP_MAX];
    ibc_format_timestamp(slot->expires_ms, time);
    if (slot->expires_ms == 0) {
        snprintf(out, WHEN_TEXT_MAX, "never");
    } else if (ibc_slot_expired(slot, now_ms)) {
        snprintf(out, WHEN_TEXT_MAX, "%.10s EXPIRED", time);
    } else {
        snprintf(out, WHEN_TEXT_MAX, "%.19sZ", time);
    }
}

static void print_row(const struct ibc_slot_info *slot, size_t number, int64_t now_ms) {
    char created[IBC_TIMESTAMP_MAX];
    char expires[WHEN_TEXT_MAX];
    char label[IBC_SLOT_LABEL_MAX + 1];
    char recipient[IBC_RECIPIENT_TEXT_MAX] = "-";
    ibc_format_timestamp(slot->created_ms, created);
    format_expiry(slot, now_ms, expires);
    snprintf(label, sizeof label, "%s", slot->label[0] ? slot->label : "-");
    ibc_make_printable(label);
    if (slot->type == IBC_SLOT_RECIPIENT) {
        ibc_recipient_format(&slot->recipient, recipient);
    }
    printf("%3zu  %-10s  %-62s  %.10s  %-20s  %s\n", number,
           slot->type == IBC_SLOT_RECIPIENT ? "recipient" : "passphrase", recipient, created,
           expires, label);
}

static enum ibc_status list_json(const struct ibc_vault *vault, int64_t now_ms,
                                 struct ibc_error *err) {
    json_t *list = json_array();
    for (size_t i = 0; i < ibc_vault_slot_count(vault); i++) {
        json_t *key = key_json(ibc_vault_slot(vault, i), now_ms);
        json_object_set_new(key, "number", json_integer((json_int_t)i + 1));
        json_array_append_new(list, key);
    }
    return print_json(list, err);
}

static enum ibc_status list_table(const struct ibc_vault *vault, int64_t now_ms,
                                  struct ibc_error *err) {
    printf("%3s  %-10s  %-62s  %-10s  %-20s  %s\n", "KEY", "TYPE", "RECIPIENT", "CREATED",
           "EXPIRES", "LABEL");
    for (size_t i = 0; i < ibc_vault_slot_count(vault); i++) {
        print_row(ibc_vault_slot(vault, i), i + 1, now_ms);
    }
    return flush_output(err);
}

static enum ibc_status key_list(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    enum ibc_status status = parse_options(cli, "key", NULL, 0, &argc, &argv, err);
    if (status == IBC_OK && argc > 0) {
        status = ibc_fail(err, IBC_ERR_USAGE, "key list takes no operand");
    }
    if (status != IBC_OK) {
        return status;
    }
    auto_session session;
    status = session_open(&session, cli, false, err);
    if (status != IBC_OK) {
        return status;
    }
    return cli->json ? list_json(session.vault, ibc_clock_wall_ms(), err)
                     : list_table(session.vault, ibc_clock_wall_ms(), err);
}

enum ibc_status cmd_key(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    static const struct {
        const char *name;
        enum ibc_status (*run)(struct cli *, int, char **, struct ibc_error *);
    } verbs[] = {
        {"new", key_new},       {"add", key_add},       {"list", key_list},
        {"remove", key_remove}, {"rotate", key_rotate},
    };
    const char *name = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < IBC_ARRAY_SIZE(verbs); i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return verbs[i].run(cli, argc - 1, argv + 1, err);
        }
    }
    enum ibc_status status = parse_options(cli, "key", NULL, 0, &argc, &argv, err); /* --help */
    return status == IBC_OK
               ? ibc_fail(err, IBC_ERR_USAGE,
                          "say what to do with keys: ibcred key new, add, list, remove or rotate")
               : status;
}
