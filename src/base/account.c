/* account.c - what the id of an account tells. Pure. */
#include <ibcred/kind.h>

enum {
    DIGITS_MIN = 5,
    DIGITS_MAX = 9,
    SHOWN_AT_END = 2, /* characters of an id that a mask leaves */
};

static bool is_one_of(char byte, const char *letters) {
    return byte != '\0' && strchr(letters, byte) != NULL;
}

/* A letter at the end marks an account of an advisor's: F1234567A. */
static bool ends_well(const char *rest) {
    return rest[0] == '\0' || (rest[0] >= 'A' && rest[0] <= 'Z' && rest[1] == '\0');
}

/* How many letters an account id begins with: a D for paper, then U, F or I. 0 for no such id. */
static size_t letters_of(const char *account) {
    const size_t size = is_one_of(account[0], "Dd") ? 2 : 1;
    return is_one_of(account[size - 1], "UuFfIi") ? size : 0;
}

bool ibc_account_kind(const char *account, enum ibc_kind *out) {
    const size_t letters = letters_of(account);
    const size_t digits = letters > 0 ? strspn(account + letters, "0123456789") : 0;
    if (digits < DIGITS_MIN || digits > DIGITS_MAX || !ends_well(account + letters + digits)) {
        return false;
    }
    *out = letters == 2 ? IBC_KIND_PAPER : IBC_KIND_LIVE;
    return true;
}

void ibc_account_mask(const char *account, char out[static IBC_ACCOUNT_ID_MAX + 1]) {
    enum ibc_kind ignored;
    const bool known = ibc_account_kind(account, &ignored);
    const size_t size = strnlen(account, IBC_ACCOUNT_ID_MAX), letters = letters_of(account);
    memcpy(out, account, size);
    for (size_t i = 0; i < size; i++) {
        const bool shown = known && (i < letters || i + SHOWN_AT_END >= size);
        if (!shown) {
            out[i] = '*';
        }
    }
    out[size] = '\0';
}
