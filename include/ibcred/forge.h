/*
 * forge.h - secrets at the forges where CI runs: GitHub, GitLab, Gitea and Forgejo.
 *
 * A target names one secret at one forge and everything that is needed to write it again. It is the
 * forge, the URL of the secret's own resource in the forge's REST API, and the field of the profile
 * whose value goes there:
 *
 *   github+https://api.github.com/repos/OWNER/REPO/actions/secrets/NAME#IB_PASSWORD
 *   github+https://api.github.com/repos/OWNER/REPO/environments/ENV/secrets/NAME#IB_PASSWORD
 *   github+https://api.github.com/repos/OWNER/REPO/dependabot/secrets/NAME#IB_PASSWORD
 *   github+https://api.github.com/orgs/ORG/actions/secrets/NAME#IB_PASSWORD
 *   github+https://api.github.com/orgs/ORG/dependabot/secrets/NAME?visibility=all#IB_PASSWORD
 *   gitlab+https://gitlab.com/api/v4/projects/GROUP%2FPROJECT/variables/NAME
 *       ?environment_scope=*&masked=true&protected=false#IB_PASSWORD
 *   gitlab+https://gitlab.com/api/v4/groups/GROUP/variables/NAME?…#IB_PASSWORD
 *   gitea+https://codeberg.org/api/v1/repos/OWNER/REPO/actions/secrets/NAME#IB_PASSWORD
 *   gitea+https://codeberg.org/api/v1/orgs/ORG/actions/secrets/NAME#IB_PASSWORD
 *
 * It holds no secret, is printable, and is what a profile's copies are known by (struct ibc_copy).
 */
#ifndef IBCRED_FORGE_H
#define IBCRED_FORGE_H

#include <ibcred/profile.h>

#pragma GCC visibility push(default)

enum { IBC_FORGE_NAME_MAX = 64 /* bytes of a secret's name */ };

enum ibc_forge { IBC_FORGE_GITHUB = 1, IBC_FORGE_GITLAB, IBC_FORGE_GITEA };

/* "github", "gitlab", "gitea"; "forgejo" is parsed as gitea, which it has its API from. */
const char *ibc_forge_name(enum ibc_forge forge);
IBC_CHECKED bool ibc_forge_parse(const char *text, enum ibc_forge *out);

/* Where secrets go, as a person says it. Strings are borrowed; NULL leaves a thing out. */
struct ibc_forge_place {
    enum ibc_forge forge;
    const char *api_url;      /* of the REST API; NULL: GitHub's or gitlab.com's; gitea needs one */
    const char *repository;   /* "OWNER/REPO"; GitLab: the project's path or number */
    const char *organisation; /* instead: GitHub and Gitea organisation, GitLab group */
    const char *environment;  /* GitHub: an environment of the repository; GitLab: a scope */
    const char *visibility;   /* GitHub organisation: "all", "private"; NULL: as it is there */
    bool dependabot;          /* GitHub: Dependabot's secrets instead of Actions' */
    bool unmasked;            /* GitLab: not masked in job logs */
    bool is_protected;        /* GitLab: for protected branches and tags only */
};

/*
 * The target of `field` as the secret `name` (NULL: as the field is called) at `place`, in its one
 * spelling: GitHub and Gitea keep names in upper case, so that is how they are written. `out` is
 * empty on failure. IBC_ERR_USAGE: what the forge does not have, a name that it does not allow, a
 * URL that is not one of its API (GitLab's ends in /api/v4, Gitea's in /api/v1), has a user in it,
 * or is http:// and not of 127.0.0.0/8, ::1 or localhost, which would send the token in the clear;
 * or all of it is longer than a target may be. Pure.
 */
IBC_CHECKED enum ibc_status ibc_forge_target(const struct ibc_forge_place *place, const char *name,
                                             const char *field,
                                             char out[static IBC_COPY_TARGET_MAX + 1],
                                             struct ibc_error *err);

/* What a target says. */
struct ibc_forge_secret {
    enum ibc_forge forge;
    char url[IBC_COPY_TARGET_MAX + 1];   /* of the resource, without the query */
    char name[IBC_FORGE_NAME_MAX + 1];   /* of the secret */
    char field[IBC_FIELD_NAME_MAX + 1];  /* of the profile */
    char visibility[16];                 /* GitHub organisation; "" where none is asked for */
    char scope[IBC_COPY_TARGET_MAX + 1]; /* GitLab environment_scope; "" elsewhere */
    bool of_organisation;                /* or of GitLab's group */
    bool masked, is_protected;           /* GitLab */
};

/* Read a target, in its one spelling only. IBC_ERR_DATA: it is none, and `out` is empty. Pure. */
IBC_CHECKED enum ibc_status ibc_forge_target_parse(struct ibc_view target,
                                                   struct ibc_forge_secret *out,
                                                   struct ibc_error *err);

/*
 * Would the forge take the value, and hide it where it is asked to? IBC_ERR_MISMATCH, in words and
 * without the value: it is empty, not UTF-8 or has a NUL; GitLab masks one line of 8 characters and
 * more without white space only (docs.gitlab.com, "Mask a CI/CD variable"; any others are allowed,
 * for expansion is turned off); GitHub takes 48 KB, GitLab 10,000 characters, Gitea 64 KB. Pure.
 */
IBC_CHECKED enum ibc_status ibc_forge_check_value(const struct ibc_forge_secret *secret,
                                                  struct ibc_view value, struct ibc_error *err);

/* How one talks to a forge. The token is copied; all else is borrowed until the end. */
struct ibc_forge_options {
    struct ibc_view token;  /* one word of visible ASCII */
    const char *ca_file;    /* PEM; NULL: the system's authorities */
    int64_t try_timeout_ms; /* how long one try may take; 0: 30 s */
    int64_t patience;       /* seconds that may be waited for between all tries of one secret */
    bool may_widen;         /* let a target's visibility open a secret to more repositories */
    bool (*wait)(void *context, int64_t seconds, const char *why); /* sleeps; false: give up; NULL:
                                                                      nothing is tried again */
    bool (*give_up)(void *context); /* asked while an answer is waited for; true: no longer */
    void *context;
};

struct ibc_forge_client;

/*
 * Begin. Nothing is sent yet. The token goes to whatever forge a secret is put to: one client a
 * token. ibc_json_use_secret_memory() must have been called: requests and answers are JSON that has
 * values in it. IBC_ERR_USAGE: a token that no header can carry.
 */
IBC_CHECKED enum ibc_status ibc_forge_open(const struct ibc_forge_options *options,
                                           struct ibc_forge_client **out, struct ibc_error *err);
void ibc_forge_close(struct ibc_forge_client **client);
#define ibc_auto_forge IBC_CLEANUP(ibc_forge_close) struct ibc_forge_client

/*
 * Write `value` to the secret: made where it is not there (`*created`), else replaced. Done twice
 * it comes to the same. GitHub's value is sealed to the forge's public key (crypto_box_seal), which
 * is fetched once for each place and again where the forge says that it is another now. GitLab's
 * variable is looked at first, and is never expanded (`raw`).
 *
 * The secret of a GitHub organisation is looked at first, too. A new one is opened to the
 * repositories that its target names, else to the private ones. One that is there stays open to the
 * same, repository by repository where they are selected; a target's visibility narrows it to all
 * private ones, and widens it only where the options say `may_widen`.
 *
 * 429 and 5xx, and GitHub's 403 that is a rate limit, are tried again after what Retry-After (or
 * x-ratelimit-reset) says, else after 1, 2, 4, … up to 60 seconds, within `patience`; so is a
 * request without an answer, but only twice, and not where TLS is refused. Redirects are not
 * followed.
 *
 * IBC_ERR_UNAVAILABLE: no connection, TLS refused, no answer in time, still 429 or 5xx, no
 * forge's answer, or GitHub's list of who may read it changes while it is read. IBC_ERR_REFUSED:
 * 3xx, 401, 403, 404, 409, 422 and other 4xx, each with what to do; GitLab wrote it otherwise than
 * it was asked to; or who may read it at GitHub cannot be kept, since more than 5000 repositories
 * are selected or the token sees some of them only. IBC_ERR_MISMATCH: ibc_forge_check_value().
 * IBC_ERR_WAIT: `give_up` said so. No sentence holds token or value, nor any words of the forge,
 * which may quote them.
 */
IBC_CHECKED enum ibc_status ibc_forge_put(struct ibc_forge_client *client,
                                          const struct ibc_forge_secret *secret,
                                          struct ibc_view value, bool *created,
                                          struct ibc_error *err);

/* Did the last ibc_forge_put() open a secret that was there to more repositories? */
bool ibc_forge_widened(const struct ibc_forge_client *client);

/*
 * May the forge have the value of the last ibc_forge_put() although that failed? A try to write it
 * went without an answer, or was answered otherwise than by a refusal, which a later one may have
 * been; or GitLab wrote it otherwise than it was asked to.
 */
bool ibc_forge_may_have_it(const struct ibc_forge_client *client);

/*
 * Would every other secret there fail as the last ibc_forge_put() did? There was no answer, the
 * token is not known (401), or a longer pause was asked for than `patience` allows (429, GitHub's
 * rate limit, 5xx but 500). All else may be about that one place.
 */
bool ibc_forge_would_fail_all(const struct ibc_forge_client *client);

#pragma GCC visibility pop

#endif
