/* schema.c - the keys of a policy file: types, bounds, and what may not contradict. */
#include "policy/schema.h"

#include <ibcred/number.h>
#include <ibcred/policy.h>
#include <inttypes.h>

/*
 * The bounds are such that no policy can make the gate unsafe: attempts stay below the ten at
 * which IBKR locks a user, the window is never shorter than the 24 hours it counts over, and
 * every wait keeps a floor.
 */
enum { MINUTE = 60, HOUR = 3600, DAY = 86400, MONTH = 30 * DAY, DECADE = 3650 * DAY };
enum { ATTEMPTS_MAX = 9 };

/* chown(2) takes the number above it for "as it was". */
#define OWNER_MAX (UINT32_MAX - INT64_C(1))

#define BOOLEAN(key_, type_, member_)                                                              \
    { .key = (key_), .read = ibc_yaml_boolean, .offset = offsetof(type_, member_) }

#define NUMBER(key_, type_, member_, min_, max_)                                                   \
    {                                                                                              \
        .key = (key_), .read = ibc_yaml_number, .offset = offsetof(type_, member_), .min = (min_), \
        .max = (max_)                                                                              \
    }

#define DURATION(key_, type_, member_, min_, max_)                                                 \
    {                                                                                              \
        .key = (key_), .read = ibc_yaml_duration, .offset = offsetof(type_, member_),              \
        .min = (min_), .max = (max_)                                                               \
    }

#define TABLE(name_, fields_, check_)                                                              \
    static const struct ibc_yaml_table name_ = {                                                   \
        .fields = (fields_), .count = IBC_ARRAY_SIZE(fields_), .check = (check_)}

/* A mapping whose keys belong to the same struct as the mapping above it. */
#define SECTION(key_, table_)                                                                      \
    { .key = (key_), .read = ibc_yaml_mapping, .table = &(table_) }

static const struct ibc_yaml_field mode_fields[] = {
    BOOLEAN("paper", struct ibc_policy, allow_paper),
    BOOLEAN("live", struct ibc_policy, allow_live),
};
TABLE(mode_table, mode_fields, NULL);

/* `lesser` came out greater than `greater`, perhaps by a default that the file does not show. */
static enum ibc_status fail_order(struct ibc_yaml *yaml, const char *lesser, int64_t seconds,
                                  const char *greater, int64_t limit) {
    char seconds_text[IBC_DURATION_TEXT_MAX];
    char limit_text[IBC_DURATION_TEXT_MAX];
    ibc_format_duration(seconds, seconds_text);
    ibc_format_duration(limit, limit_text);
    return ibc_yaml_fail(yaml, "has a %s of %s, longer than its %s of %s; lower %s or raise %s",
                         lesser, seconds_text, greater, limit_text, lesser, greater);
}

static enum ibc_status check_ttl(struct ibc_yaml *yaml, const void *target) {
    const struct ibc_policy *policy = target;
    if (policy->ttl_default > policy->ttl_max) {
        return fail_order(yaml, "default", policy->ttl_default, "max", policy->ttl_max);
    }
    return IBC_OK;
}

static const struct ibc_yaml_field ttl_fields[] = {
    DURATION("default", struct ibc_policy, ttl_default, 5, HOUR),
    DURATION("max", struct ibc_policy, ttl_max, 5, HOUR),
};
TABLE(ttl_table, ttl_fields, check_ttl);

static enum ibc_status read_port(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                 void *target) {
    int64_t port;
    enum ibc_status status = ibc_yaml_number(yaml, field, &port);
    if (status == IBC_OK) {
        *(uint16_t *)target = (uint16_t)port;
    }
    return status;
}

#define PORT(key_, member_)                                                                        \
    {                                                                                              \
        .key = (key_), .read = read_port, .offset = offsetof(struct ibc_policy, member_),          \
        .min = 1, .max = UINT16_MAX                                                                \
    }

static enum ibc_status check_distinct_ports(struct ibc_yaml *yaml, uint16_t paper, uint16_t live) {
    if (paper == live) {
        return ibc_yaml_fail(yaml, "gives paper and live the same port; a client could not tell "
                                   "which account it trades on, so give each its own");
    }
    return IBC_OK;
}

static enum ibc_status check_ports(struct ibc_yaml *yaml, const void *target) {
    const struct ibc_policy *policy = target;
    return check_distinct_ports(yaml, policy->port_paper, policy->port_live);
}

static const struct ibc_yaml_field port_fields[] = {
    PORT("paper", port_paper),
    PORT("live", port_live),
};
TABLE(port_table, port_fields, check_ports);

static enum ibc_status check_api_ports(struct ibc_yaml *yaml, const void *target) {
    const struct ibc_policy *policy = target;
    return check_distinct_ports(yaml, policy->api_port_paper, policy->api_port_live);
}

static const struct ibc_yaml_field api_port_fields[] = {
    PORT("paper", api_port_paper),
    PORT("live", api_port_live),
};
TABLE(api_port_table, api_port_fields, check_api_ports);

static const struct ibc_yaml_field api_fields[] = {
    NUMBER("client_id", struct ibc_policy, api_client_id, 0, INT32_MAX),
    DURATION("timeout", struct ibc_policy, api_timeout, 1, MINUTE),
    SECTION("ports", api_port_table),
    BOOLEAN("attest", struct ibc_policy, api_attest),
};
TABLE(api_table, api_fields, NULL);

static bool is_variable_name(const char *text) {
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char rest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    return strspn(text, first) > 0 && text[strspn(text, rest)] == '\0';
}

static enum ibc_status read_field_name(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                       size_t index, void *target) {
    (void)field;
    struct ibc_policy *policy = target;
    const char *name = ibc_yaml_scalar(yaml);
    if (name == NULL || !is_variable_name(name) || strlen(name) > IBC_POLICY_FIELD_NAME_MAX) {
        return ibc_yaml_fail(yaml,
                             "must be the name of a field, such as MONGO_INITDB_ROOT_PASSWORD");
    }
    for (size_t i = 0; i < index; i++) {
        if (strcmp(policy->fields[i], name) == 0) {
            return ibc_yaml_fail(yaml, "repeats a name of the list; take it out");
        }
    }
    memcpy(policy->fields[index], name, strlen(name) + 1);
    policy->field_count = index + 1;
    return IBC_OK;
}

static enum ibc_status read_fields(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                   void *target) {
    struct ibc_policy *policy = target;
    const char *word = ibc_yaml_scalar(yaml);
    policy->field_count = 0;
    policy->all_fields = word != NULL && strcmp(word, "all") == 0;
    if (policy->all_fields) {
        return IBC_OK;
    }
    if (yaml->event.type != YAML_SEQUENCE_START_EVENT) {
        return ibc_yaml_fail(yaml, "must be the word all or a list of field names");
    }
    return ibc_yaml_list(yaml, field, read_field_name, policy);
}

static const struct ibc_yaml_word file_mode_words[] = {{"0400", 0400}, {"0440", 0440}, {NULL, 0}};

static enum ibc_status read_file_mode(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                      void *target) {
    int value;
    enum ibc_status status = ibc_yaml_word(yaml, field, &value);
    if (status == IBC_OK) {
        *(int64_t *)target = value;
    }
    return status;
}

static const struct ibc_yaml_field secret_file_fields[] = {
    NUMBER("owner", struct ibc_policy, secret_owner, 0, OWNER_MAX),
    NUMBER("group", struct ibc_policy, secret_group, 0, OWNER_MAX),
    {.key = "mode",
     .read = read_file_mode,
     .offset = offsetof(struct ibc_policy, secret_mode),
     .words = file_mode_words},
};
TABLE(secret_file_table, secret_file_fields, NULL);

static const struct ibc_yaml_field delivery_fields[] = {
    BOOLEAN("allow_disk", struct ibc_policy, allow_disk),
    {.key = "fields", .read = read_fields, .max = IBC_POLICY_FIELDS_MAX},
    SECTION("ports", port_table),
    SECTION("secret_files", secret_file_table),
    {.key = "consumer",
     .read = ibc_policy_read_consumer,
     .offset = offsetof(struct ibc_policy, consumer)},
    {.key = "images", .read = ibc_policy_read_images, .max = IBC_IMAGES_MAX},
};
TABLE(delivery_table, delivery_fields, NULL);

static enum ibc_status check_throttled(struct ibc_yaml *yaml, const void *target) {
    const struct ibc_gate_rules *rules = target;
    if (rules->throttled_wait > rules->throttled_cap) {
        return fail_order(yaml, "wait", rules->throttled_wait, "cap", rules->throttled_cap);
    }
    return IBC_OK;
}

static const struct ibc_yaml_field throttled_fields[] = {
    DURATION("wait", struct ibc_gate_rules, throttled_wait, 5, DAY),
    DURATION("margin", struct ibc_gate_rules, throttled_margin, 1, HOUR),
    DURATION("cap", struct ibc_gate_rules, throttled_cap, MINUTE, DAY),
};
TABLE(throttled_table, throttled_fields, check_throttled);

static enum ibc_status check_silent_drop(struct ibc_yaml *yaml, const void *target) {
    const struct ibc_gate_rules *rules = target;
    const struct {
        const char *key;
        int64_t seconds;
    } rising[] = {{"wait", rules->silent_drop_wait},
                  {"cap", rules->silent_drop_cap},
                  {"persistent_wait", rules->persistent_drop_wait},
                  {"persistent_cap", rules->persistent_drop_cap}};
    for (size_t i = 1; i < IBC_ARRAY_SIZE(rising); i++) {
        if (rising[i - 1].seconds > rising[i].seconds) {
            return fail_order(yaml, rising[i - 1].key, rising[i - 1].seconds, rising[i].key,
                              rising[i].seconds);
        }
    }
    return IBC_OK;
}

static const struct ibc_yaml_field silent_drop_fields[] = {
    DURATION("wait", struct ibc_gate_rules, silent_drop_wait, 30, DAY),
    DURATION("cap", struct ibc_gate_rules, silent_drop_cap, MINUTE, DAY),
    DURATION("persistent_wait", struct ibc_gate_rules, persistent_drop_wait, MINUTE, DAY),
    NUMBER("persistent_growth", struct ibc_gate_rules, persistent_drop_growth, 100, 1000),
    DURATION("persistent_cap", struct ibc_gate_rules, persistent_drop_cap, MINUTE, DAY),
};
TABLE(silent_drop_table, silent_drop_fields, check_silent_drop);

static enum ibc_status check_gate(struct ibc_yaml *yaml, const void *target) {
    const struct ibc_gate_rules *rules = target;
    if (rules->max_failures > rules->max_attempts) {
        return ibc_yaml_fail(yaml,
                             "has max_failures of %" PRId64 " above max_attempts of %" PRId64
                             "; lower max_failures or raise max_attempts",
                             rules->max_failures, rules->max_attempts);
    }
    return IBC_OK;
}

static const struct ibc_yaml_field gate_fields[] = {
    NUMBER("max_failures", struct ibc_gate_rules, max_failures, 1, ATTEMPTS_MAX),
    NUMBER("max_attempts", struct ibc_gate_rules, max_attempts, 1, ATTEMPTS_MAX),
    DURATION("window", struct ibc_gate_rules, window, DAY, MONTH),
    DURATION("attempt_timeout", struct ibc_gate_rules, attempt_timeout, 30, HOUR),
    DURATION("rejected_wait", struct ibc_gate_rules, rejected_wait, 10, DAY),
    SECTION("throttled", throttled_table),
    DURATION("second_factor_wait", struct ibc_gate_rules, second_factor_wait, 10, DAY),
    DURATION("session_conflict_wait", struct ibc_gate_rules, session_conflict_wait, 30, DAY),
    SECTION("silent_drop", silent_drop_table),
    DURATION("unknown_wait", struct ibc_gate_rules, unknown_wait, 10, DAY),
};
TABLE(gate_table, gate_fields, check_gate);

static const struct ibc_yaml_field keep_fields[] = {
    NUMBER("versions", struct ibc_policy, rotation_keep.versions, 0, 1000),
    DURATION("age", struct ibc_policy, rotation_keep.age, 0, DECADE),
};
TABLE(keep_table, keep_fields, NULL);

static enum ibc_status check_rotation(struct ibc_yaml *yaml, const void *target) {
    const struct ibc_policy *policy = target;
    if (policy->rotation_warn > policy->rotation_max_age) {
        return fail_order(yaml, "warn", policy->rotation_warn, "max_age", policy->rotation_max_age);
    }
    return IBC_OK;
}

static const struct ibc_yaml_field rotation_fields[] = {
    DURATION("max_age", struct ibc_policy, rotation_max_age, DAY, DECADE),
    DURATION("warn", struct ibc_policy, rotation_warn, 0, DECADE),
    SECTION("keep", keep_table),
};
TABLE(rotation_table, rotation_fields, check_rotation);

static enum ibc_status check_supervise(struct ibc_yaml *yaml, const void *target) {
    const struct ibc_policy *policy = target;
    if (policy->restart_wait > policy->restart_cap) {
        return fail_order(yaml, "restart_wait", policy->restart_wait, "restart_cap",
                          policy->restart_cap);
    }
    return IBC_OK;
}

static const struct ibc_yaml_field supervise_fields[] = {
    DURATION("restart_wait", struct ibc_policy, restart_wait, 1, HOUR),
    DURATION("restart_cap", struct ibc_policy, restart_cap, 1, DAY),
    DURATION("steady", struct ibc_policy, restart_steady, 10, DAY),
};
TABLE(supervise_table, supervise_fields, check_supervise);

static const struct ibc_yaml_word leniency_words[] = {
    {"deny", IBC_DENY}, {"warn", IBC_WARN}, {"allow", IBC_ALLOW}, {NULL, 0}};

static enum ibc_status read_leniency(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                     void *target) {
    int value;
    enum ibc_status status = ibc_yaml_word(yaml, field, &value);
    if (status == IBC_OK) {
        *(enum ibc_leniency *)target = (enum ibc_leniency)value;
    }
    return status;
}

static const struct ibc_yaml_field policy_fields[] = {
    SECTION("modes", mode_table),
    {.key = "live_user_in_paper",
     .read = read_leniency,
     .offset = offsetof(struct ibc_policy, live_user_in_paper),
     .words = leniency_words},
    SECTION("ttl", ttl_table),
    SECTION("delivery", delivery_table),
    {.key = "gate",
     .read = ibc_yaml_mapping,
     .offset = offsetof(struct ibc_policy, gate),
     .table = &gate_table},
    SECTION("api", api_table),
    SECTION("rotation", rotation_table),
    SECTION("supervise", supervise_table),
    {.key = "notify", .read = ibc_policy_read_notify, .max = IBC_NOTIFY_TARGETS_MAX},
    {.key = "maintenance", .read = ibc_policy_read_maintenance, .max = IBC_WINDOWS_MAX},
};

const struct ibc_yaml_table ibc_policy_table = {
    .fields = policy_fields, .count = IBC_ARRAY_SIZE(policy_fields), .check = NULL};
