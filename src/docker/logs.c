/* logs.c - following a container's log for as long as the container is there. */
#include "docker/call.h"
#include "docker/log_lines.h"
#include "docker/resume.h"

enum {
    REOPEN_PAUSE_MS = 500, /* between two openings, so that a stream that ends at once is no loop */
};

struct ibc_docker_logs {
    struct ibc_docker *docker;
    struct ibc_http *http;        /* NULL while there is no stream */
    struct container_state state; /* as it was just before the stream was opened */
    bool ended;                   /* everything that `state` could have written was told */
    int64_t opened_ms;            /* when the stream was opened last */
    struct resume resume;
    struct log_lines lines;
};

/* --- the stream ------------------------------------------------------------------------------- */

static enum ibc_status open_stream(struct ibc_docker_logs *logs, struct ibc_error *err) {
    char path[CALL_PATH_MAX], what[CALL_WHAT_MAX], since[STAMP_SINCE_MAX] = "0";
    const int64_t from = resume_since(&logs->resume);
    if (from > 0) {
        stamp_since(from, since);
    }
    snprintf(path, sizeof path,
             "/containers/%s/logs?follow=1&timestamps=1&stdout=1&stderr=1&since=%s", logs->state.id,
             since);
    snprintf(what, sizeof what, "log of container %.12s", logs->state.id);
    logs->opened_ms = docker_clock_ms();
    resume_again(&logs->resume);
    log_lines_start(&logs->lines, logs->state.tty);
    return docker_stream(logs->docker, path, what, &logs->http, err);
}

/* Look at the container first: whether it runs then tells what the end of the stream means. */
static enum ibc_status begin(struct ibc_docker_logs *logs, struct ibc_error *err) {
    struct container_state now;
    enum ibc_status status = container_look(logs->docker, logs->state.id, &now, err);
    if (status != IBC_OK) {
        return status;
    }
    logs->state = now;
    return open_stream(logs, err);
}

static enum ibc_status make(struct ibc_docker *docker, const char *container, int64_t from,
                            struct ibc_docker_logs **out, struct ibc_error *err) {
    IBC_CLEANUP(ibc_docker_logs_free) struct ibc_docker_logs *logs = calloc(1, sizeof *logs);
    *out = NULL;
    if (!logs) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for following a log");
    }
    logs->docker = docker;
    resume_start(&logs->resume, from);
    enum ibc_status status = container_look(docker, container, &logs->state, err);
    if (status == IBC_OK) {
        status = open_stream(logs, err);
    }
    if (status == IBC_OK) {
        *out = ibc_steal(&logs);
    }
    return status;
}

enum ibc_status ibc_docker_logs_open(struct ibc_docker *docker, const char *container,
                                     const char *since, struct ibc_docker_logs **out,
                                     struct ibc_error *err) {
    const struct ibc_view text = ibc_view_of(since);
    int64_t from = 0;
    size_t size = 0;
    *out = NULL;
    if (text.size > 0 && !(stamp_parse(text, &from, &size) && size == text.size)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "'%.60s' is no time such as 2026-11-22T08:00:00.5Z for a log to begin at",
                        since);
    }
    return make(docker, container, from, out, err);
}

void ibc_docker_logs_free(struct ibc_docker_logs **logs) {
    if (*logs) {
        ibc_http_free(&(*logs)->http);
        free(*logs);
        *logs = NULL;
    }
}

int ibc_docker_logs_fd(const struct ibc_docker_logs *logs) {
    return logs->http ? ibc_http_fd(logs->http) : -1;
}

/* --- lines ------------------------------------------------------------------------------------ */

static void close_stream(struct ibc_docker_logs *logs) {
    ibc_http_free(&logs->http);
}

/* What the daemon says of a log that it cannot read; the stream may go on after it. */
static enum ibc_status fail_trouble(const struct ibc_docker_logs *logs,
                                    const struct ibc_log_line *words, struct ibc_error *err) {
    return ibc_fail(err, IBC_ERR_UNAVAILABLE, "log of container %.12s: Docker says: %.*s",
                    logs->state.id, (int)(words->text.size < 300 ? words->text.size : 300),
                    (const char *)words->text.bytes);
}

/* A line that is at hand and was not seen before. IBC_ERR_WAIT: none is. */
static enum ibc_status take_line(struct ibc_docker_logs *logs, struct ibc_log_line *out,
                                 struct ibc_error *err) {
    for (;;) {
        switch (log_lines_next(&logs->lines, out)) {
        case LOG_LINES_LINE:
            if (resume_is_new(&logs->resume, out->time_ns)) {
                return IBC_OK;
            }
            break;
        case LOG_LINES_MORE:
            return IBC_ERR_WAIT;
        case LOG_LINES_TROUBLE:
            return fail_trouble(logs, out, err);
        case LOG_LINES_BROKEN:
        default: {
            close_stream(logs);
            return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                            "log of container %.12s: what comes is not in the form of a log",
                            logs->state.id);
        }
        }
    }
}

/* Read from the stream. IBC_OK: look for lines, or open it again. */
static enum ibc_status read_stream(struct ibc_docker_logs *logs, int64_t timeout_ms,
                                   struct ibc_error *err) {
    struct ibc_http_event event;
    enum ibc_status status = ibc_http_next(logs->http, timeout_ms, &event, err);
    if (status == IBC_ERR_WAIT || status == IBC_ERR_INTERNAL) {
        return status;
    }
    if (status != IBC_OK) {
        close_stream(logs);
    } else if (event.part == IBC_HTTP_DATA) {
        log_lines_feed(&logs->lines, event.data);
    } else if (event.part == IBC_HTTP_END) {
        close_stream(logs);
        logs->ended = !logs->state.running;
    }
    return IBC_OK;
}

/* At the end of a stopped container's log: has it run since? Then `ended` is no more. */
static enum ibc_status look_again(struct ibc_docker_logs *logs, struct ibc_error *err) {
    struct container_state now;
    enum ibc_status status = container_look(logs->docker, logs->state.id, &now, err);
    if (status == IBC_OK) {
        logs->ended = !now.running && strcmp(now.started_at, logs->state.started_at) == 0;
    }
    return status;
}

/* At the end of the log, a line whose newline never came. */
static bool take_rest(struct ibc_docker_logs *logs, struct ibc_log_line *out) {
    while (log_lines_rest(&logs->lines, out)) {
        if (resume_is_new(&logs->resume, out->time_ns)) {
            return true;
        }
    }
    *out = (struct ibc_log_line){0};
    return false;
}

/* There is no stream. IBC_OK with `*done`: a last line, or the end; without: there is one again. */
static enum ibc_status ensure_stream(struct ibc_docker_logs *logs, int64_t deadline_ms,
                                     struct ibc_log_line *out, bool *done, struct ibc_error *err) {
    enum ibc_status status = IBC_OK;
    *done = logs->ended && take_rest(logs, out);
    if (logs->ended && !*done) {
        status = look_again(logs, err);
        *done = status == IBC_OK && logs->ended;
    }
    if (status == IBC_OK && !*done) {
        status = docker_pause(logs->opened_ms + REOPEN_PAUSE_MS, deadline_ms, err);
    }
    return status == IBC_OK && !*done ? begin(logs, err) : status;
}

/* One step: IBC_OK with `*done` when `out` is the answer. */
static enum ibc_status step(struct ibc_docker_logs *logs, int64_t deadline_ms,
                            struct ibc_log_line *out, bool *done, struct ibc_error *err) {
    *out = (struct ibc_log_line){0};
    if (!logs->http) {
        return ensure_stream(logs, deadline_ms, out, done, err);
    }
    enum ibc_status status = take_line(logs, out, err);
    *done = status == IBC_OK;
    return status == IBC_ERR_WAIT ? read_stream(logs, docker_time_left(deadline_ms), err) : status;
}

enum ibc_status ibc_docker_logs_next(struct ibc_docker_logs *logs, int64_t timeout_ms,
                                     struct ibc_log_line *out, struct ibc_error *err) {
    const int64_t deadline = timeout_ms < 0 ? -1 : docker_clock_ms() + timeout_ms;
    bool done = false;
    enum ibc_status status;
    do {
        status = step(logs, deadline, out, &done, err);
    } while (status == IBC_OK && !done);
    if (status != IBC_OK) {
        *out = (struct ibc_log_line){0};
    }
    return status;
}
