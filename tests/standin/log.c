/*
 * log.c - lines as the gnzsnz image (b2c0259) and IBC 3.24.1 write them.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum { PREFIX_MAX = sizeof "YYYY-MM-DD HH:MM:SS:mmm IBC: " };

static const char frame[] =
    "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!";

static void write_prefix(void) {
    struct timespec now;
    struct tm local;
    char text[PREFIX_MAX];

    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &local);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
    printf("%s:%03ld IBC: ", text, now.tv_nsec / 1000000);
}

__attribute__((format(printf, 1, 0))) static void write_line(const char *fmt, va_list args) {
    vprintf(fmt, args);
    putchar('\n');
}

void say(const char *fmt, ...) {
    va_list args;

    va_start(args, fmt);
    write_line(fmt, args);
    va_end(args);
}

void ibc_say(const char *fmt, ...) {
    va_list args;

    va_start(args, fmt);
    write_prefix();
    write_line(fmt, args);
    va_end(args);
}

void ibc_say_error(const char *fmt, ...) {
    va_list args;

    va_start(args, fmt);
    puts(frame);
    write_prefix();
    write_line(fmt, args);
    puts(frame);
    va_end(args);
}
