/* client.c - who talks to forges, and one secret after another. */
#include "ci/call.h"

#include "ci/target.h"

enum { TOKEN_MAX = 8192 /* bytes; those of GitHub Apps have hundreds */ };

/* What a header can carry without quotes: visible ASCII. */
static bool is_token(struct ibc_view token) {
    for (size_t i = 0; i < token.size; i++) {
        if (token.bytes[i] <= ' ' || token.bytes[i] > '~') {
            return false;
        }
    }
    return token.size > 0 && token.size <= TOKEN_MAX;
}

enum ibc_status ibc_forge_open(const struct ibc_forge_options *options,
                               struct ibc_forge_client **out, struct ibc_error *err) {
    *out = NULL;
    if (!is_token(options->token)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "the token must be one word of 1 to %d visible ASCII characters; see that "
                        "nothing else is where it comes from",
                        TOKEN_MAX);
    }
    ibc_auto_forge *client = calloc(1, sizeof *client);
    if (!client) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for talking to a forge");
    }
    client->options = *options;
    client->options.token = (struct ibc_view){0};
    enum ibc_status status = ibc_secret_copy(&client->token, options->token, err);
    if (status == IBC_OK) {
        *out = ibc_steal(&client);
    }
    return status;
}

void ibc_forge_close(struct ibc_forge_client **client) {
    if (*client) {
        ibc_http_free(&(*client)->http);
        ibc_secret_free(&(*client)->token);
        free(*client);
    }
    *client = NULL;
}

enum ibc_status ibc_forge_put(struct ibc_forge_client *client,
                              const struct ibc_forge_secret *secret, struct ibc_view value,
                              bool *created, struct ibc_error *err) {
    struct forge_job job = {.client = client, .secret = secret, .value = value};
    *created = false;
    client->may_have_it = client->would_fail_all = client->widened = false;
    enum ibc_status status = ibc_forge_check_value(secret, value, err);
    if (status != IBC_OK) {
        return status;
    }
    switch (secret->forge) {
    case IBC_FORGE_GITHUB:
        return github_put(&job, created, err);
    case IBC_FORGE_GITLAB:
        return gitlab_put(&job, created, err);
    default:
        return gitea_put(&job, created, err);
    }
}

bool ibc_forge_may_have_it(const struct ibc_forge_client *client) {
    return client->may_have_it;
}

bool ibc_forge_would_fail_all(const struct ibc_forge_client *client) {
    return client->would_fail_all;
}

bool ibc_forge_widened(const struct ibc_forge_client *client) {
    return client->widened;
}
