/*
 * gitea.c - secrets of Gitea's and Forgejo's Actions (docs.gitea.com, API "createOrUpdate…Secret";
 * Gitea 1.21, Forgejo 1.21 and later).
 */
#include "ci/call.h"

enum ibc_status gitea_put(struct forge_job *job, bool *created, struct ibc_error *err) {
    ibc_auto_secret body = {0};
    forge_auto_answer answer = {0};
    json_auto_t *json =
        json_pack("{s:s%}", "data", (const char *)job->value.bytes, job->value.size);
    enum ibc_status status = forge_body(json, &body, err);
    if (status == IBC_OK) {
        const struct forge_call call = {"PUT", job->secret->url, ibc_secret_view(&body)};
        status = forge_call(job, &call, &answer, err);
    }
    if (status == IBC_OK && answer.code != CALL_CODE_CREATED && answer.code != CALL_CODE_DONE) {
        return answer_refused(job->secret, answer.code, answer.json, err);
    }
    *created = status == IBC_OK && answer.code == CALL_CODE_CREATED;
    return status;
}
