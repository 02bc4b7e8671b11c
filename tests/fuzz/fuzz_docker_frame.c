/*
 * fuzz_docker_frame.c - any bytes as a container's log: the same lines however they are cut up,
 * none longer than it may be, none with a newline in it.
 *
 * The first byte says whether there is a TTY (lowest bit) and how large the pieces are.
 */
#include "docker/log_lines.h"

enum { PRINT_START = 5381 };

static struct log_lines lines;

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

/* What was told, as a number that hangs on every byte of it. */
struct print {
    uint64_t hash;
    uint64_t count;
};

static void mix(struct print *print, uint64_t value) {
    print->hash = (print->hash ^ value) * UINT64_C(1099511628211);
}

static void check_line(const struct ibc_log_line *line, struct print *print) {
    require(line->text.bytes != NULL && line->text.size <= IBC_DOCKER_LINE_MAX);
    require(line->text.size == 0 || !memchr(line->text.bytes, '\n', line->text.size));
    require(line->time_ns >= 0);
    require(!line->cut || line->text.size == IBC_DOCKER_LINE_MAX);
    mix(print, (uint64_t)line->time_ns);
    mix(print, line->cut);
    for (size_t i = 0; i < line->text.size; i++) {
        mix(print, line->text.bytes[i]);
    }
    mix(print, line->text.size);
    print->count++;
}

/* Everything in pieces of `step` bytes, each at the very end of its memory. */
static struct print tell(struct ibc_view log, bool tty, size_t step) {
    struct print print = {.hash = PRINT_START};
    struct ibc_log_line line;
    enum log_lines_result result = LOG_LINES_MORE;
    log_lines_start(&lines, tty);
    for (size_t at = 0; at < log.size && result == LOG_LINES_MORE; at += step) {
        const size_t size = log.size - at < step ? log.size - at : step;
        unsigned char *piece = malloc(size);
        require(piece != NULL);
        memcpy(piece, log.bytes + at, size);
        log_lines_feed(&lines, (struct ibc_view){.bytes = piece, .size = size});
        while ((result = log_lines_next(&lines, &line)) == LOG_LINES_LINE ||
               result == LOG_LINES_TROUBLE) {
            mix(&print, result);
            check_line(&line, &print);
        }
        free(piece);
    }
    require(!tty || result == LOG_LINES_MORE);
    mix(&print, result);
    while (log_lines_rest(&lines, &line)) {
        check_line(&line, &print);
    }
    return print;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    const bool tty = (data[0] & 1) != 0;
    const size_t step = (size_t)(data[0] >> 1) + 1;
    const struct ibc_view log = {.bytes = data + 1, .size = size - 1};
    const struct print whole = tell(log, tty, log.size > 0 ? log.size : 1);
    const struct print pieces = tell(log, tty, step);
    require(whole.hash == pieces.hash && whole.count == pieces.count);
    return 0;
}
