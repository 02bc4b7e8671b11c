/*
 * fuzz_log_line.c - any bytes as a gateway's log, through the built-in rules.
 *
 * Whatever stands in the lines, what is told of them is within its bounds and printable, and no
 * event is told without a line of its own.
 */
#include "base/utf8.h"

#include <ibcred/gateway_log.h>

static struct ibc_log_rules *rules;

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void check_match(const struct ibc_log_match *match) {
    require(match->event >= IBC_LOG_STARTING && match->event <= IBC_LOG_MISCONFIGURED);
    require(match->rule != NULL && match->rule[0] != '\0');
    require(match->number >= -1 && match->number <= 999999999);
    require(match->seconds >= 0 && match->seconds <= INT64_C(7) * 86400);
    require(memchr(match->text, '\0', sizeof match->text) != NULL);
    require(utf8_printable(ibc_view_of(match->text)));
    if (match->event == IBC_LOG_MODE) {
        require(strcmp(match->text, "live") == 0 || strcmp(match->text, "paper") == 0);
    }
    if (match->event == IBC_LOG_ACCOUNT) {
        require(strlen(match->text) >= 4 && strlen(match->text) <= 15);
    }
}

/* Copied to where reading beyond it is seen. */
static struct ibc_view copy_of(const uint8_t *data, size_t size, unsigned char **storage) {
    *storage = malloc(size > 0 ? size : 1);
    require(*storage != NULL);
    if (size > 0) {
        memcpy(*storage, data, size);
    }
    return (struct ibc_view){.bytes = *storage, .size = size};
}

static size_t read_line(struct ibc_log_reader *reader, const uint8_t *data, size_t size) {
    struct ibc_log_match match;
    unsigned char *storage;
    size_t events = 0;
    const struct ibc_view line = copy_of(data, size, &storage);
    bool told = ibc_log_reader_line(reader, line, &match);
    free(storage);
    for (; told; told = ibc_log_reader_more(reader, &match)) {
        check_match(&match);
        events++;
    }
    return events;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    struct ibc_error err;
    return ibc_log_rules_default(&rules, &err) == IBC_OK ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct ibc_error err;
    ibc_auto_log_reader *reader = NULL;
    require(ibc_log_reader_new(rules, &reader, &err) == IBC_OK);
    size_t lines = 0;
    size_t events = 0;
    while (size > 0) {
        const uint8_t *newline = memchr(data, '\n', size);
        const size_t length = newline != NULL ? (size_t)(newline - data) : size;
        events += read_line(reader, data, length);
        lines++;
        require(events <= lines);
        data += length + (newline != NULL);
        size -= length + (newline != NULL);
    }
    struct ibc_log_match match;
    while (ibc_log_reader_flush(reader, &match)) {
        check_match(&match);
        events++;
    }
    require(events <= lines);
    return 0;
}
