/* time.c - see time.h. */
#include "tws/time.h"

#include "base/zone.h"

#include <ibcred/number.h>

/*
 * What zoneinfo does not have everywhere: abbreviations of one offset, and the names that Java
 * gives zones in English. An abbreviation that means several zones is left out.
 */
static const struct {
    const char *name;
    int minutes; /* east of UTC */
} fixed_zones[] = {
    {"Z", 0},
    {"EST", -300},
    {"MST", -420},
    {"HST", -600},
    {"EDT", -240},
    {"CDT", -300},
    {"MDT", -360},
    {"PST", -480},
    {"PDT", -420},
    {"AKST", -540},
    {"AKDT", -480},
    {"CEST", 120},
    {"MEZ", 60},
    {"MESZ", 120},
    {"WEST", 60},
    {"EEST", 180},
    {"JST", 540},
    {"HKT", 480},
    {"SGT", 480},
    {"KST", 540},
    {"AEST", 600},
    {"AEDT", 660},
    {"NZST", 720},
    {"NZDT", 780},
    {"Coordinated Universal Time", 0},
    {"Greenwich Mean Time", 0},
    {"British Summer Time", 60},
    {"Western European Standard Time", 0},
    {"Western European Summer Time", 60},
    {"Central European Standard Time", 60},
    {"Central European Summer Time", 120},
    {"Eastern European Standard Time", 120},
    {"Eastern European Summer Time", 180},
    {"Eastern Standard Time", -300},
    {"Eastern Daylight Time", -240},
    {"Central Standard Time", -360},
    {"Central Daylight Time", -300},
    {"Mountain Standard Time", -420},
    {"Mountain Daylight Time", -360},
    {"Pacific Standard Time", -480},
    {"Pacific Daylight Time", -420},
    {"India Standard Time", 330},
    {"China Standard Time", 480},
    {"Hong Kong Standard Time", 480},
    {"Hong Kong Time", 480},
    {"Singapore Standard Time", 480},
    {"Singapore Time", 480},
    {"Japan Standard Time", 540},
    {"Korean Standard Time", 540},
    {"Australian Eastern Standard Time", 600},
    {"Australian Eastern Daylight Time", 660},
    {"New Zealand Standard Time", 720},
    {"New Zealand Daylight Time", 780},
};

enum { STAMP_BYTES = 17 }; /* "YYYYMMDD HH:MM:SS" */

/* `count` digits at `text` as a number within bounds. */
static bool digits(const char *text, size_t count, int least, int most, int *out) {
    int number = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        number = number * 10 + (text[i] - '0');
    }
    *out = number;
    return number >= least && number <= most;
}

/* The local time in seconds, counted as if its zone were UTC. */
static bool parse_stamp(const char *text, int64_t *local) {
    struct tm time = {0};
    if (strnlen(text, STAMP_BYTES) < STAMP_BYTES || text[8] != ' ' || text[11] != ':' ||
        text[14] != ':' || !digits(text, 4, 1970, 9999, &time.tm_year) ||
        !digits(text + 4, 2, 1, 12, &time.tm_mon) || !digits(text + 6, 2, 1, 31, &time.tm_mday) ||
        !digits(text + 9, 2, 0, 23, &time.tm_hour) || !digits(text + 12, 2, 0, 59, &time.tm_min) ||
        !digits(text + 15, 2, 0, 59, &time.tm_sec)) {
        return false;
    }
    time.tm_year -= 1900;
    time.tm_mon--;
    const int day = time.tm_mday;
    *local = timegm(&time);
    return time.tm_mday == day; /* there is no 30 February */
}

static int64_t distance(int64_t a, int64_t b) {
    return a > b ? a - b : b - a;
}

bool tws_time_parse(const char *text, int64_t near, int64_t *instant) {
    int64_t local;
    if (!parse_stamp(text, &local) || text[STAMP_BYTES] != ' ') {
        return false;
    }
    const char *zone = text + STAMP_BYTES + 1;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(fixed_zones); i++) {
        if (strcmp(zone, fixed_zones[i].name) == 0) {
            *instant = local - (int64_t)fixed_zones[i].minutes * 60;
            return true;
        }
    }
    ibc_auto_zone scope = {0};
    if (!ibc_zone_enter(zone, &scope)) {
        return false;
    }
    const int64_t first = ibc_zone_instant(local, IBC_ZONE_FIRST);
    const int64_t last = ibc_zone_instant(local, IBC_ZONE_LAST);
    *instant = distance(first, near) <= distance(last, near) ? first : last;
    return true;
}
