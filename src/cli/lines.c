/* lines.c - lines out of a descriptor, through one guarded buffer. */
#include "cli/lines.h"

#include <errno.h>
#include <unistd.h>

enum ibc_status lines_open(struct lines *lines, int fd, const char *name, size_t longest,
                           struct ibc_error *err) {
    *lines = (struct lines){.fd = fd, .name = name};
    return ibc_secret_alloc(&lines->buffer, longest + 1, err);
}

/* Move what is left to the front and read behind it. */
static enum ibc_status refill(struct lines *lines, struct ibc_error *err) {
    memmove(lines->buffer.bytes, lines->buffer.bytes + lines->start, lines->end - lines->start);
    lines->end -= lines->start;
    lines->start = 0;
    if (lines->end == lines->buffer.size) {
        const uint64_t number = lines->number + 1;
        return ibc_fail(err, IBC_ERR_DATA, "%s:%llu: the line is longer than %zu bytes",
                        lines->name, (unsigned long long)number, lines->buffer.size - 1);
    }
    ssize_t size;
    do {
        size = read(lines->fd, lines->buffer.bytes + lines->end, lines->buffer.size - lines->end);
    } while (size < 0 && errno == EINTR);
    if (size < 0) {
        return ibc_fail_errno(err, IBC_ERR_IO, errno, "'%s' cannot be read", lines->name);
    }
    lines->end += (size_t)size;
    lines->at_end = size == 0;
    return IBC_OK;
}

static struct ibc_view hand_out(struct lines *lines, size_t size, size_t newline) {
    const struct ibc_view line = {.bytes = lines->buffer.bytes + lines->start, .size = size};
    lines->start += size + newline;
    lines->number++;
    return line;
}

enum ibc_status lines_next(struct lines *lines, struct ibc_view *line, struct ibc_error *err) {
    for (;;) {
        const unsigned char *start = lines->buffer.bytes + lines->start;
        const unsigned char *newline = memchr(start, '\n', lines->end - lines->start);
        if (newline) {
            *line = hand_out(lines, (size_t)(newline - start), 1);
            return IBC_OK;
        }
        if (lines->at_end) {
            size_t rest = lines->end - lines->start;
            *line = rest > 0 ? hand_out(lines, rest, 0) : (struct ibc_view){0};
            return IBC_OK;
        }
        enum ibc_status status = refill(lines, err);
        if (status != IBC_OK) {
            return status;
        }
    }
}

void lines_free(struct lines *lines) {
    ibc_secret_free(&lines->buffer);
}
