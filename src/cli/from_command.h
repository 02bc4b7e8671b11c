/*
 * from_command.h - what another program prints, read while it runs.
 */
#ifndef IBCRED_CLI_FROM_COMMAND_H
#define IBCRED_CLI_FROM_COMMAND_H

#include "cli/cli.h"

/* A program whose stdout is a pipe to us. */
struct from_command {
    const char *program; /* argv[0], borrowed */
    char *name;          /* of what it prints, for sentences */
    pid_t child;         /* 0: none, or it was waited for */
    int fd;              /* the reading end */
};

/*
 * Start the NULL-terminated `argv`, looked up in PATH, without a shell. Its stdin is empty, its
 * stderr is ours, and of the environment it gets what `ibcred exec` hands on. IBC_ERR_NOT_FOUND:
 * there is no such program. from_command_free() must follow, whatever the status.
 */
IBC_CHECKED enum ibc_status from_command_start(struct from_command *command, char *const *argv,
                                               struct ibc_error *err);

/*
 * Once all was read: wait for the end. IBC_ERR_UNAVAILABLE: it was not status 0, so what was
 * printed is not to be used.
 */
IBC_CHECKED enum ibc_status from_command_finish(struct from_command *command,
                                                struct ibc_error *err);

/* A program that is still running is asked to end (SIGTERM), and killed where it has not done so in
 * five seconds. */
void from_command_free(struct from_command *command);
#define auto_from_command IBC_CLEANUP(from_command_free) struct from_command

#endif
