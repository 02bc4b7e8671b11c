/*
 * age_encrypt.c - encrypt stdin to the recipients named, for the tests with the real age.
 *
 *   age_encrypt age1… [age1…]… <plain >file
 */
#include <ibcred/age.h>
#include <ibcred/file.h>

#include <unistd.h>

int main(int argc, char **argv) {
    struct ibc_error err = {0};
    struct ibc_recipient recipients[IBC_AGE_RECIPIENTS_MAX];
    const size_t count = (size_t)(argc - 1);
    ibc_auto_secret plain = {0};
    ibc_auto_secret file = {0};
    enum ibc_status status = ibc_secret_init(&err);
    for (size_t i = 0; i < count && i < IBC_AGE_RECIPIENTS_MAX && status == IBC_OK; i++) {
        status = ibc_recipient_parse(argv[i + 1], &recipients[i], &err);
    }
    if (status == IBC_OK) {
        status = ibc_file_read_all(STDIN_FILENO, "stdin", IBC_AGE_PLAIN_MAX, &plain, &err);
    }
    if (status == IBC_OK) {
        status = ibc_age_encrypt(ibc_secret_view(&plain), recipients, count, &file, &err);
    }
    if (status != IBC_OK || !ibc_file_write_all(STDOUT_FILENO, ibc_secret_view(&file))) {
        fprintf(stderr, "age_encrypt: %s\n", err.text);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
