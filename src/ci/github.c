/*
 * github.c - secrets of GitHub's Actions and Dependabot, which are sealed before they leave
 * (docs.github.com, "REST API endpoints for GitHub Actions Secrets", "Encrypting secrets").
 */
#include "ci/github_visibility.h"

#include <ibcred/file.h>

/* --- public keys ------------------------------------------------------------------------------ */

/* All of the secret's URL but its name: ".../actions/secrets". */
static int place_size(const struct ibc_forge_secret *secret) {
    return (int)(strrchr(secret->url, '/') - secret->url);
}

static const struct answer_key *find_key(const struct forge_job *job) {
    const size_t size = (size_t)place_size(job->secret);
    for (size_t i = 0; i < CALL_KEYS_MAX; i++) {
        const struct known_key *known = &job->client->keys[i];
        if (strlen(known->place) == size && memcmp(known->place, job->secret->url, size) == 0) {
            return &known->key;
        }
    }
    return NULL;
}

static const struct answer_key *keep_key(const struct forge_job *job,
                                         const struct answer_key *key) {
    struct ibc_forge_client *client = job->client;
    struct known_key *known = &client->keys[client->next_key++ % CALL_KEYS_MAX];
    snprintf(known->place, sizeof known->place, "%.*s", place_size(job->secret), job->secret->url);
    known->key = *key;
    return &known->key;
}

static void forget_key(const struct forge_job *job) {
    for (size_t i = 0; i < CALL_KEYS_MAX; i++) {
        struct known_key *known = &job->client->keys[i];
        if (&known->key == find_key(job)) {
            *known = (struct known_key){0};
        }
    }
}

static enum ibc_status fetch_key(struct forge_job *job, const struct answer_key **out,
                                 struct ibc_error *err) {
    char url[CALL_URL_MAX];
    struct answer_key key;
    forge_auto_answer answer = {0};
    snprintf(url, sizeof url, "%.*s/public-key", place_size(job->secret), job->secret->url);
    enum ibc_status status = forge_fetch(job, url, &answer, err);
    if (status != IBC_OK) {
        return status;
    }
    if (!answer_read_key(answer.json, &key)) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                        "%s: the public key that GitHub gives for it is not 32 bytes in base64 "
                        "with a key_id, so nothing was sent; see that the URL is GitHub's",
                        job->secret->url);
    }
    *out = keep_key(job, &key);
    return IBC_OK;
}

/* --- sealing ---------------------------------------------------------------------------------- */

/* The request for `key`'s owner alone to read; what is in it is no secret any more. */
static enum ibc_status seal(const struct forge_job *job, const struct answer_key *key,
                            const struct github_visibility *visibility, struct ibc_secret *out,
                            struct ibc_error *err) {
    enum { VARIANT = sodium_base64_VARIANT_ORIGINAL };
    const size_t size = crypto_box_SEALBYTES + job->value.size;
    const size_t text_size = sodium_base64_encoded_len(size, VARIANT);
    ibc_auto_free unsigned char *sealed = malloc(size);
    ibc_auto_free char *text = malloc(text_size);
    if (!sealed || !text) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a sealed value");
    }
    if (crypto_box_seal(sealed, job->value.bytes, job->value.size, key->key) != 0) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                        "%s: nothing can be sealed to the public key that GitHub gives for it, so "
                        "nothing was sent; see that the URL is GitHub's",
                        job->secret->url);
    }
    sodium_bin2base64(text, text_size, sealed, size, VARIANT);
    json_auto_t *json = json_pack("{s:s, s:s, s:s*, s:O*}", "encrypted_value", text, "key_id",
                                  key->id, "visibility", visibility->name,
                                  "selected_repository_ids", visibility->repositories);
    return forge_body(json, out, err);
}

static enum ibc_status send_sealed(struct forge_job *job, const struct answer_key *key,
                                   const struct github_visibility *visibility,
                                   struct forge_answer *out, struct ibc_error *err) {
    ibc_auto_secret body = {0};
    enum ibc_status status = seal(job, key, visibility, &body, err);
    if (status != IBC_OK) {
        return status;
    }
    const struct forge_call call = {"PUT", job->secret->url, ibc_secret_view(&body)};
    return forge_call(job, &call, out, err);
}

/* 422 comes of a key that is no longer the one, among others: is it another by now? */
static enum ibc_status send_once_more(struct forge_job *job, const char *old_id,
                                      const struct github_visibility *visibility,
                                      struct forge_answer *answer, struct ibc_error *err) {
    const struct answer_key *key = NULL;
    forget_key(job);
    enum ibc_status status = fetch_key(job, &key, err);
    if (status != IBC_OK || strcmp(key->id, old_id) == 0) {
        return status;
    }
    forge_answer_free(answer);
    return send_sealed(job, key, visibility, answer, err);
}

enum ibc_status github_put(struct forge_job *job, bool *created, struct ibc_error *err) {
    forge_auto_answer answer = {0};
    github_auto_visibility visibility = {0};
    char id[ANSWER_KEY_ID_MAX + 1];
    const struct answer_key *key = find_key(job);
    enum ibc_status status = key ? IBC_OK : fetch_key(job, &key, err);
    if (status == IBC_OK) {
        snprintf(id, sizeof id, "%s", key->id);
        status = github_visibility_choose(job, &visibility, err);
    }
    if (status == IBC_OK) {
        status = send_sealed(job, key, &visibility, &answer, err);
    }
    if (status == IBC_OK && answer.code == CALL_CODE_UNPROCESSABLE) {
        status = send_once_more(job, id, &visibility, &answer, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    if (answer.code != CALL_CODE_CREATED && answer.code != CALL_CODE_DONE) {
        return answer_refused(job->secret, answer.code, answer.json, err);
    }
    *created = answer.code == CALL_CODE_CREATED;
    job->client->widened = visibility.widens;
    return IBC_OK;
}
