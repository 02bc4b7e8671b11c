/*
 * link.c - connects to the broker of the image's file `broker`, where there is one.
 */
#include "link.h"

#include "settings.h"
#include "wait.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECT_MS = 5000 };

void link_init(struct link *link) {
    memset(link, 0, sizeof *link);
    link->fd = -1;
}

void link_log_out(struct link *link) {
    send_line(link->fd, "logout");
}

void link_close(struct link *link) {
    if (link->fd >= 0) {
        close(link->fd);
    }
    link_init(link);
}

/* "ADDRESS PORT" as the file has it; an address that is none makes connect() fail. */
static struct sockaddr_in address_of(const struct text *file) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    char line[64] = "";
    char *blank;

    memcpy(line, file->bytes, file->size < sizeof line ? file->size : sizeof line - 1);
    blank = strchr(line, ' ');
    if (blank != NULL) {
        *blank = '\0';
        inet_pton(AF_INET, line, &address.sin_addr);
        address.sin_port = htons((uint16_t)strtoul(blank + 1, NULL, 10));
    }
    return address;
}

static bool is_connected(int fd) {
    int error = 0;
    socklen_t size = sizeof error;

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

static void connect_to(struct link *link, const struct text *file) {
    struct sockaddr_in address = address_of(file);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return;
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 ||
        (errno == EINPROGRESS && wait_for(CONNECT_MS, fd, POLLOUT) == WOKEN_BY_DESCRIPTOR &&
         is_connected(fd))) {
        link->fd = fd;
        return;
    }
    close(fd);
}

/* The answer where no broker is asked: the image says what is accepted, or takes anything. */
static const char *judge(const struct login *login) {
    struct text username, password;

    if (!standin_file("username", &username) || !standin_file("password", &password) ||
        (text_equal(&login->username, &username) && text_equal(&login->password, &password))) {
        return strcmp(login->mode, "paper") == 0 ? "accepted DU1234567" : "accepted U1234567";
    }
    return "rejected dialog";
}

void link_login(struct link *link, const struct login *login) {
    char user[2 * TEXT_MAX + 1], password[2 * TEXT_MAX + 1];
    struct text broker;

    if (!standin_file("broker", &broker)) {
        link->own_answer = judge(login);
        return;
    }
    if (link->fd < 0) {
        connect_to(link, &broker);
    }
    text_to_hex(&login->username, user);
    text_to_hex(&login->password, password);
    send_line(link->fd, "login %s %s %s", user, password, login->mode);
}

void link_continue(struct link *link) {
    send_line(link->fd, "continue");
}

enum heard link_hear(struct link *link, char line[static WIRE_LINE_MAX]) {
    if (link->own_answer != NULL) {
        memcpy(line, link->own_answer, strlen(link->own_answer) + 1);
        link->own_answer = NULL;
        return HEARD_LINE;
    }
    while (link->fd >= 0 && !incoming_line(&link->incoming, line)) {
        if (wait_for(-1, link->fd, POLLIN) == WOKEN_BY_STOP) {
            return HEARD_STOP;
        }
        if (!incoming_read(&link->incoming, link->fd)) {
            return HEARD_END;
        }
    }
    return link->fd >= 0 ? HEARD_LINE : HEARD_END;
}
