/*
 * call.h - asking a forge: the one place where requests are made, and made again.
 */
#ifndef IBCRED_CI_CALL_H
#define IBCRED_CI_CALL_H

#include "ci/answer.h"

#include <ibcred/http.h>

enum {
    CALL_URL_MAX = 2048, /* bytes, with the NUL: a target's with a query */
    CALL_KEYS_MAX = 16,  /* public keys that are remembered; then the oldest goes */
    CALL_CODE_OK = 200,
    CALL_CODE_CREATED = 201,
    CALL_CODE_DONE = 204,
    CALL_CODE_BAD = 400,
    CALL_CODE_UNAUTHORIZED = 401,
    CALL_CODE_NOT_FOUND = 404,
    CALL_CODE_UNPROCESSABLE = 422,
    CALL_CODE_TROUBLE = 500,
};

/* GitHub's key of one place: of the secrets whose URL begins so. */
struct known_key {
    char place[IBC_COPY_TARGET_MAX + 1];
    struct answer_key key;
};

struct ibc_forge_client {
    struct ibc_forge_options options; /* without the token */
    struct ibc_secret token;
    struct ibc_http *http; /* NULL until it is needed */
    struct known_key keys[CALL_KEYS_MAX];
    size_t next_key;     /* where the next one goes */
    bool may_have_it;    /* the forge, what the last job was to write, though it was refused */
    bool would_fail_all; /* what the last try came to is not about one place there */
    bool widened;        /* the last job opened its secret to more repositories */
};

/* One secret on its way; what was waited for is counted over all requests that it takes. */
struct forge_job {
    struct ibc_forge_client *client;
    const struct ibc_forge_secret *secret;
    struct ibc_view value;
    int64_t waited; /* seconds */
};

struct forge_call {
    const char *method, *url;
    struct ibc_view body; /* JSON; empty for none */
};

struct forge_answer {
    int code;
    json_t *json; /* owned; NULL where the body is none */
};
void forge_answer_free(struct forge_answer *answer);
#define forge_auto_answer IBC_CLEANUP(forge_answer_free) struct forge_answer

/*
 * Ask, as often as ibc_forge_put() says. IBC_OK: `out` has an answer that will not pass by waiting.
 * It may be asked again although it had arrived: what is asked must come to the same, done twice.
 */
IBC_CHECKED enum ibc_status forge_call(struct forge_job *job, const struct forge_call *call,
                                       struct forge_answer *out, struct ibc_error *err);

/* GET, and the JSON that comes with 200. Else as answer_refused(), or answer_foreign(). */
IBC_CHECKED enum ibc_status forge_fetch(struct forge_job *job, const char *url,
                                        struct forge_answer *out, struct ibc_error *err);

/* `json` as a request's body, in a secret of its own. IBC_ERR_INTERNAL: it is NULL. */
IBC_CHECKED enum ibc_status forge_body(const json_t *json, struct ibc_secret *out,
                                       struct ibc_error *err);

/* What each forge makes of it; `*created` as ibc_forge_put(). */
IBC_CHECKED enum ibc_status github_put(struct forge_job *job, bool *created, struct ibc_error *err);
IBC_CHECKED enum ibc_status gitlab_put(struct forge_job *job, bool *created, struct ibc_error *err);
IBC_CHECKED enum ibc_status gitea_put(struct forge_job *job, bool *created, struct ibc_error *err);

#endif
