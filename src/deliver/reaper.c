/* reaper.c - a detached process that ends a delivery, whatever becomes of the one that made it. */
#include "deliver/reaper.h"

#include <errno.h>
#include <fcntl.h>
#include <ibcred/file.h>
#include <limits.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* It has all the time that its delivery lives: it is not to hold up the release. */
enum { NICENESS = 19 };

/* What is sent through the pipe: all that the reaper needs to know, to be used as it stands. */
struct order {
    char variable[sizeof "IBCRED_RUNTIME_DIR=" + PATH_MAX];
    char name[IBC_LEASE_NAME_MAX];
};

/* A session of its own, and no descriptor but the pipe. */
static int detach(int pipe_end) {
    setsid();
    (void)!nice(NICENESS);
    int null = open("/dev/null", O_RDWR);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        dup2(null, fd);
    }
    const int own = dup2(pipe_end, STDERR_FILENO + 1);
    close_range(STDERR_FILENO + 2, ~0U, 0);
    return own;
}

static bool read_order(int pipe_end, struct order *order) {
    unsigned char *bytes = (unsigned char *)order;
    size_t used = 0;
    while (used < sizeof *order) {
        ssize_t size = read(pipe_end, bytes + used, sizeof *order - used);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size <= 0) {
            return false;
        }
        used += (size_t)size;
    }
    return true;
}

static _Noreturn void become_reaper(const char *program, int pipe_end) {
    const int own = detach(pipe_end);
    struct order order;
    if (read_order(own, &order) && chdir("/") == 0) {
        close(own);
        char own_name[] = "ibcred", command[] = "reap", option[] = "--lease";
        char *const argv[] = {own_name, command, option, order.name, NULL};
        char *const environment[] = {order.variable, NULL};
        execve(program, argv, environment);
    }
    _exit(EXIT_FAILURE);
}

enum ibc_status ibc_reaper_start(const char *program, struct ibc_reaper *out,
                                 struct ibc_error *err) {
    *out = (struct ibc_reaper){.order = -1};
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        return ibc_fail_errno(err, IBC_ERR_INTERNAL, errno, "the reaper cannot be set up");
    }
    ibc_auto_fd read_end = pipe_fds[0];
    ibc_auto_fd write_end = pipe_fds[1];
    const pid_t pid = fork();
    if (pid == 0) {
        become_reaper(program, read_end);
    }
    if (pid < 0) {
        return ibc_fail_errno(err, IBC_ERR_INTERNAL, errno,
                              "no process can be started to end the delivery");
    }
    *out = (struct ibc_reaper){.pid = pid, .order = write_end};
    write_end = -1;
    return IBC_OK;
}

/* Fails, rather than to die of it, when the reaper is gone. */
static bool send_order(int pipe_end, const struct order *order) {
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    const bool sent = ibc_file_write_all(
        pipe_end, (struct ibc_view){.bytes = (const unsigned char *)order, .size = sizeof *order});
    signal(SIGPIPE, before);
    return sent;
}

enum ibc_status reaper_order(struct ibc_reaper *reaper, const struct ibc_runtime *runtime,
                             const char *name, struct ibc_error *err) {
    char path[PATH_MAX];
    if (!realpath(ibc_runtime_path(runtime), path)) {
        return ibc_fail_errno(err, IBC_ERR_INTERNAL, errno, "runtime directory '%s' is gone",
                              ibc_runtime_path(runtime));
    }
    struct order order = {0};
    snprintf(order.variable, sizeof order.variable, "IBCRED_RUNTIME_DIR=%s", path);
    snprintf(order.name, sizeof order.name, "%s", name);
    if (!send_order(reaper->order, &order)) {
        return ibc_fail_errno(err, IBC_ERR_INTERNAL, errno,
                              "the process that is to end the delivery is gone");
    }
    ibc_close(&reaper->order);
    return IBC_OK;
}

void reaper_stop(struct ibc_reaper *reaper) {
    if (reaper->pid > 0) {
        kill(reaper->pid, SIGKILL);
        waitpid(reaper->pid, NULL, 0);
    }
    ibc_close(&reaper->order);
    reaper->pid = 0;
}

void ibc_reaper_dismiss(struct ibc_reaper *reaper) {
    reaper_stop(reaper);
}

void ibc_reaper_free(struct ibc_reaper *reaper) {
    if (reaper->order >= 0) {
        reaper_stop(reaper);
    }
}
