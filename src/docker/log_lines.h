/*
 * log_lines.h - the bytes of a log, with the daemon's time stamps, into lines. Pure.
 */
#ifndef IBCRED_DOCKER_LOG_LINES_H
#define IBCRED_DOCKER_LOG_LINES_H

#include "docker/stamp.h"
#include "docker/stdcopy.h"

#include <ibcred/docker.h>

enum {
    LOG_LINES_STREAMS = 3, /* output, errors, and the daemon's own words */
    LOG_LINES_SYSTEM = 2,  /* the last of them */
    /* The stamp, a space, the text, a carriage return: whatever is longer is cut. */
    LOG_LINES_PENDING = STAMP_MAX + 1 + IBC_DOCKER_LINE_MAX + 1,
};

/* The beginning of a line whose end has not come. */
struct pending_line {
    size_t used;
    bool overflowed;
    unsigned char bytes[LOG_LINES_PENDING];
};

/* Holds lines that are cut apart; whole ones are told of where they lie. */
struct log_lines {
    bool tty;
    struct stdcopy frames; /* without a TTY */
    struct ibc_view data;  /* fed and not yet looked at */
    struct ibc_view piece; /* of it, what belongs to `stream` */
    size_t stream;
    size_t told; /* the stream whose pending line was told of, so that it is empty again */
    int64_t time_ns;
    struct pending_line pending[LOG_LINES_STREAMS];
};

enum log_lines_result {
    LOG_LINES_MORE,    /* feed the next bytes */
    LOG_LINES_LINE,    /* a line */
    LOG_LINES_TROUBLE, /* a line of the daemon's own: it cannot read the log, or not all of it */
    LOG_LINES_BROKEN,  /* this is no log */
};

/* `tty`: the stream is raw, otherwise it has frames. Also forgets all that was begun. */
void log_lines_start(struct log_lines *lines, bool tty);

/* Hand in the next bytes, once all before them are used up; borrowed until they are. */
void log_lines_feed(struct log_lines *lines, struct ibc_view data);

/*
 * The next line. `out->text` is good until the next call, and as long as the bytes fed are. A line
 * without a stamp has the time of the line before it, or 0.
 */
enum log_lines_result log_lines_next(struct log_lines *lines, struct ibc_log_line *out);

/* At the end of the log: a line whose newline never came. False when there is none left. */
bool log_lines_rest(struct log_lines *lines, struct ibc_log_line *out);

#endif
