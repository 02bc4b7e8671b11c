/* detect.c - what runs the job, by the variables that its runner sets. */
#include "ci/detect.h"

#include "base/environment.h"

#include <ibcred/ci.h>

bool ci_says(char *const *environment, const char *name) {
    return strcmp(environment_value(environment, name), "true") == 0;
}

enum ibc_ci ibc_ci_detect(char *const *environment) {
    /* GitHub's language first: what it demands of a job is more than GitLab's variables can say. */
    if (ci_says(environment, "GITHUB_ACTIONS")) {
        const bool gitea =
            ci_says(environment, "GITEA_ACTIONS") || ci_says(environment, "FORGEJO_ACTIONS");
        return gitea ? IBC_CI_GITEA : IBC_CI_GITHUB;
    }
    return ci_says(environment, "GITLAB_CI") ? IBC_CI_GITLAB : IBC_CI_NONE;
}
