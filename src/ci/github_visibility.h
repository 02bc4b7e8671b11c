/*
 * github_visibility.h - which repositories of an organisation may read its secret at GitHub.
 */
#ifndef IBCRED_CI_GITHUB_VISIBILITY_H
#define IBCRED_CI_GITHUB_VISIBILITY_H

#include "ci/call.h"

/* What a PUT says of it; all zero for a repository's secret, which has none. */
struct github_visibility {
    const char *name;     /* "all", "private" or "selected"; not owned */
    json_t *repositories; /* owned; the ids of the selected ones, as GitHub takes them, else NULL */
    bool widens;          /* more repositories may read the secret then than may now */
};
void github_visibility_free(struct github_visibility *visibility);
#define github_auto_visibility IBC_CLEANUP(github_visibility_free) struct github_visibility

/*
 * Look at what GitHub has, and choose as ibc_forge_put() says. To be asked right before the PUT:
 * what somebody changes in between is overwritten. Nothing is asked for a repository's secret.
 * IBC_ERR_REFUSED, beside what forge_call() and answer_refused() say: more repositories are
 * selected than are kept here, or the token sees fewer than there are. IBC_ERR_UNAVAILABLE: what
 * came is not what the API describes. `out` is all zero then.
 */
IBC_CHECKED enum ibc_status github_visibility_choose(struct forge_job *job,
                                                     struct github_visibility *out,
                                                     struct ibc_error *err);

#endif
