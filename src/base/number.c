/* number.c - strict numbers and durations. */
#include <ibcred/number.h>

bool ibc_parse_number(const char *text, size_t size, uint64_t max, uint64_t *out) {
    if (size == 0 || (size > 1 && text[0] == '0')) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value)) {
            return false;
        }
    }
    if (value > max) {
        return false;
    }
    *out = value;
    return true;
}

static int64_t unit_seconds(char unit) {
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    default:
        return 0;
    }
}

bool ibc_parse_duration(const char *text, int64_t max, int64_t *seconds) {
    size_t digits = strlen(text);
    if (digits == 0) {
        return false;
    }
    int64_t unit = unit_seconds(text[digits - 1]);
    if (unit == 0) {
        unit = 1;
    } else {
        digits--;
    }
    uint64_t count;
    if (!ibc_parse_number(text, digits, (uint64_t)(max / unit), &count)) {
        return false;
    }
    *seconds = (int64_t)count * unit;
    return true;
}

void ibc_format_duration(int64_t seconds, char out[static IBC_DURATION_TEXT_MAX]) {
    const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};

    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < IBC_ARRAY_SIZE(units); i++) {
        int64_t count = seconds / units[i].seconds;
        seconds %= units[i].seconds;
        if (count == 0 && !(used == 0 && units[i].seconds == 1)) {
            continue;
        }
        used += (size_t)snprintf(out + used, IBC_DURATION_TEXT_MAX - used, "%s%lld %s",
                                 used > 0 ? " " : "", (long long)count, units[i].name);
    }
}
