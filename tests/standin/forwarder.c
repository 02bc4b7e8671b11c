/*
 * forwarder.c - a process a connection, as socat's `fork` has it.
 *
 * socat accepts before it connects: while the API does not listen, a caller is let in and finds the
 * connection closed. When one side has said its last word the other has half a second for its own.
 */
#include "forwarder.h"

#include "ports.h"
#include "process.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

enum { AFTER_HALF_CLOSE_MS = 500 };

static int connect_to_api(uint16_t port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
        return fd;
    }
    return -1;
}

static bool send_all(int fd, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);

        if (sent < 0) {
            return false;
        }
        bytes += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* Carry over what there is. False at the end of the stream, which is passed on. */
static bool carry(int from, int to) {
    char bytes[8192];
    ssize_t size = recv(from, bytes, sizeof bytes, 0);

    if (size > 0 && send_all(to, bytes, (size_t)size)) {
        return true;
    }
    shutdown(to, SHUT_WR);
    return false;
}

static void carry_both_ways(int caller, int api) {
    struct pollfd ends[] = {{caller, POLLIN, 0}, {api, POLLIN, 0}};
    int timeout = -1;

    while ((ends[0].fd >= 0 || ends[1].fd >= 0) && poll(ends, 2, timeout) > 0) {
        for (size_t i = 0; i < 2; i++) {
            if (ends[i].revents != 0 && !carry(i == 0 ? caller : api, i == 0 ? api : caller)) {
                ends[i].fd = -1;
                timeout = AFTER_HALF_CLOSE_MS;
            }
        }
    }
}

static _Noreturn void serve(int caller, uint16_t port) {
    int api = connect_to_api(port);

    if (api >= 0) {
        carry_both_ways(caller, api);
    }
    _exit(0);
}

static _Noreturn void accept_for_ever(int listener, uint16_t port) {
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int caller = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (caller < 0) {
            if (errno == EINTR || errno == ECONNABORTED) {
                continue;
            }
            _exit(1);
        }
        if (start_helper(caller) == 0) {
            serve(HELPER_FD, port);
        }
        close(caller);
    }
}

pid_t forwarder_start(const char *mode) {
    uint16_t port = port_of_forwarder(mode);
    int listener = port != 0 ? listen_on(port) : -1;
    pid_t process;

    if (listener < 0) {
        return 0;
    }
    process = start_helper(listener);
    if (process == 0) {
        accept_for_ever(HELPER_FD, port_of_api(mode));
    }
    close(listener);
    return process;
}
