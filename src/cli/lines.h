/*
 * lines.h - a stream of lines in secret memory.
 */
#ifndef IBCRED_CLI_LINES_H
#define IBCRED_CLI_LINES_H

#include <ibcred/secret.h>

struct lines {
    int fd;           /* borrowed */
    const char *name; /* of the file, for the sentence */
    struct ibc_secret buffer;
    size_t start, end; /* what was read and not yet handed out */
    bool at_end;
    uint64_t number; /* of the line handed out last, from 1 */
};

IBC_CHECKED enum ibc_status lines_open(struct lines *lines, int fd, const char *name,
                                       size_t longest, struct ibc_error *err);

/*
 * The next line without its newline, good until the next call; `line->bytes` is NULL at the end.
 * IBC_ERR_DATA: a line is longer than `longest`.
 */
IBC_CHECKED enum ibc_status lines_next(struct lines *lines, struct ibc_view *line,
                                       struct ibc_error *err);
void lines_free(struct lines *lines);

#endif
