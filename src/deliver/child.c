/* child.c - a process that finds the secrets in its environment. */
#include <ibcred/deliver.h>
#include <ibcred/file.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"
#define OWN_PREFIX   "IBCRED_"

enum { ENVIRONMENT_MAX = 1 << 20 /* bytes */ };

void ibc_child_init(struct ibc_child *child, char *const *argv, char *const *base) {
    *child = (struct ibc_child){.argv = argv, .base = base};
}

static bool is_program(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

/* The path that execvp() would find, so that a missing command is known before the charge. */
static char *find_program(const char *name) {
    if (strchr(name, '/')) {
        return is_program(name) ? strdup(name) : NULL;
    }
    const char *path = getenv("PATH");
    for (const char *at = path ? path : DEFAULT_PATH; *at != '\0';) {
        size_t size = strcspn(at, ":");
        char candidate[PATH_MAX];
        int written = snprintf(candidate, sizeof candidate, "%.*s%s%s", (int)size, at,
                               size > 0 ? "/" : "./", name);
        if (written > 0 && (size_t)written < sizeof candidate && is_program(candidate)) {
            return strdup(candidate);
        }
        at += size + (at[size] == ':');
    }
    return NULL;
}

static bool is_replaced(const char *binding, const struct ibc_field *variables, size_t count) {
    const struct ibc_view name = {.bytes = (const unsigned char *)binding,
                                  .size = strcspn(binding, "=")};
    for (size_t i = 0; i < count; i++) {
        if (ibc_view_equal(name, variables[i].name)) {
            return true;
        }
    }
    return false;
}

static bool is_withheld(const struct ibc_child *child, const char *binding) {
    const struct ibc_view name = {.bytes = (const unsigned char *)binding,
                                  .size = strcspn(binding, "=")};
    return strncmp(binding, OWN_PREFIX, strlen(OWN_PREFIX)) == 0 ||
           (child->withheld && ibc_view_is(name, child->withheld));
}

/* All bindings, each ended by NUL, in secret memory. */
static enum ibc_status build_environment(struct ibc_child *child, const struct ibc_field *variables,
                                         size_t count, struct ibc_error *err) {
    ibc_auto_secret_buffer buffer;
    ibc_secret_buffer_init(&buffer, ENVIRONMENT_MAX);
    for (char *const *binding = child->base; *binding; binding++) {
        if (!is_withheld(child, *binding) && !is_replaced(*binding, variables, count)) {
            ibc_secret_buffer_append(&buffer, *binding, strlen(*binding) + 1);
        }
    }
    for (size_t i = 0; i < count; i++) {
        ibc_secret_buffer_append(&buffer, variables[i].name.bytes, variables[i].name.size);
        ibc_secret_buffer_append_byte(&buffer, '=');
        ibc_secret_buffer_append(&buffer, variables[i].value.bytes, variables[i].value.size);
        ibc_secret_buffer_append_byte(&buffer, '\0');
    }
    return ibc_secret_buffer_finish(&buffer, "the child's environment", &child->environment, err);
}

static enum ibc_status prepare(void *self, const struct ibc_field *variables, size_t count,
                               struct ibc_error *err) {
    struct ibc_child *child = self;
    child->program = find_program(child->argv[0]);
    if (!child->program) {
        return ibc_fail(err, IBC_ERR_NOT_FOUND,
                        "there is no command '%s' that can be run; nothing was released",
                        child->argv[0]);
    }
    return build_environment(child, variables, count, err);
}

static void abandon(void *self) {
    ibc_child_free(self);
}

static char **environment_pointers(const struct ibc_secret *environment) {
    size_t count = 0;
    for (size_t i = 0; i < environment->size; i++) {
        count += environment->bytes[i] == '\0';
    }
    char **pointers = calloc(count + 1, sizeof *pointers);
    if (!pointers) {
        return NULL;
    }
    char *at = (char *)environment->bytes;
    for (size_t i = 0; i < count; i++) {
        pointers[i] = at;
        at += strlen(at) + 1;
    }
    return pointers;
}

/* In the child. What execve() has against it goes to `report`, which closes by itself. */
static _Noreturn void become(const struct ibc_child *child, char **environment,
                             const sigset_t *mask, int report) {
    sigprocmask(SIG_SETMASK, mask, NULL);
    ibc_secret_hand_back_core_limit();
    execve(child->program, child->argv, environment);
    int failure = errno;
    (void)!write(report, &failure, sizeof failure);
    _exit(EXIT_FAILURE);
}

/* 0 once the program runs, or the errno that execve() had. */
static int wait_for_exec(int report) {
    int failure = 0;
    ssize_t size;
    do {
        size = read(report, &failure, sizeof failure);
    } while (size < 0 && errno == EINTR);
    return size == (ssize_t)sizeof failure ? failure : 0;
}

static enum ibc_status hand_over(void *self, struct ibc_error *err) {
    struct ibc_child *child = self;
    ibc_auto_free char **environment = environment_pointers(&child->environment);
    int pipe_fds[2] = {-1, -1};
    if (!environment || pipe2(pipe_fds, O_CLOEXEC) != 0) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no resources to start '%s'", child->argv[0]);
    }
    ibc_auto_fd report = pipe_fds[0];
    ibc_auto_fd report_end = pipe_fds[1];

    /* Signals wait until ibc_child_wait() passes them on; an ignored SIGCHLD would never come. */
    signal(SIGCHLD, SIG_DFL);
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    child->pid = fork();
    if (child->pid == 0) {
        become(child, environment, &before, report_end);
    }
    int failure = child->pid < 0 ? errno : 0;
    ibc_close(&report_end);
    if (failure == 0) {
        failure = wait_for_exec(report);
    }
    ibc_secret_free(&child->environment);
    if (failure != 0) {
        if (child->pid > 0) {
            waitpid(child->pid, NULL, 0);
        }
        sigprocmask(SIG_SETMASK, &before, NULL);
        return ibc_fail_errno(err, IBC_ERR_NOT_FOUND, failure, "'%s' cannot be run",
                              child->program);
    }
    return IBC_OK;
}

struct ibc_delivery ibc_child_delivery(struct ibc_child *child) {
    return (struct ibc_delivery){.name = "exec",
                                 .self = child,
                                 .prepare = prepare,
                                 .hand_over = hand_over,
                                 .abandon = abandon};
}

/* True once the child is gone. When it was stopped, so is this process, until continued. */
static bool reap_child(const struct ibc_child *child, int *status) {
    for (;;) {
        pid_t pid = waitpid(child->pid, status, WNOHANG | WUNTRACED);
        if (pid != child->pid) {
            return false;
        }
        if (!WIFSTOPPED(*status)) {
            return true;
        }
        raise(SIGSTOP);
    }
}

int ibc_child_wait(struct ibc_child *child) {
    sigset_t all;
    sigfillset(&all);
    int status = 0;
    while (!reap_child(child, &status)) {
        siginfo_t info;
        int signal_number = sigwaitinfo(&all, &info);
        bool from_terminal = info.si_code == SI_KERNEL;
        if (signal_number > 0 && signal_number != SIGCHLD && !from_terminal) {
            kill(child->pid, signal_number);
        }
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void ibc_child_free(struct ibc_child *child) {
    ibc_secret_free(&child->environment);
    free(child->program);
    child->program = NULL;
}
