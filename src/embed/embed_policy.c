/*
 * embed_policy.c - policy/default.yaml, parsed at build time.
 *
 * Reads the file from standard input and prints the bytes of its struct ibc_policy, numbers and
 * commas, for default.c to include. So a run does not parse what was known when it was built, and
 * a default that does not parse does not build.
 */
#include "policy/schema.h"

#include <ibcred/file.h>
#include <ibcred/policy.h>
#include <unistd.h>

int main(void) {
    struct ibc_error err;
    ibc_auto_secret text = {0};
    static struct ibc_policy policy; /* static: its padding is zero too */
    enum ibc_status status = ibc_secret_init(&err);
    if (status == IBC_OK) {
        status = ibc_file_read_all(STDIN_FILENO, "default.yaml", IBC_POLICY_FILE_MAX, &text, &err);
    }
    if (status == IBC_OK) {
        status = ibc_yaml_parse(ibc_secret_view(&text), "default.yaml", &ibc_policy_table, &policy,
                                &err);
    }
    if (status != IBC_OK) {
        fprintf(stderr, "%s\n", err.text);
        return EXIT_FAILURE;
    }
    const unsigned char *bytes = (const unsigned char *)&policy;
    for (size_t i = 0; i < sizeof policy; i++) {
        printf("%u,%c", bytes[i], i % 32 == 31 ? '\n' : ' ');
    }
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
