/*
 * sink.h - how a value must be written so that its reader gets exactly the sealed bytes.
 *
 * The writer picks a quoting per value, reads the result back with the model of every reader that
 * the format promises, and refuses where no writing survives. The promise holds for a file that is
 * given with --env-file, or lies there as .env: docker-compose v1 reads the files named by
 * `env_file:` in a service by other rules. Pure.
 */
#ifndef IBCRED_SINK_H
#define IBCRED_SINK_H

#include <ibcred/profile.h>

#pragma GCC visibility push(default)

enum ibc_format {
    IBC_FORMAT_COMPOSE = 1,    /* Docker Compose v1 and v2 at once */
    IBC_FORMAT_COMPOSE_V1 = 2, /* docker-compose 1.29 */
    IBC_FORMAT_COMPOSE_V2 = 3, /* Docker Compose v2 */
};

/* "compose", "compose-v1", "compose-v2" */
const char *ibc_format_name(enum ibc_format format);
IBC_CHECKED bool ibc_format_parse(const char *text, enum ibc_format *out);

enum { IBC_SINK_FILE_MAX = 1 << 20 /* bytes */ };

/*
 * Write the variables, one a line, in the order given. IBC_ERR_MISMATCH when a value has no
 * writing that every reader of `format` reads back: the sentence names the field and the ways
 * that would carry it. IBC_ERR_USAGE: a name twice, or more than IBC_SINK_FILE_MAX. `*out` is
 * empty then.
 */
IBC_CHECKED enum ibc_status ibc_sink_write(enum ibc_format format,
                                           const struct ibc_field *variables, size_t count,
                                           struct ibc_secret *out, struct ibc_error *err);

/*
 * Docker Compose puts its own environment above the file of --env-file: IBC_ERR_MISMATCH, with the
 * name, when `environment` has one of the variables with another value. `environment` is like
 * environ(7), which may be NULL.
 */
IBC_CHECKED enum ibc_status ibc_sink_check_environment(const struct ibc_field *variables,
                                                       size_t count, char *const *environment,
                                                       struct ibc_error *err);

#pragma GCC visibility pop

#endif
