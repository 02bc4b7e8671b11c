/* interrupt.c - a flag that signals set. */
#include "cli/interrupt.h"

#include <signal.h>
#include <time.h>

static volatile sig_atomic_t caught;

static void catch_signal(int number) {
    caught = number;
}

void catch_interrupts(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    /* Without SA_RESTART: what waits is to come back and look. */
    struct sigaction action = {.sa_handler = catch_signal};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < IBC_ARRAY_SIZE(numbers); i++) {
        struct sigaction before;
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
            sigaction(numbers[i], &action, NULL);
        }
    }
    /* Whoever read our talk may be gone first; what is to be finished is finished all the same. */
    signal(SIGPIPE, SIG_IGN);
}

bool is_interrupted(void) {
    return caught != 0;
}

bool pause_for(int64_t milliseconds) {
    struct timespec end;
    clock_gettime(CLOCK_BOOTTIME, &end);
    end.tv_sec += milliseconds / 1000;
    end.tv_nsec += milliseconds % 1000 * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    while (!is_interrupted() && clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &end, NULL) != 0) {
    }
    return !is_interrupted();
}

void die_of_interrupt(void) {
    if (caught != 0) {
        signal(caught, SIG_DFL);
        raise(caught);
    }
}
