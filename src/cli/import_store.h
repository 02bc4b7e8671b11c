/*
 * import_store.h - what another store printed, into one profile.
 */
#ifndef IBCRED_CLI_IMPORT_STORE_H
#define IBCRED_CLI_IMPORT_STORE_H

#include "cli/from_command.h"
#include "cli/sealing.h"

#include <ibcred/input.h>

/* Where import reads: a file or stdin, or a command. */
struct import_source {
    const char *name;
    int fd; /* owned, unless it is stdin or the command's */
    struct from_command command;
    bool is_command;
};

/* The two of every profile, then --map and --field. */
enum { IMPORT_FIELDS_MAX = 2 + 2 * OPTION_VALUES_MAX };

/* Which profile, and what is what in the document. */
struct import_store {
    const char *profile; /* --as; NULL: the input is lines of whole profiles */
    const char *kind, *account, *format;
    struct option_values map, fields;
    bool force;

    /* the rest is import_store_check()'s */
    struct sealing sealing;
    enum ibc_store_format input_format;
    size_t field_count;
    struct ibc_store_field wanted[IMPORT_FIELDS_MAX];
    char names[OPTION_VALUES_MAX][IBC_FIELD_NAME_MAX + 1]; /* of --map */
};

/* Make sense of the options, before anything is read. */
IBC_CHECKED enum ibc_status import_store_check(struct import_store *given, struct ibc_error *err);

/* Read all of the source, end its command, seal one profile and answer. */
IBC_CHECKED enum ibc_status import_store(const struct cli *cli, const struct import_store *given,
                                         struct import_source *source, struct ibc_error *err);

#endif
