/* test_docker_resume.c - times of the daemon, and where a log is taken up after a cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "docker/resume.h"
#include "docker/stamp.h"

#include <ibcred/docker.h>

/* --- stamps ----------------------------------------------------------------------------------- */

static void times_become_nanoseconds(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
        size_t size;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0, 20},
        {"1970-01-01T00:00:00.000000001Z", 1, 30},
        {"1970-01-01T01:00:00+01:00", 0, 25},
        {"1969-12-31T23:00:00-01:00", -1, 0},
        {"2026-11-22T08:00:00.1Z and more", 1795334400100000000, 22},
        {"2026-11-22T08:00:00.123456789+05:30", 1795314600123456789, 35},
        {"2000-02-29T23:59:59Z", 951868799000000000, 20},
        {"2100-03-01T00:00:00Z", 4107542400000000000, 20},
        {"2261-12-31T23:59:59.999999999Z", 9214646399999999999, 30},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        int64_t ns = -1;
        size_t size = 0;
        assert_int_equal(stamp_parse(ibc_view_of(cases[i].text), &ns, &size), cases[i].size > 0);
        assert_int_equal(ns, cases[i].ns);
        assert_int_equal(size, cases[i].size);
    }
}

static void what_is_no_time_is_refused(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",
        "x",
        "2026-11-22",
        "2026-11-22 08:00:00Z",
        "2026-13-22T08:00:00Z",
        "2026-00-22T08:00:00Z",
        "2026-11-31T08:00:00Z",
        "2026-02-29T08:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T08:60:00Z",
        "2026-11-22T08:00:60Z",
        "2026-11-22T08:00:00",
        "2026-11-22T08:00:00.Z",
        "2026-11-22T08:00:00.1234567890Z",
        "2026-11-22T08:00:00+24:00",
        "2026-11-22T08:00:00+0100",
        "2262-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00+00:01",
        "-026-11-22T08:00:00Z",
        "2026-11-22T08:00:00z",
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        int64_t ns = 7;
        size_t size = 7;
        assert_false(stamp_parse(ibc_view_of(cases[i]), &ns, &size));
        assert_true(ns == 7 && size == 7);
    }
    /* Cut anywhere it is none either: nothing is read beyond the view. */
    static const char whole[] = "2026-11-22T08:00:00.5+01:00";
    for (size_t size = 0; size < sizeof whole - 1; size++) {
        unsigned char *exact = malloc(size + 1);
        assert_non_null(exact);
        memcpy(exact, whole, size);
        int64_t ns;
        size_t used;
        assert_false(stamp_parse((struct ibc_view){.bytes = exact, .size = size}, &ns, &used));
        free(exact);
    }
}

static void times_in_queries_keep_their_nanoseconds(void **state) {
    (void)state;
    char out[STAMP_SINCE_MAX];
    stamp_since(1795334400000000001, out);
    assert_string_equal(out, "1795334400.000000001");
    stamp_since(INT64_MAX, out);
    assert_string_equal(out, "9223372036.854775807");
    stamp_since(0, out);
    assert_string_equal(out, "0.000000000");
}

static void a_run_is_followed_from_between_its_start_and_the_end_of_the_run_before(void **state) {
    (void)state;
    static const struct {
        const char *started, *finished, *since;
    } cases[] = {
        {"", "", ""},
        {"2026-11-22T08:00:10Z", "", ""},
        {"nonsense", "2026-11-22T08:00:00Z", ""},
        {"2026-11-22T08:00:10.000000008Z", "2026-11-22T08:00:09Z",
         "2026-11-22T08:00:09.500000004Z"},
        {"2026-11-22T08:00:10.5Z", "2026-11-21T08:00:00Z", "2026-11-22T08:00:00.500000000Z"},
        /* It has ended: nothing is known of the run before. */
        {"2026-11-22T08:00:10.000000001Z", "2026-11-22T08:00:11Z",
         "2026-11-22T08:00:09.900000001Z"},
        {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000000Z"},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        static struct ibc_container container;
        char since[IBC_DOCKER_TIME_MAX];
        snprintf(container.started_at, sizeof container.started_at, "%s", cases[i].started);
        snprintf(container.finished_at, sizeof container.finished_at, "%s", cases[i].finished);
        ibc_docker_run_since(&container, since);
        assert_string_equal(since, cases[i].since);
    }
}

/* --- resuming --------------------------------------------------------------------------------- */

/* A log as the daemon keeps it, and what of it is told when the stream is cut after `cuts[]`. */
struct kept {
    const int64_t *stamps;
    size_t count;
};

/*
 * Follow the log, of which `grown` lines are there at first; after each `pace` lines read the
 * stream is cut, and `pace` lines more have been written by the next opening. Every line must be
 * told once, in order.
 */
static void follow_with_cuts(const struct kept *log, int64_t from, size_t pace) {
    struct resume resume;
    size_t told = 0, written = pace;
    while (told < log->count && log->stamps[told] < from) {
        told++;
    }
    resume_start(&resume, from);
    for (size_t opening = 0; opening <= log->count / pace + 1; opening++) {
        const int64_t since = resume_since(&resume);
        size_t read = 0;
        resume_again(&resume);
        for (size_t i = 0; i < log->count && i < written && read < pace; i++) {
            if (log->stamps[i] >= since && resume_is_new(&resume, log->stamps[i])) {
                assert_int_equal(i, told);
                told++;
                read++;
            }
        }
        written += pace;
    }
    assert_int_equal(told, log->count);
}

static void no_line_is_lost_or_repeated_wherever_the_stream_is_cut(void **state) {
    (void)state;
    const int64_t second = 1000000000, t = 1795334400 * second;
    static int64_t plain[100], same[100], streams[100], back[100];
    for (int i = 0; i < 100; i++) {
        plain[i] = t + i * second / 3;
        same[i] = t + i / 7;
        /* Two streams, one of which is written down a little later than it is stamped. */
        streams[i] = t + i * 1000 + (i % 2 == 0 ? 1500 : 0);
        /* The clock is set back by a second and a half in the middle. */
        back[i] = t + i * second / 3 - (i >= 50 ? 3 * second / 2 : 0);
    }
    const int64_t *const logs[] = {plain, same, streams, back};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(logs); i++) {
        const struct kept log = {.stamps = logs[i], .count = 100};
        for (size_t pace = 1; pace <= 100; pace++) {
            follow_with_cuts(&log, 0, pace);
        }
    }
    const struct kept log = {.stamps = plain, .count = 100};
    follow_with_cuts(&log, plain[40], 3);
    follow_with_cuts(&log, plain[40] + 1, 3);
}

static void a_log_whose_last_line_was_rotated_away_goes_on(void **state) {
    (void)state;
    struct resume resume;
    resume_start(&resume, 0);
    for (int64_t stamp = 10; stamp <= 20; stamp++) {
        assert_true(resume_is_new(&resume, stamp));
    }
    resume_again(&resume);
    assert_true(resume_is_new(&resume, 21));
    assert_true(resume_is_new(&resume, 21));
    /* And what is asked for never lies before what was asked for at first. */
    resume_start(&resume, 5 * RESUME_SLACK_NS);
    assert_int_equal(resume_since(&resume), 5 * RESUME_SLACK_NS);
    assert_true(resume_is_new(&resume, 5 * RESUME_SLACK_NS + 1));
    assert_int_equal(resume_since(&resume), 5 * RESUME_SLACK_NS);
    assert_true(resume_is_new(&resume, 9 * RESUME_SLACK_NS));
    assert_int_equal(resume_since(&resume), 8 * RESUME_SLACK_NS);
}

static void a_stream_cut_while_it_is_taken_up_is_taken_up_once_more(void **state) {
    (void)state;
    struct resume resume;
    resume_start(&resume, 0);
    assert_true(resume_is_new(&resume, 1));
    assert_true(resume_is_new(&resume, 2));
    assert_true(resume_is_new(&resume, 2));
    for (int again = 0; again < 3; again++) {
        resume_again(&resume);
        assert_false(resume_is_new(&resume, 1));
        assert_false(resume_is_new(&resume, 2));
    }
    assert_false(resume_is_new(&resume, 2));
    assert_true(resume_is_new(&resume, 2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_become_nanoseconds),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(times_in_queries_keep_their_nanoseconds),
        cmocka_unit_test(a_run_is_followed_from_between_its_start_and_the_end_of_the_run_before),
        cmocka_unit_test(no_line_is_lost_or_repeated_wherever_the_stream_is_cut),
        cmocka_unit_test(a_log_whose_last_line_was_rotated_away_goes_on),
        cmocka_unit_test(a_stream_cut_while_it_is_taken_up_is_taken_up_once_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
