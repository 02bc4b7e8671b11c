/*
 * dotenv_file.h - one env file, as each of the readers whose word counts has read it.
 */
#ifndef IBCRED_INPUT_DOTENV_FILE_H
#define IBCRED_INPUT_DOTENV_FILE_H

#include <ibcred/input.h>

struct dotenv_file {
    size_t count;                  /* readers, 1 or 2 */
    struct ibc_dotenv *read_as[2]; /* v1 before v2 */
};

/* Read `text` with every reader of `format`. Statuses as ibc_dotenv_parse(). */
IBC_CHECKED enum ibc_status dotenv_file_read(struct ibc_view text, const char *name,
                                             enum ibc_input_format format, struct dotenv_file *out,
                                             struct ibc_error *err);

/*
 * The binding of `name` that all readers agree on; `*out` is NULL where none of them has one.
 * IBC_ERR_MISMATCH, with file_name:line: they differ, or it takes in a variable from outside.
 */
IBC_CHECKED enum ibc_status dotenv_file_find(const struct dotenv_file *file, const char *file_name,
                                             const char *name, const struct ibc_dotenv_entry **out,
                                             struct ibc_error *err);

void dotenv_file_free(struct dotenv_file *file);
#define auto_dotenv_file IBC_CLEANUP(dotenv_file_free) struct dotenv_file

#endif
