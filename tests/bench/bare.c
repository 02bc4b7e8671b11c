/*
 * bare.c - the least that a release must do, and nothing more: read the vault, make one line each
 * durable in two logs (the ledger and the audit log), and write the env file.
 *
 * bare VAULT LEDGER AUDIT ENVFILE
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char ledger_line[] =
    "1 charge 1795334400000 123456789 0123456789abcdef0123456789abcdef 0123456789abcdef\n";
static const char audit_line[] =
    "{\"event\":\"release\",\"profile\":\"paper\",\"version\":1,\"mode\":\"paper\","
    "\"verdict\":\"allowed\",\"delivery\":\"env-file\",\"mac\":\"0123456789abcdef\"}\n";
static const char env_file[] =
    "IB_USERNAME='paperuser1'\nIB_PASSWORD='passw0rd'\nTRADING_MODE=paper\nIB_GATEWAY_PORT=4002\n";

static bool read_whole(const char *path) {
    struct stat info;
    char *bytes = NULL;
    bool done = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return false;
    }
    if (fstat(fd, &info) == 0) {
        bytes = malloc((size_t)info.st_size + 1);
        done = bytes != NULL && read(fd, bytes, (size_t)info.st_size) == info.st_size;
    }
    free(bytes);
    close(fd);
    return done;
}

static bool write_line(const char *path, int flags, const char *line, bool durable) {
    size_t size = strlen(line);
    bool done;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0600);

    if (fd < 0) {
        return false;
    }
    done = write(fd, line, size) == (ssize_t)size && (!durable || fdatasync(fd) == 0);
    close(fd);
    return done;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fputs("usage: bare VAULT LEDGER AUDIT ENVFILE\n", stderr);
        return EXIT_FAILURE;
    }
    unlink(argv[4]);
    if (!read_whole(argv[1]) || !write_line(argv[2], O_APPEND, ledger_line, true) ||
        !write_line(argv[3], O_APPEND, audit_line, true) ||
        !write_line(argv[4], O_EXCL, env_file, false)) {
        perror("bare");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
