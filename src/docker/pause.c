/* pause.c - the clock that deadlines are kept by, and sleeping by it. */
#include "docker/call.h"

int64_t docker_clock_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int64_t docker_time_left(int64_t deadline_ms) {
    if (deadline_ms < 0) {
        return -1;
    }
    const int64_t left = deadline_ms - docker_clock_ms();
    return left > 0 ? left : 0;
}

enum ibc_status docker_pause(int64_t until_ms, int64_t deadline_ms, struct ibc_error *err) {
    const bool bounded = deadline_ms >= 0 && deadline_ms < until_ms;
    const int64_t sleep_ms = docker_time_left(bounded ? deadline_ms : until_ms);
    const struct timespec time = {.tv_sec = sleep_ms / 1000, .tv_nsec = sleep_ms % 1000 * 1000000};
    const bool whole = sleep_ms <= 0 || nanosleep(&time, NULL) == 0;
    if (!whole || (bounded && docker_clock_ms() < until_ms)) {
        return ibc_fail(err, IBC_ERR_WAIT, "nothing came in the time given");
    }
    return IBC_OK;
}
