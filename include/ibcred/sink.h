/*
 * sink.h - how a value must be written so that its reader gets exactly the sealed bytes.
 *
 * On its way a value passes a chain of readers: first the one of the file it lies in (a format),
 * then, for what a gateway's image is given, those inside the image (a consumer). The two are
 * written one after the other: ibc_consumer_write() gives the value as the image must find it in
 * its environment or secret file, ibc_sink_write() puts such values into a file. Each picks a
 * writing per value, reads the result back with the model of every reader that it promises, and
 * refuses where no writing survives. Pure.
 */
#ifndef IBCRED_SINK_H
#define IBCRED_SINK_H

#include <ibcred/profile.h>

#pragma GCC visibility push(default)

/*
 * The file that carries the values. The promise of the Compose formats holds for a file that is
 * given with --env-file, or lies there as .env: docker-compose v1 reads the files named by
 * `env_file:` in a service by other rules.
 */
enum ibc_format {
    IBC_FORMAT_COMPOSE = 1,    /* Docker Compose v1 and v2 at once */
    IBC_FORMAT_COMPOSE_V1 = 2, /* docker-compose 1.29 */
    IBC_FORMAT_COMPOSE_V2 = 3, /* Docker Compose v2 */
    IBC_FORMAT_DOCKER,         /* docker run --env-file */
    IBC_FORMAT_SYSTEMD,        /* EnvironmentFile= of systemd.exec(5) */
    IBC_FORMAT_SHELL,          /* `. FILE` of a POSIX shell */
    IBC_FORMAT_JSON,           /* one object of strings (RFC 8259) */
    IBC_FORMAT_SECRET_FILE,    /* one value and nothing else; bash reads it with $(<FILE) */
};

/* "compose", "compose-v1", "compose-v2", "docker", "systemd", "shell", "json", "secret-file" */
const char *ibc_format_name(enum ibc_format format);
IBC_CHECKED bool ibc_format_parse(const char *text, enum ibc_format *out);

/* All names, for a sentence: "compose, compose-v1, … or secret-file". */
const char *ibc_format_names(void);

enum { IBC_SINK_FILE_MAX = 1 << 20 /* bytes */ };

/* What happens to a credential inside the gateway's image, before it is typed into the login. */
enum ibc_consumer {
    IBC_CONSUMER_UNKNOWN = 0,    /* any of those below: only what all of them read alike */
    IBC_CONSUMER_RAW,            /* taken as it is */
    IBC_CONSUMER_GNZSNZ,         /* envsubst into config.ini, Java's Properties.load(), trim()
                                  * (gnzsnz/ib-gateway-docker at b2c0259, IBC 3.24.1) */
    IBC_CONSUMER_IBG_CONTROLLER, /* ibg-controller v0.6.2: taken as it is */
};

/* "unknown", "raw", "gnzsnz", "ibg-controller"; "unknown" is not parsed. */
const char *ibc_consumer_name(enum ibc_consumer consumer);
IBC_CHECKED bool ibc_consumer_parse(const char *text, enum ibc_consumer *out);

/* All names that are parsed, for a sentence: "raw, gnzsnz or ibg-controller". */
const char *ibc_consumer_names(void);

/*
 * Append to `out` the field's value as the consumer's image must be given it, proven by reading it
 * back with the models of its readers. IBC_ERR_MISMATCH, with nothing appended, where none
 * survives: the sentence names the field, what in its value is lost (never the value), and where;
 * with IBC_CONSUMER_UNKNOWN also where the consumers need different bytes: it says to name one.
 * That `out` is full is told by ibc_secret_buffer_finish().
 */
IBC_CHECKED enum ibc_status ibc_consumer_write(enum ibc_consumer consumer,
                                               const struct ibc_field *field,
                                               struct ibc_secret_buffer *out,
                                               struct ibc_error *err);

/*
 * Write the variables, one a line, in the order given. IBC_ERR_MISMATCH when a value has no
 * writing that every reader of `format` reads back, or a name that they do not take: the sentence
 * names the field and the formats that would carry it. IBC_ERR_USAGE: a name twice, more than
 * IBC_SINK_FILE_MAX, or with IBC_FORMAT_SECRET_FILE any other count than 1. `*out` is empty then.
 */
IBC_CHECKED enum ibc_status ibc_sink_write(enum ibc_format format,
                                           const struct ibc_field *variables, size_t count,
                                           struct ibc_secret *out, struct ibc_error *err);

/* Is it read by some Compose? */
bool ibc_format_is_compose(enum ibc_format format);

/*
 * Docker Compose puts its own environment above the file of --env-file: IBC_ERR_MISMATCH, with the
 * name, when `environment` has one of the variables with another value. `environment` is like
 * environ(7), which may be NULL. IBC_OK for a format that Compose does not read.
 */
IBC_CHECKED enum ibc_status ibc_sink_check_environment(enum ibc_format format,
                                                       const struct ibc_field *variables,
                                                       size_t count, char *const *environment,
                                                       struct ibc_error *err);

#pragma GCC visibility pop

#endif
