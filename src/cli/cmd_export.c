/* cmd_export.c - ibcred export: one profile as a file that age opens, without ibcred. */
#include "cli/cli.h"

#include <ibcred/age.h>
#include <ibcred/file.h>
#include <ibcred/number.h>

#include <sys/stat.h>
#include <unistd.h>

struct export_options {
    struct option_values to;
    const char *output, *version;
    bool force;

    size_t recipient_count;
    struct ibc_recipient recipients[IBC_AGE_RECIPIENTS_MAX];
    uint32_t number; /* of the version; 0: the active one */
};

_Static_assert((int)OPTION_VALUES_MAX <= (int)IBC_AGE_RECIPIENTS_MAX, "room for every --to");

static enum ibc_status parse_recipients(struct export_options *options, struct ibc_error *err) {
    if (options->to.count == 0) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "say who is to open it: --to age1…, the recipient that age-keygen prints");
    }
    enum ibc_status status = IBC_OK;
    for (size_t i = 0; i < options->to.count && status == IBC_OK; i++) {
        status = ibc_recipient_parse(options->to.items[i],
                                     &options->recipients[options->recipient_count++], err);
    }
    return status;
}

static enum ibc_status parse_version(struct export_options *options, struct ibc_error *err) {
    uint64_t number = 0;
    if (options->version &&
        (!ibc_parse_number(options->version, strlen(options->version), UINT32_MAX, &number) ||
         number == 0)) {
        return ibc_fail(err, IBC_ERR_USAGE, "--version is '%s'; it must be a number from 1 on",
                        options->version);
    }
    options->number = (uint32_t)number;
    return IBC_OK;
}

/* Everything that can be known before a vault is opened. */
static enum ibc_status check_output(const struct cli *cli, const struct export_options *options,
                                    struct ibc_error *err) {
    if (!options->output && cli->json) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--json goes with --output FILE, for stdout takes the encrypted file");
    }
    if (!options->output && isatty(STDOUT_FILENO)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "stdout is a terminal, and the file is binary; say --output FILE");
    }
    if (options->output && !options->force && access(options->output, F_OK) == 0) {
        return ibc_fail(err, IBC_ERR_CREATE,
                        "there is a '%s' already; name another file, or say --force to replace it",
                        options->output);
    }
    return IBC_OK;
}

static bool is_same_file(const char *path, const char *other) {
    struct stat a, b;
    return path && other && stat(path, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* --force is for an older export, and not for what would be missed. */
static enum ibc_status check_replaced(const struct session *session,
                                      const struct export_options *options, struct ibc_error *err) {
    ibc_auto_free char *identity = existing_identity(session->cli);
    if (is_same_file(options->output, session->vault_path) ||
        is_same_file(options->output, identity)) {
        return ibc_fail(err, IBC_ERR_USAGE, "'%s' is the vault or its identity; name another file",
                        options->output);
    }
    return IBC_OK;
}

static enum ibc_status find_version(const struct export_options *options,
                                    const struct ibc_profile *profile,
                                    const struct ibc_version **out, struct ibc_error *err) {
    *out = options->number == 0 ? ibc_profile_active(profile) : NULL;
    for (size_t i = 0; options->number != 0 && i < profile->version_count; i++) {
        if (profile->versions[i].number == options->number) {
            *out = &profile->versions[i];
        }
    }
    if (*out) {
        return IBC_OK;
    }
    if (options->number == 0) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "profile '%s' has no active version; choose one with --version (see: "
                        "ibcred show %s)",
                        profile->name, profile->name);
    }
    return ibc_fail(err, IBC_ERR_NOT_FOUND, "profile '%s' has no version %u", profile->name,
                    (unsigned)options->number);
}

/* The line that `ibcred import` takes, encrypted. */
static enum ibc_status encrypt(const struct export_options *options,
                               const struct ibc_profile *profile, const struct ibc_version *version,
                               struct ibc_secret *out, struct ibc_error *err) {
    json_auto_t *line = json_pack("{s:s, s:s, s:s*, s:o}", "profile", profile->name, "kind",
                                  ibc_kind_name(profile->kind), "account",
                                  profile->account[0] ? profile->account : NULL, "fields",
                                  json_fields(version, NULL));
    ibc_auto_secret text = {0};
    enum ibc_status status = secret_json_line(line, &text, err);
    return status == IBC_OK ? ibc_age_encrypt(ibc_secret_view(&text), options->recipients,
                                              options->recipient_count, out, err)
                            : status;
}

/* Who can open it is written down; a long list is cut by the log. */
static enum ibc_status note(const struct session *session, const struct export_options *options,
                            const struct ibc_profile *profile, const struct ibc_version *version,
                            struct ibc_error *err) {
    char why[IBC_AGE_RECIPIENTS_MAX * (IBC_RECIPIENT_TEXT_MAX + 1) + 4] = "to";
    size_t used = strlen(why);
    for (size_t i = 0; i < options->recipient_count; i++) {
        char recipient[IBC_RECIPIENT_TEXT_MAX];
        ibc_recipient_format(&options->recipients[i], recipient);
        used += (size_t)snprintf(why + used, sizeof why - used, " %s", recipient);
    }
    const struct ibc_audit_event event = {.event = "export",
                                          .profile = profile->name,
                                          .version = version->number,
                                          .verdict = "done",
                                          .why = why};
    return ibc_broker_note(&session->broker, &event, err);
}

static enum ibc_status hand_out(const struct cli *cli, const struct export_options *options,
                                const struct ibc_profile *profile, uint32_t version,
                                struct ibc_view file, struct ibc_error *err) {
    if (!options->output) {
        return print_secret(file, err);
    }
    enum ibc_status status = options->force ? ibc_file_replace(options->output, file, 0600, err)
                                            : ibc_file_create(options->output, file, 0600, err);
    if (status != IBC_OK) {
        return status;
    }
    say(cli, "%s: version %u is in '%s'; open it with: age -d -i KEYFILE %s", profile->name,
        (unsigned)version, options->output, options->output);
    return cli->json ? print_json(json_pack("{s:s, s:I, s:s, s:I}", "profile", profile->name,
                                            "version", (json_int_t)version, "path", options->output,
                                            "recipients", (json_int_t)options->recipient_count),
                                  err)
                     : IBC_OK;
}

static enum ibc_status export_profile(const struct cli *cli, const struct export_options *options,
                                      const char *name, struct ibc_error *err) {
    auto_session session;
    char profile_name[IBC_PROFILE_NAME_MAX + 1];
    ibc_auto_profile *profile = NULL;
    const struct ibc_version *version = NULL;
    ibc_auto_secret file = {0};
    enum ibc_status status = session_open(&session, cli, false, err);
    if (status == IBC_OK) {
        status = check_replaced(&session, options, err);
    }
    if (status == IBC_OK) {
        status = session_any_profile(&session, name, profile_name, err);
    }
    if (status == IBC_OK) {
        status = ibc_vault_get(session.vault, profile_name, &profile, err);
    }
    if (status == IBC_OK) {
        status = find_version(options, profile, &version, err);
    }
    if (status == IBC_OK) {
        status = encrypt(options, profile, version, &file, err);
    }
    if (status == IBC_OK) {
        status = note(&session, options, profile, version, err);
    }
    return status == IBC_OK
               ? hand_out(cli, options, profile, version->number, ibc_secret_view(&file), err)
               : status;
}

enum ibc_status cmd_export(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    struct export_options given = {0};
    const struct option_spec options[] = {
        {"to", "KEY", "who opens it: a recipient, age1… (several)", .values = &given.to},
        {"output", "FILE", "write a new file instead of stdout", .value = &given.output},
        {"version", "N", "this version instead of the active one", .value = &given.version},
        {"force", NULL, "replace the file that is there", .flag = &given.force},
    };
    const char *name = NULL;
    enum ibc_status status =
        parse_options(cli, "export", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK) {
        status = optional_operand(argc, argv, &name, err);
    }
    if (status == IBC_OK) {
        status = parse_recipients(&given, err);
    }
    if (status == IBC_OK) {
        status = parse_version(&given, err);
    }
    if (status == IBC_OK) {
        status = check_output(cli, &given, err);
    }
    return status == IBC_OK ? export_profile(cli, &given, name, err) : status;
}
