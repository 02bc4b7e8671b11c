/*
 * notify_fixture.h - a directory with commands in it, for tests of what tells somebody.
 */
#ifndef IBCRED_TESTS_NOTIFY_FIXTURE_H
#define IBCRED_TESTS_NOTIFY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ibcred/file.h>
#include <ibcred/notify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_SIZE = 128, CONTENT_MAX = 8192, LEAKED_FD = 60 };

#define DIRECTORY_TEMPLATE "/tmp/ibcred-test-notify-XXXXXX"

static char directory[sizeof DIRECTORY_TEMPLATE];

static inline void path_of(const char *name, char out[static PATH_SIZE]) {
    snprintf(out, PATH_SIZE, "%s/%s", directory, name);
}

static inline bool is_there(const char *name) {
    char path[PATH_SIZE];
    path_of(name, path);
    return access(path, F_OK) == 0;
}

static inline void write_file(const char *name, const char *content, mode_t mode) {
    char path[PATH_SIZE];
    path_of(name, path);
    ibc_auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
    assert_true(fd >= 0);
    assert_true(ibc_file_write_all(fd, ibc_view_of(content)));
    assert_int_equal(fchmod(fd, mode), 0);
}

/* The file's content, good until the next call; fails where there is none. */
static inline const char *content_of(const char *name) {
    static char content[CONTENT_MAX];
    char path[PATH_SIZE];
    path_of(name, path);
    ibc_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fail_msg("%s was not written", path);
    }
    ssize_t size = read(fd, content, sizeof content - 1);
    assert_true(size >= 0);
    content[size] = '\0';
    return content;
}

static inline size_t lines_of(const char *text) {
    size_t lines = 0;
    for (; *text != '\0'; text++) {
        lines += *text == '\n';
    }
    return lines;
}

static inline void add_target(struct ibc_policy *policy, struct ibc_notify_target target) {
    policy->notify[policy->notify_count++] = target;
}

/* A shell script in the directory, where it runs: /proc/$$ is what it was started with. */
static void add_script(struct ibc_policy *policy, const char *name, unsigned notices,
                       int64_t timeout, const char *body) {
    char script[CONTENT_MAX];
    struct ibc_notify_target target = {
        .notices = notices, .way = IBC_NOTIFY_COMMAND, .timeout = timeout, .argument_count = 1};
    snprintf(script, sizeof script, "#!/bin/sh\ncd %s || exit 99\n%s\n", directory, body);
    write_file(name, script, 0700);
    snprintf(target.text, sizeof target.text, "%s/%s", directory, name);
    add_target(policy, target);
}

enum { HELD = 1 << IBC_NOTICE_HELD, RECOVERED = 1 << IBC_NOTICE_RECOVERED };

static const struct ibc_notification held = {.notice = IBC_NOTICE_HELD,
                                             .profile = "paper-1",
                                             .mode = "paper",
                                             .container = "ib-gateway",
                                             .text = "profile 'paper-1' is held",
                                             .wall_ms = INT64_C(1795000000123)};

static inline int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void pause_ms(long ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/*
 * valgrind makes a fork of the child of posix_spawn(3), which then cannot tell why it failed, and
 * writes out stdio's buffers when a process ends by _exit(2).
 */
static inline bool on_valgrind(void) {
    const char *preloaded = getenv("LD_PRELOAD");
    return preloaded && strstr(preloaded, "vgpreload");
}

static inline int set_up(void **state) {
    (void)state;
    struct ibc_error err;
    snprintf(directory, sizeof directory, DIRECTORY_TEMPLATE);
    return ibc_secret_init(&err) == IBC_OK && mkdtemp(directory) ? 0 : -1;
}

static inline int tear_down(void **state) {
    (void)state;
    const pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/rm", "rm", "-rf", directory, NULL);
        _exit(EXIT_FAILURE);
    }
    int ended = -1;
    return waitpid(pid, &ended, 0) == pid && ended == 0 ? 0 : -1;
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, set_up, tear_down)

#endif
