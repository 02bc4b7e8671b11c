/* retry.c - when to ask again. */
#include "ci/retry.h"

#include <ibcred/number.h>

enum {
    BACK_OFF_MAX = 60,         /* seconds */
    SECONDARY_SECONDS = 60,    /* "wait for at least one minute", where no header says more */
    DELAY_MAX = 7 * 24 * 3600, /* seconds: whatever is longer than anybody's patience */
};

int64_t retry_back_off(unsigned tries) {
    const unsigned doubled = tries > 0 ? tries - 1 : 0;
    return doubled < 6 && 1 << doubled < BACK_OFF_MAX ? 1 << doubled : BACK_OFF_MAX;
}

static bool parse_seconds(const char *text, int64_t *out) {
    uint64_t seconds = 0;
    if (!text || !ibc_parse_number(text, strlen(text), INT64_MAX / 2, &seconds)) {
        return false;
    }
    *out = (int64_t)seconds;
    return true;
}

static bool is_exhausted(const struct retry_facts *facts) {
    return facts->remaining && strcmp(facts->remaining, "0") == 0;
}

bool retry_passes(const struct retry_facts *facts) {
    if (facts->code == 429 || (facts->code >= 500 && facts->code <= 599)) {
        return true;
    }
    return facts->forge == IBC_FORGE_GITHUB && facts->code == 403 &&
           (is_exhausted(facts) || facts->retry_after || facts->secondary);
}

static int64_t bounded(int64_t seconds) {
    return seconds < 1 ? 1 : seconds > DELAY_MAX ? DELAY_MAX : seconds;
}

int64_t retry_delay(const struct retry_facts *facts, unsigned tries, int64_t now) {
    int64_t seconds = 0;
    const int64_t clock = facts->date ? retry_date(facts->date) : -1;
    now = clock >= 0 ? clock : now;
    if (parse_seconds(facts->retry_after, &seconds)) {
        return bounded(seconds);
    }
    if (facts->retry_after && retry_date(facts->retry_after) >= 0) {
        return bounded(retry_date(facts->retry_after) - now);
    }
    if (is_exhausted(facts) && parse_seconds(facts->reset, &seconds)) {
        return bounded(seconds - now);
    }
    return facts->secondary ? SECONDARY_SECONDS : retry_back_off(tries);
}

/* --- dates ------------------------------------------------------------------------------------ */

/* So many digits at `text`, which is long enough; -1: they are none. */
static int take_digits(const char *text, int count) {
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* The index of the name that `text` begins with; -1: with none of them. */
static int take_name(const char *text, const char *const *names, int count) {
    for (int i = 0; i < count; i++) {
        if (strncmp(text, names[i], strlen(names[i])) == 0) {
            return i;
        }
    }
    return -1;
}

int64_t retry_date(const char *text) {
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static const char form[] = "---, -- --- ---- --:--:-- GMT";
    for (size_t i = 0; i < sizeof form; i++) {
        /* Reads no further than the end of either. */
        if (form[i] == '-' ? text[i] == '\0' : text[i] != form[i]) {
            return -1;
        }
    }
    struct tm when = {
        .tm_mday = take_digits(text + 5, 2),
        .tm_mon = take_name(text + 8, months, IBC_ARRAY_SIZE(months)),
        .tm_year = take_digits(text + 12, 4) - 1900,
        .tm_hour = take_digits(text + 17, 2),
        .tm_min = take_digits(text + 20, 2),
        .tm_sec = take_digits(text + 23, 2),
    };
    if (take_name(text, days, IBC_ARRAY_SIZE(days)) < 0 || when.tm_mday < 1 || when.tm_mday > 31 ||
        when.tm_mon < 0 || when.tm_year < 70 || when.tm_hour < 0 || when.tm_hour > 23 ||
        when.tm_min < 0 || when.tm_min > 59 || when.tm_sec < 0 || when.tm_sec > 60) {
        return -1;
    }
    return timegm(&when);
}
