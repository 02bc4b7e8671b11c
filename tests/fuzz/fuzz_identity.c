/* fuzz_identity.c - identity and recipient text from anywhere; what is accepted comes back. */
#include <ibcred/identity.h>

#include <sodium.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void check_identities(struct ibc_view text) {
    struct ibc_error err;
    ibc_auto_identities *identities = NULL;
    if (ibc_identities_parse(text, "input", &identities, &err) != IBC_OK) {
        require(identities == NULL && err.text[0] != '\0');
        return;
    }
    ibc_auto_secret formatted = {0};
    ibc_auto_identities *again = NULL;
    require(ibc_identities_format(identities, 0, &formatted, &err) == IBC_OK);
    require(ibc_identities_parse(ibc_secret_view(&formatted), "text", &again, &err) == IBC_OK);
    require(ibc_identities_count(again) == ibc_identities_count(identities));
    for (size_t i = 0; i < ibc_identities_count(again); i++) {
        require(memcmp(ibc_identities_key(again, i), ibc_identities_key(identities, i),
                       IBC_KEY_BYTES) == 0);
    }
}

static void check_recipient(const uint8_t *data, size_t size) {
    char text[128] = {0};
    memcpy(text, data, size < sizeof text - 1 ? size : sizeof text - 1);
    struct ibc_error err;
    struct ibc_recipient recipient;
    if (ibc_recipient_parse(text, &recipient, &err) == IBC_OK) {
        char formatted[IBC_RECIPIENT_TEXT_MAX];
        ibc_recipient_format(&recipient, formatted);
        require(strcmp(text, formatted) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    require(sodium_init() >= 0);
    check_identities((struct ibc_view){.bytes = data, .size = size});
    check_recipient(data, size);
    return 0;
}
