/*
 * broker_main.c - the other side of every login in a test: counts what gateways do to an account.
 *
 *     ib-broker ADDRESS PORT DIRECTORY
 *
 * Listens on ADDRESS and PORT (0: any) and writes "ADDRESS PORT" to DIRECTORY/address when it does,
 * its process id to DIRECTORY/pid.
 * How it treats a user is told by DIRECTORY/accounts/USER (broker_account.h), its protocol by
 * wire.h. After each event it replaces DIRECTORY/stats.json by what it knows (broker_user.h). It
 * forgets nothing while it runs, and runs until it is killed. Any surprise ends it: a test with a
 * broker that is not understood must fail.
 */
#include "broker_login.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char *directory;

static _Noreturn void fail(const char *what) {
    perror(what);
    exit(EXIT_FAILURE);
}

static int64_t now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Open DIRECTORY/NAME.new, to be closed by put_in_place(). */
static FILE *open_new(const char *name) {
    char path[4096];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s.new", directory, name);
    file = fopen(path, "we");
    if (file == NULL) {
        fail(path);
    }
    return file;
}

static void put_in_place(FILE *file, const char *name) {
    char path[4096], from[4096];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    snprintf(from, sizeof from, "%s/%s.new", directory, name);
    if (fclose(file) != 0 || rename(from, path) != 0) {
        fail(path);
    }
}

static void write_stats(void) {
    FILE *file = open_new("stats.json");

    users_write(file, now_ms());
    put_in_place(file, "stats.json");
}

static int listen_on(const char *text, const char *port) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    FILE *file;

    address.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    if (inet_pton(AF_INET, text, &address.sin_addr) != 1 || fd < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, CONNECTIONS_MAX) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        fail(text);
    }
    write_stats();
    file = open_new("pid");
    fprintf(file, "%d\n", (int)getpid());
    put_in_place(file, "pid");
    file = open_new("address");
    fprintf(file, "%s %u", text, (unsigned)ntohs(address.sin_port));
    put_in_place(file, "address");
    return fd;
}

/* A container may vanish with its network, without a word: notice that within seconds. */
static void watch_over(int fd) {
    int on = 1, seconds = 1, probes = 3;

    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

static void take_connection(int listening) {
    int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0) {
        return;
    }
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (connections[i].fd < 0) {
            connections[i].fd = fd;
            watch_over(fd);
            return;
        }
    }
    fprintf(stderr, "ib-broker: more than %d connections\n", CONNECTIONS_MAX);
    exit(EXIT_FAILURE);
}

static void serve(struct connection *connection) {
    bool there = incoming_read(&connection->incoming, connection->fd);
    char line[WIRE_LINE_MAX];

    while (incoming_line(&connection->incoming, line)) {
        if (!connection_says(connection, directory, line, now_ms())) {
            fprintf(stderr, "ib-broker: a line that is none of the protocol\n");
            exit(EXIT_FAILURE);
        }
    }
    if (!there) {
        connection_breaks(connection, now_ms());
    }
    write_stats();
}

/* Do what is due; returns the milliseconds until more will be, -1 when nothing will. */
static int do_what_is_due(void) {
    int64_t now = now_ms(), next = -1;

    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &connections[i];

        if (connection->fd >= 0 && connection->due != 0 && connection->due <= now) {
            connection_is_due(connection, now);
            write_stats();
        }
        if (connection->fd >= 0 && connection->due != 0 &&
            (next < 0 || connection->due - now < next)) {
            next = connection->due - now;
        }
    }
    return (int)next;
}

/* Old connections before new ones: a gateway that ended must not be in the way of the next. */
static void run(int listening) {
    struct pollfd watched[CONNECTIONS_MAX + 1];

    for (;;) {
        int timeout = do_what_is_due();

        for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
            watched[i] = (struct pollfd){connections[i].fd, POLLIN, 0};
        }
        watched[CONNECTIONS_MAX] = (struct pollfd){listening, POLLIN, 0};
        if (poll(watched, CONNECTIONS_MAX + 1, timeout) <= 0) {
            continue;
        }
        for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
            if (watched[i].revents != 0) {
                serve(&connections[i]);
            }
        }
        if (watched[CONNECTIONS_MAX].revents != 0) {
            take_connection(listening);
        }
    }
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: ib-broker ADDRESS PORT DIRECTORY\n");
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    directory = argv[3];
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        connections[i].fd = -1;
    }
    run(listen_on(argv[1], argv[2]));
}
