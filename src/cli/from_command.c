/* from_command.c - a child whose stdout goes straight into secret memory. */
#include "cli/from_command.h"

#include "cli/interrupt.h"

#include <ibcred/deliver.h>
#include <ibcred/file.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GRACE_MS = 5000, LOOK_MS = 50 };

static enum ibc_status spawn(struct from_command *from, char *const *argv, int output,
                             struct ibc_error *err) {
    ibc_auto_command command;
    ibc_command_init(&command, argv, environ);
    command.output = output;
    if (identity_is_systemds()) {
        command.withheld = "CREDENTIALS_DIRECTORY";
    }
    const struct ibc_delivery child = ibc_command_child_delivery(&command);
    enum ibc_status status = child.prepare(child.self, NULL, 0, err);
    if (status == IBC_ERR_NOT_FOUND) {
        return ibc_fail(err, status, "there is no command '%s' that can be run; nothing was sealed",
                        argv[0]);
    }
    if (status == IBC_OK) {
        status = child.hand_over(child.self, err);
    }
    from->child = status == IBC_OK ? command.child : 0;
    return status;
}

enum ibc_status from_command_start(struct from_command *command, char *const *argv,
                                   struct ibc_error *err) {
    *command = (struct from_command){.program = argv[0], .fd = -1};
    if (asprintf(&command->name, "the output of %s", argv[0]) < 0) {
        command->name = NULL;
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory");
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return ibc_fail_errno(err, IBC_ERR_INTERNAL, errno, "no pipe for the output of '%s'",
                              argv[0]);
    }
    command->fd = ends[0];
    ibc_auto_fd output = ends[1];
    /* Where we were started with it ignored, nobody could tell how the child ended. */
    signal(SIGCHLD, SIG_DFL);
    return spawn(command, argv, output, err);
}

/* The wait status of the child, which is none of ours any more then. */
static int await(struct from_command *command) {
    int ended = 0;
    while (waitpid(command->child, &ended, 0) < 0 && errno == EINTR) {
    }
    command->child = 0;
    return ended;
}

enum ibc_status from_command_finish(struct from_command *command, struct ibc_error *err) {
    ibc_close(&command->fd);
    const int ended = await(command);
    if (WIFSIGNALED(ended)) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE, "'%s' was ended by signal %d; nothing was sealed",
                        command->program, WTERMSIG(ended));
    }
    if (WEXITSTATUS(ended) != 0) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                        "'%s' ended with status %d; run it by hand to see why; nothing was sealed",
                        command->program, WEXITSTATUS(ended));
    }
    return IBC_OK;
}

/* It is waited for, and none of ours any more, when it does. */
static bool ends_in_time(pid_t child) {
    for (int waited = 0; waited < GRACE_MS && pause_for(LOOK_MS); waited += LOOK_MS) {
        if (waitpid(child, NULL, WNOHANG) == child) {
            return true;
        }
    }
    return false;
}

/* Asked to, and made to where it does not do it by itself. */
static void end(struct from_command *command) {
    kill(command->child, SIGTERM);
    if (ends_in_time(command->child)) {
        command->child = 0;
        return;
    }
    kill(command->child, SIGKILL);
    (void)await(command);
}

void from_command_free(struct from_command *command) {
    ibc_close(&command->fd);
    if (command->child > 0) {
        end(command);
    }
    free(command->name);
    command->name = NULL;
}
