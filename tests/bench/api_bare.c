/*
 * api_bare.c - the least that asking a gateway's API must do: connect, the handshake of
 * docs/design.md, wait for the accounts and the next id, close. It takes for granted that the other
 * side answers as it should.
 *
 * api_bare PORT
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char greeting[] = "API\0\0\0\0\x09v100..176";
static const char start[] = "\0\0\0\x08"
                            "71\0002\0000\0"; /* and the NUL of the last field, which is empty */

static bool say(int fd, const char *bytes, size_t size) {
    return send(fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

/* One message into `message`; its first field is a string there. */
static bool hear(FILE *stream, char message[static 65536]) {
    uint32_t size;
    return fread(&size, sizeof size, 1, stream) == 1 && ntohl(size) <= 65536 &&
           fread(message, 1, ntohl(size), stream) == ntohl(size);
}

int main(int argc, char **argv) {
    static char message[65536];
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)(argc == 2 ? atoi(argv[1]) : 0)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    FILE *stream = fd >= 0 ? fdopen(fd, "r") : NULL;
    bool accounts = false, next_id = false;

    if (!stream || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        !say(fd, greeting, sizeof greeting - 1) || !hear(stream, message) ||
        !say(fd, start, sizeof start)) {
        perror("api_bare");
        return EXIT_FAILURE;
    }
    while (!accounts || !next_id) {
        if (!hear(stream, message)) {
            perror("api_bare");
            return EXIT_FAILURE;
        }
        accounts = accounts || strcmp(message, "15") == 0;
        next_id = next_id || strcmp(message, "9") == 0;
    }
    fclose(stream);
    return EXIT_SUCCESS;
}
