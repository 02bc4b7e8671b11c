/* container.c - one container: looking at it, stopping and starting it. */
#include "docker/call.h"
#include "docker/network.h"
#include "docker/stamp.h"

/* "never" in the daemon's times: Go's zero time. */
#define NEVER "0001-01-01T00:00:00Z"

enum {
    STOP_DEFAULT = 10,     /* seconds that Docker gives a container that does not ask for more */
    STOP_MARGIN = 60,      /* seconds for the daemon beside those */
    GRACE_MAX = 7 * 86400, /* seconds */
};

static enum ibc_status fetch(struct ibc_docker *docker, const char *container, json_t **out,
                             struct ibc_error *err) {
    char what[CALL_WHAT_MAX], path[CALL_PATH_MAX];
    *out = NULL;
    enum ibc_status status = docker_name("container", container, what, err);
    if (status != IBC_OK) {
        return status;
    }
    snprintf(path, sizeof path, "/containers/%s/json", container);
    ibc_auto_http_response answer = {0};
    status = docker_call(docker, &(struct call){.method = "GET", .path = path}, &answer, err);
    if (status == IBC_OK && answer.code != CALL_CODE_OK) {
        return docker_refused(&answer, what, err);
    }
    return status == IBC_OK ? docker_json(&answer, what, out, err) : status;
}

static bool is_true(const json_t *object, const char *key) {
    return json_is_true(json_object_get(object, key));
}

static void take_time(const json_t *state, const char *key, char out[static IBC_DOCKER_TIME_MAX]) {
    docker_text(state, key, out, IBC_DOCKER_TIME_MAX);
    if (strcmp(out, NEVER) == 0) {
        out[0] = '\0';
    }
}

static enum ibc_status fail_shape(const char *container, struct ibc_error *err) {
    return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                    "container %s: what answers tells of it in a form that is not Docker's",
                    container);
}

enum ibc_status container_look(struct ibc_docker *docker, const char *container,
                               struct container_state *out, struct ibc_error *err) {
    json_auto_t *json = NULL;
    *out = (struct container_state){0};
    enum ibc_status status = fetch(docker, container, &json, err);
    if (status != IBC_OK) {
        return status;
    }
    const json_t *state = json_object_get(json, "State"), *config = json_object_get(json, "Config");
    if (!docker_id(json, "Id", out->id) || !json_is_object(state)) {
        return fail_shape(container, err);
    }
    const json_t *timeout = json_object_get(config, "StopTimeout");
    out->running = is_true(state, "Running");
    out->tty = is_true(config, "Tty");
    out->stop_timeout = json_is_integer(timeout) ? json_integer_value(timeout) : STOP_DEFAULT;
    take_time(state, "StartedAt", out->started_at);
    return IBC_OK;
}

/* --- inspect ---------------------------------------------------------------------------------- */

/* The value of "NAME=value"; NULL when this is another variable. */
static const char *value_of(const char *binding, const char *name) {
    size_t size = strlen(name);
    return strncmp(binding, name, size) == 0 && binding[size] == '=' ? binding + size + 1 : NULL;
}

static void take_environment(const json_t *variables, struct ibc_container *out) {
    size_t index;
    json_t *variable;
    json_array_foreach(variables, index, variable) {
        const char *binding = json_string_value(variable), *value;
        if (!binding) {
            continue;
        }
        if ((value = value_of(binding, "TRADING_MODE"))) {
            snprintf(out->trading_mode, sizeof out->trading_mode, "%s", value);
        } else if ((value = value_of(binding, "TWS_USERID"))) {
            snprintf(out->username, sizeof out->username, "%s", value);
        } else if ((value = value_of(binding, "TWS_PASSWORD"))) {
            out->password_in_environment = value[0] != '\0';
        }
    }
}

/* A path that does not fit names something else when it is cut: such a mount is left out. */
static bool take_path(const json_t *mount, const char *key, char out[static IBC_DOCKER_PATH_MAX]) {
    const json_t *path = json_object_get(mount, key);
    return json_string_length(path) < IBC_DOCKER_PATH_MAX &&
           docker_text(mount, key, out, IBC_DOCKER_PATH_MAX);
}

static void take_mounts(const json_t *mounts, struct ibc_container *out) {
    size_t index;
    json_t *mount;
    json_array_foreach(mounts, index, mount) {
        const char *type = json_string_value(json_object_get(mount, "Type"));
        if (!type || strcmp(type, "bind") != 0 || out->mount_count == IBC_DOCKER_MOUNTS_MAX) {
            continue;
        }
        struct ibc_docker_mount *slot = &out->mounts[out->mount_count];
        if (take_path(mount, "Source", slot->source) &&
            take_path(mount, "Destination", slot->target)) {
            out->mount_count++;
        }
    }
}

static void take_state(const json_t *state, struct ibc_container *out) {
    out->running = is_true(state, "Running");
    out->restarting = is_true(state, "Restarting");
    out->out_of_memory = is_true(state, "OOMKilled");
    out->exit_code = (int)json_integer_value(json_object_get(state, "ExitCode"));
    take_time(state, "StartedAt", out->started_at);
    take_time(state, "FinishedAt", out->finished_at);
}

static void take_policy(const json_t *json, struct ibc_container *out) {
    const json_t *host = json_object_get(json, "HostConfig");
    docker_text(json_object_get(host, "RestartPolicy"), "Name", out->restart_policy,
                sizeof out->restart_policy);
    if (out->restart_policy[0] == '\0') {
        snprintf(out->restart_policy, sizeof out->restart_policy, "no");
    }
    out->restart_count = json_integer_value(json_object_get(json, "RestartCount"));
}

enum ibc_status ibc_docker_inspect(struct ibc_docker *docker, const char *container,
                                   struct ibc_container *out, struct ibc_error *err) {
    json_auto_t *json = NULL;
    memset(out, 0, sizeof *out);
    enum ibc_status status = fetch(docker, container, &json, err);
    if (status != IBC_OK) {
        return status;
    }
    const json_t *state = json_object_get(json, "State"), *config = json_object_get(json, "Config");
    const char *name = json_string_value(json_object_get(json, "Name"));
    if (!docker_id(json, "Id", out->id) || !name || !json_is_object(state)) {
        return fail_shape(container, err);
    }
    snprintf(out->name, sizeof out->name, "%s", name + (name[0] == '/' ? 1 : 0));
    out->tty = is_true(config, "Tty");
    docker_text(config, "Image", out->image, sizeof out->image);
    take_time(json, "Created", out->created_at);
    take_state(state, out);
    take_policy(json, out);
    take_environment(json_object_get(config, "Env"), out);
    take_mounts(json_object_get(json, "Mounts"), out);
    network_take(json, out);
    return IBC_OK;
}

/* --- when a run began ------------------------------------------------------------------------- */

/* How much earlier than `started_at` a run may have written its first line. */
#define HEAD_START_NS     INT64_C(100000000)
#define HEAD_START_MAX_NS INT64_C(10000000000)

static bool parse_time(const char *text, int64_t *ns) {
    size_t size;
    return stamp_parse(ibc_view_of(text), ns, &size) && text[size] == '\0';
}

void ibc_docker_run_since(const struct ibc_container *container,
                          char since[static IBC_DOCKER_TIME_MAX]) {
    int64_t started, finished, head_start = HEAD_START_NS;
    since[0] = '\0';
    if (!parse_time(container->started_at, &started) ||
        !parse_time(container->finished_at, &finished)) {
        return;
    }
    /* The last lines of one run and the first of the next lie close to the two ends. */
    if (finished < started) {
        const int64_t half = (started - finished) / 2;
        head_start = half < HEAD_START_MAX_NS ? half : HEAD_START_MAX_NS;
    }
    stamp_format(started > head_start ? started - head_start : 0, since);
}

/* --- stop, start ------------------------------------------------------------------------------ */

/* Ask for `verb`; "it is so already" will do. */
static enum ibc_status ask(struct ibc_docker *docker, const char *container, const char *verb,
                           const char *query, int64_t seconds, struct ibc_error *err) {
    char what[CALL_WHAT_MAX], path[CALL_PATH_MAX];
    enum ibc_status status = docker_name("container", container, what, err);
    if (status != IBC_OK) {
        return status;
    }
    snprintf(path, sizeof path, "/containers/%s/%s%s", container, verb, query);
    const struct call call = {
        .method = "POST", .path = path, .timeout_ms = (seconds + STOP_MARGIN) * 1000};
    ibc_auto_http_response answer = {0};
    status = docker_call(docker, &call, &answer, err);
    if (status != IBC_OK || answer.code == CALL_CODE_DONE || answer.code == CALL_CODE_ALREADY) {
        return status;
    }
    status = docker_refused(&answer, what, err);
    /* A start can miss other things than the container: a network, an image. */
    if (status == IBC_ERR_NOT_FOUND && !docker_says(&answer, "no such container")) {
        err->status = status = IBC_ERR_UNAVAILABLE;
    }
    return status;
}

/* Stop or restart, and wait for as long as the container has. */
static enum ibc_status ask_in_peace(struct ibc_docker *docker, const char *container,
                                    const char *verb, int64_t grace, struct ibc_error *err) {
    if (grace < 0) {
        struct container_state state;
        enum ibc_status status = container_look(docker, container, &state, err);
        /* A container may ask to be waited for without an end, as -1. */
        const bool bounded = state.stop_timeout >= 0 && state.stop_timeout <= GRACE_MAX;
        const int64_t seconds = bounded ? state.stop_timeout : GRACE_MAX;
        return status == IBC_OK ? ask(docker, container, verb, "", seconds, err) : status;
    }
    char query[sizeof "?t=" + 20];
    const int64_t seconds = grace < GRACE_MAX ? grace : GRACE_MAX;
    snprintf(query, sizeof query, "?t=%lld", (long long)seconds);
    return ask(docker, container, verb, query, seconds, err);
}

enum ibc_status ibc_docker_stop(struct ibc_docker *docker, const char *container, int64_t grace,
                                struct ibc_error *err) {
    return ask_in_peace(docker, container, "stop", grace, err);
}

enum ibc_status ibc_docker_start(struct ibc_docker *docker, const char *container,
                                 struct ibc_error *err) {
    return ask(docker, container, "start", "", STOP_MARGIN, err);
}

enum ibc_status ibc_docker_restart(struct ibc_docker *docker, const char *container, int64_t grace,
                                   struct ibc_error *err) {
    return ask_in_peace(docker, container, "restart", grace, err);
}
