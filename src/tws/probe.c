/*
 * probe.c - a dialogue over a non-blocking socket.
 *
 * Every address of the host is tried in turn until one accepts; each gets an equal part of the
 * time that is left, so that one that drops everything leaves time for the next.
 */
#include "tws/address.h"
#include "tws/dialogue.h"
#include "tws/explain.h"
#include "tws/time.h"

#include <errno.h>
#include <ibcred/file.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

struct ibc_probe {
    char host[IBC_PROBE_HOST_MAX + 1];
    uint16_t port;
    int64_t timeout_ms;
    int64_t begin_us, end_us; /* of it all */
    int64_t attempt_end_us;   /* of the address that is being tried */
    struct tws_addresses addresses;
    size_t next; /* address to try after this one */
    int fd;
    bool connected;
    bool refused;        /* by an address before */
    const char *trouble; /* why the last address could not be reached */
    int64_t hello_wall;  /* seconds since 1970 when version and time came; 0 = not yet */
    struct ibc_probe_result result;
    struct tws_dialogue dialogue; /* large, and mostly never touched */
};

static int64_t clock_us(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- the end ---------------------------------------------------------------------------------- */

/* What the other side still said is read first: closing on it would reset the connection. */
static void hang_up(int *fd) {
    enum { READS_MAX = 16 };
    char rest[4096];
    if (*fd < 0) {
        return;
    }
    (void)shutdown(*fd, SHUT_WR);
    for (int i = 0; i < READS_MAX && recv(*fd, rest, sizeof rest, MSG_DONTWAIT) > 0; i++) {
    }
    ibc_close(fd);
}

static void measure_offset(struct ibc_probe *probe) {
    struct ibc_probe_result *result = &probe->result;
    int64_t told;
    if (probe->hello_wall != 0 && tws_time_parse(result->server_time, probe->hello_wall, &told)) {
        result->has_offset = true;
        result->offset_ms = (told - probe->hello_wall) * 1000;
    }
}

static void end(struct ibc_probe *probe, enum ibc_probe_state state, const char *detail) {
    const struct tws_finding finding = {
        .host = probe->host,
        .port = probe->port,
        .client_id = probe->dialogue.client_id,
        .timeout_ms = probe->timeout_ms,
        .detail = detail,
        .in_use = probe->dialogue.stage == TWS_STAGE_IN_USE,
        .midway = tws_frames_midway(&probe->dialogue.frames),
    };
    probe->result.state = state;
    hang_up(&probe->fd);
    measure_offset(probe);
    tws_explain(&finding, &probe->result);
}

static bool is_over(const struct ibc_probe *probe) {
    return probe->result.state != 0;
}

/* --- connecting ------------------------------------------------------------------------------- */

static const char *describe(int error) {
    const char *text = strerrordesc_np(error);
    return text ? text : "an unknown error";
}

static void note_trouble(struct ibc_probe *probe, int error) {
    probe->refused = probe->refused || error == ECONNREFUSED;
    probe->trouble = describe(error);
}

static int open_socket(int family) {
    const int on = 1;
    const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return fd;
}

/* Begin with the next address. False, with errno, where it fails at once. */
static bool dial(struct ibc_probe *probe) {
    const struct tws_address *address = &probe->addresses.items[probe->next];
    const int64_t now = clock_us(CLOCK_MONOTONIC);
    const size_t left = probe->addresses.count - probe->next;
    probe->attempt_end_us = now + (probe->end_us - now) / (int64_t)left;
    probe->next++;
    probe->fd = open_socket(address->socket.ss_family);
    if (probe->fd < 0) {
        return false;
    }
    return connect(probe->fd, (const struct sockaddr *)&address->socket, address->size) == 0 ||
           errno == EINPROGRESS;
}

/* Go through the addresses until one does not fail at once. */
static void dial_on(struct ibc_probe *probe) {
    while (!is_over(probe)) {
        ibc_close(&probe->fd);
        if (probe->next == probe->addresses.count) {
            end(probe, probe->refused ? IBC_PROBE_REFUSED : IBC_PROBE_NOT_LISTENING,
                probe->trouble);
        } else if (dial(probe)) {
            return;
        } else {
            note_trouble(probe, errno);
        }
    }
}

static bool is_ready(int fd, short events) {
    struct pollfd socket = {.fd = fd, .events = events};
    return poll(&socket, 1, 0) > 0;
}

/* True when something happened. */
static bool finish_connecting(struct ibc_probe *probe) {
    int error = 0;
    socklen_t size = sizeof error;
    if (!is_ready(probe->fd, POLLOUT)) {
        return false;
    }
    if (getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
        error = errno;
    }
    if (error != 0) {
        note_trouble(probe, error);
        dial_on(probe);
        return true;
    }
    probe->connected = true;
    probe->result.connect_us = clock_us(CLOCK_MONOTONIC) - probe->begin_us;
    return true;
}

/* --- talking ---------------------------------------------------------------------------------- */

static void end_closed(struct ibc_probe *probe) {
    const bool nothing_sensible =
        probe->dialogue.stage == TWS_STAGE_GREETED && tws_frames_midway(&probe->dialogue.frames);
    if (nothing_sensible) {
        end(probe, IBC_PROBE_FOREIGN, "it hangs up in the middle of its first message");
    } else {
        end(probe, IBC_PROBE_CLOSED, NULL);
    }
}

/* True when something happened. */
static bool speak(struct ibc_probe *probe) {
    struct tws_dialogue *dialogue = &probe->dialogue;
    if (dialogue->say_size == 0) {
        return false;
    }
    const ssize_t sent = send(probe->fd, dialogue->say, dialogue->say_size, MSG_NOSIGNAL);
    if (sent > 0) {
        tws_dialogue_said(dialogue, (size_t)sent);
        return true;
    }
    if (errno == EAGAIN || errno == EINTR) {
        return false;
    }
    /* What it said before it hung up may still be there to read. */
    dialogue->say_size = 0;
    return true;
}

static void look_at(struct ibc_probe *probe) {
    struct tws_dialogue *dialogue = &probe->dialogue;
    if (probe->hello_wall == 0 && dialogue->stage != TWS_STAGE_GREETED) {
        probe->hello_wall = clock_us(CLOCK_REALTIME) / 1000000;
    }
    switch (dialogue->stage) {
    case TWS_STAGE_READY:
        probe->result.ready_us = clock_us(CLOCK_MONOTONIC) - probe->begin_us;
        end(probe, IBC_PROBE_READY, NULL);
        break;
    case TWS_STAGE_IN_USE:
        end(probe, IBC_PROBE_CLOSED, NULL);
        break;
    case TWS_STAGE_FOREIGN:
        end(probe, IBC_PROBE_FOREIGN, dialogue->foreign);
        break;
    case TWS_STAGE_GREETED:
    case TWS_STAGE_STARTING:
        break;
    }
}

/* True when something happened. */
static bool listen_to(struct ibc_probe *probe) {
    size_t room;
    unsigned char *bytes = tws_frames_room(&probe->dialogue.frames, &room);
    const ssize_t size = recv(probe->fd, bytes, room, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (size <= 0) {
        end_closed(probe);
        return true;
    }
    tws_dialogue_heard(&probe->dialogue, (size_t)size);
    look_at(probe);
    return true;
}

/* --- the public half -------------------------------------------------------------------------- */

static enum ibc_status check(const struct ibc_probe_request *request, struct ibc_error *err) {
    const size_t length = strnlen(request->host, IBC_PROBE_HOST_MAX + 1);
    if (length == 0 || length > IBC_PROBE_HOST_MAX || request->port == 0) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "a probe needs a host of 1 to %d bytes and a port of 1 to 65535",
                        IBC_PROBE_HOST_MAX);
    }
    if (request->client_id < 0) {
        return ibc_fail(err, IBC_ERR_USAGE, "a client id is 0 to 2147483647, not %d",
                        (int)request->client_id);
    }
    if (request->timeout_ms < 1 || request->timeout_ms > IBC_PROBE_TIMEOUT_MAX_MS) {
        return ibc_fail(err, IBC_ERR_USAGE, "a probe's time-out is 1 ms to %d s, not %lld ms",
                        IBC_PROBE_TIMEOUT_MAX_MS / 1000, (long long)request->timeout_ms);
    }
    return IBC_OK;
}

static struct ibc_probe *make(const struct ibc_probe_request *request) {
    struct ibc_probe *probe = malloc(sizeof *probe);
    if (!probe) {
        return NULL;
    }
    memset(probe, 0, offsetof(struct ibc_probe, dialogue));
    tws_dialogue_init(&probe->dialogue, request->client_id, &probe->result);
    probe->fd = -1;
    probe->port = request->port;
    probe->timeout_ms = request->timeout_ms;
    probe->begin_us = clock_us(CLOCK_MONOTONIC);
    probe->end_us = probe->begin_us + request->timeout_ms * 1000;
    memcpy(probe->host, request->host, strlen(request->host) + 1);
    return probe;
}

static bool is_exhausted(int error) {
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

enum ibc_status ibc_probe_start(const struct ibc_probe_request *request, struct ibc_probe **out,
                                struct ibc_error *err) {
    *out = NULL;
    enum ibc_status status = check(request, err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_probe *probe = make(request);
    if (!probe) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a probe of the gateway's API");
    }
    const char *unknown = tws_addresses_find(probe->host, probe->port, &probe->addresses);
    if (unknown) {
        end(probe, IBC_PROBE_NOT_LISTENING, unknown);
    } else if (!dial(probe)) {
        if (probe->fd < 0 && is_exhausted(errno)) {
            return ibc_fail_errno(err, IBC_ERR_INTERNAL, errno,
                                  "no descriptor for a probe of the gateway's API");
        }
        note_trouble(probe, errno);
        dial_on(probe);
    }
    *out = ibc_steal(&probe);
    return IBC_OK;
}

int ibc_probe_fd(const struct ibc_probe *probe, short *events) {
    *events = 0;
    if (!is_over(probe)) {
        *events = POLLIN;
        if (!probe->connected || probe->dialogue.say_size > 0) {
            *events = POLLOUT;
        }
    }
    return probe->fd;
}

int64_t ibc_probe_left_ms(const struct ibc_probe *probe) {
    const int64_t until = probe->connected ? probe->end_us : probe->attempt_end_us;
    const int64_t left = until - clock_us(CLOCK_MONOTONIC);
    return is_over(probe) || left <= 0 ? 0 : (left + 999) / 1000;
}

/* Nothing more comes without waiting: is there time to wait? */
static void look_at_clock(struct ibc_probe *probe) {
    const int64_t now = clock_us(CLOCK_MONOTONIC);
    if (probe->connected && now >= probe->end_us) {
        end(probe, IBC_PROBE_SILENT, NULL);
    } else if (!probe->connected && now >= probe->attempt_end_us) {
        note_trouble(probe, ETIMEDOUT);
        dial_on(probe);
    }
}

bool ibc_probe_step(struct ibc_probe *probe) {
    bool happened = true;
    while (!is_over(probe) && happened) {
        happened = !probe->connected ? finish_connecting(probe) : speak(probe) || listen_to(probe);
    }
    if (!is_over(probe)) {
        look_at_clock(probe);
    }
    return is_over(probe);
}

const struct ibc_probe_result *ibc_probe_result(const struct ibc_probe *probe) {
    return &probe->result;
}

void ibc_probe_free(struct ibc_probe **probe) {
    if (*probe) {
        hang_up(&(*probe)->fd);
        free(*probe);
    }
    *probe = NULL;
}

enum ibc_status ibc_probe_run(const struct ibc_probe_request *request, struct ibc_probe_result *out,
                              struct ibc_error *err) {
    ibc_auto_probe *probe = NULL;
    enum ibc_status status = ibc_probe_start(request, &probe, err);
    if (status != IBC_OK) {
        return status;
    }
    while (!ibc_probe_step(probe)) {
        struct pollfd wait = {0};
        wait.fd = ibc_probe_fd(probe, &wait.events);
        (void)poll(&wait, 1, (int)ibc_probe_left_ms(probe));
    }
    *out = *ibc_probe_result(probe);
    return IBC_OK;
}
