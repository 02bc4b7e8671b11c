/* fuzz_policy.c - any bytes as a policy: refused with a place, or safe to run the gate by. */
#include <ibcred/policy.h>

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void check_rules(const struct ibc_gate_rules *rules) {
    require(rules->max_failures >= 1 && rules->max_failures <= rules->max_attempts);
    require(rules->max_attempts <= 9 && rules->window >= 86400);
    require(rules->attempt_timeout >= 30 && rules->rejected_wait >= 10);
    require(rules->throttled_wait >= 5 && rules->throttled_wait <= rules->throttled_cap);
    require(rules->throttled_margin >= 1 && rules->unknown_wait >= 10);
    require(rules->silent_drop_wait >= 30 && rules->silent_drop_wait <= rules->silent_drop_cap);
    require(rules->silent_drop_cap <= rules->persistent_drop_wait);
    require(rules->persistent_drop_wait <= rules->persistent_drop_cap);
    require(rules->persistent_drop_growth >= 100);
}

static void check_windows(const struct ibc_policy *policy) {
    require(policy->window_count <= IBC_WINDOWS_MAX);
    for (size_t i = 0; i < policy->window_count; i++) {
        const struct ibc_window *window = &policy->windows[i];
        require(window->days != 0 && window->days < 128);
        require(window->from_minute >= 0 && window->from_minute < 1440);
        require(window->minutes >= 1 && window->minutes <= 1440);
        require(memchr(window->zone, '\0', sizeof window->zone) != NULL);
    }
    const int64_t now_ms = INT64_C(1795000000000);
    int64_t until_ms;
    if (ibc_policy_window(policy, now_ms, &until_ms) != NULL) {
        require(until_ms > now_ms);
    }
}

static void check_target(const struct ibc_notify_target *target) {
    require(target->notices != 0 && (target->notices & ~0xfeU) == 0);
    require(target->timeout >= 1 && target->timeout <= 60);
    if (target->way != IBC_NOTIFY_COMMAND) {
        require(memchr(target->text, '\0', sizeof target->text) != NULL);
        require(target->way == IBC_NOTIFY_WEBHOOK ? strncmp(target->text, "http", 4) == 0
                                                  : target->text[0] == '/');
        return;
    }
    require(target->argument_count >= 1 && target->argument_count <= IBC_NOTIFY_ARGUMENTS_MAX);
    require(target->text[0] == '/' && !target->slack);
    size_t used = 0;
    for (size_t i = 0; i < target->argument_count; i++) {
        const char *end = memchr(target->text + used, '\0', sizeof target->text - used);
        require(end != NULL);
        used = (size_t)(end - target->text) + 1;
    }
}

static void check_rotation(const struct ibc_policy *policy) {
    require(policy->rotation_max_age >= 86400 && policy->rotation_max_age <= 3650 * 86400);
    require(policy->rotation_warn >= 0 && policy->rotation_warn <= policy->rotation_max_age);
    require(policy->rotation_keep.versions >= 0 && policy->rotation_keep.versions <= 1000);
    require(policy->rotation_keep.age >= 0 && policy->rotation_keep.age <= 3650 * 86400);
}

static void check_supervision(const struct ibc_policy *policy) {
    require(policy->secret_owner >= 0 && policy->secret_owner < UINT32_MAX);
    require(policy->secret_group >= 0 && policy->secret_group < UINT32_MAX);
    require(policy->secret_mode == 0400 || policy->secret_mode == 0440);
    require(policy->restart_wait >= 1 && policy->restart_wait <= policy->restart_cap);
    require(policy->restart_cap <= 86400 && policy->restart_steady >= 10);
    require(policy->notify_count <= IBC_NOTIFY_TARGETS_MAX);
    for (size_t i = 0; i < policy->notify_count; i++) {
        check_target(&policy->notify[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct ibc_policy policy;
    struct ibc_error err = {0};
    const struct ibc_view text = {.bytes = data, .size = size};
    if (ibc_policy_parse(text, "fuzz", &policy, &err) != IBC_OK) {
        require(err.status == IBC_ERR_MISMATCH && strncmp(err.text, "fuzz:", 5) == 0);
        return 0;
    }
    require(policy.ttl_default >= 5 && policy.ttl_default <= policy.ttl_max);
    require(policy.port_paper != policy.port_live);
    require(policy.field_count <= IBC_POLICY_FIELDS_MAX);
    check_rules(&policy.gate);
    check_windows(&policy);
    check_rotation(&policy);
    check_supervision(&policy);
    return 0;
}
