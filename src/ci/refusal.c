/* refusal.c - what a forge's refusal means, and what to do about it. */
#include "ci/answer.h"

#include "ci/target.h"

/* Words of a forge, and the sentence that they become. */
struct meaning {
    enum ibc_forge forge;
    int code;
    const char *words; /* NULL: whatever it says */
    const char *sentence;
};

/*
 * By the first that fits. Sources: docs.github.com, "Troubleshooting the REST API"; GitLab's
 * lib/api/helpers.rb and app/models/ci/variable.rb; Gitea's routers/api/v1.
 */
static const struct meaning meanings[] = {
    {IBC_FORGE_GITHUB, 401, NULL,
     "GitHub does not know the token: it is mistyped, expired or revoked; make another"},
    {IBC_FORGE_GITHUB, 403, "SAML",
     "the organisation wants the token to be authorised for single sign-on; do that in the list of "
     "your tokens"},
    {IBC_FORGE_GITHUB, 403, "IP allow list",
     "the organisation does not let this address in; run it where its allow list does"},
    {IBC_FORGE_GITHUB, 403, "archived",
     "the repository is archived, so nothing can be written there; unarchive it, or take it out"},
    {IBC_FORGE_GITHUB, 409, NULL,
     "GitHub is changing the same secret for somebody else; try again in a minute"},
    {IBC_FORGE_GITHUB, 422, NULL,
     "GitHub does not take the secret as it is; see that organisation, environment and visibility "
     "are ones that it has"},
    {IBC_FORGE_GITLAB, 400, "already been taken",
     "GitLab has a variable of that name with another environment scope and keeps no second one "
     "(in groups that is for Premium); ask for the scope that it has"},
    {IBC_FORGE_GITLAB, 400, "is invalid",
     "GitLab does not take the variable: the value cannot be masked there, or the scope is none"},
    {IBC_FORGE_GITLAB, 400, "exceed",
     "GitLab has as many variables there as it allows; remove one"},
    {IBC_FORGE_GITLAB, 401, NULL,
     "GitLab does not know the token: it is mistyped, expired or revoked, or a CI_JOB_TOKEN, which "
     "may not write variables; make a project or group access token"},
    {IBC_FORGE_GITLAB, 403, "insufficient_scope",
     "the token lacks the scope 'api'; make another that has it"},
    {IBC_FORGE_GITLAB, 409, NULL,
     "GitLab has several variables of that name and cannot tell them by their environment scope; "
     "leave one there"},
    {IBC_FORGE_GITEA, 400, NULL,
     "Gitea does not take the secret: its name is reserved or the value is too large"},
    {IBC_FORGE_GITEA, 401, NULL,
     "Gitea does not know the token: it is mistyped, expired or revoked; make another"},
    {IBC_FORGE_GITEA, 409, NULL,
     "Gitea is changing the same secret for somebody else; try again in a minute"},
};

/* What a token must have to write there. */
static const char *needed_rights(const struct ibc_forge_secret *secret) {
    const bool owner_wide = secret->of_organisation;
    switch (secret->forge) {
    case IBC_FORGE_GITLAB:
        return owner_wide ? "the scope 'api' and the role Owner of the group"
                          : "the scope 'api' and the role Maintainer of the project";
    case IBC_FORGE_GITEA:
        return owner_wide ? "the scope write:organization, of an owner of the organisation"
                          : "the scope write:repository, of an administrator of the repository";
    default:
        break;
    }
    const bool dependabot = strstr(secret->url, "/dependabot/");
    if (owner_wide) {
        return dependabot ? "write access to 'Organization dependabot secrets' (classic: "
                            "admin:org)"
                          : "write access to the organisation's 'Secrets' (classic: admin:org)";
    }
    return dependabot ? "write access to 'Dependabot secrets' (classic: repo)"
           : strstr(secret->url, "/environments/")
               ? "write access to the repository's 'Environments' (classic: repo)"
               : "write access to the repository's 'Secrets' (classic: repo)";
}

static const char *find_meaning(enum ibc_forge forge, int code, const json_t *json) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(meanings); i++) {
        if (meanings[i].forge == forge && meanings[i].code == code &&
            (!meanings[i].words || answer_says(json, meanings[i].words))) {
            return meanings[i].sentence;
        }
    }
    return NULL;
}

/* What the forges have in common, in `text`. */
static void explain_code(const struct ibc_forge_secret *secret, int code, char *text, size_t size) {
    const char *title = forge_title(secret->forge);
    if (code == 403) {
        snprintf(text, size, "the token may not write there; it needs %s", needed_rights(secret));
    } else if (code == 404) {
        snprintf(text, size,
                 "%s finds no such place, or hides it from this token; see that it is "
                 "spelled right and the token has %s",
                 title, needed_rights(secret));
    } else if (code >= 300 && code <= 399) {
        snprintf(text, size,
                 "it has moved, and %s is not followed there with the token; use its "
                 "present name",
                 title);
    } else if (code >= 400 && code <= 499) {
        snprintf(text, size,
                 "%s refuses, without a reason that ibcred knows; see its API's "
                 "documentation for that status",
                 title);
    } else {
        snprintf(text, size, "this is no answer of %s's API; see that the URL is right", title);
    }
}

enum ibc_status answer_refused(const struct ibc_forge_secret *secret, int code, const json_t *json,
                               struct ibc_error *err) {
    enum { SENTENCE_MAX = 400 };
    char text[SENTENCE_MAX];
    const char *meaning = find_meaning(secret->forge, code, json);
    if (!meaning) {
        explain_code(secret, code, text, sizeof text);
        meaning = text;
    }
    const bool refused = code >= 300 && code <= 499;
    return ibc_fail(err, refused ? IBC_ERR_REFUSED : IBC_ERR_UNAVAILABLE, "%s: %s (HTTP %d)",
                    secret->url, meaning, code);
}

enum ibc_status answer_passing(const struct ibc_forge_secret *secret, int code,
                               struct ibc_error *err) {
    return ibc_fail(err, IBC_ERR_UNAVAILABLE, "%s: %s %s (HTTP %d)", secret->url,
                    forge_title(secret->forge),
                    code < 500 ? "is asked too often and wants a pause" : "is in trouble", code);
}

enum ibc_status answer_foreign(const struct ibc_forge_secret *secret, struct ibc_error *err) {
    return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                    "%s: what came is no answer of %s's API; see that the URL is right and no "
                    "proxy or login page answers in its place",
                    secret->url, forge_title(secret->forge));
}
