/*
 * ports.c - ports by mode, and sockets that listen on them.
 */
#include "ports.h"

#include "credentials.h"
#include "settings.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BASE = 4000, BACKLOG = 64 };

static bool is_in_container(void) {
    return *environment("STANDIN") == '\0';
}

static uint16_t port_beyond_base(int beyond) {
    int64_t base = setting("ports", is_in_container() ? BASE : 0);

    return base > 0 ? (uint16_t)(base + beyond) : 0;
}

uint16_t port_of_api(const char *mode) {
    return port_beyond_base(strcmp(mode, "paper") == 0 ? 2 : 1);
}

uint16_t port_of_forwarder(const char *mode) {
    return port_beyond_base(strcmp(mode, "paper") == 0 ? 4 : 3);
}

int listen_on(uint16_t port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr = {htonl(is_in_container() ? INADDR_ANY : INADDR_LOOPBACK)},
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
        listen(fd, BACKLOG) == 0) {
        return fd;
    }
    fprintf(stderr, "stand-in: cannot listen on port %u: %m\n", port);
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}
