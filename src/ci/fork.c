/* fork.c - was the job asked for by a fork? Where nobody can say, it was. */
#include "base/environment.h"
#include "ci/detect.h"

#include <ibcred/ci.h>
#include <jansson.h>

static enum ibc_status refuse_fork(const char *source, const char *own, struct ibc_error *err) {
    return ibc_fail(err, IBC_ERR_REFUSED,
                    "this job was asked for by a fork, '%.200s', whose code must see no secret of "
                    "'%.200s'; nothing was released: run it for branches of '%.200s' only",
                    source, own, own);
}

static enum ibc_status refuse_unknown(const char *what, struct ibc_error *err) {
    return ibc_fail(err, IBC_ERR_REFUSED,
                    "nobody can say whether this job was asked for by a fork: %s; nothing was "
                    "released: run it on push, schedule or workflow_dispatch",
                    what);
}

/* Is the repository of the two sides one? Names differ in case alone for nobody. */
static enum ibc_status compare(const char *source, const char *own, const char *unknown,
                               struct ibc_error *err) {
    if (source[0] == '\0' || own[0] == '\0') {
        return refuse_unknown(unknown, err);
    }
    return strcasecmp(source, own) == 0 ? IBC_OK : refuse_fork(source, own, err);
}

/* --- GitHub, Gitea, Forgejo ------------------------------------------------------------------- */

static enum ibc_status parse(struct ibc_view event, json_t **out, struct ibc_error *err) {
    *out = NULL;
    if (event.size > IBC_CI_EVENT_MAX) {
        return ibc_fail(err, IBC_ERR_DATA, "the event of this job is more than %d MiB",
                        IBC_CI_EVENT_MAX >> 20);
    }
    if (event.size == 0) {
        return IBC_OK;
    }
    json_error_t ignored; /* its text quotes the event */
    json_auto_t *root =
        json_loadb((const char *)event.bytes, event.size, JSON_REJECT_DUPLICATES, &ignored);
    if (!json_is_object(root)) {
        return ibc_fail(err, IBC_ERR_DATA,
                        "the event of this job, which GITHUB_EVENT_PATH names, is no JSON object");
    }
    *out = ibc_steal(&root);
    return IBC_OK;
}

/* A member that is an object; NULL otherwise, also where `object` is none. */
static const json_t *member(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    return json_is_object(value) ? value : NULL;
}

static enum ibc_status check_repository(const json_t *repository, const char *own,
                                        struct ibc_error *err) {
    const char *name = json_string_value(json_object_get(repository, "full_name"));
    return compare(name ? name : "", own,
                   "its event names no source repository, so the fork may have been deleted", err);
}

/* Is it about a pull request, of which the event does not say where it comes from? A comment's
 * event does not. */
static bool is_about_pull(const char *name, const json_t *event) {
    static const char pull[] = "pull_request";
    if (strncmp(name, pull, strlen(pull)) == 0 || strcmp(name, "workflow_run") == 0) {
        return true;
    }
    if (strcmp(name, "issue_comment") == 0 && !event) {
        return true;
    }
    return member(member(event, "issue"), pull) || json_is_true(json_object_get(event, "is_pull"));
}

static enum ibc_status check_event(char *const *environment, const json_t *event,
                                   struct ibc_error *err) {
    const char *name = environment_value(environment, "GITHUB_EVENT_NAME");
    const char *own = environment_value(environment, "GITHUB_REPOSITORY");
    const json_t *pull = member(event, "pull_request");
    const json_t *run = member(event, "workflow_run");
    if (name[0] == '\0') {
        return refuse_unknown("GITHUB_EVENT_NAME is not set", err);
    }
    if (!pull && !run && is_about_pull(name, event)) {
        return refuse_unknown("it is about a pull request, and its event does not say of which "
                              "repository",
                              err);
    }
    enum ibc_status status = IBC_OK;
    if (pull) {
        status = check_repository(member(member(pull, "head"), "repo"), own, err);
    }
    if (status == IBC_OK && run) {
        status = check_repository(member(run, "head_repository"), own, err);
    }
    return status;
}

static enum ibc_status check_github(char *const *environment, struct ibc_view event,
                                    struct ibc_error *err) {
    json_auto_t *root = NULL;
    enum ibc_status status = parse(event, &root, err);
    return status == IBC_OK ? check_event(environment, root, err) : status;
}

/* --- GitLab ----------------------------------------------------------------------------------- */

/* What a pipeline can be for, and the two sides of it. */
static const struct kind {
    const char *pipeline, *number, *source, *target;
} kinds[] = {
    {"merge_request_event", "CI_MERGE_REQUEST_IID", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID",
     "CI_MERGE_REQUEST_PROJECT_ID"},
    {"external_pull_request_event", "CI_EXTERNAL_PULL_REQUEST_IID",
     "CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY", "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY"},
};

/* Child pipelines have another source, and the variables all the same. */
static bool is_of_kind(char *const *environment, const struct kind *kind) {
    return strcmp(environment_value(environment, "CI_PIPELINE_SOURCE"), kind->pipeline) == 0 ||
           environment_value(environment, kind->number)[0] != '\0' ||
           environment_value(environment, kind->source)[0] != '\0';
}

static enum ibc_status check_gitlab(char *const *environment, struct ibc_error *err) {
    enum ibc_status status = IBC_OK;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(kinds) && status == IBC_OK; i++) {
        if (is_of_kind(environment, &kinds[i])) {
            status = compare(environment_value(environment, kinds[i].source),
                             environment_value(environment, kinds[i].target),
                             "its merge request names no source project, so the fork may have been "
                             "deleted",
                             err);
        }
    }
    return status;
}

enum ibc_status ibc_ci_check_fork(char *const *environment, struct ibc_view event,
                                  struct ibc_error *err) {
    const bool on_github = ci_says(environment, "GITHUB_ACTIONS");
    const bool on_gitlab = ci_says(environment, "GITLAB_CI");
    if (on_github && on_gitlab) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "GITHUB_ACTIONS and GITLAB_CI are both true, and what hides a value in the "
                        "log of the one is plain text in the other's; nothing was released: unset "
                        "the one that does not run this job");
    }
    if (on_github) {
        return check_github(environment, event, err);
    }
    return on_gitlab ? check_gitlab(environment, err) : IBC_OK;
}
