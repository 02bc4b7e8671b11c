/*
 * gitlab.c - CI/CD variables of GitLab's projects and groups (docs.gitlab.com, "Project-level
 * CI/CD variables API" and "Group-level …").
 *
 * A variable is known by its key and its environment scope. The scope is asked for by a filter,
 * which GitLab knows for groups since 16.9 only and which is silently ignored where it is not
 * known: so what is there is looked at before it is written. One variable is asked for and not the
 * list, since the list would bring the values of all.
 */
#include "ci/call.h"

#include "base/percent.h"

enum { ROUNDS_MAX = 3 /* somebody else makes or removes the variable meanwhile */ };

/* The URL with the filter for the scope. */
static void filtered_url(const struct ibc_forge_secret *secret, char out[static CALL_URL_MAX]) {
    char scope[3 * IBC_COPY_TARGET_MAX + 1] = "";
    /* There is room for every byte as %XX. */
    (void)!percent_encode(ibc_view_of(secret->scope), "", scope, sizeof scope);
    snprintf(out, CALL_URL_MAX, "%s?filter%%5Benvironment_scope%%5D=%s", secret->url, scope);
}

/* What GitLab has of the variable. Whoever protected it there meant it: that is never taken back.
 */
struct seen {
    bool there;
    bool is_protected;
};

/* `raw`: a '$' in the value is one, and does not begin another variable's name. */
static enum ibc_status write_body(const struct forge_job *job, const struct seen *seen,
                                  struct ibc_secret *out, struct ibc_error *err) {
    const struct ibc_forge_secret *secret = job->secret;
    json_auto_t *json =
        json_pack("{s:s*, s:s%, s:s, s:s, s:b, s:b, s:b}", "key", seen->there ? NULL : secret->name,
                  "value", (const char *)job->value.bytes, job->value.size, "variable_type",
                  "env_var", "environment_scope", secret->scope, "masked", secret->masked,
                  "protected", secret->is_protected || seen->is_protected, "raw", 1);
    return forge_body(json, out, err);
}

/* Is the variable there, and how? */
static enum ibc_status look(struct forge_job *job, struct seen *seen, struct ibc_error *err) {
    char url[CALL_URL_MAX];
    struct answer_variable variable;
    forge_auto_answer answer = {0};
    filtered_url(job->secret, url);
    const struct forge_call call = {.method = "GET", .url = url};
    enum ibc_status status = forge_call(job, &call, &answer, err);
    *seen = (struct seen){0};
    if (status != IBC_OK) {
        return status;
    }
    /* "404 Variable Not Found", as opposed to that of a project or group. */
    if (answer.code == CALL_CODE_NOT_FOUND && answer_says(answer.json, "Variable Not Found")) {
        return IBC_OK;
    }
    if (answer.code != CALL_CODE_OK) {
        return answer_refused(job->secret, answer.code, answer.json, err);
    }
    if (!answer_read_variable(answer.json, job->secret->name, &variable)) {
        return answer_foreign(job->secret, err);
    }
    /* Of another scope: this GitLab does not know the filter. POST makes the one that is meant. */
    if (strcmp(variable.scope, job->secret->scope) == 0) {
        *seen = (struct seen){true, variable.is_protected};
    }
    return IBC_OK;
}

/* Is it as it was asked for? An older GitLab, or one that does not know the scope, takes what it
 * knows of the request and says nothing of the rest. */
static enum ibc_status check_written(const struct forge_job *job, const struct seen *seen,
                                     const json_t *json, struct ibc_error *err) {
    const struct ibc_forge_secret *secret = job->secret;
    struct answer_variable variable;
    if (!answer_read_variable(json, secret->name, &variable)) {
        return answer_foreign(secret, err);
    }
    const bool expands = !variable.raw && memchr(job->value.bytes, '$', job->value.size);
    if (!expands && variable.masked == secret->masked &&
        variable.is_protected == (secret->is_protected || seen->is_protected) &&
        strcmp(variable.scope, secret->scope) == 0) {
        return IBC_OK;
    }
    job->client->may_have_it = true;
    return ibc_fail(err, IBC_ERR_REFUSED,
                    "%s: GitLab wrote the variable and %s; see what it has there, and update "
                    "GitLab or ask for what it can do",
                    secret->url,
                    expands ? "will expand the '$' in its value"
                            : "keeps it with another scope, or masked or protected otherwise, than "
                              "it was asked to");
}

static enum ibc_status write_variable(struct forge_job *job, const struct seen *seen,
                                      struct forge_answer *answer, struct ibc_error *err) {
    char url[CALL_URL_MAX];
    ibc_auto_secret body = {0};
    enum ibc_status status = write_body(job, seen, &body, err);
    if (status != IBC_OK) {
        return status;
    }
    if (seen->there) {
        filtered_url(job->secret, url);
    } else {
        /* Without "/NAME". */
        snprintf(url, sizeof url, "%.*s", (int)(strrchr(job->secret->url, '/') - job->secret->url),
                 job->secret->url);
    }
    const struct forge_call call = {seen->there ? "PUT" : "POST", url, ibc_secret_view(&body)};
    return forge_call(job, &call, answer, err);
}

/* Look, and write as it was seen. `*turned`: it is otherwise by now. */
static enum ibc_status look_and_write(struct forge_job *job, bool *created, bool *turned,
                                      struct ibc_error *err) {
    struct seen seen = {0};
    forge_auto_answer answer = {0};
    enum ibc_status status = look(job, &seen, err);
    if (status == IBC_OK) {
        status = write_variable(job, &seen, &answer, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    if (answer.code == (seen.there ? CALL_CODE_OK : CALL_CODE_CREATED)) {
        *created = !seen.there;
        return check_written(job, &seen, answer.json, err);
    }
    /* Removed meanwhile; or made, by somebody else or by a request whose answer was lost. */
    *turned = seen.there
                  ? answer.code == CALL_CODE_NOT_FOUND
                  : answer.code == CALL_CODE_BAD && answer_says(answer.json, "already been taken");
    return answer_refused(job->secret, answer.code, answer.json, err);
}

enum ibc_status gitlab_put(struct forge_job *job, bool *created, struct ibc_error *err) {
    enum ibc_status status;
    int rounds = 0;
    bool turned;
    do {
        turned = false;
        status = look_and_write(job, created, &turned, err);
    } while (turned && ++rounds < ROUNDS_MAX);
    return status;
}
