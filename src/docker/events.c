/* events.c - following what happens to a container: one JSON object a line. */
#include "docker/call.h"
#include "docker/resume.h"
#include "docker/stamp.h"

enum {
    EVENT_MAX = 1 << 16, /* bytes of one; they hold the container's labels */
    EVENTS_OF_MAX = 320, /* bytes of an id or a label, with the NUL */
    REOPEN_PAUSE_MS = 500,
};

struct ibc_docker_events {
    struct ibc_docker *docker;
    struct ibc_http *http; /* NULL while there is no stream */
    const char *by;        /* "container" or "label": what `of` is */
    char of[EVENTS_OF_MAX];
    struct resume resume;
    int64_t opened_ms;
    struct ibc_view data; /* come and not yet looked at */
    size_t used;          /* of `line` */
    bool too_long;
    char line[EVENT_MAX];
};

static enum ibc_status open_stream(struct ibc_docker_events *events, struct ibc_error *err) {
    enum { FILTER_MAX = 1280 };
    char filter[FILTER_MAX], since[STAMP_SINCE_MAX], path[CALL_PATH_MAX], what[CALL_WHAT_MAX];
    if (!docker_filter(events->by, events->of, filter, sizeof filter)) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "the filter for events does not fit");
    }
    stamp_since(resume_since(&events->resume), since);
    snprintf(path, sizeof path, "/events?%s&since=%s", filter, since);
    snprintf(what, sizeof what, "events of %s %.12s", events->by, events->of);
    events->opened_ms = docker_clock_ms();
    events->data = (struct ibc_view){0};
    events->used = 0;
    events->too_long = false;
    resume_again(&events->resume);
    return docker_stream(events->docker, path, what, &events->http, err);
}

static int64_t wall_clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

enum ibc_status ibc_docker_events_open(struct ibc_docker *docker, const char *container,
                                       struct ibc_docker_events **out, struct ibc_error *err) {
    ibc_auto_docker_events *events = calloc(1, sizeof *events);
    struct container_state state;
    *out = NULL;
    if (!events) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for following events");
    }
    events->docker = docker;
    enum ibc_status status = container_look(docker, container, &state, err);
    if (status == IBC_OK) {
        events->by = "container";
        snprintf(events->of, sizeof events->of, "%s", state.id);
        resume_start(&events->resume, wall_clock_ns());
        status = open_stream(events, err);
    }
    if (status == IBC_OK) {
        *out = ibc_steal(&events);
    }
    return status;
}

enum ibc_status ibc_docker_label_events_open(struct ibc_docker *docker, const char *label,
                                             struct ibc_docker_events **out,
                                             struct ibc_error *err) {
    ibc_auto_docker_events *events = calloc(1, sizeof *events);
    *out = NULL;
    if (!events || strlen(label) >= sizeof events->of) {
        return ibc_fail(err, events ? IBC_ERR_USAGE : IBC_ERR_INTERNAL,
                        "the events of containers with a label cannot be followed");
    }
    events->docker = docker;
    events->by = "label";
    snprintf(events->of, sizeof events->of, "%s", label);
    resume_start(&events->resume, wall_clock_ns());
    enum ibc_status status = open_stream(events, err);
    if (status == IBC_OK) {
        *out = ibc_steal(&events);
    }
    return status;
}

void ibc_docker_events_free(struct ibc_docker_events **events) {
    if (*events) {
        ibc_http_free(&(*events)->http);
        free(*events);
        *events = NULL;
    }
}

int ibc_docker_events_fd(const struct ibc_docker_events *events) {
    return events->http ? ibc_http_fd(events->http) : -1;
}

/* Move bytes from `data` to `line`, up to its end; true when it is whole. */
static bool gather_line(struct ibc_docker_events *events) {
    struct ibc_view *data = &events->data;
    const unsigned char *newline = data->size > 0 ? memchr(data->bytes, '\n', data->size) : NULL;
    const size_t size = newline ? (size_t)(newline - data->bytes) : data->size;
    if (size > sizeof events->line - events->used) {
        events->too_long = true;
    } else if (size > 0) {
        memcpy(events->line + events->used, data->bytes, size);
        events->used += size;
    }
    const size_t taken = size + (newline ? 1 : 0);
    data->bytes += taken;
    data->size -= taken;
    return newline != NULL;
}

static enum ibc_status parse_event(const struct ibc_docker_events *events,
                                   struct ibc_docker_event *out, struct ibc_error *err) {
    json_error_t ignored;
    json_auto_t *json =
        events->too_long ? NULL : json_loadb(events->line, events->used, JSON_ALLOW_NUL, &ignored);
    const json_t *time = json_object_get(json, "timeNano");
    if (!json_is_integer(time) || !docker_text(json, "Action", out->action, sizeof out->action)) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE, "events of %s %.12s: %s", events->by, events->of,
                        events->too_long ? "one is longer than 64 KiB; it was left out"
                                         : "one is not in the form of Docker's; it was left out");
    }
    if (!docker_id(json_object_get(json, "Actor"), "ID", out->id)) {
        out->id[0] = '\0';
    }
    out->time_ns = json_integer_value(time);
    return IBC_OK;
}

/* An event that is at hand and was not seen before. IBC_ERR_WAIT: none is. */
static enum ibc_status take_event(struct ibc_docker_events *events, struct ibc_docker_event *out,
                                  struct ibc_error *err) {
    while (gather_line(events)) {
        const bool empty = events->used == 0 && !events->too_long;
        enum ibc_status status = empty ? IBC_OK : parse_event(events, out, err);
        events->used = 0;
        events->too_long = false;
        if (status != IBC_OK || (!empty && resume_is_new(&events->resume, out->time_ns))) {
            return status;
        }
    }
    return ibc_fail(err, IBC_ERR_WAIT, "no event came in the time given");
}

static enum ibc_status read_stream(struct ibc_docker_events *events, int64_t timeout_ms,
                                   struct ibc_error *err) {
    struct ibc_http_event part;
    enum ibc_status status = ibc_http_next(events->http, timeout_ms, &part, err);
    if (status == IBC_ERR_WAIT || status == IBC_ERR_INTERNAL) {
        return status;
    }
    if (status != IBC_OK || part.part == IBC_HTTP_END) {
        ibc_http_free(&events->http);
    } else if (part.part == IBC_HTTP_DATA) {
        events->data = part.data;
    }
    return IBC_OK;
}

enum ibc_status ibc_docker_events_next(struct ibc_docker_events *events, int64_t timeout_ms,
                                       struct ibc_docker_event *out, struct ibc_error *err) {
    const int64_t deadline = timeout_ms < 0 ? -1 : docker_clock_ms() + timeout_ms;
    enum ibc_status status;
    *out = (struct ibc_docker_event){0};
    do {
        status = IBC_OK;
        if (!events->http) {
            status = docker_pause(events->opened_ms + REOPEN_PAUSE_MS, deadline, err);
            status = status == IBC_OK ? open_stream(events, err) : status;
        }
        if (status == IBC_OK) {
            status = take_event(events, out, err);
            if (status != IBC_ERR_WAIT) {
                return status;
            }
            status = read_stream(events, docker_time_left(deadline), err);
        }
    } while (status == IBC_OK);
    return status;
}
