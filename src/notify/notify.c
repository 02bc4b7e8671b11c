/* notify.c - whoever wants to be told is told, by a process that nobody waits for. */
#include <ibcred/notify.h>

#include "notify/ways.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a target may take besides its time-out, before the whole process is given up. */
enum { EXTRA_SECONDS = 5 };

int64_t notify_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool wants(const struct ibc_notify_target *target, enum ibc_notice notice) {
    return (target->notices & 1U << notice) != 0;
}

/* The most that ibc_notify_send() can take, in seconds; 0 where nobody wants to be told. */
static unsigned seconds_needed(const struct ibc_policy *policy, enum ibc_notice notice) {
    unsigned seconds = 0;
    for (size_t i = 0; i < policy->notify_count; i++) {
        if (wants(&policy->notify[i], notice)) {
            seconds += (unsigned)policy->notify[i].timeout + EXTRA_SECONDS;
        }
    }
    return seconds;
}

static void tell(const struct ibc_policy *policy, size_t index, const struct message *message,
                 void (*failed)(const char *sentence)) {
    const struct ibc_notify_target *target = &policy->notify[index];
    struct ibc_error err, sentence;
    enum ibc_status status = target->way == IBC_NOTIFY_COMMAND ? notify_run(target, message, &err)
                                                               : notify_post(target, message, &err);
    if (status != IBC_OK && failed) {
        (void)ibc_fail(&sentence, status, "notify[%zu] of the policy was not told of '%s': %s",
                       index, message->notice, err.text);
        failed(sentence.text);
    }
}

void ibc_notify_send(const struct ibc_policy *policy, const struct ibc_notification *notification,
                     void (*failed)(const char *sentence)) {
    struct message message;
    message_make(notification, &message);
    for (size_t i = 0; i < policy->notify_count; i++) {
        if (wants(&policy->notify[i], notification->notice)) {
            tell(policy, i, &message, failed);
        }
    }
}

/* One write, past the buffer of stdio, which may hold what the first process has yet to write. */
static void complain(const char *sentence) {
    char line[IBC_ERROR_TEXT_MAX + sizeof "ibcred: \n"];
    const int size = snprintf(line, sizeof line, "ibcred: %s\n", sentence);
    (void)!write(STDERR_FILENO, line, (size_t)size);
}

/* SIGPIPE stays ignored, for a stderr that is gone. */
static void reset_signals(void) {
    for (int number = 1; number < NSIG; number++) {
        signal(number, number == SIGPIPE ? SIG_IGN : SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Nothing of the first process's but stderr: no lock, no end of a pipe that somebody waits on. */
static void close_descriptors(void) {
    const int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, 0);
}

static _Noreturn void become_notifier(const struct ibc_policy *policy,
                                      const struct ibc_notification *notification,
                                      void (*before)(void *context), void *context) {
    setsid();
    reset_signals();
    alarm(seconds_needed(policy, notification->notice));
    if (before) {
        before(context);
    }
    close_descriptors();
    ibc_notify_send(policy, notification, complain);
    _exit(EXIT_SUCCESS);
}

/*
 * fork(2), but the end of the child sends no SIGCHLD and only who asks with __WCLONE sees it, so
 * that no handler runs and no waitpid(-1) elsewhere gets it. The child must not do much: glibc does
 * not know of it.
 */
static pid_t fork_unnoticed(void) {
    return (pid_t)syscall(SYS_clone, 0UL, NULL, NULL, NULL, 0UL);
}

static bool ended_well(pid_t pid) {
    int ended = 0;
    pid_t waited;
    do {
        waited = waitpid(pid, &ended, (int)__WCLONE);
    } while (waited < 0 && errno == EINTR);
    return waited == pid && WIFEXITED(ended) && WEXITSTATUS(ended) == EXIT_SUCCESS;
}

bool ibc_notify_start(const struct ibc_policy *policy, const struct ibc_notification *notification,
                      void (*before)(void *context), void *context) {
    if (seconds_needed(policy, notification->notice) == 0) {
        return true;
    }
    /* No handler of this process may run in another one. */
    sigset_t all, mask;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &mask);
    const pid_t between = fork_unnoticed();
    if (between == 0) {
        const pid_t pid = fork();
        if (pid == 0) {
            become_notifier(policy, notification, before, context);
        }
        _exit(pid > 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    const bool started = between > 0 && ended_well(between);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return started;
}
