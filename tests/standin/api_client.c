/*
 * api_client.c - what a client of the API asks and what it is told.
 */
#include "api_client.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    FIELDS_MAX = 16, /* of a message; further ones are not looked at */
    ANSWER_MAX = 2048,
    LENGTH_BYTES = 4,
    VERSION_WITH_ORDER_REJECT = 166, /* from here on an error has a field more */
};

/* Numbers of messages, as IB's clients have them. */
enum {
    ASK_IDS = 8,
    ASK_ACCOUNTS = 17,
    ASK_TIME = 49,
    ASK_POSITIONS = 61,
    ASK_START = 71,
    TELL_ERROR = 4,
    TELL_NEXT_ID = 9,
    TELL_ACCOUNTS = 15,
    TELL_TIME = 49,
    TELL_POSITIONS_END = 62,
};

struct api_client api_clients[API_CLIENTS_MAX];

/* Slowly where that is set. Who does not read what it is told is cut off by the next recv(2). */
static void send_bytes(const struct api_server *server, int fd, const void *bytes, size_t size) {
    const char *next = bytes;
    size_t step = server->byte_ms > 0 ? 1 : size;

    for (; size > 0; next += step, size -= step) {
        if (server->byte_ms > 0) {
            poll(NULL, 0, (int)server->byte_ms);
        }
        if (send(fd, next, step, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)step) {
            shutdown(fd, SHUT_RDWR);
            return;
        }
    }
}

/* A message whose fields are written one a line. */
__attribute__((format(printf, 3, 4))) static void tell(const struct api_server *server, int fd,
                                                       const char *fmt, ...) {
    unsigned char frame[LENGTH_BYTES + ANSWER_MAX];
    char *text = (char *)frame + LENGTH_BYTES;
    va_list args;
    int length;

    va_start(args, fmt);
    length = vsnprintf(text, ANSWER_MAX, fmt, args);
    va_end(args);
    if (length < 0 || length >= ANSWER_MAX) {
        abort();
    }
    for (int i = 0; i < LENGTH_BYTES; i++) {
        frame[i] = (unsigned char)((unsigned)length >> (24 - 8 * i));
    }
    for (int i = 0; i < length; i++) {
        if (text[i] == '\n') {
            text[i] = '\0';
        }
    }
    send_bytes(server, fd, frame, LENGTH_BYTES + (size_t)length);
}

/* Also what is no error: those notices have no request, which is number -1. */
static void tell_error(const struct api_server *server, const struct api_client *client, int code,
                       const char *text) {
    tell(server, client->fd, "%d\n2\n-1\n%d\n%s\n%s", TELL_ERROR, code, text,
         client->version >= VERSION_WITH_ORDER_REJECT ? "\n" : "");
}

static time_t server_time(const struct api_server *server) {
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (time_t)((now.tv_sec * 1000 + now.tv_nsec / 1000000 + server->clock_ms) / 1000);
}

static void tell_version(const struct api_server *server, const struct api_client *client) {
    time_t now = server_time(server);
    char text[64], zone[64];
    struct tm local;

    localtime_r(&now, &local);
    strftime(text, sizeof text, "%Y%m%d %H:%M:%S", &local);
    strftime(zone, sizeof zone, "%Z", &local);
    tell(server, client->fd, "%ld\n%s %s\n", client->version, text,
         *server->zone != '\0' ? server->zone : zone);
}

static void tell_accounts(const struct api_server *server, const struct api_client *client) {
    tell(server, client->fd, "%d\n1\n%s\n", TELL_ACCOUNTS, server->accounts);
}

static void tell_next_id(const struct api_server *server, const struct api_client *client) {
    tell(server, client->fd, "%d\n1\n1\n", TELL_NEXT_ID);
}

/* The order in which a gateway says these is not fixed; notices may come between. */
static void tell_ready(const struct api_server *server, const struct api_client *client) {
    tell_accounts(server, client);
    tell_error(server, client, 2104, "Market data farm connection is OK:usfarm");
    tell_next_id(server, client);
    tell_error(server, client, 2106, "HMDS data farm connection is OK:ushmds");
    tell_error(server, client, 2158, "Sec-def data farm connection is OK:secdefil");
}

/* "v100..176", perhaps with options after a blank. Versions below 100 speak without frames. */
static bool hear_versions(const struct api_server *server, struct api_client *client, char *frame) {
    long lowest, highest;
    char *end;

    if (*frame != 'v') {
        return false;
    }
    lowest = strtol(frame + 1, &end, 10);
    if (end == frame + 1 || strncmp(end, "..", 2) != 0) {
        return false;
    }
    highest = strtol(end + 2, &end, 10);
    if ((*end != '\0' && *end != ' ') || lowest < 100 || lowest > API_VERSION || highest < lowest) {
        return false;
    }
    client->version = highest < API_VERSION ? highest : API_VERSION;
    client->stage = STAGE_START;
    tell_version(server, client);
    return true;
}

static bool is_in_use(long id) {
    for (size_t i = 0; i < API_CLIENTS_MAX; i++) {
        if (api_clients[i].fd >= 0 && api_clients[i].stage == STAGE_STARTED &&
            api_clients[i].id == id) {
            return true;
        }
    }
    return false;
}

/* startApi: version 2, the client's id, and capabilities that nobody names. */
static bool start(const struct api_server *server, struct api_client *client, char *fields[],
                  size_t count) {
    char *end;
    long id;

    if (count != 4 || strcmp(fields[0], "71") != 0 || strcmp(fields[1], "2") != 0) {
        return false;
    }
    id = strtol(fields[2], &end, 10);
    if (end == fields[2] || *end != '\0' || id < 0) {
        return false;
    }
    if (server->manner == API_HALF) {
        return true;
    }
    if (is_in_use(id)) {
        tell_error(server, client, 326,
                   "Unable to connect as the client id is already in use. Retry with a unique "
                   "client id.");
        return false;
    }
    client->id = id;
    client->stage = STAGE_STARTED;
    tell_ready(server, client);
    return true;
}

static void answer(const struct api_server *server, const struct api_client *client, long what) {
    switch (what) {
    case ASK_IDS:
        tell_next_id(server, client);
        break;
    case ASK_ACCOUNTS:
        tell_accounts(server, client);
        break;
    case ASK_TIME:
        tell(server, client->fd, "%d\n1\n%lld\n", TELL_TIME, (long long)server_time(server));
        break;
    case ASK_POSITIONS:
        tell(server, client->fd, "%d\n1\n", TELL_POSITIONS_END);
        break;
    default:
        break; /* orders, market data and all the rest */
    }
}

static bool hear_message(const struct api_server *server, struct api_client *client, char *frame,
                         size_t size) {
    char *fields[FIELDS_MAX];
    size_t count = 0;

    if (size == 0 || frame[size - 1] != '\0') {
        return false;
    }
    for (char *field = frame; field < frame + size && count < FIELDS_MAX;
         field += strlen(field) + 1) {
        fields[count++] = field;
    }
    if (client->stage == STAGE_START) {
        return start(server, client, fields, count);
    }
    answer(server, client, strtol(fields[0], NULL, 10));
    return true;
}

static bool hear_frame(const struct api_server *server, struct api_client *client,
                       const unsigned char *bytes, size_t size) {
    static char frame[API_FRAME_MAX + 1];

    memcpy(frame, bytes, size);
    frame[size] = '\0';
    return client->stage == STAGE_HELLO ? hear_versions(server, client, frame)
                                        : hear_message(server, client, frame, size);
}

/* The size of the message at the front, header and all; 0: not all there. False: none begins so. */
static bool measure(const struct api_client *client, size_t *header, size_t *size) {
    static const char hello[] = "API";
    const unsigned char *length = client->bytes;
    size_t body;

    *size = 0;
    *header = LENGTH_BYTES;
    if (client->stage == STAGE_HELLO) {
        size_t known = client->size < sizeof hello ? client->size : sizeof hello;

        if (memcmp(client->bytes, hello, known) != 0) {
            return false;
        }
        *header += sizeof hello;
        length += sizeof hello;
    }
    if (client->size < *header) {
        return true;
    }
    body = (size_t)length[0] << 24 | (size_t)length[1] << 16 | (size_t)length[2] << 8 | length[3];
    if (body > API_FRAME_MAX) {
        return false;
    }
    *size = client->size >= *header + body ? *header + body : 0;
    return true;
}

static bool hear_all(const struct api_server *server, struct api_client *client) {
    size_t header, size;

    for (;;) {
        if (!measure(client, &header, &size)) {
            return false;
        }
        if (size == 0) {
            return true;
        }
        if (!hear_frame(server, client, client->bytes + header, size - header)) {
            return false;
        }
        client->size -= size;
        memmove(client->bytes, client->bytes + size, client->size);
    }
}

bool api_client_reads(const struct api_server *server, struct api_client *client) {
    static const char http[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    size_t room = sizeof client->bytes - client->size;
    ssize_t size = recv(client->fd, client->bytes + client->size, room, MSG_DONTWAIT);

    if (size <= 0) {
        return false;
    }
    if (server->manner == API_FOREIGN) {
        send_bytes(server, client->fd, http, sizeof http - 1);
        return false;
    }
    if (server->manner == API_SILENT) {
        return true;
    }
    client->size += (size_t)size;
    return hear_all(server, client);
}
