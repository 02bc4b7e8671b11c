/* swarm_service.c - a service of a swarm: which secret it mounts, and moving it to another. */
#include "docker/swarm.h"

#include <inttypes.h>

#define SECRET_DIRECTORY "/run/secrets/"

enum { SPEC_MAX = 4 << 20 /* bytes of a service's specification */ };

/* --- looking ---------------------------------------------------------------------------------- */

static enum ibc_status fetch(struct ibc_docker *docker, const char *service,
                             char what[static CALL_WHAT_MAX], json_t **out, struct ibc_error *err) {
    char path[CALL_PATH_MAX];
    *out = NULL;
    enum ibc_status status = docker_name("service", service, what, err);
    if (status != IBC_OK) {
        return status;
    }
    snprintf(path, sizeof path, "/services/%s", service);
    ibc_auto_http_response answer = {0};
    status = docker_call(docker, &(struct call){.method = "GET", .path = path}, &answer, err);
    if (status == IBC_OK && answer.code != CALL_CODE_OK) {
        return swarm_refused(&answer, what, err);
    }
    return status == IBC_OK ? docker_json(&answer, what, out, err) : status;
}

/* The member `key` of an object, made where it is missing or null. Borrowed; NULL: no memory. */
static json_t *member(json_t *object, const char *key, json_t *(*make)(void)) {
    json_t *value = json_object_get(object, key);
    if (value && !json_is_null(value)) {
        return value;
    }
    return json_object_set_new(object, key, make()) == 0 ? json_object_get(object, key) : NULL;
}

static json_t *container_spec(const json_t *spec) {
    return json_object_get(json_object_get(spec, "TaskTemplate"), "ContainerSpec");
}

/* Is this the secret that is mounted as `target`? Its name may also be the whole path. */
static bool mounts_as(const json_t *reference, const char *target) {
    const char *name =
        json_string_value(json_object_get(json_object_get(reference, "File"), "Name"));
    if (!name) {
        return false;
    }
    const size_t prefix = strlen(SECRET_DIRECTORY);
    const bool whole = strncmp(name, SECRET_DIRECTORY, prefix) == 0;
    return strcmp(whole ? name + prefix : name, target) == 0;
}

/* Of all modes only this one has a number; left out it is 1. */
static int64_t tasks_of(const json_t *spec) {
    const json_t *mode = json_object_get(spec, "Mode");
    const json_t *replicated = json_object_get(mode, "Replicated");
    const json_t *count = json_object_get(replicated, "Replicas");
    if (!replicated) {
        return json_object_size(mode) > 0 ? -1 : 1;
    }
    return json_is_integer(count) ? json_integer_value(count) : 1;
}

enum ibc_status ibc_docker_service_look(struct ibc_docker *docker, const char *service,
                                        const char *target, struct ibc_docker_service *out,
                                        struct ibc_error *err) {
    char what[CALL_WHAT_MAX];
    json_auto_t *json = NULL;
    *out = (struct ibc_docker_service){0};
    enum ibc_status status = fetch(docker, service, what, &json, err);
    if (status != IBC_OK) {
        return status;
    }
    const json_t *spec = json_object_get(json, "Spec");
    const json_t *secrets = json_object_get(container_spec(spec), "Secrets");
    size_t index;
    json_t *reference;
    json_array_foreach(secrets, index, reference) {
        if (mounts_as(reference, target)) {
            docker_text(reference, "SecretName", out->secret_name, sizeof out->secret_name);
            out->mounts++;
        }
    }
    out->tasks = tasks_of(spec);
    docker_text(container_spec(spec), "Image", out->image, sizeof out->image);
    return IBC_OK;
}

enum ibc_status ibc_docker_service_secret(struct ibc_docker *docker, const char *service,
                                          const char *target,
                                          char name[static IBC_DOCKER_NAME_MAX + 1],
                                          struct ibc_error *err) {
    struct ibc_docker_service found;
    enum ibc_status status = ibc_docker_service_look(docker, service, target, &found, err);
    memcpy(name, found.secret_name, sizeof found.secret_name);
    return status;
}

/* --- changing the specification --------------------------------------------------------------- */

static bool set_secret(json_t *container, const struct ibc_docker_service_change *change) {
    json_t *secrets = member(container, "Secrets", json_array);
    char owner[24], group[24];
    snprintf(owner, sizeof owner, "%" PRId64, change->owner);
    snprintf(group, sizeof group, "%" PRId64, change->group);
    json_t *reference =
        json_pack("{s:{s:s, s:s, s:s, s:I}, s:s, s:s}", "File", "Name", change->target, "UID",
                  owner, "GID", group, "Mode", (json_int_t)change->mode, "SecretID",
                  change->secret_id, "SecretName", change->secret_name);
    /* In the place of the one that is there, so that mounting the same again changes nothing. */
    for (size_t i = 0; i < json_array_size(secrets); i++) {
        if (mounts_as(json_array_get(secrets, i), change->target)) {
            return json_array_set_new(secrets, i, reference) == 0;
        }
    }
    return json_array_append_new(secrets, reference) == 0;
}

/* Is this "NAME=value", or "NAME", which takes the variable out? */
static bool binds(const json_t *binding, const char *name) {
    const char *text = json_string_value(binding);
    const size_t size = strlen(name);
    return text && strncmp(text, name, size) == 0 && (text[size] == '=' || text[size] == '\0');
}

static void unset(json_t *variables, const char *name) {
    for (size_t i = json_array_size(variables); i-- > 0;) {
        if (binds(json_array_get(variables, i), name)) {
            (void)json_array_remove(variables, i);
        }
    }
}

/* A variable keeps its place, so that setting what is set already changes nothing. */
static bool set(json_t *variables, const struct ibc_docker_label *variable) {
    json_auto_t *binding = json_sprintf("%s=%s", variable->name, variable->value);
    for (size_t i = 0; i < json_array_size(variables); i++) {
        if (binds(json_array_get(variables, i), variable->name)) {
            return json_array_set(variables, i, binding) == 0;
        }
    }
    return json_array_append(variables, binding) == 0;
}

static bool set_environment(json_t *container, const struct ibc_docker_service_change *change) {
    json_t *variables = change->environment_count > 0 ? member(container, "Env", json_array)
                                                      : json_object_get(container, "Env");
    for (const char *const *name = change->unset; name && *name; name++) {
        unset(variables, *name);
    }
    for (size_t i = 0; i < change->environment_count; i++) {
        if (!set(variables, &change->environment[i])) {
            return false;
        }
    }
    return true;
}

static bool set_word(json_t *object, const char *key, const char *word) {
    return json_object_set_new(object, key, json_string(word)) == 0;
}

/* A task that failed is not started again by the swarm, and no two run at a time. */
static bool forbid_restarts(json_t *spec) {
    json_t *task = json_object_get(spec, "TaskTemplate");
    json_t *restart = member(task, "RestartPolicy", json_object);
    const json_t *before = json_object_get(spec, "UpdateConfig");
    const bool made = !before || json_is_null(before);
    json_t *update = member(spec, "UpdateConfig", json_object);
    /* Left out it means 0, which is all tasks at once; 1 is what Docker's client sends. */
    const bool one = !made || json_object_set_new(update, "Parallelism", json_integer(1)) == 0;
    return one && set_word(restart, "Condition", "none") &&
           set_word(update, "Order", "stop-first") && set_word(update, "FailureAction", "pause");
}

bool swarm_change_spec(json_t *spec, const struct ibc_docker_service_change *change) {
    json_t *container = container_spec(spec);
    return container && set_secret(container, change) && set_environment(container, change) &&
           forbid_restarts(spec);
}

/* --- the update ------------------------------------------------------------------------------- */

static enum ibc_status write_spec(const json_t *spec, const char *what, struct ibc_secret *out,
                                  struct ibc_error *err) {
    const size_t size = json_dumpb(spec, NULL, 0, JSON_COMPACT);
    *out = (struct ibc_secret){0};
    if (size == 0 || size > SPEC_MAX) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE, "%s: its specification is too large", what);
    }
    enum ibc_status status = ibc_secret_alloc(out, size, err);
    if (status == IBC_OK) {
        (void)json_dumpb(spec, (char *)out->bytes, size, JSON_COMPACT);
    }
    return status;
}

static enum ibc_status post(struct ibc_docker *docker, const char *service, const char *what,
                            int64_t version, const json_t *spec, struct ibc_error *err) {
    char path[CALL_PATH_MAX];
    ibc_auto_secret body = {0};
    ibc_auto_http_response answer = {0};
    snprintf(path, sizeof path, "/services/%s/update?version=%" PRId64, service, version);
    enum ibc_status status = write_spec(spec, what, &body, err);
    if (status == IBC_OK) {
        const struct call call = {.method = "POST", .path = path, .body = ibc_secret_view(&body)};
        status = docker_call(docker, &call, &answer, err);
    }
    if (status != IBC_OK || answer.code == CALL_CODE_OK) {
        return status;
    }
    if (docker_says(&answer, "out of sequence")) {
        status = ibc_fail(err, IBC_ERR_WAIT,
                          "%s was changed by somebody else in this very moment; try again", what);
        err->retry_after = 1;
        return status;
    }
    return swarm_refused(&answer, what, err);
}

/* The service's specification as it is to be. The caller owns `*spec`. */
static enum ibc_status plan(struct ibc_docker *docker, const char *service,
                            const struct ibc_docker_service_change *change,
                            char what[static CALL_WHAT_MAX], json_t **spec, int64_t *version,
                            bool *changes, struct ibc_error *err) {
    json_auto_t *json = NULL;
    *spec = NULL;
    enum ibc_status status = fetch(docker, service, what, &json, err);
    if (status != IBC_OK) {
        return status;
    }
    json_t *now = json_object_get(json, "Spec");
    const json_t *index = json_object_get(json_object_get(json, "Version"), "Index");
    json_auto_t *before = json_deep_copy(now);
    if (!json_is_integer(index) || !before || !swarm_change_spec(now, change)) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                        "%s: what Docker tells of it is not of a service with containers", what);
    }
    *version = json_integer_value(index);
    *changes = !json_equal(before, now);
    *spec = json_incref(now);
    return IBC_OK;
}

enum ibc_status ibc_docker_service_update(struct ibc_docker *docker, const char *service,
                                          const struct ibc_docker_service_change *change,
                                          struct ibc_error *err) {
    char what[CALL_WHAT_MAX];
    json_auto_t *spec = NULL;
    int64_t version;
    bool changes = false;
    enum ibc_status status = plan(docker, service, change, what, &spec, &version, &changes, err);
    return status == IBC_OK && changes ? post(docker, service, what, version, spec, err) : status;
}

enum ibc_status ibc_docker_service_would_change(struct ibc_docker *docker, const char *service,
                                                const struct ibc_docker_service_change *change,
                                                bool *would, struct ibc_error *err) {
    char what[CALL_WHAT_MAX];
    json_auto_t *spec = NULL;
    int64_t version;
    *would = false;
    return plan(docker, service, change, what, &spec, &version, would, err);
}
