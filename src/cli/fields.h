/*
 * fields.h - fields from a person, a file, standard input or the environment.
 */
#ifndef IBCRED_CLI_FIELDS_H
#define IBCRED_CLI_FIELDS_H

#include "cli/cli.h"

#include <ibcred/input.h>

enum { FIELD_NAMES_MAX = OPTION_VALUES_MAX + 2 };

/* Which fields, and where they come from; a person is asked where nothing is said. */
struct field_source {
    size_t name_count;
    const char *names[FIELD_NAMES_MAX];
    bool last_may_lack; /* the last of them is taken where it is there; nobody is asked for it */
    const char *from;   /* a dotenv or JSON file */
    bool from_env, from_stdin;
    enum ibc_input_format format; /* whose reading of dotenv counts */
};

/*
 * Take all of the fields, in the order of their names. `file_text` keeps what was read where a file
 * was, for scrubbing works on the same bytes. IBC_ERR_NOT_FOUND: one is not there.
 */
IBC_CHECKED enum ibc_status gather_fields(const struct field_source *source,
                                          struct ibc_input *input, struct ibc_secret *file_text,
                                          struct ibc_error *err);

/*
 * Take a variable's value over and wipe it where the C library keeps it. IBC_ERR_NOT_FOUND: it is
 * not set, or empty.
 */
IBC_CHECKED enum ibc_status take_variable(const char *name, struct ibc_secret *out,
                                          struct ibc_error *err);

#endif
