/*
 * wait.c - poll(2) with the stop signals as one more descriptor.
 */
#include "wait.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>

void stop_signals(sigset_t *out) {
    sigemptyset(out);
    sigaddset(out, SIGTERM);
    sigaddset(out, SIGINT);
}

/* A descriptor that is readable from the first stop signal on: nobody ever reads it. */
static int stop_descriptor(void) {
    static int descriptor = -1;
    sigset_t stop;

    if (descriptor < 0) {
        stop_signals(&stop);
        descriptor = signalfd(-1, &stop, SFD_CLOEXEC);
    }
    if (descriptor < 0) {
        perror("signalfd");
        exit(EXIT_FAILURE);
    }
    return descriptor;
}

enum woken wait_for(int64_t milliseconds, int fd, short events) {
    struct pollfd watched[] = {{stop_descriptor(), POLLIN, 0}, {fd, events, 0}};
    int ready;

    do {
        ready = poll(watched, 2, (int)milliseconds);
    } while (ready < 0 && errno == EINTR);
    if (watched[0].revents != 0) {
        return WOKEN_BY_STOP;
    }
    return ready > 0 ? WOKEN_BY_DESCRIPTOR : WOKEN_BY_TIME;
}
