/*
 * ci.h - inside a CI job: what runs it, how values are hidden from its log, and who asked for it.
 *
 * Pure: the environment and the event come as arguments. Sources: the runners
 * (actions/runner, gitea/act_runner, nektos/act), GitLab's Ci::ParseDotenvArtifactService, and the
 * forges' pages on predefined variables.
 */
#ifndef IBCRED_CI_H
#define IBCRED_CI_H

#include <ibcred/profile.h>

#pragma GCC visibility push(default)

enum { IBC_CI_EVENT_MAX = 8 << 20 /* bytes of an event's JSON */ };

/* What runs the job. Gitea's and Forgejo's runners speak GitHub's language. */
enum ibc_ci { IBC_CI_NONE, IBC_CI_GITHUB, IBC_CI_GITLAB, IBC_CI_GITEA };

/* By the variables that the runners set to "true": GITHUB_ACTIONS with GITEA_ACTIONS or
 * FORGEJO_ACTIONS beside it, or without; GITLAB_CI. `environment` as environ(7). */
enum ibc_ci ibc_ci_detect(char *const *environment);

/*
 * Was the job asked for by a fork, whose code must see no secret? GitHub and Gitea: the pull
 * request or workflow run of the event has a head of another repository than GITHUB_REPOSITORY
 * (`event`: the JSON that $GITHUB_EVENT_PATH names; empty where there is none). GitLab: a merge
 * request of another project. IBC_ERR_REFUSED: it was, or it is about a pull request and nobody
 * can say, or the environment names both, and a mask of the one is plain text in the log of the
 * other. IBC_ERR_DATA: the event is no JSON object, or longer than IBC_CI_EVENT_MAX. Where the
 * environment names none, nobody is asked.
 *
 * This keeps an honest job from handing a secret to a stranger. It is no wall: code of a stranger
 * that runs in a job with the identity at hand has the vault anyway.
 *
 * Uses jansson: see ibc_json_use_secret_memory().
 */
IBC_CHECKED enum ibc_status ibc_ci_check_fork(char *const *environment, struct ibc_view event,
                                              struct ibc_error *err);

/*
 * The lines for the job's log that make its runner hide the values of `fields` from then on;
 * empty where the forge knows no such lines (GitLab). They hold the values: they go to the runner's
 * stdout and nowhere else.
 *
 * TRADING_MODE and IB_GATEWAY_PORT are no secrets, and a log without "paper" tells nothing: they
 * are left out. A value with doubled backslashes is hidden as it was sealed too, with single ones,
 * for that is what the image makes of it.
 */
IBC_CHECKED enum ibc_status ibc_ci_mask(enum ibc_ci ci, const struct ibc_field *fields,
                                        size_t count, struct ibc_secret *out,
                                        struct ibc_error *err);

/*
 * `fields` as the forge reads variables for later steps or jobs: GitHub and Gitea with `delimiter`,
 * which no value may hold (a random one of the caller), GitLab as a dotenv report. IBC_ERR_MISMATCH
 * names a field that the forge would change on the way, or whose name would steer the runner or
 * what it starts (PATH, LD_*, NODE_OPTIONS, GITHUB_*, CI_*, …), or says that the report is too
 * long for GitLab.
 */
IBC_CHECKED enum ibc_status ibc_ci_environment(enum ibc_ci ci, const struct ibc_field *fields,
                                               size_t count, const char *delimiter,
                                               struct ibc_secret *out, struct ibc_error *err);

#pragma GCC visibility pop

#endif
