/* forge_access.c - see forge_access.h. */
#include "cli/forge_access.h"

#include "cli/fields.h"
#include "cli/interrupt.h"

#include <ibcred/file.h>
#include <ibcred/number.h>

enum { TOKEN_FILE_MAX = 8192, PATIENCE_SECONDS = 120, PATIENCE_MAX = 86400, TRY_SECONDS = 30 };

static const struct token_source {
    const char *variables[2];
    const char *field;
} sources[FORGE_LAST + 1] = {
    [IBC_FORGE_GITHUB] = {{"GITHUB_TOKEN", "GH_TOKEN"}, IBC_OWN_FIELD_PREFIX "GITHUB_TOKEN"},
    [IBC_FORGE_GITLAB] = {{"GITLAB_TOKEN"}, IBC_OWN_FIELD_PREFIX "GITLAB_TOKEN"},
    [IBC_FORGE_GITEA] = {{"GITEA_TOKEN", "FORGEJO_TOKEN"}, IBC_OWN_FIELD_PREFIX "GITEA_TOKEN"},
};

enum ibc_status forge_access_init(struct forge_access *access, const struct cli *cli,
                                  const struct copy_options *options, struct ibc_error *err) {
    *access = (struct forge_access){.cli = cli, .options = options, .patience = PATIENCE_SECONDS};
    if (options->patience &&
        !ibc_parse_duration(options->patience, PATIENCE_MAX, &access->patience)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--patience is '%s'; it must be a duration of at most a day, like 2m",
                        options->patience);
    }
    return IBC_OK;
}

static enum ibc_status token_of_file(const char *path, struct ibc_secret *out,
                                     struct ibc_error *err) {
    ibc_auto_fd fd = -1;
    ibc_auto_secret text = {0};
    enum ibc_status status = ibc_file_open_trusted(path, "token file", &fd, err);
    if (status == IBC_OK) {
        status = ibc_file_read_all(fd, path, TOKEN_FILE_MAX, &text, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    struct ibc_view token = ibc_secret_view(&text);
    if (token.size > 0 && token.bytes[token.size - 1] == '\n') {
        token.size--;
    }
    if (token.size == 0) {
        return ibc_fail(err, IBC_ERR_DATA, "token file '%s' is empty", path);
    }
    return ibc_secret_copy(out, token, err);
}

static enum ibc_status token_of_field(enum ibc_forge forge, const struct ibc_profile *profile,
                                      struct ibc_secret *out, struct ibc_error *err) {
    const struct ibc_version *version = profile ? ibc_profile_active(profile) : NULL;
    const struct ibc_field *field =
        version ? ibc_version_field(version, sources[forge].field) : NULL;
    if (!field) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "there is no token for %s: give --token-file FILE, set %s, or seal it into "
                        "the profile as %s",
                        ibc_forge_name(forge), sources[forge].variables[0], sources[forge].field);
    }
    return ibc_secret_copy(out, field->value, err);
}

static enum ibc_status find_token(struct forge_access *access, enum ibc_forge forge,
                                  const struct ibc_profile *profile, struct ibc_error *err) {
    struct forge_login *login = &access->forges[forge];
    struct ibc_secret *out = &login->token;
    login->is_own = false;
    if (access->options->token_file) {
        return token_of_file(access->options->token_file, out, err);
    }
    const struct token_source *source = &sources[forge];
    for (size_t i = 0; i < IBC_ARRAY_SIZE(source->variables); i++) {
        if (source->variables[i] && variable(source->variables[i])) {
            return take_variable(source->variables[i], out, err);
        }
    }
    login->is_own = true;
    return token_of_field(forge, profile, out, err);
}

/* The token that a profile before this one went in with. */
static enum ibc_status reuse_token(const struct forge_login *login,
                                   const struct ibc_forge_secret *secret,
                                   const struct ibc_profile *profile, struct ibc_error *err) {
    const char *name = ibc_forge_name(secret->forge);
    if (!is_same_server(login->url, secret->url)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "the token for %s has gone to another server than profile '%s' has copies "
                        "at, and is meant for one: ibcred provision %s %s --resume --api-url URL",
                        name, profile->name, name, profile->name);
    }
    return login->ended == IBC_OK
               ? IBC_OK
               : ibc_fail(err, login->ended, "%s is not asked again, as it would fail as before",
                          name);
}

/* No single try takes longer than a person wants to wait in all. */
static int64_t try_timeout_ms(const struct forge_access *access) {
    const int64_t seconds = access->patience < TRY_SECONDS ? access->patience : TRY_SECONDS;
    return seconds > 0 ? seconds * 1000 : 1000;
}

static bool wait_for_forge(void *context, int64_t seconds, const char *why) {
    const struct forge_access *access = context;
    char duration[IBC_DURATION_TEXT_MAX];
    char text[IBC_ERROR_TEXT_MAX];
    ibc_format_duration(seconds, duration);
    snprintf(text, sizeof text, "%s; asked again in %s", why, duration);
    return count_down(access->cli, seconds, text);
}

static bool is_to_stop(void *context) {
    (void)context;
    return is_interrupted();
}

enum ibc_status forge_access_open(struct forge_access *access,
                                  const struct ibc_forge_secret *secret,
                                  const struct ibc_profile *profile, struct ibc_error *err) {
    struct forge_login *login = &access->forges[secret->forge];
    enum ibc_status status = IBC_OK;
    if (login->client) {
        return IBC_OK;
    }
    if (login->token.bytes) {
        status = reuse_token(login, secret, profile, err);
    } else {
        status = find_token(access, secret->forge, profile, err);
        memcpy(login->url, secret->url, sizeof secret->url);
    }
    if (status != IBC_OK) {
        return status;
    }
    const struct ibc_forge_options options = {
        .token = ibc_secret_view(&login->token),
        .ca_file = access->options->ca_file,
        .try_timeout_ms = try_timeout_ms(access),
        .patience = access->patience,
        .may_widen = access->options->may_widen,
        .wait = wait_for_forge,
        .give_up = is_to_stop,
        .context = access,
    };
    return ibc_forge_open(&options, &login->client, err);
}

void forge_access_next(struct forge_access *access) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(access->forges); i++) {
        struct forge_login *login = &access->forges[i];
        ibc_forge_close(&login->client);
        if (login->is_own) {
            ibc_secret_free(&login->token);
        }
        login->failure = (struct ibc_error){0};
        login->is_told = false;
    }
}

void forge_access_end(struct forge_access *access, enum ibc_forge forge,
                      const struct ibc_error *why) {
    struct forge_login *login = &access->forges[forge];
    ibc_forge_close(&login->client);
    login->failure = *why;
    login->ended = why->status;
}

void forge_access_close(struct forge_access *access) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(access->forges); i++) {
        ibc_forge_close(&access->forges[i].client);
        ibc_secret_free(&access->forges[i].token);
    }
}

static size_t server_size(const char *url) {
    const char *host = strstr(url, "://");
    return host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/") : strlen(url);
}

bool is_same_server(const char *url, const char *other) {
    const size_t size = server_size(url);
    return size == server_size(other) && memcmp(url, other, size) == 0;
}
