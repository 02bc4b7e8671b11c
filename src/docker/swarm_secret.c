/* swarm_secret.c - secrets that a swarm keeps: made, listed, removed. */
#include "docker/swarm.h"

#include <sodium.h>

#define VERSION_LABEL "ibcred.version"
#define PROFILE_LABEL "ibcred.profile"
#define VAULT_LABEL   "ibcred.vault"
#define SEALED_LABEL  "ibcred.sealed"

enum {
    SECRET_MAX = 500 * 1024, /* bytes: swarmkit's MaxSecretSize */
    BODY_MAX = 1 << 20,      /* bytes of a request that makes one */
};

/* What is not about the one secret but about the swarm: IBC_OK when it is neither. */
static enum ibc_status refuse_without_swarm(const struct ibc_http_response *answer,
                                            struct ibc_error *err) {
    if (answer->code == CALL_CODE_NO_SWARM || docker_says(answer, "not a swarm manager")) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "this Docker daemon is no swarm manager; run 'docker swarm init' there, or "
                        "set DOCKER_HOST to a manager");
    }
    return IBC_OK;
}

enum ibc_status swarm_refused(const struct ibc_http_response *answer, const char *what,
                              struct ibc_error *err) {
    enum ibc_status status = refuse_without_swarm(answer, err);
    return status == IBC_OK ? docker_refused(answer, what, err) : status;
}

/* --- create ----------------------------------------------------------------------------------- */

static void append_base64(struct ibc_secret_buffer *body, struct ibc_view value) {
    /* Three bytes become four characters, so that pieces of three can be written one by one. */
    enum { PIECE = 3 * 1024, VARIANT = sodium_base64_VARIANT_ORIGINAL };
    char text[sodium_base64_ENCODED_LEN(PIECE, VARIANT)];
    for (size_t at = 0; at < value.size; at += PIECE) {
        const size_t size = value.size - at < PIECE ? value.size - at : PIECE;
        sodium_bin2base64(text, sizeof text, value.bytes + at, size, VARIANT);
        ibc_secret_buffer_append_text(body, text);
    }
    sodium_memzero(text, sizeof text);
}

/* Name and labels, as jansson writes them. */
static json_t *describe(const char *name, const struct ibc_docker_label *labels, size_t count) {
    json_auto_t *map = json_object();
    for (size_t i = 0; i < count; i++) {
        if (json_object_set_new(map, labels[i].name, json_string(labels[i].value)) != 0) {
            return NULL;
        }
    }
    return json_pack("{s:s, s:O}", "Name", name, "Labels", map);
}

/* The body: everything but its closing brace, and then the value, which jansson never sees. */
static enum ibc_status write_body(const char *name, const struct ibc_docker_label *labels,
                                  size_t count, struct ibc_view value, struct ibc_secret *out,
                                  struct ibc_error *err) {
    enum { DESCRIPTION_MAX = 8192 };
    char text[DESCRIPTION_MAX];
    *out = (struct ibc_secret){0};
    json_auto_t *description = describe(name, labels, count);
    const size_t size = description ? json_dumpb(description, text, sizeof text, JSON_COMPACT) : 0;
    if (size == 0 || size > sizeof text) {
        return ibc_fail(err, IBC_ERR_USAGE, "secret %s: its labels are too long or not UTF-8",
                        name);
    }
    ibc_auto_secret_buffer body = {0};
    ibc_secret_buffer_init(&body, BODY_MAX);
    ibc_secret_buffer_append(&body, text, size - 1);
    ibc_secret_buffer_append_text(&body, ",\"Data\":\"");
    append_base64(&body, value);
    ibc_secret_buffer_append_text(&body, "\"}");
    return ibc_secret_buffer_finish(&body, "the secret", out, err);
}

static enum ibc_status take_id(const struct ibc_http_response *answer, const char *what,
                               char id[static IBC_DOCKER_ID_MAX + 1], struct ibc_error *err) {
    json_auto_t *json = NULL;
    enum ibc_status status = docker_json(answer, what, &json, err);
    if (status == IBC_OK && !docker_id(json, "ID", id)) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE, "%s: Docker's answer has no id", what);
    }
    return status;
}

enum ibc_status ibc_docker_secret_create(struct ibc_docker *docker, const char *name,
                                         const struct ibc_docker_label *labels, size_t label_count,
                                         struct ibc_view value,
                                         char id[static IBC_DOCKER_ID_MAX + 1],
                                         struct ibc_error *err) {
    char what[CALL_WHAT_MAX];
    ibc_auto_secret body = {0};
    ibc_auto_http_response answer = {0};
    id[0] = '\0';
    enum ibc_status status = docker_name("secret", name, what, err);
    if (status == IBC_OK && (value.size == 0 || value.size >= SECRET_MAX)) {
        return ibc_fail(err, IBC_ERR_USAGE, "%s has %zu bytes; Docker takes 1 to %d", what,
                        value.size, SECRET_MAX - 1);
    }
    if (status == IBC_OK) {
        status = write_body(name, labels, label_count, value, &body, err);
    }
    if (status == IBC_OK) {
        const struct call call = {
            .method = "POST", .path = "/secrets/create", .body = ibc_secret_view(&body)};
        status = docker_call(docker, &call, &answer, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    if (answer.code == CALL_CODE_CONFLICT) {
        return ibc_fail(err, IBC_ERR_CREATE, "the swarm has a %s already", what);
    }
    return answer.code == CALL_CODE_CREATED ? take_id(&answer, what, id, err)
                                            : swarm_refused(&answer, what, err);
}

/* --- find and list ---------------------------------------------------------------------------- */

static bool take_secret(const json_t *secret, struct ibc_docker_secret *out) {
    const json_t *spec = json_object_get(secret, "Spec"), *labels = json_object_get(spec, "Labels");
    docker_text(labels, VERSION_LABEL, out->version, sizeof out->version);
    docker_text(labels, PROFILE_LABEL, out->profile, sizeof out->profile);
    docker_text(labels, VAULT_LABEL, out->vault, sizeof out->vault);
    docker_text(labels, SEALED_LABEL, out->sealed, sizeof out->sealed);
    return docker_id(secret, "ID", out->id) &&
           docker_text(spec, "Name", out->name, sizeof out->name);
}

enum ibc_status ibc_docker_secret_find(struct ibc_docker *docker, const char *name,
                                       struct ibc_docker_secret *out, struct ibc_error *err) {
    char what[CALL_WHAT_MAX], path[CALL_PATH_MAX];
    json_auto_t *json = NULL;
    ibc_auto_http_response answer = {0};
    *out = (struct ibc_docker_secret){0};
    enum ibc_status status = docker_name("secret", name, what, err);
    if (status == IBC_OK) {
        snprintf(path, sizeof path, "/secrets/%s", name);
        status = docker_call(docker, &(struct call){.method = "GET", .path = path}, &answer, err);
    }
    if (status == IBC_OK && answer.code != CALL_CODE_OK) {
        return swarm_refused(&answer, what, err);
    }
    if (status == IBC_OK) {
        status = docker_json(&answer, what, &json, err);
    }
    if (status == IBC_OK && !take_secret(json, out)) {
        status = ibc_fail(err, IBC_ERR_UNAVAILABLE, "%s: Docker's answer has no id", what);
    }
    /* Docker also takes ids here, and beginnings of ids. */
    if (status == IBC_OK && strcmp(out->name, name) != 0) {
        status = ibc_fail(err, IBC_ERR_NOT_FOUND, "%s: Docker knows no such thing", what);
    }
    return status;
}

static enum ibc_status take_secrets(const json_t *list, struct ibc_docker_secret **secrets,
                                    size_t *count, struct ibc_error *err) {
    const size_t size = json_array_size(list);
    struct ibc_docker_secret *taken = calloc(size > 0 ? size : 1, sizeof *taken);
    if (!taken) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for %zu secrets", size);
    }
    for (size_t i = 0; i < size; i++) {
        if (!take_secret(json_array_get(list, i), &taken[i])) {
            free(taken);
            return ibc_fail(err, IBC_ERR_UNAVAILABLE, "a secret in Docker's list has no id");
        }
    }
    *secrets = taken;
    *count = size;
    return IBC_OK;
}

enum ibc_status ibc_docker_secret_list(struct ibc_docker *docker, const char *label,
                                       const char *value, struct ibc_docker_secret **secrets,
                                       size_t *count, struct ibc_error *err) {
    enum { LABEL_MAX = 600 };
    char binding[LABEL_MAX], path[CALL_PATH_MAX] = "/secrets?";
    const size_t prefix = strlen(path);
    *secrets = NULL;
    *count = 0;
    int written = snprintf(binding, sizeof binding, "%s=%s", label, value);
    if (written < 0 || (size_t)written >= sizeof binding ||
        !docker_filter("label", binding, path + prefix, sizeof path - prefix)) {
        return ibc_fail(err, IBC_ERR_USAGE, "the label '%.80s' is too long or not UTF-8", label);
    }
    json_auto_t *list = NULL;
    ibc_auto_http_response answer = {0};
    enum ibc_status status =
        docker_call(docker, &(struct call){.method = "GET", .path = path}, &answer, err);
    if (status == IBC_OK && answer.code != CALL_CODE_OK) {
        return swarm_refused(&answer, "list of secrets", err);
    }
    if (status == IBC_OK) {
        status = docker_json(&answer, "list of secrets", &list, err);
    }
    return status == IBC_OK ? take_secrets(list, secrets, count, err) : status;
}

/* --- remove ----------------------------------------------------------------------------------- */

enum ibc_status ibc_docker_secret_remove(struct ibc_docker *docker, const char *id,
                                         struct ibc_error *err) {
    char what[CALL_WHAT_MAX], path[CALL_PATH_MAX];
    enum ibc_status status = docker_name("secret", id, what, err);
    if (status != IBC_OK) {
        return status;
    }
    snprintf(path, sizeof path, "/secrets/%s", id);
    ibc_auto_http_response answer = {0};
    status = docker_call(docker, &(struct call){.method = "DELETE", .path = path}, &answer, err);
    if (status != IBC_OK || answer.code == CALL_CODE_DONE || answer.code == CALL_CODE_NOT_FOUND) {
        return status;
    }
    status = swarm_refused(&answer, what, err);
    if (answer.code == CALL_CODE_BAD && docker_says(&answer, "is in use")) {
        err->status = status = IBC_ERR_REFUSED;
    }
    return status;
}
