/*
 * process.c - the API and the forwarder run beside what started them.
 */
#include "process.h"

#include "wait.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The broker's connection among others is not to be held open by a helper. */
static void keep_only(int fd) {
    if (fd != HELPER_FD && dup2(fd, HELPER_FD) < 0) {
        perror("dup2");
        _exit(EXIT_FAILURE);
    }
    close_range(HELPER_FD + 1, ~0U, 0);
}

pid_t start_helper(int kept) {
    pid_t parent = getpid(), child = fork();
    sigset_t stop;

    if (child < 0) {
        perror("fork");
        exit(EXIT_FAILURE);
    }
    if (child > 0) {
        return child;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(EXIT_FAILURE);
    }
    stop_signals(&stop);
    sigprocmask(SIG_UNBLOCK, &stop, NULL);
    keep_only(kept);
    return 0;
}

void end_helper(pid_t process) {
    if (process <= 0) {
        return;
    }
    kill(process, SIGKILL);
    while (waitpid(process, NULL, 0) < 0 && errno == EINTR) {
    }
}
