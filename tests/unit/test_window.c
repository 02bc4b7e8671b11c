/* test_window.c - maintenance windows over nights, weeks, zones and changes of clocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ibcred/policy.h>

#define NEW_YORK "America/New_York"
#define BERLIN   "Europe/Berlin"

enum { SUN = 1, MON = 2, TUE = 4, WED = 8, THU = 16, FRI = 32, SAT = 64, ALL_DAYS = 127 };
enum { SECOND_MS = 1000, MINUTE_MS = 60000, DAY_MS = 86400000, WEEK_MS = 7 * DAY_MS };

/* "2026-03-08 07:00:00" in UTC, in milliseconds since 1970. */
static int64_t utc(const char *text) {
    struct tm parts = {0};
    const char *end = strptime(text, "%Y-%m-%d %H:%M:%S", &parts);
    assert_true(end != NULL && *end == '\0');
    return (int64_t)timegm(&parts) * SECOND_MS;
}

static struct ibc_window window_of(const char *zone, unsigned days, int from, int to) {
    int minutes = (to / 100 * 60 + to % 100) - (from / 100 * 60 + from % 100);
    struct ibc_window window = {.days = days,
                                .from_minute = from / 100 * 60 + from % 100,
                                .minutes = minutes > 0 ? minutes : minutes + 1440};
    (void)snprintf(window.zone, sizeof window.zone, "%s", zone);
    (void)snprintf(window.name, sizeof window.name, "%s %d", zone, from);
    return window;
}

static struct ibc_policy policy_of(const struct ibc_window *windows, size_t count) {
    struct ibc_policy policy = {.window_count = count};
    memcpy(policy.windows, windows, count * sizeof *windows);
    return policy;
}

struct span {
    const char *why;
    const char *zone;
    unsigned days;
    int from, to;      /* hhmm on the wall */
    const char *begin; /* UTC */
    const char *end;   /* UTC */
};

/* Clocks change in New York on 8 March (07:00 UTC) and 1 November 2026 (06:00 UTC), in Berlin on
 * 29 March and 25 October 2026 (01:00 UTC). */
static const struct span spans[] = {
    {"summer time", NEW_YORK, WED, 15, 145, "2026-07-15 04:15:00", "2026-07-15 05:45:00"},
    {"winter time", NEW_YORK, WED, 15, 145, "2026-01-14 05:15:00", "2026-01-14 06:45:00"},
    {"over midnight", NEW_YORK, FRI, 2300, 300, "2026-07-18 03:00:00", "2026-07-18 07:00:00"},
    {"over the week's end", NEW_YORK, SAT, 2300, 100, "2026-07-19 03:00:00", "2026-07-19 05:00:00"},
    {"over the year's end", BERLIN, THU, 2330, 30, "2026-12-31 22:30:00", "2026-12-31 23:30:00"},
    {"no summer time", "Asia/Hong_Kong", WED, 445, 605, "2026-07-14 20:45:00",
     "2026-07-14 22:05:00"},
    {"half an hour off", "Asia/Kolkata", WED, 0, 100, "2026-07-14 18:30:00", "2026-07-14 19:30:00"},
    {"far east", "Pacific/Kiritimati", WED, 0, 100, "2026-07-14 10:00:00", "2026-07-14 11:00:00"},
    {"far west", "Pacific/Pago_Pago", WED, 2300, 2330, "2026-07-16 10:00:00",
     "2026-07-16 10:30:00"},
    {"a whole day", "UTC", WED, 600, 600, "2026-07-15 06:00:00", "2026-07-16 06:00:00"},
    {"over the gap", NEW_YORK, SAT, 2300, 300, "2026-03-08 04:00:00", "2026-03-08 07:00:00"},
    {"ends in the gap", NEW_YORK, SUN, 15, 230, "2026-03-08 05:15:00", "2026-03-08 07:30:00"},
    {"begins in the gap", NEW_YORK, SUN, 230, 400, "2026-03-08 06:30:00", "2026-03-08 08:00:00"},
    {"over the overlap", NEW_YORK, SAT, 2300, 300, "2026-11-01 03:00:00", "2026-11-01 08:00:00"},
    {"ends in the overlap", NEW_YORK, SUN, 15, 130, "2026-11-01 04:15:00", "2026-11-01 06:30:00"},
    {"begins in the overlap", NEW_YORK, SUN, 130, 300, "2026-11-01 05:30:00",
     "2026-11-01 08:00:00"},
    {"before the gap", NEW_YORK, SUN, 15, 145, "2026-03-08 05:15:00", "2026-03-08 06:45:00"},
    {"after the gap", NEW_YORK, SUN, 300, 400, "2026-03-08 07:00:00", "2026-03-08 08:00:00"},
    {"over the gap", BERLIN, SUN, 100, 330, "2026-03-29 00:00:00", "2026-03-29 01:30:00"},
    {"ends in the gap", BERLIN, SUN, 100, 230, "2026-03-29 00:00:00", "2026-03-29 01:30:00"},
    {"begins in the overlap", BERLIN, SUN, 230, 330, "2026-10-25 00:30:00", "2026-10-25 02:30:00"},
    {"ends in the overlap", BERLIN, SUN, 100, 230, "2026-10-24 23:00:00", "2026-10-25 01:30:00"},
    {"before 1970", "UTC", WED, 2300, 100, "1969-12-31 23:00:00", "1970-01-01 01:00:00"},
};

static void check_instant(const struct ibc_policy *policy, const struct span *span, int64_t at,
                          bool inside) {
    int64_t until = -1;
    const struct ibc_window *window = ibc_policy_window(policy, at, &until);
    if ((window != NULL) != inside) {
        fail_msg("%s in %s: %lld ms after its begin is %s", span->why, span->zone,
                 (long long)(at - utc(span->begin)), inside ? "outside" : "inside");
    }
    if (inside && until != utc(span->end)) {
        fail_msg("%s in %s: lasts %lld ms too long", span->why, span->zone,
                 (long long)(until - utc(span->end)));
    }
}

static void a_window_is_closed_from_its_begin_until_just_before_its_end(void **state) {
    (void)state;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(spans); i++) {
        const struct span *span = &spans[i];
        struct ibc_window window = window_of(span->zone, span->days, span->from, span->to);
        struct ibc_policy policy = policy_of(&window, 1);
        int64_t begin = utc(span->begin);
        int64_t end = utc(span->end);
        check_instant(&policy, span, begin - 1, false);
        check_instant(&policy, span, begin, true);
        check_instant(&policy, span, begin + (end - begin) / 2, true);
        check_instant(&policy, span, end - 1, true);
        check_instant(&policy, span, end, false);
        check_instant(&policy, span, begin - DAY_MS, false);
        check_instant(&policy, span, end + DAY_MS, false);
    }
}

/* The naive reading of the clock on the wall is right on every day but the one of the overlap. */
static void a_year_of_windows_agrees_with_the_clock_on_the_wall(void **state) {
    (void)state;
    struct ibc_window window = window_of(NEW_YORK, ALL_DAYS & ~SAT, 15, 145);
    struct ibc_policy policy = policy_of(&window, 1);
    assert_int_equal(setenv("TZ", NEW_YORK, 1), 0);
    tzset();
    for (int64_t at = utc("2026-01-01 00:00:00"); at < utc("2027-01-01 00:00:00");
         at += INT64_C(29) * MINUTE_MS) {
        time_t seconds = (time_t)(at / SECOND_MS);
        struct tm wall;
        assert_non_null(localtime_r(&seconds, &wall));
        int minute = wall.tm_hour * 60 + wall.tm_min;
        bool overlap = wall.tm_mon == 10 && wall.tm_mday == 1;
        bool expected = wall.tm_wday != 6 && minute >= 15 && minute < 105;
        int64_t until;
        if (!overlap && (ibc_policy_window(&policy, at, &until) != NULL) != expected) {
            fail_msg("at %lld", (long long)at);
        }
    }
    assert_int_equal(unsetenv("TZ"), 0);
}

static void overlapping_windows_last_until_the_last_chained_end(void **state) {
    (void)state;
    const struct ibc_window windows[] = {
        window_of("UTC", WED, 100, 200), window_of("UTC", WED, 130, 300),
        window_of(BERLIN, WED, 500, 600), /* 03:00 to 04:00 UTC: touches the one before */
        window_of("UTC", WED, 401, 500),  /* a minute later */
    };
    struct ibc_policy policy = policy_of(windows, IBC_ARRAY_SIZE(windows));
    int64_t until;
    assert_ptr_equal(ibc_policy_window(&policy, utc("2026-07-15 01:10:00"), &until),
                     &policy.windows[0]);
    assert_int_equal(until, utc("2026-07-15 04:00:00"));
    assert_ptr_equal(ibc_policy_window(&policy, utc("2026-07-15 01:40:00"), &until),
                     &policy.windows[1]); /* of two, the one that lasts longer */
    assert_int_equal(until, utc("2026-07-15 04:00:00"));
    assert_null(ibc_policy_window(&policy, utc("2026-07-15 04:00:30"), &until));
    assert_ptr_equal(ibc_policy_window(&policy, utc("2026-07-15 04:01:00"), &until),
                     &policy.windows[3]);
}

static void a_window_may_last_a_whole_week(void **state) {
    (void)state;
    struct ibc_window window = window_of("UTC", SUN, 0, 0);
    window.minutes = 7 * 1440 - 1;
    struct ibc_policy policy = policy_of(&window, 1);
    int64_t until;
    assert_non_null(ibc_policy_window(&policy, utc("2026-07-18 23:58:59"), &until));
    assert_int_equal(until, utc("2026-07-18 23:59:00"));
    assert_null(ibc_policy_window(&policy, utc("2026-07-18 23:59:00"), &until));
}

static void windows_without_an_opening_are_followed_for_a_week(void **state) {
    (void)state;
    struct ibc_window windows[IBC_WINDOWS_MAX];
    for (size_t i = 0; i < IBC_WINDOWS_MAX; i++) {
        windows[i] = window_of("UTC", ALL_DAYS, 0, 0);
        windows[i].minutes = 7 * 1440;
    }
    struct ibc_policy policy = policy_of(windows, IBC_WINDOWS_MAX);
    int64_t now = utc("2026-07-15 12:00:00");
    int64_t until;
    assert_non_null(ibc_policy_window(&policy, now, &until));
    assert_true(until >= now + WEEK_MS);
}

static void a_policy_without_windows_is_never_inside_one(void **state) {
    (void)state;
    const struct ibc_policy policy = {0};
    int64_t until;
    assert_null(ibc_policy_window(&policy, utc("2026-07-15 04:30:00"), &until));
}

static void no_wall_clock_is_too_strange(void **state) {
    (void)state;
    struct ibc_window window = window_of(NEW_YORK, ALL_DAYS, 0, 0);
    struct ibc_policy policy = policy_of(&window, 1);
    static const int64_t instants[] = {INT64_MIN, INT64_MIN / 1000, -1,
                                       0,         INT64_MAX - 1,    INT64_MAX};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(instants); i++) {
        int64_t until = 0;
        assert_non_null(ibc_policy_window(&policy, instants[i], &until));
        assert_true(until >= instants[i]);
    }
}

static void a_zone_that_is_gone_closes_for_a_minute_at_a_time(void **state) {
    (void)state;
    struct ibc_window window = window_of(NEW_YORK, WED, 15, 145);
    struct ibc_policy policy = policy_of(&window, 1);
    int64_t now = utc("2026-07-18 12:00:00");
    int64_t until;
    assert_null(ibc_policy_window(&policy, now, &until));
    assert_int_equal(setenv("TZDIR", "/nonexistent", 1), 0);
    assert_non_null(ibc_policy_window(&policy, now, &until));
    assert_int_equal(unsetenv("TZDIR"), 0);
    assert_int_equal(until, now + MINUTE_MS);
}

static void the_zone_of_the_process_is_put_back(void **state) {
    (void)state;
    struct ibc_window window = window_of(NEW_YORK, WED, 15, 145);
    struct ibc_policy policy = policy_of(&window, 1);
    static const char *const zones[] = {"Asia/Tokyo", "JST-9", NULL};
    const time_t noon = 1784116800; /* 2026-07-15 12:00:00 UTC */
    for (size_t i = 0; i < IBC_ARRAY_SIZE(zones); i++) {
        assert_int_equal(zones[i] != NULL ? setenv("TZ", zones[i], 1) : unsetenv("TZ"), 0);
        tzset();
        struct tm before;
        struct tm after;
        assert_non_null(localtime_r(&noon, &before));
        int64_t until;
        assert_non_null(ibc_policy_window(&policy, utc("2026-07-15 04:30:00"), &until));
        assert_non_null(localtime_r(&noon, &after));
        assert_int_equal(before.tm_gmtoff, after.tm_gmtoff);
        if (zones[i] != NULL) {
            assert_string_equal(getenv("TZ"), zones[i]);
        } else {
            assert_null(getenv("TZ"));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_is_closed_from_its_begin_until_just_before_its_end),
        cmocka_unit_test(a_year_of_windows_agrees_with_the_clock_on_the_wall),
        cmocka_unit_test(overlapping_windows_last_until_the_last_chained_end),
        cmocka_unit_test(a_window_may_last_a_whole_week),
        cmocka_unit_test(windows_without_an_opening_are_followed_for_a_week),
        cmocka_unit_test(a_policy_without_windows_is_never_inside_one),
        cmocka_unit_test(no_wall_clock_is_too_strange),
        cmocka_unit_test(a_zone_that_is_gone_closes_for_a_minute_at_a_time),
        cmocka_unit_test(the_zone_of_the_process_is_put_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
