/* environment.c - variables for later steps or jobs, as the forge reads them. */
#include <ibcred/ci.h>

enum {
    TEXT_MAX = 1 << 21,      /* bytes */
    DOTENV_LIMIT = 5 * 1024, /* bytes; GitLab takes fewer */
};

/* Names by which the runner itself, or every program of a later step, could be led astray. */
static const char *const reserved[] = {"PATH", "ENV", "BASH_ENV", "IFS", "NODE_OPTIONS"};
static const char *const reserved_prefixes[] = {
    "GITHUB_", "RUNNER_", "ACTIONS_", "GITEA_", "FORGEJO_", "GITLAB_", "CI_", "LD_",
};

static bool begins_with(struct ibc_view name, const char *prefix) {
    const size_t size = strlen(prefix);
    return name.size >= size && strncasecmp((const char *)name.bytes, prefix, size) == 0;
}

static bool is_reserved(struct ibc_view name) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(reserved); i++) {
        if (name.size == strlen(reserved[i]) && begins_with(name, reserved[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < IBC_ARRAY_SIZE(reserved_prefixes); i++) {
        if (begins_with(name, reserved_prefixes[i])) {
            return true;
        }
    }
    return false;
}

static enum ibc_status check_name(struct ibc_view name, struct ibc_error *err) {
    if (is_reserved(name)) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "a job must not set %.*s for what comes after it; seal the field under "
                        "another name, leave it out by the policy, or use: ibcred ci exec",
                        (int)name.size, (const char *)name.bytes);
    }
    return IBC_OK;
}

/* --- GitHub, Gitea, Forgejo ------------------------------------------------------------------- */

static enum ibc_status append_block(const struct ibc_field *field, const char *delimiter,
                                    struct ibc_secret_buffer *out, struct ibc_error *err) {
    if (memmem(field->value.bytes, field->value.size, delimiter, strlen(delimiter))) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "the value of %.*s holds the delimiter that was chosen to end it",
                        (int)field->name.size, (const char *)field->name.bytes);
    }
    ibc_secret_buffer_append(out, field->name.bytes, field->name.size);
    ibc_secret_buffer_append_text(out, "<<");
    ibc_secret_buffer_append_text(out, delimiter);
    ibc_secret_buffer_append_byte(out, '\n');
    ibc_secret_buffer_append(out, field->value.bytes, field->value.size);
    ibc_secret_buffer_append_byte(out, '\n');
    ibc_secret_buffer_append_text(out, delimiter);
    ibc_secret_buffer_append_byte(out, '\n');
    return IBC_OK;
}

/* --- GitLab ----------------------------------------------------------------------------------- */

static bool is_blank(unsigned char byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/*
 * What GitLab would change: it strips blanks at both ends (Ci::ParseDotenvArtifactService), and
 * expands $NAME, ${NAME} and %NAME% (ExpandVariables), since such a variable is never raw.
 */
static const char *changed_by_gitlab(struct ibc_view value) {
    size_t percents = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.bytes[i] == '$') {
            return "a dollar sign";
        }
        if (value.bytes[i] == '\n' || value.bytes[i] == '\r') {
            return "a line break";
        }
        percents += value.bytes[i] == '%';
    }
    if (percents > 1) {
        return "two percent signs";
    }
    if (value.size > 0 && (is_blank(value.bytes[0]) || is_blank(value.bytes[value.size - 1]))) {
        return "a blank at an end";
    }
    return NULL;
}

static enum ibc_status append_binding(const struct ibc_field *field, struct ibc_secret_buffer *out,
                                      struct ibc_error *err) {
    const char *what = changed_by_gitlab(field->value);
    if (what) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "GitLab would change %.*s on its way through a dotenv report, for it has "
                        "%s; use: ibcred ci exec",
                        (int)field->name.size, (const char *)field->name.bytes, what);
    }
    ibc_secret_buffer_append(out, field->name.bytes, field->name.size);
    ibc_secret_buffer_append_byte(out, '=');
    ibc_secret_buffer_append(out, field->value.bytes, field->value.size);
    ibc_secret_buffer_append_byte(out, '\n');
    return IBC_OK;
}

enum ibc_status ibc_ci_environment(enum ibc_ci ci, const struct ibc_field *fields, size_t count,
                                   const char *delimiter, struct ibc_secret *out,
                                   struct ibc_error *err) {
    *out = (struct ibc_secret){0};
    ibc_auto_secret_buffer buffer;
    ibc_secret_buffer_init(&buffer, TEXT_MAX);
    enum ibc_status status = IBC_OK;
    for (size_t i = 0; i < count && status == IBC_OK; i++) {
        status = check_name(fields[i].name, err);
        if (status == IBC_OK) {
            status = ci == IBC_CI_GITLAB ? append_binding(&fields[i], &buffer, err)
                                         : append_block(&fields[i], delimiter, &buffer, err);
        }
    }
    if (status == IBC_OK && ci == IBC_CI_GITLAB && buffer.used >= DOTENV_LIMIT) {
        status = ibc_fail(err, IBC_ERR_MISMATCH,
                          "GitLab takes dotenv reports of less than %d bytes, and this one has "
                          "%zu; use: ibcred ci exec",
                          DOTENV_LIMIT, buffer.used);
    }
    return status == IBC_OK ? ibc_secret_buffer_finish(&buffer, "the job's variables", out, err)
                            : status;
}
