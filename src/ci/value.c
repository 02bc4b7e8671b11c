/* value.c - what a forge takes as a secret's value, and can hide. */
#include "ci/target.h"

#include "base/utf8.h"

enum {
    GITHUB_MAX = 48 * 1024, /* bytes: docs.github.com, "Secrets reference", limits */
    GITLAB_MAX = 10000,     /* characters: docs.gitlab.com, "CI/CD variables" */
    GITEA_MAX = 65536,      /* bytes: Gitea's and Forgejo's models/secret, SecretDataMaxLength */
    MASKED_MIN = 8,         /* characters: GitLab's Ci::Maskable, MASK_AND_RAW_REGEX */
};

static size_t count_characters(struct ibc_view value) {
    size_t count = 0;
    for (size_t at = 0; at < value.size; at += rune_at(value, at).size) {
        count++;
    }
    return count;
}

/* Ruby's \s, which knows ASCII's only. */
static bool has_white_space(struct ibc_view value) {
    for (size_t i = 0; i < value.size; i++) {
        if (value.bytes[i] != '\0' && strchr(" \t\n\v\f\r", value.bytes[i])) {
            return true;
        }
    }
    return false;
}

static enum ibc_status too_large(const struct ibc_forge_secret *secret, int most, const char *unit,
                                 struct ibc_error *err) {
    return ibc_fail(err, IBC_ERR_MISMATCH, "the value of %s is too large: %s takes %d %s",
                    secret->field, forge_title(secret->forge), most, unit);
}

static enum ibc_status check_gitlab(const struct ibc_forge_secret *secret, struct ibc_view value,
                                    struct ibc_error *err) {
    const size_t characters = count_characters(value);
    if (characters > GITLAB_MAX) {
        return too_large(secret, GITLAB_MAX, "characters", err);
    }
    if (secret->masked && (characters < MASKED_MIN || has_white_space(value))) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "GitLab cannot mask the value of %s: it %s; choose another value, or have "
                        "it written --unmasked, for every reader of job logs to see",
                        secret->field,
                        characters < MASKED_MIN ? "has fewer than 8 characters"
                                                : "has white space in it");
    }
    return IBC_OK;
}

enum ibc_status ibc_forge_check_value(const struct ibc_forge_secret *secret, struct ibc_view value,
                                      struct ibc_error *err) {
    if (value.size == 0 || !utf8_valid(value) || memchr(value.bytes, '\0', value.size)) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "the value of %s is empty, not UTF-8, or has a NUL in it, and %s does not "
                        "keep such values",
                        secret->field, forge_title(secret->forge));
    }
    if (secret->forge == IBC_FORGE_GITLAB) {
        return check_gitlab(secret, value, err);
    }
    const int most = secret->forge == IBC_FORGE_GITHUB ? GITHUB_MAX : GITEA_MAX;
    return value.size <= (size_t)most ? IBC_OK : too_large(secret, most, "bytes", err);
}
