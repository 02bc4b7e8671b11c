/* log_lines.c - lines of two streams, each put together by itself. */
#include "docker/log_lines.h"

enum { NONE = LOG_LINES_STREAMS };

void log_lines_start(struct log_lines *lines, bool tty) {
    lines->tty = tty;
    lines->frames = (struct stdcopy){0};
    lines->data = lines->piece = (struct ibc_view){0};
    lines->stream = 0;
    lines->told = NONE;
    lines->time_ns = 0;
    for (size_t i = 0; i < LOG_LINES_STREAMS; i++) {
        lines->pending[i].used = 0;
        lines->pending[i].overflowed = false;
    }
}

void log_lines_feed(struct log_lines *lines, struct ibc_view data) {
    lines->data = data;
}

static void append(struct pending_line *line, struct ibc_view part) {
    const size_t room = sizeof line->bytes - line->used;
    const size_t size = part.size < room ? part.size : room;
    if (size > 0) {
        memcpy(line->bytes + line->used, part.bytes, size);
    }
    line->used += size;
    line->overflowed = line->overflowed || size < part.size;
}

/* The line told of last is no longer looked at by anybody. */
static void forget_told(struct log_lines *lines) {
    if (lines->told != NONE) {
        lines->pending[lines->told].used = 0;
        lines->pending[lines->told].overflowed = false;
        lines->told = NONE;
    }
}

/* Make a line of its bytes, with the stamp and without the newline. */
static void tell(struct log_lines *lines, struct ibc_view bytes, bool overflowed,
                 struct ibc_log_line *out) {
    size_t size = 0;
    if (stamp_parse(bytes, &lines->time_ns, &size)) {
        size += size < bytes.size && bytes.bytes[size] == ' ' ? 1 : 0;
    }
    struct ibc_view text = {.bytes = bytes.bytes + size, .size = bytes.size - size};
    if (!overflowed && text.size > 0 && text.bytes[text.size - 1] == '\r') {
        text.size--;
    }
    const bool cut = overflowed || text.size > IBC_DOCKER_LINE_MAX;
    if (text.size > IBC_DOCKER_LINE_MAX) {
        text.size = IBC_DOCKER_LINE_MAX;
    }
    *out = (struct ibc_log_line){.time_ns = lines->time_ns, .text = text, .cut = cut};
}

static void tell_pending(struct log_lines *lines, size_t stream, struct ibc_log_line *out) {
    const struct pending_line *line = &lines->pending[stream];
    const struct ibc_view bytes = {.bytes = line->bytes, .size = line->used};
    lines->told = stream;
    tell(lines, bytes, line->overflowed, out);
}

/* What is sent to a container is in no log; should it be, it is as good as output. */
static size_t index_of(enum stdcopy_stream stream) {
    return stream == STDCOPY_SYSTEM ? LOG_LINES_SYSTEM : stream == STDCOPY_STDERR ? 1 : 0;
}

static enum stdcopy_result next_piece(struct log_lines *lines) {
    if (!lines->tty) {
        enum stdcopy_stream stream = STDCOPY_STDOUT;
        enum stdcopy_result result =
            stdcopy_next(&lines->frames, &lines->data, &stream, &lines->piece);
        lines->stream = index_of(stream);
        return result;
    }
    lines->piece = lines->data;
    lines->data = (struct ibc_view){0};
    return lines->piece.size > 0 ? STDCOPY_PIECE : STDCOPY_MORE;
}

/* A line out of the piece; false when the piece is used up before the line has an end. */
static bool next_line(struct log_lines *lines, struct ibc_log_line *out) {
    struct pending_line *pending = &lines->pending[lines->stream];
    struct ibc_view *piece = &lines->piece;
    const unsigned char *newline = memchr(piece->bytes, '\n', piece->size);
    if (!newline) {
        append(pending, *piece);
        *piece = (struct ibc_view){0};
        return false;
    }
    const struct ibc_view line = {.bytes = piece->bytes, .size = (size_t)(newline - piece->bytes)};
    *piece = (struct ibc_view){.bytes = newline + 1, .size = piece->size - line.size - 1};
    if (pending->used == 0) {
        tell(lines, line, false, out);
    } else {
        append(pending, line);
        tell_pending(lines, lines->stream, out);
    }
    return true;
}

enum log_lines_result log_lines_next(struct log_lines *lines, struct ibc_log_line *out) {
    forget_told(lines);
    for (;;) {
        if (lines->piece.size == 0) {
            enum stdcopy_result result = next_piece(lines);
            if (result != STDCOPY_PIECE) {
                return result == STDCOPY_MORE ? LOG_LINES_MORE : LOG_LINES_BROKEN;
            }
        }
        if (next_line(lines, out)) {
            return lines->stream == LOG_LINES_SYSTEM ? LOG_LINES_TROUBLE : LOG_LINES_LINE;
        }
    }
}

bool log_lines_rest(struct log_lines *lines, struct ibc_log_line *out) {
    forget_told(lines);
    for (size_t i = 0; i < LOG_LINES_SYSTEM; i++) {
        if (lines->pending[i].used > 0) {
            tell_pending(lines, i, out);
            return true;
        }
    }
    return false;
}
