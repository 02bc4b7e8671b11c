/* cmd_seal.c - ibcred seal: credentials from a person, a file or the environment. */
#include "cli/fields.h"
#include "cli/sealing.h"

#include <ibcred/file.h>

struct seal_options {
    const char *kind, *account, *format;
    bool scrub, force;
    struct option_values fields;
    struct field_source source; /* its names: the two of every profile, then --field */
};

static enum ibc_status check_sources(const struct seal_options *options, struct ibc_error *err) {
    const struct field_source *source = &options->source;
    if ((source->from != NULL) + source->from_env + source->from_stdin > 1) {
        return ibc_fail(err, IBC_ERR_USAGE, "--from, --from-env and --stdin exclude one another");
    }
    if (options->scrub && !source->from) {
        return ibc_fail(err, IBC_ERR_USAGE, "--scrub goes with --from FILE");
    }
    return IBC_OK;
}

static enum ibc_status parse_format(struct seal_options *options, struct ibc_error *err) {
    enum ibc_format format = IBC_FORMAT_COMPOSE;
    if (options->format &&
        (!ibc_format_parse(options->format, &format) || !ibc_format_is_compose(format))) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--format is '%s'; it must be compose, compose-v1 or compose-v2",
                        options->format);
    }
    options->source.format = format == IBC_FORMAT_COMPOSE_V1   ? IBC_INPUT_COMPOSE_V1
                             : format == IBC_FORMAT_COMPOSE_V2 ? IBC_INPUT_COMPOSE_V2
                                                               : IBC_INPUT_AGREED;
    return IBC_OK;
}

static void collect_names(struct seal_options *options) {
    struct field_source *source = &options->source;
    source->names[source->name_count++] = IBC_FIELD_USERNAME;
    source->names[source->name_count++] = IBC_FIELD_PASSWORD;
    for (size_t i = 0; i < options->fields.count; i++) {
        source->names[source->name_count++] = options->fields.items[i];
    }
}

/* What is left of the file without the lines that are sealed; known before anything is written. */
static enum ibc_status scrubbed(const struct seal_options *options, const struct ibc_secret *text,
                                struct ibc_secret *rest, struct ibc_error *err) {
    const struct ibc_view view = ibc_secret_view(text);
    if (ibc_input_looks_like_json(view)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "'%s' is JSON, which --scrub does not rewrite; seal without it and remove "
                        "the file",
                        options->source.from);
    }
    const struct field_source *source = &options->source;
    return ibc_input_scrub(view, source->from, source->format, source->names, source->name_count,
                           rest, err);
}

static enum ibc_status scrub(const struct seal_options *options, const struct ibc_secret *rest,
                             struct ibc_error *err) {
    enum ibc_status status =
        ibc_file_replace(options->source.from, ibc_secret_view(rest), 0600, err);
    if (status != IBC_OK) {
        const struct ibc_error why = *err;
        ibc_fail(err, status, "sealed, but not scrubbed; remove the lines yourself: %s", why.text);
    }
    return status;
}

static enum ibc_status seal(const struct cli *cli, const struct seal_options *options,
                            struct sealing sealing, struct ibc_error *err) {
    /* Before anybody types a password for a vault that is not there. */
    ibc_auto_free char *path = NULL;
    enum ibc_status status = find_vault(cli, &path, err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_input input = {0};
    ibc_auto_secret file_text = {0};
    ibc_auto_secret rest = {0};
    status = gather_fields(&options->source, &input, &file_text, err);
    if (status == IBC_OK && options->scrub) {
        status = scrubbed(options, &file_text, &rest, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    sealing.fields = input.fields;
    sealing.field_count = input.count;

    auto_sealed sealed;
    status = seal_profile(cli, &sealing, "seal", &sealed, err);
    if (status == IBC_OK && options->scrub) {
        status = scrub(options, &rest, err);
    }
    return status == IBC_OK ? tell_sealed(cli, &sealing, &sealed, err) : status;
}

enum ibc_status cmd_seal(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    struct seal_options given = {0};
    const struct option_spec options[] = {
        {"kind", "KIND", "what the username is: paper or live", .value = &given.kind},
        {"account", "ID", "the account id it logs in to, like DU1234567", .value = &given.account},
        {"from", "FILE", "take the fields out of a dotenv or JSON file",
         .value = &given.source.from},
        {"scrub", NULL, "and remove their lines there", .flag = &given.scrub},
        {"from-env", NULL, "take them from environment variables", .flag = &given.source.from_env},
        {"stdin", NULL, "take them from dotenv or JSON on stdin", .flag = &given.source.from_stdin},
        {"format", "FORMAT", "whose reading counts: compose-v1 or compose-v2",
         .value = &given.format},
        {"field", "NAME", "a further field (several)", .values = &given.fields},
        {"force", NULL, "though the username does not look like the kind", .flag = &given.force},
    };
    struct sealing sealing = {0};
    enum ibc_status status =
        parse_options(cli, "seal", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK) {
        status = optional_operand(argc, argv, &sealing.profile, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    if (!sealing.profile || !ibc_profile_name_valid(sealing.profile)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "name the profile: ibcred seal PROFILE, 1 to 64 of a-z 0-9 . _ -");
    }
    if (given.kind && !ibc_kind_parse(given.kind, &sealing.kind)) {
        return ibc_fail(err, IBC_ERR_USAGE, "--kind is '%s'; it must be paper or live", given.kind);
    }
    sealing.account = given.account;
    sealing.force = given.force;
    collect_names(&given);
    status = check_sources(&given, err);
    if (status == IBC_OK) {
        status = parse_format(&given, err);
    }
    return status == IBC_OK ? seal(cli, &given, sealing, err) : status;
}
