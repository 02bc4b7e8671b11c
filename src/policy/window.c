/* window.c - when maintenance windows are, and until when they last. */
#include "base/zone.h"

#include <ibcred/policy.h>

enum {
    DAY_SECONDS = 86400,
    DAY_MINUTES = 1440,
    WEEK_DAYS = 7,
    EPOCH_WEEKDAY = 4, /* 1 January 1970 was a Thursday */
    AHEAD_DAYS = 8,    /* windows that leave no opening are followed this far */
    BEHIND_DAYS = 8,   /* the longest window lasts seven days */
    OCCURRENCES_MAX = IBC_WINDOWS_MAX * (BEHIND_DAYS + AHEAD_DAYS + 1),
    BLIND_SECONDS = 60,
};

/* One time that a window is open: begin <= t < end, in seconds since 1970 UTC. */
struct occurrence {
    const struct ibc_window *window;
    int64_t begin;
    int64_t end;
};

struct occurrences {
    size_t count;
    struct occurrence items[OCCURRENCES_MAX];
};

static int64_t floor_divide(int64_t value, int64_t divisor) {
    return value / divisor - (value % divisor < 0 ? 1 : 0);
}

static unsigned weekday_of(int64_t day) {
    int64_t weekday = (day + EPOCH_WEEKDAY) % WEEK_DAYS;
    return (unsigned)(weekday < 0 ? weekday + WEEK_DAYS : weekday);
}

static void add_occurrence(struct occurrences *all, const struct ibc_window *window, int64_t begin,
                           int64_t end) {
    all->items[all->count++] = (struct occurrence){.window = window, .begin = begin, .end = end};
}

/*
 * Add the window's occurrences around `now`. Both ends are times on the wall of its zone; where
 * daylight saving time leaves a choice, the occurrence is the longer one.
 */
static void add_occurrences(struct occurrences *all, const struct ibc_window *window, int64_t now) {
    ibc_auto_zone scope = {0};
    if (!ibc_zone_enter(window->zone, &scope)) {
        /* The zone was there when the policy was read. Do not guess: closed, and ask again. */
        add_occurrence(all, window, now, now + BLIND_SECONDS);
        return;
    }
    int64_t today = floor_divide(ibc_zone_local(now), DAY_SECONDS);
    int64_t behind = window->minutes / DAY_MINUTES + 1;
    for (int64_t day = today - behind; day <= today + AHEAD_DAYS; day++) {
        if ((window->days & 1U << weekday_of(day)) == 0) {
            continue;
        }
        int64_t from = day * DAY_SECONDS + (int64_t)window->from_minute * 60;
        int64_t to = from + (int64_t)window->minutes * 60;
        add_occurrence(all, window, ibc_zone_instant(from, IBC_ZONE_FIRST),
                       ibc_zone_instant(to, IBC_ZONE_LAST));
    }
}

/* The occurrence around `instant` that ends last, or NULL. */
static const struct occurrence *find_last_around(const struct occurrences *all, int64_t instant) {
    const struct occurrence *last = NULL;
    for (size_t i = 0; i < all->count; i++) {
        const struct occurrence *item = &all->items[i];
        if (item->begin <= instant && instant < item->end &&
            (last == NULL || item->end > last->end)) {
            last = item;
        }
    }
    return last;
}

const struct ibc_window *ibc_policy_window(const struct ibc_policy *policy, int64_t wall_ms,
                                           int64_t *until_ms) {
    struct occurrences all;
    int64_t now = floor_divide(wall_ms, 1000);
    all.count = 0;
    for (size_t i = 0; i < policy->window_count; i++) {
        add_occurrences(&all, &policy->windows[i], now);
    }
    const struct occurrence *first = find_last_around(&all, now);
    if (first == NULL) {
        return NULL;
    }
    const struct occurrence *last = first;
    for (const struct occurrence *next = first; next != NULL;
         next = find_last_around(&all, next->end)) {
        last = next;
    }
    if (__builtin_mul_overflow(last->end, 1000, until_ms)) {
        *until_ms = INT64_MAX;
    }
    return first->window;
}
