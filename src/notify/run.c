/* run.c - a command that is told by its environment and its stdin. */
#include "notify/ways.h"

#include <errno.h>
#include <fcntl.h>
#include <ibcred/file.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const inherited[] = {"PATH", "HOME", "LANG", "TZ"};

enum { INHERITED = IBC_ARRAY_SIZE(inherited), OWN = 5 };

struct environment {
    size_t count;
    char *bindings[INHERITED + OWN + 1]; /* owned; ends with NULL */
};

static void free_environment(struct environment *environment) {
    for (size_t i = 0; i < environment->count; i++) {
        free(environment->bindings[i]);
    }
}

static bool add_binding(struct environment *environment, const char *name, const char *value) {
    char *binding;
    if (asprintf(&binding, "%s=%s", name, value) < 0) {
        return false;
    }
    environment->bindings[environment->count++] = binding;
    return true;
}

static bool make_environment(const struct message *message, struct environment *out) {
    const struct {
        const char *name, *value;
    } own[OWN] = {{"IBCRED_NOTICE", message->notice},
                  {"IBCRED_PROFILE", message->profile},
                  {"IBCRED_MODE", message->mode},
                  {"IBCRED_CONTAINER", message->container},
                  {"IBCRED_TEXT", message->text}};
    for (size_t i = 0; i < INHERITED; i++) {
        const char *value = getenv(inherited[i]);
        if (value && !add_binding(out, inherited[i], value)) {
            return false;
        }
    }
    for (size_t i = 0; i < OWN; i++) {
        if (!add_binding(out, own[i].name, own[i].value)) {
            return false;
        }
    }
    return true;
}

/* The pipe takes a sentence whole, whether or not the command ever reads it. */
_Static_assert((int)MESSAGE_TEXT_MAX + 1 <= (int)PIPE_BUF, "a sentence fits into any pipe");

static enum ibc_status open_stdin(const char *text, int *read_end, struct ibc_error *err) {
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        return ibc_fail_errno(err, IBC_ERR_INTERNAL, errno, "no pipe for the command's stdin");
    }
    *read_end = pipe_fds[0];
    ibc_auto_fd write_end = pipe_fds[1];
    if (!ibc_file_write_all(write_end, ibc_view_of(text)) ||
        !ibc_file_write_all(write_end, ibc_view_of("\n"))) {
        return ibc_fail_errno(err, IBC_ERR_INTERNAL, errno, "the command's stdin was not written");
    }
    return IBC_OK;
}

static void list_arguments(const struct ibc_notify_target *target,
                           char *argv[static IBC_NOTIFY_ARGUMENTS_MAX + 1]) {
    char *at = (char *)target->text; /* execve(2) takes them so, and leaves them alone */
    for (size_t i = 0; i < target->argument_count; i++) {
        argv[i] = at;
        at += strlen(at) + 1;
    }
    argv[target->argument_count] = NULL;
}

static int describe_files(posix_spawn_file_actions_t *files, int input) {
    int failure = posix_spawn_file_actions_adddup2(files, input, STDIN_FILENO);
    if (failure == 0) {
        failure = posix_spawn_file_actions_addopen(files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    }
    if (failure == 0) {
        failure = posix_spawn_file_actions_adddup2(files, STDOUT_FILENO, STDERR_FILENO);
    }
    if (failure == 0) {
        failure = posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
    }
    return failure != 0 ? failure : posix_spawn_file_actions_addchdir_np(files, "/");
}

/* A session of its own, which is its process group too, and no signal blocked or ignored. */
static int describe_process(posix_spawnattr_t *attributes) {
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setsigmask(attributes, &none);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
                                                    POSIX_SPAWN_SETSIGMASK);
}

/* 0, or the errno value of why not. */
static int spawn(char *const *argv, char *const *environment, int input, pid_t *pid) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int failure = posix_spawn_file_actions_init(&files);
    if (failure != 0) {
        return failure;
    }
    failure = posix_spawnattr_init(&attributes);
    if (failure == 0) {
        failure = describe_files(&files, input);
        if (failure == 0) {
            failure = describe_process(&attributes);
        }
        if (failure == 0) {
            ibc_secret_core_limit(true);
            failure = posix_spawn(pid, argv[0], &files, &attributes, argv, environment);
            ibc_secret_core_limit(false);
        }
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&files);
    return failure;
}

/* `child` is SIGCHLD, and blocked: one that comes between a look and the wait stays pending. */
static bool await_end(pid_t pid, const sigset_t *child, int64_t deadline_ms, int *ended) {
    for (;;) {
        if (waitpid(pid, ended, WNOHANG) == pid) {
            return true;
        }
        const int64_t left_ms = deadline_ms - notify_now_ms();
        if (left_ms <= 0) {
            return false;
        }
        const struct timespec left = {.tv_sec = left_ms / 1000,
                                      .tv_nsec = left_ms % 1000 * 1000000};
        (void)sigtimedwait(child, NULL, &left);
    }
}

/* Does the process end before `deadline_ms`? `*ended` is its status then; else it is killed. */
static bool ends_before(pid_t pid, int64_t deadline_ms, int *ended) {
    sigset_t child, mask;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &mask);
    const bool in_time = await_end(pid, &child, deadline_ms, ended);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    if (!in_time) {
        kill(-pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    return in_time;
}

static enum ibc_status judge(const char *program, int ended, struct ibc_error *err) {
    if (WIFEXITED(ended) && WEXITSTATUS(ended) == 0) {
        return IBC_OK;
    }
    if (WIFEXITED(ended)) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                        "command '%s' ended with status %d; run it by hand to see why", program,
                        WEXITSTATUS(ended));
    }
    return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                    "command '%s' was ended by signal %d; run it by hand to see why", program,
                    WTERMSIG(ended));
}

enum ibc_status notify_run(const struct ibc_notify_target *target, const struct message *message,
                           struct ibc_error *err) {
    const int64_t deadline_ms = notify_now_ms() + target->timeout * 1000;
    IBC_CLEANUP(free_environment) struct environment environment = {0};
    if (!make_environment(message, &environment)) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory to run a command");
    }
    ibc_auto_fd input = -1;
    enum ibc_status status = open_stdin(message->text, &input, err);
    if (status != IBC_OK) {
        return status;
    }
    char *argv[IBC_NOTIFY_ARGUMENTS_MAX + 1];
    list_arguments(target, argv);
    pid_t pid;
    const int failure = spawn(argv, environment.bindings, input, &pid);
    if (failure != 0) {
        return ibc_fail_errno(err, IBC_ERR_NOT_FOUND, failure, "command '%s' cannot be run",
                              argv[0]);
    }
    int ended;
    if (ends_before(pid, deadline_ms, &ended)) {
        return judge(argv[0], ended, err);
    }
    return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                    "command '%s' did not end within %" PRId64 " s and was killed; make it faster "
                    "or its timeout longer",
                    argv[0], target->timeout);
}
