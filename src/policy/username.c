/* username.c - usernames that are something else by their looks. Pure. */
#include <ibcred/policy.h>

#include <ctype.h>
#include <strings.h>

static bool looks_like_account_id(struct ibc_view text) {
    char account[IBC_ACCOUNT_ID_MAX + 1];
    enum ibc_kind ignored;
    if (text.size > IBC_ACCOUNT_ID_MAX) {
        return false;
    }
    memcpy(account, text.bytes, text.size);
    account[text.size] = '\0';
    /* Those with a letter at the end are rare, and usernames like u12345a may be not. */
    return ibc_account_kind(account, &ignored) && isdigit((unsigned char)account[text.size - 1]);
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
