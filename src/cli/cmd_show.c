/* cmd_show.c - ibcred show: one profile; its secrets only when asked for by name. */
#include "cli/cli.h"

#include <unistd.h>

struct show_options {
    bool reveal, force;
    const char *field;
};

static json_t *version_json(const struct ibc_profile *profile, const struct ibc_version *version) {
    json_t *fields = json_array();
    for (size_t i = 0; i < version->field_count; i++) {
        const struct ibc_view name = version->fields[i].name;
        json_array_append_new(fields, json_stringn((const char *)name.bytes, name.size));
    }
    return json_pack(
        "{s:i, s:s, s:o, s:o, s:o, s:s?, s:b, s:o, s:o}", "version", (int)version->number, "state",
        ibc_version_state_name(version->state), "sealed", json_time(version->created_ms), "since",
        json_time(version->state_ms), "proven_at", json_time(version->proven_ms), "proven_kind",
        version->proven_kind ? ibc_kind_name(version->proven_kind) : NULL, "contradicts",
        ibc_version_contradicts(profile, version), "expires_at", json_time(version->expires_ms),
        "fields", fields);
}

/* Which version lies there is known only once one was brought. */
static json_t *copy_json(const struct ibc_profile *profile, const struct ibc_copy *copy) {
    return json_pack("{s:o, s:o, s:o, s:b}", "target",
                     json_stringn((const char *)copy->target.bytes, copy->target.size), "version",
                     copy->copied_ms ? json_integer(copy->version) : json_null(), "copied_at",
                     json_time(copy->copied_ms), "behind", ibc_copy_is_behind(profile, copy));
}

static enum ibc_status describe_json(const struct ibc_profile *profile, struct ibc_error *err) {
    json_t *versions = json_array();
    json_t *copies = json_array();
    for (size_t i = 0; i < profile->version_count; i++) {
        json_array_append_new(versions, version_json(profile, &profile->versions[i]));
    }
    for (size_t i = 0; i < profile->copy_count; i++) {
        json_array_append_new(copies, copy_json(profile, &profile->copies[i]));
    }
    return print_json(json_pack("{s:s, s:s, s:s?, s:o, s:o, s:o}", "profile", profile->name, "kind",
                                ibc_kind_name(profile->kind), "account",
                                profile->account[0] ? profile->account : NULL, "created",
                                json_time(profile->created_ms), "versions", versions, "copies",
                                copies),
                      err);
}

static void describe_proof(const struct ibc_profile *profile, const struct ibc_version *version) {
    if (version->proven_ms == 0) {
        printf("never proven");
        return;
    }
    char proven[IBC_TIMESTAMP_MAX];
    ibc_format_timestamp(version->proven_ms, proven);
    printf("last proven %s", proven);
    if (version->proven_kind != 0) {
        printf(" by a %s account", ibc_kind_name(version->proven_kind));
    }
    if (ibc_version_contradicts(profile, version)) {
        printf(", which contradicts %s", ibc_kind_name(profile->kind));
    }
}

static void describe_end(const struct ibc_version *version) {
    if (version->expires_ms != 0) {
        char end[IBC_TIMESTAMP_MAX];
        ibc_format_timestamp(version->expires_ms, end);
        printf(", ends by IBKR's word %.10s", end);
    }
}

static void describe_version(const struct ibc_profile *profile, const struct ibc_version *version) {
    char sealed[IBC_TIMESTAMP_MAX];
    ibc_format_timestamp(version->created_ms, sealed);
    printf("version %u: %s, sealed %s, ", (unsigned)version->number,
           ibc_version_state_name(version->state), sealed);
    describe_proof(profile, version);
    describe_end(version);
    printf(", fields");
    for (size_t i = 0; i < version->field_count; i++) {
        const struct ibc_view name = version->fields[i].name;
        printf(" %.*s", (int)name.size, (const char *)name.bytes);
    }
    putchar('\n');
}

static void describe_copy(const struct ibc_profile *profile, const struct ibc_copy *copy) {
    printf("copy %.*s: ", (int)copy->target.size, (const char *)copy->target.bytes);
    if (copy->copied_ms == 0) {
        printf("not there yet\n");
        return;
    }
    char copied[IBC_TIMESTAMP_MAX];
    ibc_format_timestamp(copy->copied_ms, copied);
    printf("version %u, %s%s\n", (unsigned)copy->version, copied,
           ibc_copy_is_behind(profile, copy) ? ", behind" : "");
}

static enum ibc_status describe(const struct cli *cli, const struct ibc_profile *profile,
                                struct ibc_error *err) {
    if (cli->json) {
        return describe_json(profile, err);
    }
    printf("profile %s: %s%s%s\n", profile->name, ibc_kind_name(profile->kind),
           profile->account[0] ? ", account " : "", profile->account);
    for (size_t i = 0; i < profile->version_count; i++) {
        describe_version(profile, &profile->versions[i]);
    }
    for (size_t i = 0; i < profile->copy_count; i++) {
        describe_copy(profile, &profile->copies[i]);
    }
    return flush_output(err);
}

static enum ibc_status reveal_json(const struct ibc_version *version, const char *only,
                                   struct ibc_error *err) {
    json_t *object = json_fields(version, only);
    ibc_auto_secret text = {0};
    enum ibc_status status = secret_json_line(object, &text, err);
    json_decref(object);
    return status == IBC_OK ? print_secret(ibc_secret_view(&text), err) : status;
}

static enum ibc_status reveal_text(const struct ibc_version *version, const char *only,
                                   struct ibc_error *err) {
    ibc_auto_secret_buffer buffer;
    ibc_secret_buffer_init(&buffer, IBC_SINK_FILE_MAX);
    for (size_t i = 0; i < version->field_count; i++) {
        const struct ibc_field *field = &version->fields[i];
        if (only && !ibc_view_is(field->name, only)) {
            continue;
        }
        if (!only) {
            ibc_secret_buffer_append(&buffer, field->name.bytes, field->name.size);
            ibc_secret_buffer_append_byte(&buffer, '=');
        }
        ibc_secret_buffer_append(&buffer, field->value.bytes, field->value.size);
        ibc_secret_buffer_append_byte(&buffer, '\n');
    }
    ibc_auto_secret text = {0};
    enum ibc_status status = ibc_secret_buffer_finish(&buffer, "the profile", &text, err);
    return status == IBC_OK ? print_secret(ibc_secret_view(&text), err) : status;
}

static enum ibc_status reveal(const struct cli *cli, const struct show_options *options,
                              const struct ibc_profile *profile, struct ibc_error *err) {
    if (isatty(STDOUT_FILENO) && !options->force) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "stdout is a terminal; send the secrets into a pipe, or say --force");
    }
    const struct ibc_version *version = ibc_profile_active(profile);
    if (!version) {
        return ibc_fail(err, IBC_ERR_REFUSED, "profile '%s' has no active version", profile->name);
    }
    if (options->field && !ibc_version_field(version, options->field)) {
        return ibc_fail(err, IBC_ERR_NOT_FOUND, "profile '%s' has no field '%s'", profile->name,
                        options->field);
    }
    return cli->json ? reveal_json(version, options->field, err)
                     : reveal_text(version, options->field, err);
}

static enum ibc_status note_reveal(const struct session *session, const struct ibc_profile *profile,
                                   struct ibc_error *err) {
    const struct ibc_audit_event event = {
        .event = "reveal", .profile = profile->name, .verdict = "done"};
    return ibc_broker_note(&session->broker, &event, err);
}

enum ibc_status cmd_show(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    struct show_options given = {0};
    const struct option_spec options[] = {
        {"reveal", NULL, "print the secrets of the active version", .flag = &given.reveal},
        {"field", "NAME", "only this field, without its name", .value = &given.field},
        {"force", NULL, "even on a terminal", .flag = &given.force},
    };
    const char *name;
    enum ibc_status status =
        parse_options(cli, "show", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK) {
        status = optional_operand(argc, argv, &name, err);
    }
    if (status == IBC_OK && given.field && !given.reveal) {
        status = ibc_fail(err, IBC_ERR_USAGE, "--field goes with --reveal");
    }
    if (status != IBC_OK) {
        return status;
    }
    auto_session session;
    char profile_name[IBC_PROFILE_NAME_MAX + 1];
    ibc_auto_profile *profile = NULL;
    status = session_open(&session, cli, false, err);
    if (status == IBC_OK) {
        status = session_any_profile(&session, name, profile_name, err);
    }
    if (status == IBC_OK) {
        status = ibc_vault_get(session.vault, profile_name, &profile, err);
    }
    if (status == IBC_OK && !given.reveal) {
        return describe(cli, profile, err);
    }
    if (status == IBC_OK) {
        status = note_reveal(&session, profile, err);
    }
    return status == IBC_OK ? reveal(cli, &given, profile, err) : status;
}
