/*
 * talker.c - a container that writes a log as told, and ends at once when it is stopped.
 *
 * talker RATE ANSWER LINE…
 *
 * Writes each LINE, then RATE lines a second (0: none) of those that IBC writes while nothing
 * happens, and ANSWER whenever SIGUSR1 comes; all of them with IBC's prefix. SIGTERM ends it.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RATE_MAX = 10000, PREFIX_MAX = sizeof "YYYY-MM-DD HH:MM:SS" };

#define SECOND INT64_C(1000000000)

/* Nothing here means a thing to who follows; some hold words that he must look at more closely. */
static const char *const usual[] = {
    "detected frame entitled: IBKR Gateway; event=Activated",
    "detected frame entitled: IBKR Gateway; event=Focused",
    "detected dialog entitled: ** no title **; event=Opened",
    "Click button: OK",
    "detected dialog entitled: ** no title **; event=Closed",
    "detected frame entitled: IBKR Gateway; event=Lost focus",
    "CommandServer is disabled",
    "Found menu item: Configure > Settings",
    "detected dialog entitled: IBKR Gateway Configuration; event=Closed",
    "detected frame entitled: IBKR Gateway; event=Deactivated",
    "detected dialog entitled: Shutdown progress; event=Closed",
    "Duration since login: 12 seconds",
};

enum { USUAL = sizeof usual / sizeof usual[0] };

static void say(const char *message) {
    struct timespec now;
    struct tm local;
    char text[PREFIX_MAX];

    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &local);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
    printf("%s:%03ld IBC: %s\n", text, now.tv_nsec / 1000000, message);
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

/* The signal that came before `until` (CLOCK_MONOTONIC; 0: whenever it comes); 0 when none did. */
static int wait_for_signal(const sigset_t *signals, int64_t until) {
    const int64_t left = until - now_ns();
    const struct timespec time = {.tv_sec = left > 0 ? left / SECOND : 0,
                                  .tv_nsec = left > 0 ? left % SECOND : 0};
    int number;
    do {
        number = sigtimedwait(signals, NULL, until > 0 ? &time : NULL);
    } while (number < 0 && errno == EINTR);
    return number > 0 ? number : 0;
}

int main(int argc, char **argv) {
    const int rate = argc > 3 ? atoi(argv[1]) : -1;
    if (rate < 0 || rate > RATE_MAX) {
        fprintf(stderr, "usage: talker RATE ANSWER LINE...\n");
        return EXIT_FAILURE;
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    for (int i = 3; i < argc; i++) {
        say(argv[i]);
    }

    const int64_t step = rate > 0 ? SECOND / rate : 0;
    int64_t next = rate > 0 ? now_ns() : 0;
    for (size_t count = 0;;) {
        switch (wait_for_signal(&signals, next)) {
        case SIGTERM:
            return EXIT_SUCCESS;
        case SIGUSR1:
            say(argv[2]);
            break;
        default:
            say(usual[count++ % USUAL]);
            next += step;
        }
    }
}
