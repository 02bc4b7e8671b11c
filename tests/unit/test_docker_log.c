/* test_docker_log.c - a log's frames and lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "docker/log_lines.h"

#define STAMP "2026-11-22T08:00:00.000000001Z "

enum { BYTES_MAX = 1 << 17, LINES_MAX = 64 };

/* Bytes of a stream, written piece by piece. */
struct stream {
    size_t size;
    unsigned char bytes[BYTES_MAX];
};

static void put(struct stream *stream, const void *bytes, size_t size) {
    assert_true(size <= sizeof stream->bytes - stream->size);
    memcpy(stream->bytes + stream->size, bytes, size);
    stream->size += size;
}

static void put_frame(struct stream *stream, unsigned char number, const char *bytes, size_t size) {
    const unsigned char header[] = {number,
                                    0,
                                    0,
                                    0,
                                    (unsigned char)(size >> 24),
                                    (unsigned char)(size >> 16),
                                    (unsigned char)(size >> 8),
                                    (unsigned char)size};
    put(stream, header, sizeof header);
    put(stream, bytes, size);
}

static void put_text(struct stream *stream, unsigned char number, const char *text) {
    put_frame(stream, number, text, strlen(text));
}

struct told {
    size_t count;
    enum log_lines_result last;
    struct {
        enum log_lines_result result;
        int64_t time_ns;
        bool cut;
        size_t size;
        char text[IBC_DOCKER_LINE_MAX + 1];
    } lines[LINES_MAX];
};

static void keep(struct told *told, enum log_lines_result result, const struct ibc_log_line *line) {
    assert_true(told->count < LINES_MAX && line->text.size <= IBC_DOCKER_LINE_MAX);
    assert_non_null(line->text.bytes);
    told->lines[told->count].result = result;
    told->lines[told->count].time_ns = line->time_ns;
    told->lines[told->count].cut = line->cut;
    told->lines[told->count].size = line->text.size;
    memcpy(told->lines[told->count].text, line->text.bytes, line->text.size);
    told->lines[told->count].text[line->text.size] = '\0';
    told->count++;
}

/* Feed the stream in pieces of `step` bytes, each in memory of its own that is gone afterwards. */
static void tell_all(const struct stream *stream, bool tty, size_t step, struct told *told) {
    static struct log_lines lines;
    struct ibc_log_line line;
    memset(told, 0, sizeof *told);
    log_lines_start(&lines, tty);
    for (size_t at = 0; at < stream->size && told->last != LOG_LINES_BROKEN; at += step) {
        const size_t size = stream->size - at < step ? stream->size - at : step;
        unsigned char *piece = malloc(size);
        assert_non_null(piece);
        memcpy(piece, stream->bytes + at, size);
        log_lines_feed(&lines, (struct ibc_view){.bytes = piece, .size = size});
        while ((told->last = log_lines_next(&lines, &line)) == LOG_LINES_LINE ||
               told->last == LOG_LINES_TROUBLE) {
            keep(told, told->last, &line);
        }
        free(piece);
    }
    while (told->last == LOG_LINES_MORE && log_lines_rest(&lines, &line)) {
        keep(told, LOG_LINES_LINE, &line);
    }
}

static const size_t steps[] = {1, 2, 3, 7, 8, 9, 64, 4096, 16384, BYTES_MAX};

static void lines_of_a_tty_are_the_same_however_they_come(void **state) {
    (void)state;
    static struct stream stream;
    static struct told told;
    static const char log[] = "2026-11-22T08:00:00.000000001Z one\r\n"
                              "2026-11-22T08:00:00.000000002Z \r\n"
                              "2026-11-22T08:00:00.000000003Z a\rb\n"
                              "2026-11-22T08:00:00.000000004Z\n"
                              "no stamp\n"
                              "2026-11-22T08:00:00.000000005Z  indented\n"
                              "2026-11-22T08:00:00.000000006Z last";
    stream.size = 0;
    put(&stream, log, sizeof log - 1);
    for (size_t i = 0; i < IBC_ARRAY_SIZE(steps); i++) {
        tell_all(&stream, true, steps[i], &told);
        static const char *const texts[] = {"one", "", "a\rb", "", "no stamp", " indented", "last"};
        static const int nanoseconds[] = {1, 2, 3, 4, 4, 5, 6};
        assert_int_equal(told.count, IBC_ARRAY_SIZE(texts));
        for (size_t line = 0; line < told.count; line++) {
            assert_string_equal(told.lines[line].text, texts[line]);
            assert_int_equal(told.lines[line].time_ns, 1795334400000000000 + nanoseconds[line]);
            assert_false(told.lines[line].cut);
        }
    }
}

static void output_and_errors_are_put_together_each_by_itself(void **state) {
    (void)state;
    static struct stream stream;
    static struct told told;
    stream.size = 0;
    put_text(&stream, 1, STAMP "out ");
    put_text(&stream, 2, STAMP "err ");
    put_text(&stream, 1, "");
    put_text(&stream, 1, "one\n" STAMP "out two\n");
    put_text(&stream, 3, "cannot read\n");
    put_text(&stream, 2, "one\n");
    put_text(&stream, 2, STAMP "rest of errors");
    put_text(&stream, 1, STAMP "rest of output");
    for (size_t i = 0; i < IBC_ARRAY_SIZE(steps); i++) {
        tell_all(&stream, false, steps[i], &told);
        static const char *const texts[] = {"out one", "out two",        "cannot read",
                                            "err one", "rest of output", "rest of errors"};
        assert_int_equal(told.count, IBC_ARRAY_SIZE(texts));
        for (size_t line = 0; line < told.count; line++) {
            assert_string_equal(told.lines[line].text, texts[line]);
            assert_int_equal(told.lines[line].result,
                             line == 2 ? LOG_LINES_TROUBLE : LOG_LINES_LINE);
        }
    }
}

/* A line of `size` bytes of text, then a short one. */
static void check_long_line(size_t size, const char *ending, bool tty) {
    static struct stream stream;
    static struct told told;
    static char text[BYTES_MAX];
    const int written =
        snprintf(text, sizeof text, STAMP "%0*d%s" STAMP "next\n", (int)size, 0, ending);
    stream.size = 0;
    if (tty) {
        put(&stream, text, (size_t)written);
    } else {
        put_frame(&stream, 1, text, (size_t)written);
    }
    for (size_t i = 2; i < IBC_ARRAY_SIZE(steps); i++) {
        tell_all(&stream, tty, steps[i], &told);
        assert_int_equal(told.count, 2);
        assert_int_equal(told.lines[0].size,
                         size < IBC_DOCKER_LINE_MAX ? size : IBC_DOCKER_LINE_MAX);
        assert_int_equal(strspn(told.lines[0].text, "0"), told.lines[0].size);
        assert_int_equal(told.lines[0].cut, size > IBC_DOCKER_LINE_MAX);
        assert_string_equal(told.lines[1].text, "next");
        assert_false(told.lines[1].cut);
    }
}

static void the_rest_of_a_long_line_is_dropped(void **state) {
    (void)state;
    static const size_t sizes[] = {IBC_DOCKER_LINE_MAX - 1,  IBC_DOCKER_LINE_MAX,
                                   IBC_DOCKER_LINE_MAX + 1,  IBC_DOCKER_LINE_MAX + 5,
                                   IBC_DOCKER_LINE_MAX + 64, 100000};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(sizes); i++) {
        check_long_line(sizes[i], "\n", true);
        check_long_line(sizes[i], "\r\n", true);
        check_long_line(sizes[i], "\n", false);
        check_long_line(sizes[i], "\r\n", false);
    }
}

static void a_stream_that_is_no_log_is_broken_and_stays_so(void **state) {
    (void)state;
    static const unsigned char bad[][STDCOPY_HEADER] = {
        {4, 0, 0, 0, 0, 0, 0, 1},
        {1, 1, 0, 0, 0, 0, 0, 1},
        {1, 0, 1, 0, 0, 0, 0, 1},
        {1, 0, 0, 1, 0, 0, 0, 1},
        {1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff},
        {1, 0, 0, 0, 1, 0, 0, 1},
        {'2', '0', '2', '6', '-', '1', '1', '-'},
    };
    static struct stream stream;
    static struct told told;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(bad); i++) {
        stream.size = 0;
        put_text(&stream, 1, STAMP "good\n");
        put(&stream, bad[i], sizeof bad[i]);
        put_text(&stream, 1, STAMP "never\n");
        for (size_t step = 0; step < IBC_ARRAY_SIZE(steps); step++) {
            tell_all(&stream, false, steps[step], &told);
            assert_int_equal(told.last, LOG_LINES_BROKEN);
            assert_int_equal(told.count, 1);
        }
    }
    struct stdcopy copy = {0};
    struct ibc_view data = {.bytes = bad[0], .size = STDCOPY_HEADER}, piece;
    enum stdcopy_stream number;
    assert_int_equal(stdcopy_next(&copy, &data, &number, &piece), STDCOPY_BROKEN);
    assert_int_equal(stdcopy_next(&copy, &data, &number, &piece), STDCOPY_BROKEN);
    /* The largest frame there may be is only a number until its bytes come. */
    static const unsigned char large[] = {2, 0, 0, 0, 1, 0, 0, 0, 'x'};
    copy = (struct stdcopy){0};
    data = (struct ibc_view){.bytes = large, .size = sizeof large};
    assert_int_equal(stdcopy_next(&copy, &data, &number, &piece), STDCOPY_PIECE);
    assert_true(piece.size == 1 && number == STDCOPY_STDERR);
    assert_int_equal(copy.left, STDCOPY_FRAME_MAX - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_a_tty_are_the_same_however_they_come),
        cmocka_unit_test(output_and_errors_are_put_together_each_by_itself),
        cmocka_unit_test(the_rest_of_a_long_line_is_dropped),
        cmocka_unit_test(a_stream_that_is_no_log_is_broken_and_stays_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
