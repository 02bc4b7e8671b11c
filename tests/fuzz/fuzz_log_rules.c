/*
 * fuzz_log_rules.c - any bytes as a file of log rules: refused with a place, or safe to read a log
 * by. The lines it is tried on are the file's own.
 */
#include <ibcred/gateway_log.h>

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void read_own_lines(const struct ibc_log_rules *rules, const uint8_t *data, size_t size) {
    struct ibc_error err;
    struct ibc_log_match match;
    ibc_auto_log_reader *reader = NULL;
    require(ibc_log_reader_new(rules, &reader, &err) == IBC_OK);
    while (size > 0) {
        const uint8_t *newline = memchr(data, '\n', size);
        const size_t length = newline != NULL ? (size_t)(newline - data) : size;
        const struct ibc_view line = {.bytes = data, .size = length};
        if (ibc_log_reader_line(reader, line, &match)) {
            require(match.number >= -1 && match.seconds >= 0);
        }
        data += length + (newline != NULL);
        size -= length + (newline != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct ibc_error err = {0};
    ibc_auto_log_rules *rules = NULL;
    const struct ibc_view text = {.bytes = data, .size = size};
    if (ibc_log_rules_parse(text, "fuzz", &rules, &err) != IBC_OK) {
        require(err.status == IBC_ERR_MISMATCH && strncmp(err.text, "fuzz:", 5) == 0);
        require(rules == NULL);
        return 0;
    }
    read_own_lines(rules, data, size);
    return 0;
}
