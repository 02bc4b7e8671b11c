/* stamp.c - RFC 3339 times, section 5.6. */
#include "docker/stamp.h"

#include <ibcred/clock.h>

#include <ibcred/docker.h>

enum { YEAR_MIN = 1970, YEAR_MAX = 2261, NANO_DIGITS = 9 };

#define NS_PER_SECOND INT64_C(1000000000)

/* A place in the text; `failed` once it was not as it should be. */
struct scan {
    struct ibc_view text;
    size_t at;
    bool failed;
};

static bool next_is_digit(const struct scan *scan) {
    return scan->at < scan->text.size && scan->text.bytes[scan->at] >= '0' &&
           scan->text.bytes[scan->at] <= '9';
}

static int take_digit(struct scan *scan) {
    if (scan->failed || !next_is_digit(scan)) {
        scan->failed = true;
        return 0;
    }
    return scan->text.bytes[scan->at++] - '0';
}

static int take_number(struct scan *scan, int digits, int least, int most) {
    int value = 0;
    for (int i = 0; i < digits; i++) {
        value = value * 10 + take_digit(scan);
    }
    if (value < least || value > most) {
        scan->failed = true;
    }
    return value;
}

static bool take_if(struct scan *scan, unsigned char byte) {
    if (scan->failed || scan->at >= scan->text.size || scan->text.bytes[scan->at] != byte) {
        return false;
    }
    scan->at++;
    return true;
}

static void take_byte(struct scan *scan, unsigned char byte) {
    scan->failed = !take_if(scan, byte) || scan->failed;
}

static bool is_leap(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_before(int year, int month, int day) {
    static const int before_month[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    const int full = year - 1;
    int64_t days = (int64_t)year * 365 + full / 4 - full / 100 + full / 400;
    return days + before_month[month - 1] + (month > 2 && is_leap(year) ? 1 : 0) + day - 1;
}

static int64_t take_day(struct scan *scan) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const int year = take_number(scan, 4, YEAR_MIN, YEAR_MAX);
    take_byte(scan, '-');
    const int month = take_number(scan, 2, 1, 12);
    take_byte(scan, '-');
    if (scan->failed) {
        return 0;
    }
    const int last = days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
    const int day = take_number(scan, 2, 1, last);
    return days_before(year, month, day) - days_before(1970, 1, 1);
}

static int64_t take_time(struct scan *scan) {
    const int hour = take_number(scan, 2, 0, 23);
    take_byte(scan, ':');
    const int minute = take_number(scan, 2, 0, 59);
    take_byte(scan, ':');
    return hour * 3600 + minute * 60 + take_number(scan, 2, 0, 59);
}

static int64_t take_fraction(struct scan *scan) {
    if (!take_if(scan, '.')) {
        return 0;
    }
    int64_t nanoseconds = take_digit(scan);
    int digits = 1;
    for (; digits < NANO_DIGITS && next_is_digit(scan); digits++) {
        nanoseconds = nanoseconds * 10 + take_digit(scan);
    }
    for (; digits < NANO_DIGITS; digits++) {
        nanoseconds *= 10;
    }
    return nanoseconds;
}

/* Seconds that local time is ahead of UTC. */
static int64_t take_offset(struct scan *scan) {
    if (take_if(scan, 'Z')) {
        return 0;
    }
    const int64_t sign = take_if(scan, '-') ? -1 : 1;
    if (sign == 1) {
        take_byte(scan, '+');
    }
    const int hours = take_number(scan, 2, 0, 23);
    take_byte(scan, ':');
    const int64_t seconds = hours * 3600 + take_number(scan, 2, 0, 59) * 60;
    return sign * seconds;
}

bool stamp_parse(struct ibc_view text, int64_t *ns, size_t *size) {
    struct scan scan = {.text = text};
    const int64_t day = take_day(&scan);
    take_byte(&scan, 'T');
    const int64_t time = take_time(&scan);
    const int64_t nanoseconds = take_fraction(&scan);
    const int64_t seconds = day * 86400 + time - take_offset(&scan);
    if (scan.failed || seconds < 0) {
        return false;
    }
    *ns = seconds * NS_PER_SECOND + nanoseconds;
    *size = scan.at;
    return true;
}

void stamp_since(int64_t ns, char out[static STAMP_SINCE_MAX]) {
    snprintf(out, STAMP_SINCE_MAX, "%lld.%09lld", (long long)(ns / NS_PER_SECOND),
             (long long)(ns % NS_PER_SECOND));
}

int64_t ibc_docker_time(const char *text) {
    const struct ibc_view view = ibc_view_of(text);
    int64_t ns;
    size_t size;
    return stamp_parse(view, &ns, &size) && size == view.size ? ns : 0;
}

void stamp_format(int64_t ns, char out[static STAMP_TEXT_MAX]) {
    char milliseconds[IBC_TIMESTAMP_MAX];
    ibc_format_timestamp(ns / 1000000, milliseconds);
    /* All of it but the "Z", and then the six digits that follow. */
    snprintf(out, STAMP_TEXT_MAX, "%.23s%06dZ", milliseconds, (int)(ns % 1000000));
}
