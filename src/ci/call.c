/* call.c - one request, and what to do until it is answered. */
#include "ci/call.h"

#include "ci/retry.h"
#include "ci/target.h"

#include <ibcred/clock.h>
#include <ibcred/number.h>

enum {
    CONNECT_TIMEOUT_MS = 10000,
    TRY_TIMEOUT_MS = 30000, /* forges answer in one second; their proxies give up after 30 or 60 */
    ANSWER_MAX = 1 << 20,   /* bytes; a variable of GitLab's has at most 10,000 characters */
    TRIES_WITHOUT_ANSWER = 3,
    HEADERS_MAX = 8,
    SILENCE_TEXT_MAX = 280, /* bytes of what libcurl says */
};

void forge_answer_free(struct forge_answer *answer) {
    json_decref(answer->json);
    *answer = (struct forge_answer){0};
}

enum ibc_status forge_body(const json_t *json, struct ibc_secret *out, struct ibc_error *err) {
    *out = (struct ibc_secret){0};
    const size_t size = json ? json_dumpb(json, NULL, 0, JSON_COMPACT) : 0;
    if (size == 0) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a request to a forge");
    }
    enum ibc_status status = ibc_secret_alloc(out, size, err);
    if (status == IBC_OK) {
        json_dumpb(json, (char *)out->bytes, size, JSON_COMPACT);
    }
    return status;
}

/* --- one try ---------------------------------------------------------------------------------- */

static const struct {
    const char *authorization; /* what goes before the token */
    const char *headers[HEADERS_MAX];
} dialects[] = {
    /* docs.github.com, "Getting started with the REST API" */
    [IBC_FORGE_GITHUB] = {"Authorization: Bearer ",
                          {"Accept: application/vnd.github+json",
                           "X-GitHub-Api-Version: 2022-11-28"}},
    /* docs.gitlab.com, "REST API authentication" */
    [IBC_FORGE_GITLAB] = {"PRIVATE-TOKEN: ", {"Accept: application/json"}},
    /* docs.gitea.com, "API usage" */
    [IBC_FORGE_GITEA] = {"Authorization: token ", {"Accept: application/json"}},
};

/* The header with the token, and its NUL. */
static enum ibc_status write_authorization(const struct forge_job *job, struct ibc_secret *out,
                                           struct ibc_error *err) {
    enum { HEADER_MAX = 1 << 14 };
    ibc_auto_secret_buffer header = {0};
    ibc_secret_buffer_init(&header, HEADER_MAX);
    ibc_secret_buffer_append_text(&header, dialects[job->secret->forge].authorization);
    ibc_secret_buffer_append(&header, job->client->token.bytes, job->client->token.size);
    ibc_secret_buffer_append_byte(&header, '\0');
    return ibc_secret_buffer_finish(&header, "the header with the token", out, err);
}

static enum ibc_status exchange(struct forge_job *job, const struct forge_call *call,
                                struct ibc_http_response *out, struct ibc_error *err) {
    struct ibc_forge_client *client = job->client;
    ibc_auto_secret authorization = {0};
    enum ibc_status status = write_authorization(job, &authorization, err);
    if (status != IBC_OK) {
        return status;
    }
    const int64_t timeout =
        client->options.try_timeout_ms > 0 ? client->options.try_timeout_ms : TRY_TIMEOUT_MS;
    struct ibc_http_request request = {
        .method = call->method,
        .url = call->url,
        .headers = {(const char *)authorization.bytes},
        .body = call->body,
        .ca_file = client->options.ca_file,
        /* Without TLS it is for this host: a proxy would only get to see the token. */
        .direct = strncmp(call->url, "http://", strlen("http://")) == 0,
        .connect_timeout_ms = timeout < CONNECT_TIMEOUT_MS ? timeout : CONNECT_TIMEOUT_MS,
        .total_timeout_ms = timeout,
        .response_max = ANSWER_MAX,
        .give_up = client->options.give_up,
        .context = client->options.context,
    };
    size_t count = 1;
    if (call->body.size > 0) {
        request.headers[count++] = "Content-Type: application/json";
    }
    for (size_t i = 0; i < HEADERS_MAX && dialects[job->secret->forge].headers[i]; i++) {
        request.headers[count++] = dialects[job->secret->forge].headers[i];
    }
    return ibc_http_exchange(client->http, &request, out, err);
}

/* Why there is no answer; what libcurl says is all there is to know it by. */
enum silence { SILENCE_NETWORK, SILENCE_TLS, SILENCE_HANGS };

static enum silence hear(const struct ibc_error *err) {
    /* The server's address goes before. */
    const char *words = strstr(err->text, ": ");
    words = words ? words : err->text;
    if (strcasestr(words, "certificate") || strcasestr(words, "SSL")) {
        return SILENCE_TLS;
    }
    return strcasestr(words, "timed out") ? SILENCE_HANGS : SILENCE_NETWORK;
}

static const char *advice(enum silence silence) {
    switch (silence) {
    case SILENCE_TLS:
        return "see that the certificate is one for that host, by an authority that this machine "
               "or the CA file knows";
    case SILENCE_HANGS:
        return "see that it is up and no firewall swallows the connection";
    default:
        return "see that URL and network are right";
    }
}

/* In words that name the secret, and say what to look at. */
static enum ibc_status explain_silence(const struct forge_job *job, struct ibc_error *err) {
    const struct ibc_error why = *err;
    return ibc_fail(err, IBC_ERR_UNAVAILABLE, "%s: %s gives no answer: %.*s; %s", job->secret->url,
                    forge_title(job->secret->forge), SILENCE_TEXT_MAX, why.text,
                    advice(hear(&why)));
}

/* --- and the next ones ------------------------------------------------------------------------ */

static int64_t now_seconds(void) {
    return ibc_clock_wall_ms() / 1000;
}

/* Seconds until the answer is to be asked for again; 0: it is one to keep. */
static int64_t delay_of(const struct forge_job *job, const struct forge_answer *answer,
                        unsigned tries) {
    const struct ibc_http *http = job->client->http;
    const struct retry_facts facts = {
        .forge = job->secret->forge,
        .code = answer->code,
        .retry_after = ibc_http_header(http, "Retry-After"),
        .date = ibc_http_header(http, "Date"),
        .remaining = ibc_http_header(http, "X-RateLimit-Remaining"),
        .reset = ibc_http_header(http, "X-RateLimit-Reset"),
        .secondary = answer_says(answer->json, "secondary rate limit"),
    };
    return retry_passes(&facts) ? retry_delay(&facts, tries, now_seconds()) : 0;
}

/* `err` says why; it becomes what stays to be said where there is no patience left. */
static bool may_wait(struct forge_job *job, int64_t seconds, struct ibc_error *err) {
    const struct ibc_forge_options *options = &job->client->options;
    if (!options->wait || seconds > options->patience - job->waited) {
        struct ibc_error why = *err;
        char wanted[IBC_DURATION_TEXT_MAX];
        ibc_format_duration(seconds, wanted);
        (void)ibc_fail(err, why.status,
                       "%s; it was to be asked again in %s, which is longer than --patience allows",
                       why.text, wanted);
        return false;
    }
    job->waited += seconds;
    return options->wait(options->context, seconds, err->text);
}

/* Whatever is no GET may have been done, whether or not there was an answer that says so. */
static void note_doubt(struct forge_job *job, const struct forge_call *call) {
    job->client->may_have_it = job->client->may_have_it || strcmp(call->method, "GET") != 0;
}

/* An answer that passes is about the server, but 500, which may be about what was asked. */
static bool concerns_all(const struct forge_answer *answer, int64_t delay) {
    return answer->code == CALL_CODE_UNAUTHORIZED ||
           (delay > 0 && answer->code != CALL_CODE_TROUBLE);
}

/* One try. `*delay`: seconds to the next one, or 0 where this is what came of it. */
static enum ibc_status try_call(struct forge_job *job, const struct forge_call *call,
                                unsigned tries, struct forge_answer *out, int64_t *delay,
                                struct ibc_error *err) {
    ibc_auto_http_response response = {0};
    enum ibc_status status = job->client->http ? IBC_OK : ibc_http_open(&job->client->http, err);
    *delay = 0;
    job->client->would_fail_all = status != IBC_OK;
    if (status != IBC_OK) {
        return status;
    }
    status = exchange(job, call, &response, err);
    if (status == IBC_OK) {
        *out = (struct forge_answer){response.code, answer_load(ibc_secret_view(&response.body))};
        *delay = delay_of(job, out, tries);
        job->client->would_fail_all = concerns_all(out, *delay);
        if (out->code < 300 || out->code > 499) {
            note_doubt(job, call);
        }
        return *delay > 0 ? answer_passing(job->secret, out->code, err) : IBC_OK;
    }
    note_doubt(job, call);
    job->client->would_fail_all = status == IBC_ERR_UNAVAILABLE;
    if (!ibc_http_usable(job->client->http)) {
        ibc_http_free(&job->client->http);
    }
    if (status == IBC_ERR_WAIT) {
        return ibc_fail(err, status, "%s: interrupted before %s had answered", job->secret->url,
                        forge_title(job->secret->forge));
    }
    if (status == IBC_ERR_DATA) {
        return answer_foreign(job->secret, err);
    }
    if (status == IBC_ERR_UNAVAILABLE) {
        *delay =
            tries < TRIES_WITHOUT_ANSWER && hear(err) != SILENCE_TLS ? retry_back_off(tries) : 0;
        return explain_silence(job, err);
    }
    return status;
}

enum ibc_status forge_call(struct forge_job *job, const struct forge_call *call,
                           struct forge_answer *out, struct ibc_error *err) {
    *out = (struct forge_answer){0};
    for (unsigned tries = 1;; tries++) {
        int64_t delay = 0;
        enum ibc_status status = try_call(job, call, tries, out, &delay, err);
        if (delay == 0) {
            return status;
        }
        forge_answer_free(out);
        if (!may_wait(job, delay, err)) {
            return err->status;
        }
    }
}

enum ibc_status forge_fetch(struct forge_job *job, const char *url, struct forge_answer *out,
                            struct ibc_error *err) {
    const struct forge_call call = {.method = "GET", .url = url};
    enum ibc_status status = forge_call(job, &call, out, err);
    if (status != IBC_OK) {
        return status;
    }
    if (out->code != CALL_CODE_OK) {
        return answer_refused(job->secret, out->code, out->json, err);
    }
    return out->json ? IBC_OK : answer_foreign(job->secret, err);
}
