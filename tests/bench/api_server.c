/*
 * api_server.c - a gateway's API that answers at once, for the bench: what is measured is to be the
 * client. Listens on a free port of 127.0.0.1, prints it, and serves one client after the other
 * until it is ended.
 *
 * api_server
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { GREETING_BYTES = 17, MESSAGE_MAX = 64 };

/* Read exactly so much, and throw it away. */
static bool take(int fd, size_t size) {
    char bytes[MESSAGE_MAX];
    return size <= sizeof bytes && recv(fd, bytes, size, MSG_WAITALL) == (ssize_t)size;
}

static bool say(int fd, const char *fields, size_t size) {
    char message[4 + MESSAGE_MAX] = {0, 0, 0, (char)size};
    memcpy(message + 4, fields, size);
    return send(fd, message, 4 + size, MSG_NOSIGNAL) == (ssize_t)(4 + size);
}

static bool say_hello(int fd) {
    char fields[MESSAGE_MAX];
    const time_t now = time(NULL);
    struct tm utc;
    int size = snprintf(fields, sizeof fields, "176%c", 0);
    gmtime_r(&now, &utc);
    size += (int)strftime(fields + size, sizeof fields - (size_t)size, "%Y%m%d %H:%M:%S UTC", &utc);
    return say(fd, fields, (size_t)size + 1);
}

static void serve(int fd) {
    static const char accounts[] = "15\0001\000DU1234567", next_id[] = "9\0001\0001";
    unsigned char length[4];
    if (take(fd, GREETING_BYTES) && say_hello(fd) &&
        recv(fd, length, sizeof length, MSG_WAITALL) == sizeof length && take(fd, length[3]) &&
        say(fd, accounts, sizeof accounts) && say(fd, next_id, sizeof next_id)) {
        while (recv(fd, length, sizeof length, 0) > 0) {
        }
    }
    close(fd);
}

int main(void) {
    const int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 ||
        listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        perror("api_server");
        return EXIT_FAILURE;
    }
    printf("%u\n", ntohs(address.sin_port));
    fclose(stdout);
    for (;;) {
        const int fd = accept(listener, NULL, NULL);
        if (fd >= 0) {
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            serve(fd);
        }
    }
}
