/*
 * wait.h - waiting that a stop signal ends.
 */
#ifndef STANDIN_WAIT_H
#define STANDIN_WAIT_H

#include <signal.h>
#include <stdint.h>

enum woken {
    WOKEN_BY_TIME,
    WOKEN_BY_DESCRIPTOR,
    WOKEN_BY_STOP, /* SIGTERM or SIGINT; every later wait ends by it as well */
};

/* SIGTERM and SIGINT. */
void stop_signals(sigset_t *out);

/*
 * Wait for `milliseconds` (-1: for ever), for `events` of poll(2) on `fd` (-1: none), or for a stop
 * signal; those must be blocked.
 */
enum woken wait_for(int64_t milliseconds, int fd, short events);

#endif
