/* explain_log.c - a log through the rules, event by event. */
#include "cli/explain_log.h"

#include <errno.h>
#include <ibcred/file.h>
#include <inttypes.h>
#include <unistd.h>

enum { CHUNK_SIZE = 65536 };

/* A log as it is read: lines of any length, of which the front is kept. */
struct log_input {
    int fd;
    const char *name;
    size_t at, end; /* what of the chunk was not looked at yet */
    bool at_end;
    uint64_t lines;
    size_t size; /* of the line */
    unsigned char line[IBC_LOG_LINE_MAX];
    unsigned char chunk[CHUNK_SIZE];
};

enum ibc_status load_log_rules(const char *path, struct ibc_log_rules **out,
                               struct ibc_error *err) {
    const char *chosen = path != NULL ? path : variable("IBCRED_LOG_RULES");
    return chosen != NULL ? ibc_log_rules_load(chosen, out, err) : ibc_log_rules_default(out, err);
}

static enum ibc_status open_log(const char *path, int *fd, struct ibc_error *err) {
    if (strcmp(path, "-") != 0) {
        return ibc_file_open(path, "log", fd, err);
    }
    *fd = dup(STDIN_FILENO);
    if (*fd < 0) {
        return ibc_fail_errno(err, IBC_ERR_IO, errno, "standard input cannot be read");
    }
    return IBC_OK;
}

static enum ibc_status refill(struct log_input *input, struct ibc_error *err) {
    ssize_t size;
    do {
        size = read(input->fd, input->chunk, sizeof input->chunk);
    } while (size < 0 && errno == EINTR);
    if (size < 0) {
        return ibc_fail_errno(err, IBC_ERR_IO, errno, "the log '%s' cannot be read", input->name);
    }
    input->at = 0;
    input->end = (size_t)size;
    input->at_end = size == 0;
    return IBC_OK;
}

/* Take over what the chunk holds of the line; true once its newline was met. */
static bool take_from_chunk(struct log_input *input) {
    const unsigned char *start = input->chunk + input->at;
    const size_t left = input->end - input->at;
    const unsigned char *newline = memchr(start, '\n', left);
    const size_t length = newline != NULL ? (size_t)(newline - start) : left;
    const size_t room = sizeof input->line - input->size;
    const size_t kept = length < room ? length : room;
    memcpy(input->line + input->size, start, kept);
    input->size += kept;
    input->at += length + (newline != NULL);
    return newline != NULL;
}

/* The next line; `*more` is false at the end of the log. */
static enum ibc_status next_line(struct log_input *input, bool *more, struct ibc_error *err) {
    bool begun = false;
    input->size = 0;
    *more = true;
    for (;;) {
        if (input->at < input->end) {
            begun = true;
            if (take_from_chunk(input)) {
                break;
            }
        }
        enum ibc_status status = refill(input, err);
        if (status != IBC_OK) {
            return status;
        }
        if (input->at_end) {
            *more = begun;
            break;
        }
    }
    input->lines += *more;
    return IBC_OK;
}

static enum ibc_status print_event_json(uint64_t line, const struct ibc_log_match *match,
                                        struct ibc_error *err) {
    json_t *number = match->number >= 0 ? json_integer(match->number) : json_null();
    return print_json(json_pack("{s:I, s:s, s:s, s:o, s:I, s:s}", "line", (json_int_t)line, "event",
                                ibc_log_event_name(match->event), "rule", match->rule, "number",
                                number, "seconds", (json_int_t)match->seconds, "text", match->text),
                      err);
}

static enum ibc_status print_event(const struct cli *cli, uint64_t line,
                                   const struct ibc_log_match *match, struct ibc_error *err) {
    if (cli->json) {
        return print_event_json(line, match, err);
    }
    printf("%6" PRIu64 "  %-21s", line, ibc_log_event_name(match->event));
    if (match->number >= 0) {
        printf("  number=%" PRId64, match->number);
    }
    if (match->seconds > 0) {
        printf("  seconds=%" PRId64, match->seconds);
    }
    if (match->text[0] != '\0') {
        printf("  text=\"%s\"", match->text);
    }
    printf("  [%s]\n", match->rule);
    return flush_output(err);
}

/* Print `match`, if there is one to begin with, and all that follow it. */
static enum ibc_status print_events(const struct cli *cli, struct ibc_log_reader *reader,
                                    uint64_t line, bool told, struct ibc_log_match *match,
                                    uint64_t *events, struct ibc_error *err) {
    while (told) {
        enum ibc_status status = print_event(cli, line, match, err);
        if (status != IBC_OK) {
            return status;
        }
        ++*events;
        told = ibc_log_reader_more(reader, match);
    }
    return IBC_OK;
}

static enum ibc_status explain(const struct cli *cli, struct log_input *input,
                               struct ibc_log_reader *reader, uint64_t *events,
                               struct ibc_error *err) {
    struct ibc_log_match match;
    for (;;) {
        bool more;
        enum ibc_status status = next_line(input, &more, err);
        if (status != IBC_OK) {
            return status;
        }
        const struct ibc_view line = {.bytes = input->line, .size = input->size};
        const bool told =
            more ? ibc_log_reader_line(reader, line, &match) : ibc_log_reader_flush(reader, &match);
        status = print_events(cli, reader, input->lines, told, &match, events, err);
        if (status != IBC_OK || !more) {
            return status;
        }
    }
}

enum ibc_status explain_log(const struct cli *cli, const char *path, const char *rules_path,
                            struct ibc_error *err) {
    ibc_auto_log_rules *rules = NULL;
    ibc_auto_log_reader *reader = NULL;
    ibc_auto_fd fd = -1;
    enum ibc_status status = load_log_rules(rules_path, &rules, err);
    if (status == IBC_OK) {
        status = ibc_log_reader_new(rules, &reader, err);
    }
    if (status == IBC_OK) {
        status = open_log(path, &fd, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_free struct log_input *input = calloc(1, sizeof *input);
    if (input == NULL) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory to read a log; free some, then retry");
    }
    input->fd = fd;
    input->name = path;
    uint64_t events = 0;
    status = explain(cli, input, reader, &events, err);
    if (status == IBC_OK) {
        say(cli, "%" PRIu64 " lines, %" PRIu64 " events", input->lines, events);
    }
    return status;
}
