/* client.c - finding the helper, starting it and making sure that it is the one. */
#include "http/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <ibcred/file.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define HELPER_NAME     "ibcred-http"
#define HELPER_VARIABLE "IBCRED_HTTP"

enum { GREETING_MS = 10000 };

static const char libexec_directory[] =
#include "libexecdir.inc"
    ;

/* All of the environment that the helper gets. */
static const char *const passed_on[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy",
                                        "NO_PROXY",   "all_proxy",   "ALL_PROXY"};

enum { PASSED_ON = IBC_ARRAY_SIZE(passed_on) };

/* --- where it is --- */

static bool is_program(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

/* The path beside this program; "" where that cannot be told. */
static void beside_program(char out[static PATH_MAX]) {
    char self[PATH_MAX];
    const ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    self[size > 0 ? size : 0] = '\0';
    const char *slash = strrchr(self, '/');
    const int written =
        slash ? snprintf(out, PATH_MAX, "%.*s/%s", (int)(slash - self), self, HELPER_NAME) : 0;
    if (written <= 0 || written >= PATH_MAX) {
        out[0] = '\0';
    }
}

static enum ibc_status find_helper(char out[static PATH_MAX], struct ibc_error *err) {
    const char *chosen = secure_getenv(HELPER_VARIABLE);
    if (chosen && chosen[0] != '\0') {
        if (strlen(chosen) < PATH_MAX && is_program(chosen)) {
            snprintf(out, PATH_MAX, "%s", chosen);
            return IBC_OK;
        }
        return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                        HELPER_VARIABLE " is '%s', which is no program that can be run; set it to "
                                        "the path of " HELPER_NAME ", or not at all",
                        chosen);
    }
    char beside[PATH_MAX];
    beside_program(beside);
    snprintf(out, PATH_MAX, "%s", beside);
    if (is_program(out)) {
        return IBC_OK;
    }
    snprintf(out, PATH_MAX, "%s/%s", libexec_directory, HELPER_NAME);
    if (is_program(out)) {
        return IBC_OK;
    }
    return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                    HELPER_NAME ", which speaks HTTP for ibcred, is neither %s nor %s; install it "
                                "there or set " HELPER_VARIABLE " to its path",
                    beside, out);
}

/* --- starting it --- */

/* The bindings of `environ` that are passed on; `out` holds PASSED_ON + 1 pointers. */
static void choose_environment(char **out) {
    size_t count = 0;
    for (char **binding = environ; *binding && count < PASSED_ON; binding++) {
        const size_t size = strcspn(*binding, "=");
        for (size_t i = 0; i < PASSED_ON; i++) {
            if (size == strlen(passed_on[i]) && strncmp(*binding, passed_on[i], size) == 0) {
                out[count++] = *binding;
                break;
            }
        }
    }
    out[count] = NULL;
}

/* Its standard input is the socket; it has no other descriptor but /dev/null. */
static int plan_descriptors(posix_spawn_file_actions_t *actions, int socket) {
    int failure = posix_spawn_file_actions_adddup2(actions, socket, STDIN_FILENO);
    if (failure == 0) {
        failure = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_RDWR, 0);
    }
    if (failure == 0) {
        failure = posix_spawn_file_actions_adddup2(actions, STDOUT_FILENO, STDERR_FILENO);
    }
    if (failure == 0) {
        failure = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
    }
    return failure;
}

/* Signals as they are at the beginning, and a session of its own: a Ctrl-C is for its parent. */
static int plan_signals(posix_spawnattr_t *attributes) {
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int failure = posix_spawnattr_setsigdefault(attributes, &all);
    if (failure == 0) {
        failure = posix_spawnattr_setsigmask(attributes, &none);
    }
    if (failure == 0) {
        failure = posix_spawnattr_setflags(
            attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
    }
    return failure;
}

/* 0 or an errno value. Nothing of this process is copied on the way: see posix_spawn(3). */
static int spawn(const char *program, int socket, pid_t *pid) {
    char name[] = HELPER_NAME;
    char *const arguments[] = {name, NULL};
    char *environment[PASSED_ON + 1];
    choose_environment(environment);

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure != 0) {
        return failure;
    }
    failure = posix_spawnattr_init(&attributes);
    if (failure == 0) {
        failure = plan_descriptors(&actions, socket);
        failure = failure == 0 ? plan_signals(&attributes) : failure;
        if (failure == 0) {
            failure = posix_spawn(pid, program, &actions, &attributes, arguments, environment);
        }
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

/* --- making sure --- */

static enum ibc_status greet(struct ibc_http *http, const char *program, struct ibc_error *err) {
    struct frame_header frame;
    struct ibc_view protocol;
    struct ibc_error ignored;
    const int64_t deadline = connection_now_ms() + GREETING_MS;
    enum ibc_status status;
    do { /* through signals */
        const int64_t left = deadline - connection_now_ms();
        status = connection_receive(http, left > 0 ? left : 0, &frame, &protocol, &ignored);
    } while (status == IBC_ERR_WAIT && connection_now_ms() < deadline);
    if (status != IBC_OK || frame.type != FRAME_HELLO) {
        return ibc_fail(
            err, IBC_ERR_UNAVAILABLE,
            "%s was started and did not say what it speaks; see what '%s --version' says", program,
            program);
    }
    if (!ibc_view_is(protocol, FRAME_PROTOCOL)) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                        "%s speaks protocol %.*s and ibcred protocol " FRAME_PROTOCOL
                        "; install both from one build",
                        program, (int)protocol.size, (const char *)protocol.bytes);
    }
    http->stage = STAGE_IDLE;
    return IBC_OK;
}

enum ibc_status ibc_http_open(struct ibc_http **out, struct ibc_error *err) {
    char program[PATH_MAX];
    *out = NULL;
    enum ibc_status status = find_helper(program, err);
    if (status != IBC_OK) {
        return status;
    }
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
        return ibc_fail_errno(err, IBC_ERR_UNAVAILABLE, errno, "no socket pair for %s", program);
    }
    ibc_auto_fd ours = sockets[0], theirs = sockets[1];
    pid_t pid = 0;
    const int failure = spawn(program, theirs, &pid);
    if (failure != 0) {
        return ibc_fail_errno(err, IBC_ERR_UNAVAILABLE, failure, "%s cannot be started", program);
    }
    ibc_close(&theirs);
    ibc_auto_http *http = NULL;
    const int fd = ours;
    ours = -1;
    status = connection_adopt(fd, pid, &http, err);
    if (status == IBC_OK) {
        status = greet(http, program, err);
    }
    if (status == IBC_OK) {
        *out = ibc_steal(&http);
    }
    return status;
}
