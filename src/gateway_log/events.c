/* events.c - the events by name. */
#include "gateway_log/rules.h"

static const char *const names[] = {
    [IBC_LOG_STARTING] = "starting",
    [IBC_LOG_ATTEMPT] = "attempt",
    [IBC_LOG_MODE] = "mode",
    [IBC_LOG_PASSWORD_SET] = "password-set",
    [IBC_LOG_SUCCESS] = "success",
    [IBC_LOG_REJECTED] = "rejected",
    [IBC_LOG_LOGIN_ERROR] = "login-error",
    [IBC_LOG_FORM_INVALID] = "form-invalid",
    [IBC_LOG_THROTTLED] = "throttled",
    [IBC_LOG_SECOND_FACTOR] = "second-factor",
    [IBC_LOG_SECOND_FACTOR_TIMEOUT] = "second-factor-timeout",
    [IBC_LOG_SESSION_CONFLICT] = "session-conflict",
    [IBC_LOG_SESSION_ENDED] = "session-ended",
    [IBC_LOG_SILENT_DROP] = "silent-drop",
    [IBC_LOG_MODE_CONTRADICTION] = "mode-contradiction",
    [IBC_LOG_PASSWORD_EXPIRY] = "password-expiry",
    [IBC_LOG_ACCOUNT] = "account",
    [IBC_LOG_API_READY] = "api-ready",
    [IBC_LOG_COLD_RESTART] = "cold-restart",
    [IBC_LOG_MAINTENANCE] = "maintenance",
    [IBC_LOG_EXIT] = "exit",
    [IBC_LOG_HALTED] = "halted",
    [IBC_LOG_MISCONFIGURED] = "misconfigured",
};

const char *ibc_log_event_name(enum ibc_log_event event) {
    const size_t index = (size_t)event;
    return index > 0 && index < IBC_ARRAY_SIZE(names) ? names[index] : "none";
}

int ibc_log_event_of(const char *name) {
    for (size_t i = 1; i < IBC_ARRAY_SIZE(names); i++) {
        if (strcmp(names[i], name) == 0) {
            return (int)i;
        }
    }
    return 0;
}
