/* outcome.c - what came of a login: its words, and whether there was one at all. */
#include <ibcred/ledger.h>
#include <ibcred/number.h>
#include <string.h>

enum { WAIT_MAX = 86400 /* seconds */ };

#define THROTTLED_PREFIX "throttled="

static const char *const names[] = {
    [IBC_OUTCOME_SUCCESS] = "success",
    [IBC_OUTCOME_REJECTED] = "rejected",
    [IBC_OUTCOME_THROTTLED] = "throttled",
    [IBC_OUTCOME_SECOND_FACTOR_TIMEOUT] = "2fa-timeout",
    [IBC_OUTCOME_SESSION_CONFLICT] = "session-conflict",
    [IBC_OUTCOME_SILENT_DROP] = "silent-drop",
    [IBC_OUTCOME_FAILED] = "failed",
    [IBC_OUTCOME_CONTRADICTED] = "contradicted",
    [IBC_OUTCOME_UNKNOWN] = "unknown",
};

const char *ibc_outcome_name(enum ibc_outcome outcome) {
    if (outcome < IBC_OUTCOME_SUCCESS || outcome > IBC_OUTCOME_UNKNOWN) {
        return "?";
    }
    return names[outcome];
}

static bool parse_wait(const char *text, int64_t *wait) {
    uint64_t seconds;
    if (!ibc_parse_number(text, strlen(text), WAIT_MAX, &seconds) || seconds == 0) {
        return false;
    }
    *wait = (int64_t)seconds;
    return true;
}

bool ibc_outcome_parse(const char *text, enum ibc_outcome *outcome, int64_t *wait) {
    size_t prefix = strlen(THROTTLED_PREFIX);
    if (strncmp(text, THROTTLED_PREFIX, prefix) == 0) {
        if (!parse_wait(text + prefix, wait)) {
            return false;
        }
        *outcome = IBC_OUTCOME_THROTTLED;
        return true;
    }
    for (size_t i = IBC_OUTCOME_SUCCESS; i < IBC_ARRAY_SIZE(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *outcome = (enum ibc_outcome)i;
            *wait = 0;
            return true;
        }
    }
    return false;
}

bool ibc_ledger_taken_back(const struct ibc_ledger_entry *entries, size_t count, size_t index) {
    return index + 1 < count && entries[index + 1].event == IBC_LEDGER_UNDELIVERED;
}
