/* maintenance.c - the list of maintenance windows in a policy file. */
#include "base/zone.h"
#include "policy/schema.h"

#include <ibcred/policy.h>

enum { DAY_MINUTES = 1440 };

/* One entry as it is written: until when rather than how long. */
struct entry {
    struct ibc_window window;
    int to_minute;
};

static int two_digits(const char *text) {
    bool digits = text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9';
    return digits ? (text[0] - '0') * 10 + (text[1] - '0') : -1;
}

static enum ibc_status read_time_of_day(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                        void *target) {
    (void)field;
    const char *text = ibc_yaml_scalar(yaml);
    if (text != NULL && strlen(text) == strlen("HH:MM") && text[2] == ':') {
        int hour = two_digits(text);
        int minute = two_digits(text + 3);
        if (hour >= 0 && hour < 24 && minute >= 0 && minute < 60) {
            *(int *)target = hour * 60 + minute;
            return IBC_OK;
        }
    }
    return ibc_yaml_fail(yaml, "must be a time of day from 00:00 to 23:59");
}

static enum ibc_status read_zone(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                 void *target) {
    enum ibc_status status = ibc_yaml_text(yaml, field, target);
    if (status != IBC_OK) {
        return status;
    }
    switch (ibc_zone_find(target)) {
    case IBC_ZONE_FOUND:
        return IBC_OK;
    case IBC_ZONE_NO_DATABASE:
        return ibc_yaml_fail(yaml, "needs the time zone database, which is not installed; on "
                                   "Debian and Ubuntu: apt-get install tzdata");
    case IBC_ZONE_UNKNOWN:
    default:
        return ibc_yaml_fail(yaml, "must be an IANA time zone, such as America/New_York, "
                                   "Europe/Zurich or Asia/Hong_Kong");
    }
}

static const struct ibc_yaml_word day_words[] = {{"sun", 0}, {"mon", 1}, {"tue", 2}, {"wed", 3},
                                                 {"thu", 4}, {"fri", 5}, {"sat", 6}, {NULL, 0}};

static enum ibc_status read_day(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                size_t index, void *target) {
    (void)index;
    unsigned *days = target;
    int day;
    enum ibc_status status = ibc_yaml_word(yaml, field, &day);
    if (status != IBC_OK) {
        return status;
    }
    if ((*days & 1U << day) != 0) {
        return ibc_yaml_fail(yaml, "repeats a day of the list; take it out");
    }
    *days |= 1U << day;
    return IBC_OK;
}

static enum ibc_status read_days(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                 void *target) {
    return ibc_yaml_list(yaml, field, read_day, target);
}

static const struct ibc_yaml_field entry_fields[] = {
    {.key = "name",
     .read = ibc_yaml_text,
     .offset = offsetof(struct entry, window.name),
     .min = 1,
     .max = IBC_WINDOW_NAME_MAX,
     .required = true},
    {.key = "zone",
     .read = read_zone,
     .offset = offsetof(struct entry, window.zone),
     .min = 1,
     .max = IBC_ZONE_MAX,
     .required = true},
    {.key = "days",
     .read = read_days,
     .offset = offsetof(struct entry, window.days),
     .min = 1,
     .max = 7,
     .words = day_words,
     .required = true},
    {.key = "from",
     .read = read_time_of_day,
     .offset = offsetof(struct entry, window.from_minute),
     .required = true},
    {.key = "to",
     .read = read_time_of_day,
     .offset = offsetof(struct entry, to_minute),
     .required = true},
};

static const struct ibc_yaml_table entry_table = {
    .fields = entry_fields, .count = IBC_ARRAY_SIZE(entry_fields), .check = NULL};

static enum ibc_status read_entry(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                  size_t index, void *target) {
    (void)field;
    struct ibc_policy *policy = target;
    struct entry entry = {0};
    const struct ibc_yaml_field mapping = {.table = &entry_table};
    enum ibc_status status = ibc_yaml_mapping(yaml, &mapping, &entry);
    if (status != IBC_OK) {
        return status;
    }
    entry.window.minutes = entry.to_minute - entry.window.from_minute;
    if (entry.window.minutes <= 0) {
        entry.window.minutes += DAY_MINUTES;
    }
    policy->windows[index] = entry.window;
    policy->window_count = index + 1;
    return IBC_OK;
}

enum ibc_status ibc_policy_read_maintenance(struct ibc_yaml *yaml,
                                            const struct ibc_yaml_field *field, void *target) {
    struct ibc_policy *policy = target;
    policy->window_count = 0;
    return ibc_yaml_list(yaml, field, read_entry, policy);
}
