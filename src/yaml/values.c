/* values.c - the strict reader's scalars. */
#include "yaml/yaml.h"

#include <ibcred/number.h>
#include <inttypes.h>

static bool is_plain(const struct ibc_yaml *yaml) {
    return yaml->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static bool is_null(const char *text) {
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(nulls); i++) {
        if (strcmp(text, nulls[i]) == 0) {
            return true;
        }
    }
    return false;
}

const char *ibc_yaml_scalar(const struct ibc_yaml *yaml) {
    if (yaml->event.type != YAML_SCALAR_EVENT) {
        return NULL;
    }
    const char *text = (const char *)yaml->event.data.scalar.value;
    if (strlen(text) != yaml->event.data.scalar.length) {
        return NULL; /* "\0" */
    }
    return is_plain(yaml) && is_null(text) ? NULL : text;
}

enum ibc_status ibc_yaml_boolean(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                 void *target) {
    (void)field;
    const char *text = ibc_yaml_scalar(yaml);
    bool yes = text != NULL && strcmp(text, "true") == 0;
    bool no = text != NULL && strcmp(text, "false") == 0;
    if ((!yes && !no) || !is_plain(yaml)) {
        return ibc_yaml_fail(yaml, "must be true or false");
    }
    *(bool *)target = yes;
    return IBC_OK;
}

enum ibc_status ibc_yaml_number(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                void *target) {
    const char *text = ibc_yaml_scalar(yaml);
    uint64_t value;
    if (text == NULL || !is_plain(yaml) ||
        !ibc_parse_number(text, strlen(text), (uint64_t)field->max, &value) ||
        value < (uint64_t)field->min) {
        return ibc_yaml_fail(yaml, "must be a number from %" PRId64 " to %" PRId64, field->min,
                             field->max);
    }
    *(int64_t *)target = (int64_t)value;
    return IBC_OK;
}

enum { BOUND_TEXT_MAX = 24 };

/* As a policy would write it: in the largest unit that leaves nothing over, but no days. */
static void format_bound(int64_t seconds, char out[static BOUND_TEXT_MAX]) {
    int64_t unit = 1;
    char name = 's';
    if (seconds > 0 && seconds % 3600 == 0) {
        unit = 3600;
        name = 'h';
    } else if (seconds > 0 && seconds % 60 == 0) {
        unit = 60;
        name = 'm';
    }
    (void)snprintf(out, BOUND_TEXT_MAX, "%" PRId64 "%c", seconds / unit, name);
}

enum ibc_status ibc_yaml_duration(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                  void *target) {
    const char *text = ibc_yaml_scalar(yaml);
    int64_t seconds;
    if (text == NULL || !ibc_parse_duration(text, field->max, &seconds) || seconds < field->min) {
        char min[BOUND_TEXT_MAX];
        char max[BOUND_TEXT_MAX];
        format_bound(field->min, min);
        format_bound(field->max, max);
        return ibc_yaml_fail(
            yaml, "must be a duration from %s to %s, written like 90s, 2m, 24h or 1d", min, max);
    }
    *(int64_t *)target = seconds;
    return IBC_OK;
}

static enum ibc_status fail_word(struct ibc_yaml *yaml, const struct ibc_yaml_word *words) {
    char list[256];
    size_t used = 0;
    for (const struct ibc_yaml_word *at = words; at->word != NULL && used < sizeof list; at++) {
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", at > words ? ", " : "",
                                 at->word);
    }
    return ibc_yaml_fail(yaml, "must be one of %s", list);
}

enum ibc_status ibc_yaml_word(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                              void *target) {
    const char *text = ibc_yaml_scalar(yaml);
    for (const struct ibc_yaml_word *at = field->words; text != NULL && at->word != NULL; at++) {
        if (strcmp(text, at->word) == 0) {
            *(int *)target = at->value;
            return IBC_OK;
        }
    }
    return fail_word(yaml, field->words);
}

static bool is_printable(const char *text) {
    for (; *text != '\0'; text++) {
        if (*text < 0x20 || *text > 0x7e) {
            return false;
        }
    }
    return true;
}

enum ibc_status ibc_yaml_text(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                              void *target) {
    const char *text = ibc_yaml_scalar(yaml);
    size_t length = text != NULL ? strlen(text) : 0;
    if (text == NULL || length < (size_t)field->min || length > (size_t)field->max ||
        !is_printable(text)) {
        return ibc_yaml_fail(yaml, "must be %" PRId64 " to %" PRId64 " characters of ASCII text",
                             field->min, field->max);
    }
    memcpy(target, text, length + 1);
    return IBC_OK;
}
