/*
 * log.h - the two voices on the gateway container's log: the image's run.sh, and IBC.
 */
#ifndef STANDIN_LOG_H
#define STANDIN_LOG_H

/* A line of the image's own scripts, as it is. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A line of IBC: "YYYY-MM-DD HH:MM:SS:mmm IBC: " and the text, in local time. */
void ibc_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* An error of IBC: its line between two lines of exclamation marks. */
void ibc_say_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
