/*
 * dotenv.h - env files as their readers read them.
 *
 * Those who read files of NAME=value lines disagree about one and the same file, so each has a
 * reader model of its own here. The sinks prove what they write against them, and `ibcred seal
 * --from` reads with those of Compose. Pure; values stay in secret memory.
 */
#ifndef IBCRED_DOTENV_H
#define IBCRED_DOTENV_H

#include <ibcred/secret.h>

#pragma GCC visibility push(default)

enum {
    IBC_DOTENV_FILE_MAX = 1 << 20,   /* bytes */
    IBC_DOTENV_VALUES_MAX = 4 << 20, /* bytes of all names and values, expanded */
    IBC_DOTENV_ENTRIES_MAX = 8192,
};

enum ibc_dotenv_reader {
    IBC_READER_COMPOSE_V1 = 1, /* docker-compose 1.29: python-dotenv */
    IBC_READER_COMPOSE_V2 = 2, /* Docker Compose v2: compose-go */
    IBC_READER_DOCKER,         /* docker run --env-file: docker/cli, pkg/kvfile */
    IBC_READER_SYSTEMD,        /* EnvironmentFile=: systemd 252, src/basic/env-file.c */
    IBC_READER_SHELL,          /* `. FILE`: what dash, bash and busybox sh read alike */
    IBC_READER_PROPERTIES,     /* Properties.load(InputStream) of Java 17; characters as UTF-8 */
};

struct ibc_dotenv_entry {
    struct ibc_view name;
    struct ibc_view value;
    bool has_value; /* false: to v1 and docker a name without '=' is a variable without a value */
    bool unbound;   /* the value takes in a variable without a default that no line above binds;
                     * to docker, a name without '=' takes its own from the environment */
    unsigned line;  /* where its first line is, from 1 */
    size_t start;   /* byte offset of its first line */
    size_t end;     /* byte offset just after its last line's newline */
};

/* Every binding of a file in the order of their lines; the last one of a name counts. */
struct ibc_dotenv;

/*
 * Read `text` as `reader` does with an empty environment; where another one would answer for what
 * the file leaves open, the entry is `unbound`. `name` is the file in the sentence.
 * IBC_ERR_DATA, with name:line, where the reader itself would refuse or skip a line with a
 * warning, and for a NUL byte, which no environment can hold. Some models are stricter than their
 * readers: v2 refuses names outside ASCII; docker refuses quotes around a whole value, which
 * releases to come may take away; the shell refuses whatever is not an assignment, expansions, and
 * variables that a shell keeps for itself; Properties refuses half a surrogate pair, which UTF-8
 * has no bytes for. The sentence never shows a value. `text` may go away afterwards.
 */
IBC_CHECKED enum ibc_status ibc_dotenv_parse(enum ibc_dotenv_reader reader, struct ibc_view text,
                                             const char *name, struct ibc_dotenv **out,
                                             struct ibc_error *err);

size_t ibc_dotenv_count(const struct ibc_dotenv *dotenv);
const struct ibc_dotenv_entry *ibc_dotenv_at(const struct ibc_dotenv *dotenv, size_t index);

/* The binding that counts for `name`, or NULL; owned by `dotenv`. */
const struct ibc_dotenv_entry *ibc_dotenv_find(const struct ibc_dotenv *dotenv, const char *name);

void ibc_dotenv_free(struct ibc_dotenv **dotenv);
#define ibc_auto_dotenv IBC_CLEANUP(ibc_dotenv_free) struct ibc_dotenv

#pragma GCC visibility pop

#endif
