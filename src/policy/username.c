/* username.c - usernames that are something else by their looks. Pure. */
#include <ibcred/policy.h>

#include <strings.h>

enum { ACCOUNT_DIGITS_MIN = 5, ACCOUNT_DIGITS_MAX = 9 };

static bool is_one_of(unsigned char byte, const char *letters) {
    return byte != '\0' && strchr(letters, byte) != NULL;
}

/* An optional D for a paper account, then U, F or I, then digits: U1234567, DU1234567, DF12345. */
static bool looks_like_account_id(struct ibc_view text) {
    size_t at = 0;
    if (at < text.size && is_one_of(text.bytes[at], "Dd")) {
        at++;
    }
    if (at == text.size || !is_one_of(text.bytes[at], "UuFfIi")) {
        return false;
    }
    at++;
    size_t digits = text.size - at;
    if (digits < ACCOUNT_DIGITS_MIN || digits > ACCOUNT_DIGITS_MAX) {
        return false;
    }
    while (at < text.size && is_one_of(text.bytes[at], "0123456789")) {
        at++;
    }
    return at == text.size;
}

static bool begins_with(struct ibc_view text, const char *word) {
    size_t length = strlen(word);
    return text.size >= length && strncasecmp((const char *)text.bytes, word, length) == 0;
}

enum ibc_username_verdict ibc_username_check(struct ibc_view username, enum ibc_kind kind) {
    if (looks_like_account_id(username)) {
        return IBC_USERNAME_ACCOUNT_ID;
    }
    bool says_paper = begins_with(username, "paper") || begins_with(username, "demo");
    bool says_live = begins_with(username, "live");
    if ((says_paper && kind == IBC_KIND_LIVE) || (says_live && kind == IBC_KIND_PAPER)) {
        return IBC_USERNAME_CONTRADICTS;
    }
    return IBC_USERNAME_FINE;
}

bool ibc_account_kind(const char *account, enum ibc_kind *out) {
    if (!looks_like_account_id(ibc_view_of(account))) {
        return false;
    }
    *out = is_one_of((unsigned char)account[0], "Dd") ? IBC_KIND_PAPER : IBC_KIND_LIVE;
    return true;
}
