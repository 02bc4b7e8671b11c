/* cmd_seal.c - ibcred seal: credentials from a person, a file or the environment. */
#include "cli/sealing.h"
#include "cli/survey.h"

#include <ibcred/file.h>
#include <ibcred/input.h>

#include <unistd.h>

enum { NAMES_MAX = OPTION_VALUES_MAX + 2 };

struct seal_options {
    const char *kind, *account, *from, *format;
    bool scrub, from_env, from_stdin, force;
    struct option_values fields;

    size_t name_count; /* the two of every profile, then --field */
    const char *names[NAMES_MAX];
    enum ibc_input_format input_format;
};

static enum ibc_status check_sources(const struct seal_options *options, struct ibc_error *err) {
    if ((options->from != NULL) + options->from_env + options->from_stdin > 1) {
        return ibc_fail(err, IBC_ERR_USAGE, "--from, --from-env and --stdin exclude one another");
    }
    if (options->scrub && !options->from) {
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
    options->input_format = format == IBC_FORMAT_COMPOSE_V1   ? IBC_INPUT_COMPOSE_V1
                            : format == IBC_FORMAT_COMPOSE_V2 ? IBC_INPUT_COMPOSE_V2
                                                              : IBC_INPUT_AGREED;
    return IBC_OK;
}

static void collect_names(struct seal_options *options) {
    options->names[options->name_count++] = IBC_FIELD_USERNAME;
    options->names[options->name_count++] = IBC_FIELD_PASSWORD;
    for (size_t i = 0; i < options->fields.count; i++) {
        options->names[options->name_count++] = options->fields.items[i];
    }
}

/* Add a copy of `value` to the input; its storage is laid out by the caller. */
static void add_field(struct ibc_input *input, const char *name, struct ibc_view value,
                      size_t *used) {
    memcpy(input->storage.bytes + *used, value.bytes, value.size);
    input->fields[input->count++] = (struct ibc_field){
        .name = ibc_view_of(name),
        .value = {.bytes = input->storage.bytes + *used, .size = value.size},
    };
    *used += value.size;
}

static void free_answers(struct ibc_secret (*answers)[NAMES_MAX]) {
    for (size_t i = 0; i < NAMES_MAX; i++) {
        ibc_secret_free(&(*answers)[i]);
    }
}

static enum ibc_status store_answers(const struct seal_options *options,
                                     const struct ibc_secret *answers, struct ibc_input *input,
                                     struct ibc_error *err) {
    size_t total = 0;
    for (size_t i = 0; i < options->name_count; i++) {
        total += answers[i].size;
    }
    enum ibc_status status = ibc_secret_alloc(&input->storage, total, err);
    size_t used = 0;
    for (size_t i = 0; status == IBC_OK && i < options->name_count; i++) {
        if (answers[i].size > 0) {
            add_field(input, options->names[i], ibc_secret_view(&answers[i]), &used);
        }
    }
    return status;
}

/* The username is shown while it is typed; everything else is not, and is asked twice. */
static enum ibc_status ask_fields(const struct seal_options *options, struct ibc_input *input,
                                  struct ibc_error *err) {
    IBC_CLEANUP(free_answers) struct ibc_secret answers[NAMES_MAX] = {0};
    for (size_t i = 0; i < options->name_count; i++) {
        const char *name = options->names[i];
        const bool shown = strcmp(name, IBC_FIELD_USERNAME) == 0;
        enum ibc_status status =
            shown ? ask(name, true, &answers[i], err) : ask_twice(name, &answers[i], err);
        if (status != IBC_OK) {
            return status;
        }
    }
    return store_answers(options, answers, input, err);
}

/* Take a variable's value over and wipe it where the C library keeps it. */
static enum ibc_status take_variable(const char *name, struct ibc_secret *out,
                                     struct ibc_error *err) {
    char *value = getenv(name);
    if (!value || value[0] == '\0') {
        return ibc_fail(err, IBC_ERR_NOT_FOUND, "the environment has no variable %s", name);
    }
    enum ibc_status status = ibc_secret_copy(out, ibc_view_of(value), err);
    explicit_bzero(value, strlen(value));
    return status;
}

static enum ibc_status environment_fields(const struct seal_options *options,
                                          struct ibc_input *input, struct ibc_error *err) {
    IBC_CLEANUP(free_answers) struct ibc_secret answers[NAMES_MAX] = {0};
    for (size_t i = 0; i < options->name_count; i++) {
        enum ibc_status status = take_variable(options->names[i], &answers[i], err);
        if (status != IBC_OK) {
            return status;
        }
    }
    return store_answers(options, answers, input, err);
}

static enum ibc_status text_fields(const struct seal_options *options, const char *name,
                                   const struct ibc_secret *text, struct ibc_input *input,
                                   struct ibc_error *err) {
    const struct ibc_view view = ibc_secret_view(text);
    if (ibc_input_looks_like_json(view)) {
        return ibc_input_json(view, name, options->names, options->name_count, input, err);
    }
    return ibc_input_dotenv(view, name, options->input_format, options->names, options->name_count,
                            input, err);
}

static enum ibc_status stdin_fields(const struct seal_options *options, struct ibc_input *input,
                                    struct ibc_error *err) {
    ibc_auto_secret text = {0};
    enum ibc_status status =
        ibc_file_read_all(STDIN_FILENO, "standard input", IBC_INPUT_MAX, &text, err);
    return status == IBC_OK ? text_fields(options, "standard input", &text, input, err) : status;
}

/* `text` keeps what was read: scrubbing works on the same bytes. */
static enum ibc_status file_fields(const struct seal_options *options, struct ibc_input *input,
                                   struct ibc_secret *text, struct ibc_error *err) {
    ibc_auto_fd fd = -1;
    enum ibc_status status = ibc_file_open(options->from, "file", &fd, err);
    if (status == IBC_OK) {
        status = ibc_file_read_all(fd, options->from, IBC_DOTENV_FILE_MAX, text, err);
    }
    return status == IBC_OK ? text_fields(options, options->from, text, input, err) : status;
}

static enum ibc_status gather(const struct seal_options *options, struct ibc_input *input,
                              struct ibc_secret *file_text, struct ibc_error *err) {
    if (options->from) {
        return file_fields(options, input, file_text, err);
    }
    if (options->from_env) {
        return environment_fields(options, input, err);
    }
    if (options->from_stdin) {
        return stdin_fields(options, input, err);
    }
    return ask_fields(options, input, err);
}

/* What is left of the file without the lines that are sealed; known before anything is written. */
static enum ibc_status scrubbed(const struct seal_options *options, const struct ibc_secret *text,
                                struct ibc_secret *rest, struct ibc_error *err) {
    const struct ibc_view view = ibc_secret_view(text);
    if (ibc_input_looks_like_json(view)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "'%s' is JSON, which --scrub does not rewrite; seal without it and remove "
                        "the file",
                        options->from);
    }
    return ibc_input_scrub(view, options->from, options->input_format, options->names,
                           options->name_count, rest, err);
}

static enum ibc_status scrub(const struct seal_options *options, const struct ibc_secret *rest,
                             struct ibc_error *err) {
    enum ibc_status status = ibc_file_replace(options->from, ibc_secret_view(rest), 0600, err);
    if (status != IBC_OK) {
        const struct ibc_error why = *err;
        ibc_fail(err, status, "sealed, but not scrubbed; remove the lines yourself: %s", why.text);
    }
    return status;
}

static enum ibc_status tell(const struct cli *cli, const struct sealing *sealing, uint32_t version,
                            uint64_t generation, struct ibc_error *err) {
    say(cli, "%s: version %u is sealed", sealing->profile, (unsigned)version);
    json_auto_t *warnings =
        warn_of_closed_ways(cli, sealing->profile, sealing->fields, sealing->field_count);
    if (!cli->json) {
        return IBC_OK;
    }
    return print_json(json_pack("{s:s, s:i, s:I, s:O}", "profile", sealing->profile, "version",
                                (int)version, "generation", (json_int_t)generation, "warnings",
                                warnings),
                      err);
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
    status = gather(options, &input, &file_text, err);
    if (status == IBC_OK && options->scrub) {
        status = scrubbed(options, &file_text, &rest, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    sealing.fields = input.fields;
    sealing.field_count = input.count;

    auto_session session;
    uint32_t version = 0;
    uint64_t generation = 0;
    status = session_edit(&session, cli, err);
    if (status == IBC_OK) {
        status = seal_fields(session.edit, &sealing, &version, err);
    }
    if (status == IBC_OK) {
        const struct ibc_audit_event event = {
            .event = "seal", .profile = sealing.profile, .version = version, .verdict = "done"};
        status = session_commit(&session, &event, &generation, err);
    }
    if (status == IBC_OK && options->scrub) {
        status = scrub(options, &rest, err);
    }
    return status == IBC_OK ? tell(cli, &sealing, version, generation, err) : status;
}

enum ibc_status cmd_seal(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    struct seal_options given = {0};
    const struct option_spec options[] = {
        {"kind", "KIND", "what the username is: paper or live", .value = &given.kind},
        {"account", "ID", "the account id it logs in to, like DU1234567", .value = &given.account},
        {"from", "FILE", "take the fields out of a dotenv or JSON file", .value = &given.from},
        {"scrub", NULL, "and remove their lines there", .flag = &given.scrub},
        {"from-env", NULL, "take them from environment variables", .flag = &given.from_env},
        {"stdin", NULL, "take them from dotenv or JSON on stdin", .flag = &given.from_stdin},
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
