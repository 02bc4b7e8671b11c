/* canary.c - see canary.h. */
#include "broker/canary.h"

static enum canary_state after_outcome(enum canary_state before, enum ibc_outcome outcome) {
    switch (outcome) {
    case IBC_OUTCOME_SUCCESS:
    case IBC_OUTCOME_CONTRADICTED: /* to the wrong account, but with the right password */
        return CANARY_PASSED;
    case IBC_OUTCOME_REJECTED:
        return before == CANARY_PASSED ? before : CANARY_REJECTED;
    default:
        return before == CANARY_TRIED ? CANARY_WAITS : before;
    }
}

static enum canary_state after_entry(enum canary_state before, const struct ibc_ledger_entry *entry,
                                     bool taken_back) {
    switch (entry->event) {
    case IBC_LEDGER_CHARGE:
        return before == CANARY_WAITS && !taken_back ? CANARY_TRIED : before;
    case IBC_LEDGER_ATTEMPT:
        return before == CANARY_WAITS ? CANARY_TRIED : before;
    case IBC_LEDGER_OUTCOME:
        return after_outcome(before, entry->outcome);
    case IBC_LEDGER_CLEAR:
        return before == CANARY_PASSED ? before : CANARY_WAITS;
    case IBC_LEDGER_UNDELIVERED: /* its charge was left out */
    default:
        return before;
    }
}

static bool is_of(const struct ibc_ledger_entry *entry, const unsigned char *credential) {
    return memcmp(entry->credential, credential, IBC_CREDENTIAL_ID_BYTES) == 0;
}

enum canary_state canary_state(const struct ibc_ledger_entry *entries, size_t count,
                               const unsigned char credential[static IBC_CREDENTIAL_ID_BYTES],
                               int64_t staged_ms) {
    enum canary_state state = CANARY_WAITS;
    for (size_t i = 0; i < count; i++) {
        if (entries[i].at.wall_ms >= staged_ms && is_of(&entries[i], credential)) {
            state = after_entry(state, &entries[i], ibc_ledger_taken_back(entries, count, i));
        }
    }
    return state;
}

static bool is_try(const struct ibc_ledger_entry *entries, size_t count, size_t i) {
    return entries[i].event == IBC_LEDGER_ATTEMPT ||
           (entries[i].event == IBC_LEDGER_CHARGE && !ibc_ledger_taken_back(entries, count, i));
}

size_t canary_last_try(const struct ibc_ledger_entry *entries, size_t count,
                       const unsigned char credential[static IBC_CREDENTIAL_ID_BYTES]) {
    size_t last = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_of(&entries[i], credential) && is_try(entries, count, i)) {
            last = i + 1;
        }
    }
    return last;
}

bool credential_is_burned(const struct ibc_ledger_entry *entries, size_t count,
                          const unsigned char credential[static IBC_CREDENTIAL_ID_BYTES]) {
    for (size_t i = count; i > 0; i--) {
        const struct ibc_ledger_entry *entry = &entries[i - 1];
        if (is_of(entry, credential) && entry->event == IBC_LEDGER_CLEAR) {
            return false;
        }
        if (is_of(entry, credential) && entry->outcome == IBC_OUTCOME_REJECTED) {
            return true;
        }
    }
    return false;
}
