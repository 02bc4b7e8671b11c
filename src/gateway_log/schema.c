/* schema.c - the keys of a file of log rules. */
#include "gateway_log/expression.h"
#include "gateway_log/rules.h"

#include <ctype.h>

/* Prefilters are compared with a line in lower case. */
static enum ibc_status read_contains(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                     void *target) {
    enum ibc_status status = ibc_yaml_text(yaml, field, target);
    if (status != IBC_OK) {
        return status;
    }
    for (char *at = target; *at != '\0'; at++) {
        *at = (char)tolower((unsigned char)*at);
    }
    return IBC_OK;
}

static enum ibc_status read_expression(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                       char *target, size_t *groups) {
    enum ibc_status status = ibc_yaml_text(yaml, field, target);
    if (status != IBC_OK) {
        return status;
    }
    char problem[EXPRESSION_PROBLEM_MAX];
    if (!expression_check(target, groups, problem)) {
        return ibc_yaml_fail(yaml, "%s", problem);
    }
    return IBC_OK;
}

static enum ibc_status read_prefix(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                   void *target) {
    size_t groups;
    return read_expression(yaml, field, target, &groups);
}

static enum ibc_status read_pattern(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                    void *target) {
    struct log_rule *rule = target;
    return read_expression(yaml, field, rule->pattern, &rule->groups);
}

static enum ibc_status read_event(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                  void *target) {
    (void)field;
    const char *name = ibc_yaml_scalar(yaml);
    int event = name != NULL ? ibc_log_event_of(name) : 0;
    if (event == 0) {
        return ibc_yaml_fail(yaml, "must be one of the events that the head of ibcred's own "
                                   "log-rules.yaml lists, such as rejected or throttled");
    }
    *(int *)target = event;
    return IBC_OK;
}

#define TEXT(key_, type_, member_, min_, max_, required_)                                          \
    {                                                                                              \
        .key = (key_), .read = ibc_yaml_text, .offset = offsetof(type_, member_), .min = (min_),   \
        .max = (max_), .required = (required_)                                                     \
    }

#define CONTAINS(type_)                                                                            \
    {                                                                                              \
        .key = "contains", .read = read_contains, .offset = offsetof(type_, contains), .min = 1,   \
        .max = CONTAINS_MAX                                                                        \
    }

#define GROUP(key_, member_)                                                                       \
    {                                                                                              \
        .key = (key_), .read = ibc_yaml_number, .offset = offsetof(struct log_rule, member_),      \
        .min = 1, .max = GROUPS_MAX                                                                \
    }

static const struct ibc_yaml_field source_fields[] = {
    TEXT("name", struct log_source, name, 1, IBC_LOG_RULE_NAME_MAX, true),
    CONTAINS(struct log_source),
    {.key = "prefix",
     .read = read_prefix,
     .offset = offsetof(struct log_source, prefix),
     .min = 1,
     .max = EXPRESSION_MAX},
};
static const struct ibc_yaml_table source_table = {
    .fields = source_fields, .count = IBC_ARRAY_SIZE(source_fields), .check = NULL};

static int find_source(const struct ibc_log_rules *rules, const char *name) {
    for (size_t i = 0; i < rules->source_count; i++) {
        if (strcmp(rules->sources[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static enum ibc_status read_source(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                   size_t index, void *target) {
    (void)field;
    struct ibc_log_rules *rules = target;
    const struct ibc_yaml_field mapping = {.table = &source_table};
    enum ibc_status status = ibc_yaml_mapping(yaml, &mapping, &rules->sources[index]);
    if (status != IBC_OK) {
        return status;
    }
    if (find_source(rules, rules->sources[index].name) >= 0) {
        return ibc_yaml_fail(yaml, "has the name of an earlier source; give it another");
    }
    rules->source_count = index + 1;
    return IBC_OK;
}

static enum ibc_status read_sources(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                    void *target) {
    return ibc_yaml_list(yaml, field, read_source, target);
}

/* A rule as it is written: the source by its name. */
struct entry {
    struct log_rule rule;
    char source[IBC_LOG_RULE_NAME_MAX + 1];
};

static enum ibc_status check_entry(struct ibc_yaml *yaml, const void *target) {
    const struct log_rule *rule = &((const struct entry *)target)->rule;
    const struct {
        const char *key;
        int64_t group;
    } taken[] = {{"number", rule->number},
                 {"minutes", rule->minutes},
                 {"seconds", rule->seconds},
                 {"text", rule->text}};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(taken); i++) {
        if ((uint64_t)taken[i].group > rule->groups) {
            return ibc_yaml_fail(yaml, "takes its %s from group %d, but its pattern has %zu",
                                 taken[i].key, (int)taken[i].group, rule->groups);
        }
    }
    if (rule->min > 0 && rule->number == 0) {
        return ibc_yaml_fail(yaml, "has a min but no number; say which group holds the number");
    }
    return IBC_OK;
}

static const struct ibc_yaml_field entry_fields[] = {
    TEXT("name", struct entry, rule.name, 1, IBC_LOG_RULE_NAME_MAX, true),
    {.key = "event",
     .read = read_event,
     .offset = offsetof(struct entry, rule.event),
     .required = true},
    TEXT("source", struct entry, source, 1, IBC_LOG_RULE_NAME_MAX, true),
    CONTAINS(struct log_rule),
    {.key = "pattern", .read = read_pattern, .min = 1, .max = EXPRESSION_MAX, .required = true},
    GROUP("number", number),
    GROUP("minutes", minutes),
    GROUP("seconds", seconds),
    GROUP("text", text),
    {.key = "min",
     .read = ibc_yaml_number,
     .offset = offsetof(struct log_rule, min),
     .min = 1,
     .max = NUMBER_MAX},
    {.key = "following_lines",
     .read = ibc_yaml_number,
     .offset = offsetof(struct log_rule, following_lines),
     .min = 1,
     .max = FOLLOWING_MAX},
    {.key = "replaces", .read = read_event, .offset = offsetof(struct log_rule, replaces)},
};
_Static_assert(offsetof(struct entry, rule) == 0, "the fields of a rule are those of its entry");
static const struct ibc_yaml_table entry_table = {
    .fields = entry_fields, .count = IBC_ARRAY_SIZE(entry_fields), .check = check_entry};

static enum ibc_status read_rule(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                 size_t index, void *target) {
    (void)field;
    struct ibc_log_rules *rules = target;
    struct entry entry = {0};
    const struct ibc_yaml_field mapping = {.table = &entry_table};
    enum ibc_status status = ibc_yaml_mapping(yaml, &mapping, &entry);
    if (status != IBC_OK) {
        return status;
    }
    entry.rule.source = find_source(rules, entry.source);
    if (entry.rule.source < 0) {
        return ibc_yaml_fail(yaml, "names a source that is not in the list sources, which must "
                                   "stand before the rules");
    }
    for (size_t i = 0; i < index; i++) {
        if (strcmp(rules->rules[i].name, entry.rule.name) == 0) {
            return ibc_yaml_fail(yaml, "has the name of an earlier rule; give it another");
        }
    }
    rules->rules[index] = entry.rule;
    rules->rule_count = index + 1;
    return IBC_OK;
}

static enum ibc_status read_rules(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                  void *target) {
    return ibc_yaml_list(yaml, field, read_rule, target);
}

static const struct ibc_yaml_field file_fields[] = {
    {.key = "sources", .read = read_sources, .min = 1, .max = SOURCES_MAX, .required = true},
    {.key = "rules", .read = read_rules, .min = 1, .max = IBC_LOG_RULES_MAX, .required = true},
};

const struct ibc_yaml_table ibc_log_rules_table = {
    .fields = file_fields, .count = IBC_ARRAY_SIZE(file_fields), .check = NULL};
