/* cmd_rotate.c - ibcred rotate: which part of a rotation is asked for. */
#include "cli/rotate.h"

struct rotate_options {
    bool abort, resume, due;
    struct field_source source;
    struct copy_options copies;
};

static enum ibc_status check_options(const struct rotate_options *options, const char *profile,
                                     struct ibc_error *err) {
    if (options->abort + options->resume + options->due > 1) {
        return ibc_fail(err, IBC_ERR_USAGE, "--abort, --resume and --due exclude one another");
    }
    if (options->source.from_env && options->source.from_stdin) {
        return ibc_fail(err, IBC_ERR_USAGE, "--from-env and --stdin exclude one another");
    }
    const bool stages = !options->abort && !options->resume && !options->due;
    if (!stages && (options->source.from_env || options->source.from_stdin)) {
        return ibc_fail(err, IBC_ERR_USAGE, "--from-env and --stdin are for a new password");
    }
    if (!options->resume &&
        (options->copies.token_file || options->copies.ca_file || options->copies.patience)) {
        return ibc_fail(err, IBC_ERR_USAGE, "--token-file, --ca and --patience go with --resume");
    }
    if (options->due && profile) {
        return ibc_fail(err, IBC_ERR_USAGE, "--due is about all profiles; name none");
    }
    return IBC_OK;
}

static enum ibc_status rotate(const struct cli *cli, const struct rotate_options *options,
                              const char *profile, struct ibc_error *err) {
    if (options->due) {
        return rotate_due(cli, err);
    }
    if (options->resume) {
        return rotate_resume(cli, profile, &options->copies, err);
    }
    if (options->abort) {
        return rotate_abort(cli, profile, err);
    }
    return rotate_stage(cli, profile, &options->source, err);
}

enum ibc_status cmd_rotate(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    struct rotate_options given = {.source = {.name_count = 2,
                                              .names = {IBC_FIELD_PASSWORD, IBC_FIELD_USERNAME},
                                              .last_may_lack = true}};
    const struct option_spec options[] = {
        {"from-env", NULL, "take the new password from " IBC_FIELD_PASSWORD,
         .flag = &given.source.from_env},
        {"stdin", NULL, "take it from dotenv or JSON on stdin", .flag = &given.source.from_stdin},
        {"resume", NULL, "go on where a rotation was cut off; without PROFILE all of them",
         .flag = &given.resume},
        {"abort", NULL, "go back: the staged password is dropped", .flag = &given.abort},
        {"due", NULL, "list the passwords that are too old; exit 75 where one is",
         .flag = &given.due},
        {"token-file", "FILE", "--resume: the forge's token", .value = &given.copies.token_file},
        {"ca", "FILE", "--resume: the authorities of the forge's certificate",
         .value = &given.copies.ca_file},
        {"patience", "DURATION", "--resume: how long a busy forge is waited for (2m)",
         .value = &given.copies.patience},
    };
    const char *profile = NULL;
    enum ibc_status status =
        parse_options(cli, "rotate", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK) {
        status = optional_operand(argc, argv, &profile, err);
    }
    if (status == IBC_OK) {
        status = check_options(&given, profile, err);
    }
    return status == IBC_OK ? rotate(cli, &given, profile, err) : status;
}
