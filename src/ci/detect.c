/* detect.c - what runs the job, by the variables that its runner sets. */
#include "base/environment.h"

#include <ibcred/ci.h>

static bool is_set(char *const *environment, const char *name) {
    return strcmp(environment_value(environment, name), "true") == 0;
}

enum ibc_ci ibc_ci_detect(char *const *environment) {
    /* GitHub's language first: what it demands of a job is more than GitLab's variables can say. */
    if (is_set(environment, "GITHUB_ACTIONS")) {
        const bool gitea =
            is_set(environment, "GITEA_ACTIONS") || is_set(environment, "FORGEJO_ACTIONS");
        return gitea ? IBC_CI_GITEA : IBC_CI_GITHUB;
    }
    return is_set(environment, "GITLAB_CI") ? IBC_CI_GITLAB : IBC_CI_NONE;
}
