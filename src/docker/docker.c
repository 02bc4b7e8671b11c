/* docker.c - the connection to the daemon, and the version that is spoken on it. */
#include "docker/call.h"

#include <errno.h>
#include <ibcred/file.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum ibc_status ibc_docker_open(struct ibc_docker **out, struct ibc_error *err) {
    const struct endpoint_variables variables = {
        .host = getenv("DOCKER_HOST"),
        .tls_verify = getenv("DOCKER_TLS_VERIFY"),
        .cert_path = getenv("DOCKER_CERT_PATH"),
        .config = getenv("DOCKER_CONFIG"),
        .home = getenv("HOME"),
    };
    *out = NULL;
    ibc_auto_docker *docker = calloc(1, sizeof *docker);
    if (!docker) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a connection to Docker");
    }
    enum ibc_status status = endpoint_parse(&variables, &docker->endpoint, err);
    if (status == IBC_OK) {
        *out = ibc_steal(&docker);
    }
    return status;
}

void ibc_docker_free(struct ibc_docker **docker) {
    if (*docker) {
        ibc_http_free(&(*docker)->http);
        free(*docker);
        *docker = NULL;
    }
}

void ibc_docker_rest(struct ibc_docker *docker) {
    ibc_http_free(&docker->http);
}

/* --- what went wrong -------------------------------------------------------------------------- */

/* Try the socket ourselves: only errno tells a missing one from one that nobody listens on. */
static int try_socket(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    ibc_auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return 0;
    }
    return connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
}

/* The first of the files that TLS needs and that cannot be read; NULL when all can. */
static const char *unreadable_file(const struct endpoint *endpoint) {
    const char *const files[] = {endpoint->ca_file, endpoint->certificate_file, endpoint->key_file};
    for (size_t i = 0; endpoint->tls && i < IBC_ARRAY_SIZE(files); i++) {
        if (access(files[i], R_OK) != 0) {
            return files[i];
        }
    }
    return NULL;
}

static enum ibc_status explain_tcp(const struct endpoint *endpoint, const char *reason,
                                   struct ibc_error *err) {
    const char *file = unreadable_file(endpoint);
    if (file) {
        return ibc_fail_errno(err, IBC_ERR_UNAVAILABLE, errno,
                              "the Docker daemon at %s wants TLS, and %s cannot be read",
                              endpoint->address, file);
    }
    return ibc_fail(err, IBC_ERR_UNAVAILABLE, "the Docker daemon at %s cannot be reached: %s",
                    endpoint->address, reason);
}

/* What stands in the way of the daemon; `err` holds what the helper says of it. */
static enum ibc_status explain(const struct endpoint *endpoint, struct ibc_error *err) {
    const struct ibc_error told = *err;
    if (endpoint->socket[0] == '\0') {
        return explain_tcp(endpoint, told.text, err);
    }
    switch (try_socket(endpoint->socket)) {
    case ENOENT:
    case ENOTDIR:
        return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                        "there is no Docker socket %s; start the Docker daemon, or say in "
                        "DOCKER_HOST where it listens (a docker context is not looked at)",
                        endpoint->socket);
    case ECONNREFUSED:
        return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                        "nobody listens on the Docker socket %s; start the Docker daemon",
                        endpoint->socket);
    case EACCES:
    case EPERM:
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "this user may not use the Docker socket %s; join its group (mostly "
                        "'docker') or run this as root",
                        endpoint->socket);
    default:
        return ibc_fail(err, IBC_ERR_UNAVAILABLE, "the Docker daemon at %s cannot be spoken to: %s",
                        endpoint->address, told.text);
    }
}

/* After a failure everything begins anew: who listens next may be another version. */
static enum ibc_status lose(struct ibc_docker *docker, enum ibc_status status,
                            struct ibc_error *err) {
    ibc_http_free(&docker->http);
    docker->version[0] = '\0';
    switch (status) {
    case IBC_ERR_UNAVAILABLE:
    case IBC_ERR_REFUSED:
        return explain(&docker->endpoint, err);
    case IBC_ERR_DATA: {
        const struct ibc_error told = *err;
        return ibc_fail(err, IBC_ERR_UNAVAILABLE, "the Docker daemon at %s: %s",
                        docker->endpoint.address, told.text);
    }
    default:
        return status;
    }
}

/* --- requests --------------------------------------------------------------------------------- */

/* Everything but method and URL, which the endpoint says. */
static struct ibc_http_request prepare(const struct endpoint *endpoint) {
    return (struct ibc_http_request){
        .unix_socket = endpoint->socket[0] != '\0' ? endpoint->socket : NULL,
        .ca_file = endpoint->tls ? endpoint->ca_file : NULL,
        .client_certificate = endpoint->tls ? endpoint->certificate_file : NULL,
        .client_key = endpoint->tls ? endpoint->key_file : NULL,
    };
}

/* A helper with nothing to do has nothing to say either: it has ended when its socket is readable.
 */
static bool has_ended(const struct ibc_http *http) {
    struct pollfd helper = {.fd = ibc_http_fd(http), .events = POLLIN | POLLRDHUP};
    return !ibc_http_usable(http) || poll(&helper, 1, 0) != 0;
}

static enum ibc_status ensure_helper(struct ibc_docker *docker, struct ibc_error *err) {
    if (docker->http && has_ended(docker->http)) {
        ibc_http_free(&docker->http);
    }
    return docker->http ? IBC_OK : ibc_http_open(&docker->http, err);
}

static enum ibc_status exchange(struct ibc_docker *docker, struct ibc_http_request *request,
                                struct ibc_http_response *answer, struct ibc_error *err) {
    request->response_max = CALL_ANSWER_MAX;
    enum ibc_status status = ibc_http_exchange(docker->http, request, answer, err);
    return status == IBC_OK ? IBC_OK : lose(docker, status, err);
}

static enum ibc_status get_unversioned(struct ibc_docker *docker, const char *path,
                                       struct ibc_http_response *answer, struct ibc_error *err) {
    char url[ENDPOINT_ADDRESS_MAX + VERSION_MAX];
    snprintf(url, sizeof url, "%s%s", docker->endpoint.base, path);
    struct ibc_http_request request = prepare(&docker->endpoint);
    request.method = "GET";
    request.url = url;
    request.total_timeout_ms = CALL_TIMEOUT_MS;
    enum ibc_status status = exchange(docker, &request, answer, err);
    if (status == IBC_OK && answer->code != CALL_CODE_OK) {
        return docker_refused(answer, docker->endpoint.address, err);
    }
    return status;
}

/* Where the ping tells no version, or a later one than is known here, /version tells more. */
static enum ibc_status ask_version(struct ibc_docker *docker, struct ibc_error *err) {
    ibc_auto_http_response answer = {0};
    json_auto_t *told = NULL;
    char own[VERSION_MAX] = "", least[VERSION_MAX] = "";
    enum ibc_status status = get_unversioned(docker, "/version", &answer, err);
    if (status == IBC_OK) {
        status = docker_json(&answer, docker->endpoint.address, &told, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    docker_text(told, "ApiVersion", own, sizeof own);
    const bool has_least = docker_text(told, "MinAPIVersion", least, sizeof least);
    return version_choose(own, has_least ? least : NULL, docker->version, err);
}

static enum ibc_status agree_on_version(struct ibc_docker *docker, struct ibc_error *err) {
    ibc_auto_http_response answer = {0};
    enum ibc_status status = get_unversioned(docker, "/_ping", &answer, err);
    if (status != IBC_OK) {
        return status;
    }
    const char *own = ibc_http_header(docker->http, "Api-Version");
    if (!own || version_is_later(own)) {
        return ask_version(docker, err);
    }
    return version_choose(own, NULL, docker->version, err);
}

/* Begin a request: a helper is there, and the version is agreed on. */
static enum ibc_status ensure_version(struct ibc_docker *docker, struct ibc_error *err) {
    if (docker->version[0] != '\0') {
        return IBC_OK;
    }
    enum ibc_status status = ensure_helper(docker, err);
    return status == IBC_OK ? agree_on_version(docker, err) : status;
}

static void write_url(const struct ibc_docker *docker, const char *path, char *out, size_t size) {
    snprintf(out, size, "%s/v%s%s", docker->endpoint.base, docker->version, path);
}

enum { URL_MAX = ENDPOINT_ADDRESS_MAX + VERSION_MAX + CALL_PATH_MAX };

enum ibc_status docker_call(struct ibc_docker *docker, const struct call *call,
                            struct ibc_http_response *answer, struct ibc_error *err) {
    *answer = (struct ibc_http_response){0};
    enum ibc_status status = ensure_version(docker, err);
    if (status == IBC_OK) {
        status = ensure_helper(docker, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    char url[URL_MAX];
    write_url(docker, call->path, url, sizeof url);
    struct ibc_http_request request = prepare(&docker->endpoint);
    request.method = call->method;
    request.url = url;
    request.body = call->body;
    request.headers[0] = call->body.size > 0 ? "Content-Type: application/json" : NULL;
    request.total_timeout_ms = call->timeout_ms > 0 ? call->timeout_ms : CALL_TIMEOUT_MS;
    status = exchange(docker, &request, answer, err);
    if (status == IBC_OK && answer->code == CALL_CODE_BAD &&
        docker_says(answer, "client version")) {
        docker->version[0] = '\0';
    }
    return status;
}

/* --- streams ---------------------------------------------------------------------------------- */

/* The next part, within CALL_TIMEOUT_MS; signals do not hurry it. */
static enum ibc_status await_part(struct ibc_http *http, struct ibc_http_event *event,
                                  struct ibc_error *err) {
    const int64_t end = docker_clock_ms() + CALL_TIMEOUT_MS;
    for (;;) {
        const int64_t left = end - docker_clock_ms();
        if (left <= 0) {
            return ibc_fail(err, IBC_ERR_UNAVAILABLE, "no answer came in %d s",
                            CALL_TIMEOUT_MS / 1000);
        }
        enum ibc_status status = ibc_http_next(http, left, event, err);
        if (status != IBC_ERR_WAIT) {
            return status;
        }
    }
}

/* The daemon would rather not: take its reasons, as far as they are of a bearable length. */
static enum ibc_status take_refusal(struct ibc_http *http, int code, const char *what,
                                    struct ibc_error *err) {
    enum { REASONS_MAX = 4096 };
    struct ibc_http_event event = {0};
    ibc_auto_http_response answer = {.code = code};
    ibc_auto_secret_buffer words = {0};
    ibc_secret_buffer_init(&words, REASONS_MAX);
    enum ibc_status status = IBC_OK;
    while (event.part != IBC_HTTP_END && status == IBC_OK && !words.failed) {
        status = await_part(http, &event, err);
        if (status == IBC_OK && event.part == IBC_HTTP_DATA) {
            ibc_secret_buffer_append(&words, event.data.bytes, event.data.size);
        }
    }
    struct ibc_error ignored;
    if (ibc_secret_buffer_finish(&words, "the answer", &answer.body, &ignored) != IBC_OK) {
        answer.body = (struct ibc_secret){0};
    }
    return docker_refused(&answer, what, err);
}

static enum ibc_status begin_stream(struct ibc_docker *docker, const char *path,
                                    struct ibc_http *http, struct ibc_http_event *head,
                                    struct ibc_error *err) {
    char url[URL_MAX];
    write_url(docker, path, url, sizeof url);
    struct ibc_http_request request = prepare(&docker->endpoint);
    request.method = "GET";
    request.url = url;
    enum ibc_status status = ibc_http_send(http, &request, err);
    if (status == IBC_OK) {
        status = await_part(http, head, err);
    }
    return status == IBC_OK ? IBC_OK : lose(docker, status, err);
}

enum ibc_status docker_stream(struct ibc_docker *docker, const char *path, const char *what,
                              struct ibc_http **out, struct ibc_error *err) {
    *out = NULL;
    ibc_auto_http *http = NULL;
    struct ibc_http_event head = {0};
    enum ibc_status status = ensure_version(docker, err);
    if (status == IBC_OK) {
        status = ibc_http_open(&http, err);
    }
    if (status == IBC_OK) {
        status = begin_stream(docker, path, http, &head, err);
    }
    if (status == IBC_OK && head.code != CALL_CODE_OK) {
        status = take_refusal(http, head.code, what, err);
    }
    if (status == IBC_OK) {
        *out = ibc_steal(&http);
    }
    return status;
}
