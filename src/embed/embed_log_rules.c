/*
 * embed_log_rules.c - policy/log-rules.yaml, checked at build time.
 *
 * Reads the file from standard input, parses it and compiles its expressions, and prints its
 * bytes, numbers and commas, for src/gateway_log/default.c to include. Rules that do not parse do
 * not build.
 */
#include <ibcred/file.h>
#include <ibcred/gateway_log.h>
#include <unistd.h>

int main(void) {
    struct ibc_error err;
    ibc_auto_secret text = {0};
    ibc_auto_log_rules *rules = NULL;
    enum ibc_status status = ibc_secret_init(&err);
    if (status == IBC_OK) {
        status =
            ibc_file_read_all(STDIN_FILENO, "log-rules.yaml", IBC_LOG_RULES_FILE_MAX, &text, &err);
    }
    if (status == IBC_OK) {
        status = ibc_log_rules_parse(ibc_secret_view(&text), "log-rules.yaml", &rules, &err);
    }
    if (status != IBC_OK) {
        fprintf(stderr, "%s\n", err.text);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < text.size; i++) {
        printf("%u,%c", text.bytes[i], i % 32 == 31 ? '\n' : ' ');
    }
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
