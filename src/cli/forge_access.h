/*
 * forge_access.h - what lets one in at the forges: their tokens, and the clients that hold them.
 */
#ifndef IBCRED_CLI_FORGE_ACCESS_H
#define IBCRED_CLI_FORGE_ACCESS_H

#include "cli/cli.h"

#include <ibcred/forge.h>

#define FORGE_LAST IBC_FORGE_GITEA

/* How forges are talked to. NULL leaves a thing out. */
struct copy_options {
    const char *token_file; /* trusted like an identity; else the forge's variables (GITHUB_TOKEN,
                             * GH_TOKEN; GITLAB_TOKEN; GITEA_TOKEN, FORGEJO_TOKEN), else the
                             * profile's field IBCRED_GITHUB_TOKEN, IBCRED_GITLAB_TOKEN or
                             * IBCRED_GITEA_TOKEN */
    const char *ca_file;    /* PEM; else the system's authorities */
    const char *patience;   /* a duration: how long one secret may be waited for; else 2 minutes */
    bool may_widen;         /* as in ibc_forge_options: a person asks for that visibility now */
};

/* What is known at one forge. */
struct forge_login {
    struct ibc_secret token;           /* empty until one is looked for */
    bool is_own;                       /* the token is the profile's, and goes with it */
    char url[IBC_COPY_TARGET_MAX + 1]; /* of a secret at the server that the token goes to */
    enum ibc_status ended;             /* why nothing is asked there any more; IBC_OK: it is */
    struct ibc_forge_client *client;
    struct ibc_error failure; /* why there is no client, where one was wanted */
    bool is_told;             /* people know of that failure */
};

/*
 * The forges, each entered when it is first asked for, for one profile after another. A token from
 * the file or the environment is all profiles' and goes to one server.
 */
struct forge_access {
    const struct cli *cli;
    const struct copy_options *options;
    int64_t patience; /* seconds */
    struct forge_login forges[FORGE_LAST + 1];
};

/* Begin; nothing is opened yet. `cli` and `options` are borrowed. IBC_ERR_USAGE: the patience. */
IBC_CHECKED enum ibc_status forge_access_init(struct forge_access *access, const struct cli *cli,
                                              const struct copy_options *options,
                                              struct ibc_error *err);

/*
 * See to it that there is a client for the forge of `secret`, and its server. A token that comes
 * from the environment is wiped there; `profile` may be NULL. Nothing is sent. IBC_ERR_REFUSED: no
 * token is to be found. IBC_ERR_USAGE: one that no header can carry, or that has gone to another
 * server. Else as ibc_file_open_trusted(), or what ended it for all profiles.
 */
IBC_CHECKED enum ibc_status forge_access_open(struct forge_access *access,
                                              const struct ibc_forge_secret *secret,
                                              const struct ibc_profile *profile,
                                              struct ibc_error *err);

/* Another profile comes next: the last one's clients, failures and own tokens go. */
void forge_access_next(struct forge_access *access);

/* No more of that forge: its client ends, and `why` is its failure from now on. */
void forge_access_end(struct forge_access *access, enum ibc_forge forge,
                      const struct ibc_error *why);

/* Ends the clients and wipes the tokens. */
void forge_access_close(struct forge_access *access);
#define auto_forge_access IBC_CLEANUP(forge_access_close) struct forge_access

/* Do both URLs lead to the same scheme, host and port? */
bool is_same_server(const char *url, const char *other);

#endif
