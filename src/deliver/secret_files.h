/*
 * secret_files.h - what the files of a secret directory are to hold.
 */
#ifndef IBCRED_DELIVER_SECRET_FILES_H
#define IBCRED_DELIVER_SECRET_FILES_H

#include <ibcred/deliver.h>

struct ibc_secret_directory_file {
    char name[IBC_FIELD_NAME_MAX + 1];
    bool is_gateways; /* the gateway's user reads it */
    struct ibc_secret content;
    int fd; /* -1 until it is made */
};

/*
 * Fill `directory->files` with names and contents. IBC_ERR_USAGE: the gateway's password is not
 * among the variables, or two of them would be one file. IBC_ERR_MISMATCH: no writing of a value
 * survives Compose, or its environment has another. What was planned by then is for
 * secret_files_free() too.
 */
IBC_CHECKED enum ibc_status secret_files_plan(struct ibc_secret_directory *directory,
                                              const struct ibc_field *variables, size_t count,
                                              struct ibc_error *err);

/* Wipe the contents, close the files, forget them. */
void secret_files_free(struct ibc_secret_directory *directory);

#endif
