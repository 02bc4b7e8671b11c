/* command.c - this process becomes a command that finds the secrets in its environment. */
#include <ibcred/deliver.h>
#include <ibcred/file.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"
#define OWN_PREFIX   "IBCRED_"

enum {
    ENVIRONMENT_MAX = 1 << 20, /* bytes */
    EXIT_NOT_RUN = 127,        /* as sh(1) has it */
};

void ibc_command_init(struct ibc_command *command, char *const *argv, char *const *base) {
    *command = (struct ibc_command){.argv = argv, .base = base, .output = -1};
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

static bool is_withheld(const struct ibc_command *command, const char *binding) {
    const struct ibc_view name = {.bytes = (const unsigned char *)binding,
                                  .size = strcspn(binding, "=")};
    return strncmp(binding, OWN_PREFIX, strlen(OWN_PREFIX)) == 0 ||
           (command->withheld && ibc_view_is(name, command->withheld));
}

/* All bindings, each ended by NUL, in secret memory. */
static enum ibc_status build_environment(struct ibc_command *command,
                                         const struct ibc_field *variables, size_t count,
                                         struct ibc_error *err) {
    ibc_auto_secret_buffer buffer;
    ibc_secret_buffer_init(&buffer, ENVIRONMENT_MAX);
    for (char *const *binding = command->base; *binding; binding++) {
        if (!is_withheld(command, *binding) && !is_replaced(*binding, variables, count)) {
            ibc_secret_buffer_append(&buffer, *binding, strlen(*binding) + 1);
        }
    }
    for (size_t i = 0; i < count; i++) {
        ibc_secret_buffer_append(&buffer, variables[i].name.bytes, variables[i].name.size);
        ibc_secret_buffer_append_byte(&buffer, '=');
        ibc_secret_buffer_append(&buffer, variables[i].value.bytes, variables[i].value.size);
        ibc_secret_buffer_append_byte(&buffer, '\0');
    }
    return ibc_secret_buffer_finish(&buffer, "the command's environment", &command->environment,
                                    err);
}

static enum ibc_status prepare(void *self, const struct ibc_field *variables, size_t count,
                               struct ibc_error *err) {
    struct ibc_command *command = self;
    command->program = find_program(command->argv[0]);
    if (!command->program) {
        return ibc_fail(err, IBC_ERR_NOT_FOUND,
                        "there is no command '%s' that can be run; nothing was released",
                        command->argv[0]);
    }
    return build_environment(command, variables, count, err);
}

static void abandon(void *self) {
    ibc_command_free(self);
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

/* The secrets are in the new program's memory then, and this one's is gone with all it held. */
static enum ibc_status hand_over(void *self, struct ibc_error *err) {
    struct ibc_command *command = self;
    ibc_auto_free char **environment = environment_pointers(&command->environment);
    if (!environment) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory to run '%s'", command->argv[0]);
    }
    ibc_secret_core_limit(true);
    execve(command->program, command->argv, environment);
    const int failure = errno;
    ibc_secret_core_limit(false);
    return ibc_fail_errno(err, IBC_ERR_NOT_FOUND, failure, "'%s' cannot be run", command->program);
}

struct ibc_delivery ibc_command_delivery(struct ibc_command *command) {
    return (struct ibc_delivery){.name = "exec",
                                 .self = command,
                                 .prepare = prepare,
                                 .hand_over = hand_over,
                                 .abandon = abandon};
}

/* In the child, until it is another program. Nothing here may allocate. */
static _Noreturn void become(const struct ibc_command *command, char **environment) {
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int output = command->output >= 0 ? command->output : STDERR_FILENO;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0) {
        ibc_secret_core_limit(true);
        execve(command->program, command->argv, environment);
    }
    _exit(EXIT_NOT_RUN);
}

static enum ibc_status start_child(void *self, struct ibc_error *err) {
    struct ibc_command *command = self;
    ibc_auto_free char **environment = environment_pointers(&command->environment);
    command->child = environment ? fork() : -1;
    if (command->child == 0) {
        become(command, environment);
    }
    const int failure = errno;
    ibc_secret_free(&command->environment);
    if (command->child < 0) {
        return ibc_fail_errno(err, IBC_ERR_INTERNAL, failure, "no process to be had for '%s'",
                              command->argv[0]);
    }
    return IBC_OK;
}

struct ibc_delivery ibc_command_child_delivery(struct ibc_command *command) {
    return (struct ibc_delivery){.name = "child",
                                 .self = command,
                                 .prepare = prepare,
                                 .hand_over = start_child,
                                 .abandon = abandon};
}

void ibc_command_free(struct ibc_command *command) {
    ibc_secret_free(&command->environment);
    free(command->program);
    command->program = NULL;
}
