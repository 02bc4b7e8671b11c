/*
 * api.c - accepts clients of the API and watches over their connections.
 */
#include "api.h"

#include "api_client.h"
#include "ports.h"
#include "process.h"
#include "settings.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static pid_t process;

static enum api_manner manner_named(const char *word) {
    static const char *const words[] = {
        [API_ANSWERS] = "",      [API_NONE] = "none", [API_CLOSED] = "closed",
        [API_SILENT] = "silent", [API_HALF] = "half", [API_FOREIGN] = "foreign",
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i]) == 0) {
            return (enum api_manner)i;
        }
    }
    fprintf(stderr, "stand-in: the setting api is not known: %s\n", word);
    abort();
}

/* Several accounts end with a comma, as gateways write them. */
static void set_accounts(struct api_server *server, const char *accounts) {
    snprintf(server->accounts, sizeof server->accounts, "%s%s", accounts,
             strchr(accounts, ',') != NULL ? "," : "");
}

static struct api_server server_for(const char *mode, const char *accounts) {
    struct api_server server = {0};
    char word[API_TEXT_MAX - 1];

    setting_word("api", mode, word, sizeof word);
    server.manner = manner_named(word);
    setting_word("api_accounts", mode, word, sizeof word);
    set_accounts(&server, *word != '\0' ? word : accounts);
    setting_word("api_zone", mode, server.zone, sizeof server.zone);
    server.clock_ms = setting("api_clock_ms", 0);
    server.byte_ms = setting("api_byte_ms", 0);
    return server;
}

static void hang_up(struct api_client *client) {
    shutdown(client->fd, SHUT_WR);
    close(client->fd);
    client->fd = -1;
}

static struct api_client *free_client(void) {
    for (size_t i = 0; i < API_CLIENTS_MAX; i++) {
        if (api_clients[i].fd < 0) {
            return &api_clients[i];
        }
    }
    return NULL;
}

/* TrustedIPs: only what comes from 127.0.0.1 is heard; others are let in and cut off. */
static void let_in(const struct api_server *server, int listener) {
    struct sockaddr_in peer = {0};
    socklen_t size = sizeof peer;
    int fd = accept4(listener, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC);
    struct api_client *client = free_client();
    int on = 1;

    if (fd < 0) {
        return;
    }
    if (client == NULL || server->manner == API_CLOSED ||
        peer.sin_addr.s_addr != htonl(INADDR_LOOPBACK)) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    client->fd = fd;
    client->stage = STAGE_HELLO;
    client->size = 0;
}

static void serve(const struct api_server *server, int listener) {
    struct pollfd watched[API_CLIENTS_MAX + 1];

    for (size_t i = 0; i < API_CLIENTS_MAX; i++) {
        watched[i] = (struct pollfd){api_clients[i].fd, POLLIN, 0};
    }
    watched[API_CLIENTS_MAX] = (struct pollfd){listener, POLLIN, 0};
    if (poll(watched, API_CLIENTS_MAX + 1, -1) < 0) {
        if (errno == EINTR) {
            return;
        }
        _exit(EXIT_FAILURE);
    }
    for (size_t i = 0; i < API_CLIENTS_MAX; i++) {
        if (watched[i].revents != 0 && !api_client_reads(server, &api_clients[i])) {
            hang_up(&api_clients[i]);
        }
    }
    if (watched[API_CLIENTS_MAX].revents != 0) {
        let_in(server, listener);
    }
}

static _Noreturn void serve_for_ever(const struct api_server *server, int listener) {
    for (size_t i = 0; i < API_CLIENTS_MAX; i++) {
        api_clients[i].fd = -1;
    }
    for (;;) {
        serve(server, listener);
    }
}

/* A port that is late is taken by the helper, so that the gateway's log goes on meanwhile. */
static _Noreturn void serve_late(const struct api_server *server, uint16_t port, int64_t late_ms) {
    int listener;

    poll(NULL, 0, (int)late_ms);
    listener = listen_on(port);
    if (listener < 0) {
        _exit(EXIT_FAILURE);
    }
    serve_for_ever(server, listener);
}

void api_open(const char *mode, const char *accounts) {
    struct api_server server = server_for(mode, accounts);
    int64_t late_ms = setting("api_late_ms", 0);
    uint16_t port = port_of_api(mode);
    int listener = STDERR_FILENO;

    api_close();
    if (port == 0 || server.manner == API_NONE ||
        (late_ms == 0 && (listener = listen_on(port)) < 0)) {
        return;
    }
    process = start_helper(listener);
    if (process == 0 && late_ms > 0) {
        serve_late(&server, port, late_ms);
    }
    if (process == 0) {
        serve_for_ever(&server, HELPER_FD);
    }
    if (listener != STDERR_FILENO) {
        close(listener);
    }
}

void api_close(void) {
    end_helper(process);
    process = 0;
}
