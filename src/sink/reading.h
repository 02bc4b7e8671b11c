/*
 * reading.h - what the reader models share: a file under a cursor, and the bindings found.
 *
 * A model moves `at` through `text`. For each binding it calls reading_open() at its first byte,
 * reading_name(), reading_value() or none, and reading_close() where its last byte has been read.
 *
 * One reading serves for many texts: its buffers are guarded memory, which is dear to make.
 */
#ifndef IBCRED_SINK_READING_H
#define IBCRED_SINK_READING_H

#include "sink/runes.h"

#include <ibcred/dotenv.h>

/* A run of bytes in the storage, which moves while it grows. */
struct span {
    size_t start;
    size_t size;
};

struct binding {
    struct span name;
    struct span value;
    bool has_value;
    bool unbound;
    unsigned line;
    size_t start;
    size_t end;
};

struct reading {
    struct ibc_view text;
    const char *file;     /* its name, for sentences */
    size_t at;            /* the cursor */
    bool carriage_return; /* a lone CR ends a line too */

    struct ibc_secret_buffer storage;   /* names and values */
    struct ibc_secret_buffer unescaped; /* the value at hand, before … */
    struct ibc_secret_buffer expanded;  /* … and after its variables were put in */

    struct binding *bindings;
    size_t count;
    size_t capacity;
    struct binding open; /* the one being read */
    unsigned line;       /* the line of offset line_at */
    size_t line_at;
    struct ibc_error *err;
};

void reading_init(struct reading *reading);
void reading_free(struct reading *reading);

/* Read all of `text`, as ibc_dotenv_parse() says, into `bindings`, in place of what was there. */
IBC_CHECKED enum ibc_status reading_run(struct reading *reading, enum ibc_dotenv_reader reader,
                                        struct ibc_view text, const char *file,
                                        struct ibc_error *err);

/* The models. Each reads from `at` to the end of the text. */
IBC_CHECKED enum ibc_status read_compose_v1(struct reading *reading);
IBC_CHECKED enum ibc_status read_compose_v2(struct reading *reading);
IBC_CHECKED enum ibc_status read_docker(struct reading *reading);
IBC_CHECKED enum ibc_status read_systemd(struct reading *reading);
IBC_CHECKED enum ibc_status read_shell(struct reading *reading);
IBC_CHECKED enum ibc_status read_properties(struct reading *reading);

/*
 * Append `value` with its variables put in to reading->expanded, as v2 does. Here because
 * defaults nest: `depth` counts down to a refusal.
 */
enum { EXPANSION_DEPTH_MAX = 64 };
IBC_CHECKED enum ibc_status expand_compose_v2(struct reading *reading, struct ibc_view value,
                                              unsigned depth);

void reading_open(struct reading *reading);
void reading_name(struct reading *reading, struct ibc_view name);
void reading_value(struct reading *reading, struct ibc_view value);

/*
 * The value being read takes in `binding`, or, where that is NULL, the default if there is one.
 * With neither it is unbound, and so is every value that takes it in.
 */
void reading_refer(struct reading *reading, const struct binding *binding, bool has_default);

IBC_CHECKED enum ibc_status reading_close(struct reading *reading);

/* True, with the bytes, when `byte` is under the cursor or nothing is left of the text. */
bool reading_sees(const struct reading *reading, unsigned char byte);
bool reading_done(const struct reading *reading);

/* What an append-only buffer holds. */
struct ibc_view buffer_view(const struct ibc_secret_buffer *buffer);

/* The last binding so far of that name, or NULL; valid until the next reading_close(). */
const struct binding *reading_find(const struct reading *reading, struct ibc_view name);
struct ibc_view reading_span(const struct reading *reading, struct span span);

/* Fail with "file:line: why", for the line on which the binding being read begins … */
enum ibc_status reading_fail(const struct reading *reading, const char *why);
/* … or for the line of offset `at`, not before the last one asked for. */
enum ibc_status reading_fail_at(struct reading *reading, size_t at, const char *why);

/* Fail with "why" for the line of the first byte from `at` on that is not UTF-8. */
IBC_CHECKED enum ibc_status reading_require_utf8(struct reading *reading, const char *why);

/* The offset of the newline that ends the line at `at`, or the end of the text. */
size_t line_end(const struct reading *reading, size_t at);

#endif
