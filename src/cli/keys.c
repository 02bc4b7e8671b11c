/* keys.c - naming, finding and describing keys. */
#include "cli/keys.h"

#include <ibcred/number.h>

enum { DAY_CHARACTERS = 10, TIME_CHARACTERS = 19 };

#define EXPIRY_SECONDS_MAX INT64_C(3153600000) /* 100 years */

#define IDENTITY_PREFIX "AGE-SECRET-KEY-"

void describe_key(const struct ibc_slot_info *slot, char out[static KEY_TEXT_MAX]) {
    char recipient[IBC_RECIPIENT_TEXT_MAX] = "";
    if (slot->type == IBC_SLOT_RECIPIENT) {
        ibc_recipient_format(&slot->recipient, recipient);
    }
    snprintf(out, KEY_TEXT_MAX, "%s%s%s%s%s", recipient[0] ? "recipient " : "passphrase", recipient,
             slot->label[0] ? " '" : "", slot->label, slot->label[0] ? "'" : "");
    ibc_make_printable(out);
}

json_t *key_json(const struct ibc_slot_info *slot, int64_t now_ms) {
    const bool is_recipient = slot->type == IBC_SLOT_RECIPIENT;
    char recipient[IBC_RECIPIENT_TEXT_MAX] = "";
    if (is_recipient) {
        ibc_recipient_format(&slot->recipient, recipient);
    }
    return json_pack("{s:s, s:s?, s:s?, s:o, s:o, s:b}", "type",
                     is_recipient ? "recipient" : "passphrase", "recipient",
                     is_recipient ? recipient : NULL, "label", slot->label[0] ? slot->label : NULL,
                     "created", json_time(slot->created_ms), "expires", json_time(slot->expires_ms),
                     "expired", ibc_slot_expired(slot, now_ms));
}

/* How many keys have the label; `*index` is the last one's. */
static size_t count_labelled(const struct ibc_vault *vault, const char *label, size_t *index) {
    size_t count = 0;
    for (size_t i = 0; i < ibc_vault_slot_count(vault); i++) {
        if (label[0] != '\0' && strcmp(ibc_vault_slot(vault, i)->label, label) == 0) {
            *index = i;
            count++;
        }
    }
    return count;
}

static bool find_recipient(const struct ibc_vault *vault, const char *text, size_t *index) {
    struct ibc_recipient recipient;
    struct ibc_error ignored;
    if (ibc_recipient_parse(text, &recipient, &ignored) != IBC_OK) {
        return false;
    }
    for (size_t i = 0; i < ibc_vault_slot_count(vault); i++) {
        const struct ibc_slot_info *slot = ibc_vault_slot(vault, i);
        if (slot->type == IBC_SLOT_RECIPIENT &&
            memcmp(slot->recipient.key, recipient.key, sizeof recipient.key) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

enum ibc_status find_key(const struct ibc_vault *vault, const char *text, size_t *index,
                         struct ibc_error *err) {
    uint64_t number = 0;
    if (strncasecmp(text, IDENTITY_PREFIX, strlen(IDENTITY_PREFIX)) == 0) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "that is an identity, a secret; name its recipient (age-keygen -y)");
    }
    if (ibc_parse_number(text, strlen(text), ibc_vault_slot_count(vault), &number) && number > 0) {
        *index = (size_t)number - 1;
        return IBC_OK;
    }
    if (find_recipient(vault, text, index)) {
        return IBC_OK;
    }
    const size_t labelled = count_labelled(vault, text, index);
    if (labelled > 1) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "%zu keys have the label '%s'; give a number of: ibcred key list", labelled,
                        text);
    }
    return labelled == 1 ? IBC_OK
                         : ibc_fail(err, IBC_ERR_NOT_FOUND,
                                    "vault '%s' has no key '%s'; ibcred key list shows those it "
                                    "has",
                                    ibc_vault_path(vault), text);
}

void forget_old_data_key(const struct session *session) {
    bool was_there;
    struct ibc_error ignored;
    (void)!ibc_vault_forget_key(session->vault_path, &was_there, &ignored);
}

/* A day or a time in UTC, exactly as ibc_format_timestamp() writes it, up to the day or second. */
static bool parse_time(const char *text, int64_t *wall_ms) {
    struct tm time = {0};
    const size_t size = strlen(text);
    const bool is_day = size == DAY_CHARACTERS;
    const char *rest = strptime(text, is_day ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M:%SZ", &time);
    if (!rest || *rest != '\0' || (!is_day && size != TIME_CHARACTERS + 1)) {
        return false;
    }
    char again[IBC_TIMESTAMP_MAX];
    *wall_ms = (int64_t)timegm(&time) * 1000;
    ibc_format_timestamp(*wall_ms, again);
    return *wall_ms > 0 && strncmp(again, text, is_day ? DAY_CHARACTERS : TIME_CHARACTERS) == 0;
}

enum ibc_status parse_expiry(const char *text, int64_t now_ms, int64_t *expires_ms,
                             struct ibc_error *err) {
    *expires_ms = 0;
    int64_t seconds;
    if (!text || parse_time(text, expires_ms)) {
        return IBC_OK;
    }
    if (!ibc_parse_duration(text, EXPIRY_SECONDS_MAX, &seconds)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--expires is '%s'; it must be a duration like 90d, a day like 2027-01-31, "
                        "or a time like 2027-01-31T18:00:00Z",
                        text);
    }
    *expires_ms = now_ms + seconds * 1000;
    return IBC_OK;
}
