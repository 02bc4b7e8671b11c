/*
 * target.h - what the forges' targets are made of, and what may be in them. Pure.
 */
#ifndef IBCRED_CI_TARGET_H
#define IBCRED_CI_TARGET_H

#include <ibcred/forge.h>

enum {
    TARGET_SEGMENT_MAX = 100, /* bytes of an owner's, repository's or group's name */
    TARGET_SCOPE_MAX = 255,   /* bytes of an environment's name, or of what matches some */
};

/* "GitHub", "GitLab", "Gitea": for sentences. */
const char *forge_title(enum ibc_forge forge);

/*
 * `text` as the URL that all of a forge's resources begin with, in its one spelling: host in lower
 * case, without a port that goes without saying and without a slash at the end. IBC_ERR_USAGE: what
 * is no such URL, has a user, a query or "..", is http:// and not of this host, or is not where the
 * forge's API lies. NULL is the forge's own.
 */
IBC_CHECKED enum ibc_status target_check_url(enum ibc_forge forge, const char *text,
                                             char out[static IBC_COPY_TARGET_MAX + 1],
                                             struct ibc_error *err);

/* Does the place name what the forge has, and nothing else? */
IBC_CHECKED enum ibc_status target_check_place(const struct ibc_forge_place *place,
                                               struct ibc_error *err);

/*
 * The secret's name as the forge keeps it: GitHub and Gitea make it upper case. IBC_ERR_USAGE: the
 * forge would not take it. Sources: docs.github.com "Naming your secrets"; Gitea's and Forgejo's
 * models/secret; docs.gitlab.com "Project-level CI/CD variables API", `key`.
 */
IBC_CHECKED enum ibc_status target_check_name(enum ibc_forge forge, const char *name,
                                              char out[static IBC_FORGE_NAME_MAX + 1],
                                              struct ibc_error *err);

#endif
