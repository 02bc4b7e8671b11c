/*
 * survey.h - which ways could not carry a value, told when it is sealed or checked, not when a
 * gateway is to be started at night.
 */
#ifndef IBCRED_CLI_SURVEY_H
#define IBCRED_CLI_SURVEY_H

#include "cli/cli.h"
#include <ibcred/sink.h>

/* One way that is closed to a field. */
struct closed_way {
    const struct ibc_field *field;
    enum ibc_consumer consumer;
    enum ibc_format format; /* 0: the image itself would lose it, whatever it comes in */
    const char *why;        /* a sentence */
};

typedef void closed_way_found(void *context, const struct closed_way *way);

/* Try every field in every format and, where it is typed into the login, with every consumer. */
void survey_fields(const struct ibc_field *fields, size_t count, closed_way_found *found,
                   void *context);

/*
 * The same as warnings about `profile` on stderr; the ways as a list for --json, or NULL without
 * memory. The caller frees.
 */
json_t *warn_of_closed_ways(const struct cli *cli, const char *profile,
                            const struct ibc_field *fields, size_t count);

#endif
