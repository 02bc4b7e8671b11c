/*
 * call.h - asking the daemon: the one place where requests are made and answers become sentences.
 */
#ifndef IBCRED_DOCKER_CALL_H
#define IBCRED_DOCKER_CALL_H

#include "docker/endpoint.h"
#include "docker/version.h"

#include <ibcred/http.h>
#include <jansson.h>

enum {
    CALL_PATH_MAX = 2048,      /* bytes of a path with its query, with the NUL */
    CALL_TIMEOUT_MS = 60000,   /* for an answer that needs no waiting */
    CALL_ANSWER_MAX = 8 << 20, /* bytes of an answer */
    CALL_WHAT_MAX = 320,       /* bytes of the words that name a thing, with the NUL */
    CALL_CODE_OK = 200,
    CALL_CODE_CREATED = 201,
    CALL_CODE_DONE = 204,    /* done, nothing to tell */
    CALL_CODE_ALREADY = 304, /* it was so before */
    CALL_CODE_BAD = 400,
    CALL_CODE_UNAUTHORIZED = 401,
    CALL_CODE_FORBIDDEN = 403,
    CALL_CODE_NOT_FOUND = 404,
    CALL_CODE_CONFLICT = 409,
    CALL_CODE_NOT_IMPLEMENTED = 501,
    CALL_CODE_NO_SWARM = 503,
};

struct ibc_docker {
    struct endpoint endpoint;
    struct ibc_http *http;     /* NULL until it is needed */
    char version[VERSION_MAX]; /* "" until it is agreed on */
};

struct call {
    const char *method;
    const char *path;     /* after the version, with a leading slash, encoded */
    struct ibc_view body; /* JSON; empty for none */
    int64_t timeout_ms;   /* 0: CALL_TIMEOUT_MS */
};

/*
 * Ask, and take the whole answer, whatever its code. IBC_ERR_UNAVAILABLE and IBC_ERR_REFUSED as
 * the public header says. After a failure the next call begins anew.
 */
IBC_CHECKED enum ibc_status docker_call(struct ibc_docker *docker, const struct call *call,
                                        struct ibc_http_response *answer, struct ibc_error *err);

/*
 * Ask for what goes on and on, over a connection of its own, and wait for its head. `what` names
 * the thing in the sentence where the daemon refuses; the status is docker_refused()'s then.
 */
IBC_CHECKED enum ibc_status docker_stream(struct ibc_docker *docker, const char *path,
                                          const char *what, struct ibc_http **out,
                                          struct ibc_error *err);

/*
 * What an answer other than the hoped-for one means, with the daemon's own words after `what`
 * ("container gateway"). 404 is IBC_ERR_NOT_FOUND; 401, 403 and 501 are IBC_ERR_REFUSED; the
 * others are IBC_ERR_UNAVAILABLE.
 */
enum ibc_status docker_refused(const struct ibc_http_response *answer, const char *what,
                               struct ibc_error *err);

/* Are these words in what the daemon said of its refusal? In any letter case. */
bool docker_says(const struct ibc_http_response *answer, const char *words);

/* The answer as JSON; the caller owns it. IBC_ERR_UNAVAILABLE where it is none. */
IBC_CHECKED enum ibc_status docker_json(const struct ibc_http_response *answer, const char *what,
                                        json_t **out, struct ibc_error *err);

/*
 * The path `format` with the one name in it, such as "/containers/%s/json", and "container gateway"
 * in `what`. IBC_ERR_USAGE: no id or name that Docker would give to a `kind` ("container").
 */
IBC_CHECKED enum ibc_status docker_name(const char *kind, const char *name,
                                        char what[static CALL_WHAT_MAX], struct ibc_error *err);

/* Write `text` for a query's value: all but unreserved characters (RFC 3986) as %XX. False: it does
 * not fit. */
IBC_CHECKED bool docker_encode(struct ibc_view text, char *out, size_t size);

/* The query "filters={"NAME":["VALUE"]}", encoded. False: it does not fit. */
IBC_CHECKED bool docker_filter(const char *name, const char *value, char *out, size_t size);

/* A string of an object, cut to fit; false and "" where it is no string. */
bool docker_text(const json_t *object, const char *key, char *out, size_t size);

/* The same, for an id: false where it is none, too. */
IBC_CHECKED bool docker_id(const json_t *object, const char *key,
                           char out[static IBC_DOCKER_ID_MAX + 1]);

/* The state of a container that its log is followed by. */
struct container_state {
    char id[IBC_DOCKER_ID_MAX + 1];
    bool running;
    bool tty;
    char started_at[IBC_DOCKER_TIME_MAX];
    int64_t stop_timeout; /* seconds */
};
IBC_CHECKED enum ibc_status container_look(struct ibc_docker *docker, const char *container,
                                           struct container_state *out, struct ibc_error *err);

/* CLOCK_MONOTONIC in milliseconds; and what is left of it until then: 0 at least, -1 for -1. */
int64_t docker_clock_ms(void);
int64_t docker_time_left(int64_t deadline_ms);

/* Sleep until `until_ms`. IBC_ERR_WAIT: the deadline (-1: none) or a signal came first. */
IBC_CHECKED enum ibc_status docker_pause(int64_t until_ms, int64_t deadline_ms,
                                         struct ibc_error *err);

#endif
