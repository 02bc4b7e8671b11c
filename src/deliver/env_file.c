/* env_file.c - an env file on tmpfs, made in two steps, ended by a detached reaper. */
#include <ibcred/deliver.h>
#include <ibcred/file.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* A reaper has all the time that its delivery lives: it is not to hold up the release. */
enum { REAPER_NICENESS = 19 };

void ibc_env_file_init(struct ibc_env_file *file, const struct ibc_runtime *runtime,
                       enum ibc_format format, int64_t ttl, const char *reaper_program) {
    *file = (struct ibc_env_file){
        .runtime = runtime,
        .format = format,
        .ttl = ttl,
        .reaper_program = reaper_program,
        .fd = -1,
    };
}

/* Create the file, zeros as long as the content, so that a full tmpfs is found out now. */
static enum ibc_status reserve(struct ibc_env_file *file, struct ibc_error *err) {
    struct ibc_instant now;
    enum ibc_status status = ibc_clock_now(&now, err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_lease_name(&now, file->ttl, file->name);
    file->fd = openat(ibc_runtime_fd(file->runtime), file->name,
                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file->fd < 0) {
        return ibc_fail_errno(err, IBC_ERR_CREATE, errno, "an env file cannot be created in '%s'",
                              ibc_runtime_path(file->runtime));
    }
    int failure = posix_fallocate(file->fd, 0, (off_t)file->content.size);
    if (failure != 0) {
        return ibc_fail_errno(err, IBC_ERR_CREATE, failure,
                              "there is no room for an env file in '%s'",
                              ibc_runtime_path(file->runtime));
    }
    return IBC_OK;
}

/* In the child: a session of its own, no descriptor, no environment but the one it needs. */
static _Noreturn void become_reaper(const struct ibc_env_file *file, const char *runtime_variable) {
    setsid();
    (void)!nice(REAPER_NICENESS);
    int null = open("/dev/null", O_RDWR);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        dup2(null, fd);
    }
    close_range(STDERR_FILENO + 1, ~0U, 0);
    if (chdir("/") == 0) {
        char *const argv[] = {"ibcred", "reap", "--lease", (char *)(uintptr_t)file->name, NULL};
        char *const environment[] = {(char *)(uintptr_t)runtime_variable, NULL};
        execve(file->reaper_program, argv, environment);
    }
    _exit(EXIT_FAILURE);
}

static enum ibc_status start_reaper(struct ibc_env_file *file, struct ibc_error *err) {
    char *runtime_path = realpath(ibc_runtime_path(file->runtime), NULL);
    char *variable = NULL;
    if (!runtime_path || asprintf(&variable, "IBCRED_RUNTIME_DIR=%s", runtime_path) < 0) {
        free(runtime_path);
        return ibc_fail_errno(err, IBC_ERR_INTERNAL, errno, "the reaper cannot be set up");
    }
    free(runtime_path);
    file->reaper = fork();
    if (file->reaper == 0) {
        become_reaper(file, variable);
    }
    int saved = errno;
    free(variable);
    if (file->reaper < 0) {
        return ibc_fail_errno(err, IBC_ERR_INTERNAL, saved,
                              "no process can be started to end the env file");
    }
    return IBC_OK;
}

static void stop_reaper(struct ibc_env_file *file) {
    if (file->reaper > 0) {
        kill(file->reaper, SIGKILL);
        waitpid(file->reaper, NULL, 0);
    }
    file->reaper = 0;
}

static void abandon(void *self) {
    struct ibc_env_file *file = self;
    stop_reaper(file);
    ibc_close(&file->fd);
    if (file->name[0] != '\0') {
        struct ibc_error ignored;
        (void)!ibc_lease_end(file->runtime, file->name, &ignored);
    }
    file->name[0] = '\0';
    ibc_secret_free(&file->content);
}

static enum ibc_status prepare(void *self, const struct ibc_field *variables, size_t count,
                               struct ibc_error *err) {
    struct ibc_env_file *file = self;
    enum ibc_status status = ibc_sink_write(file->format, variables, count, &file->content, err);
    if (status == IBC_OK) {
        status = reserve(file, err);
    }
    if (status == IBC_OK) {
        status = start_reaper(file, err);
    }
    if (status != IBC_OK) {
        abandon(file);
    }
    return status;
}

static enum ibc_status hand_over(void *self, struct ibc_error *err) {
    struct ibc_env_file *file = self;
    bool written = ibc_file_write_all(file->fd, ibc_secret_view(&file->content));
    int saved = errno;
    ibc_close(&file->fd);
    ibc_secret_free(&file->content);
    if (!written) {
        abandon(file);
        return ibc_fail_errno(err, IBC_ERR_CREATE, saved, "the env file in '%s' cannot be written",
                              ibc_runtime_path(file->runtime));
    }
    return IBC_OK;
}

struct ibc_delivery ibc_env_file_delivery(struct ibc_env_file *file) {
    return (struct ibc_delivery){.name = "env-file",
                                 .self = file,
                                 .prepare = prepare,
                                 .hand_over = hand_over,
                                 .abandon = abandon};
}

void ibc_env_file_free(struct ibc_env_file *file) {
    ibc_close(&file->fd);
    ibc_secret_free(&file->content);
}
