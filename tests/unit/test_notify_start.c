/* test_notify_start.c - the process that tells is nobody's child and keeps nothing of its parent's.
 */
#include "notify_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>

/* Wait for a file that a command writes when it is through. */
static void await_file(const char *name) {
    for (int i = 0; i < 1000 && !is_there(name); i++) {
        pause_ms(10);
    }
    assert_true(is_there(name));
}

/* What the notifier's process and this one can both see. */
struct shared {
    pid_t notifier;
    bool leaked_fd_open;
};

static struct shared *share(void) {
    void *memory = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    return memory;
}

static void note_process(void *context) {
    struct shared *shared = context;
    shared->notifier = getpid();
    shared->leaked_fd_open = fcntl(LEAKED_FD, F_GETFD) >= 0;
}

static volatile sig_atomic_t signals;

static void count_signal(int number) {
    (void)number;
    signals++;
}

static void nobody_has_to_wait_for_or_reap_the_notifier(void **state) {
    (void)state;
    struct ibc_policy policy = {0};
    add_script(&policy, "slow", HELD, 10, "sleep 2; echo told >told");
    struct shared *shared = share();
    const struct sigaction counting = {.sa_handler = count_signal};
    struct sigaction before;
    assert_int_equal(sigaction(SIGCHLD, &counting, &before), 0);
    signals = 0;
    sigset_t mask_before, mask_after;
    assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &mask_before), 0);

    const int64_t began_ms = now_ms();
    assert_true(ibc_notify_start(&policy, &held, note_process, shared));
    const int64_t took_ms = now_ms() - began_ms;
    errno = 0;
    const pid_t child = waitpid(-1, NULL, WNOHANG);
    const int failure = errno;
    assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &mask_after), 0);
    await_file("told");

    assert_int_equal(sigaction(SIGCHLD, &before, NULL), 0);
    assert_true(took_ms < 1500);
    assert_int_equal(child, -1);
    assert_int_equal(failure, ECHILD);
    assert_int_equal(signals, 0);
    for (int number = 1; number < SIGRTMIN; number++) {
        assert_int_equal(sigismember(&mask_after, number), sigismember(&mask_before, number));
    }
    assert_true(shared->notifier != 0 && shared->notifier != getpid());
    assert_int_equal(munmap(shared, sizeof *shared), 0);
}

static void a_notifier_keeps_no_lock_and_no_end_of_a_pipe(void **state) {
    (void)state;
    struct ibc_policy policy = {0};
    add_script(&policy, "slow", HELD, 10, "echo >running; sleep 2; echo >told");
    char path[PATH_SIZE];
    write_file("locked", "", 0600);
    path_of("locked", path);
    ibc_auto_fd locked = open(path, O_RDWR);
    ibc_auto_fd other = open(path, O_RDWR);
    assert_int_equal(flock(locked, LOCK_EX), 0);
    assert_int_equal(dup2(locked, LEAKED_FD), LEAKED_FD);
    struct shared *shared = share();

    assert_true(ibc_notify_start(&policy, &held, note_process, shared));
    await_file("running");
    const int while_held = flock(other, LOCK_EX | LOCK_NB);
    close(LEAKED_FD);
    ibc_close(&locked);
    const int once_closed = flock(other, LOCK_EX | LOCK_NB);
    const bool still_running = !is_there("told");
    await_file("told");

    assert_true(shared->leaked_fd_open); /* `before` comes first */
    assert_int_equal(while_held, -1);
    assert_int_equal(once_closed, 0);
    assert_true(still_running);
    assert_int_equal(munmap(shared, sizeof *shared), 0);
}

static void what_stdio_holds_back_is_written_once(void **state) {
    (void)state;
    struct ibc_policy policy = {0};
    add_script(&policy, "tell", HELD, 10, "echo >told");
    char path[PATH_SIZE];
    path_of("stream", path);
    FILE *stream = fopen(path, "we");
    assert_non_null(stream);
    assert_true(fputs("once\n", stream) >= 0);
    assert_true(ibc_notify_start(&policy, &held, NULL, NULL));
    await_file("told");
    pause_ms(50);
    assert_int_equal(fclose(stream), 0);
    if (!on_valgrind()) {
        assert_string_equal(content_of("stream"), "once\n");
    }
}

/* Orphans come to this process for as long as `on`. */
static void adopt_orphans(bool on) {
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, on, 0, 0, 0), 0);
}

static void where_nobody_wants_a_notice_there_is_no_process(void **state) {
    (void)state;
    struct ibc_policy policy = {0};
    add_script(&policy, "tell", RECOVERED, 10, "echo >told");
    struct shared *shared = share();
    adopt_orphans(true);
    assert_true(ibc_notify_start(&policy, &held, note_process, shared));
    errno = 0;
    const pid_t child = waitpid(-1, NULL, __WALL);
    const int failure = errno;
    adopt_orphans(false);
    assert_int_equal(child, -1);
    assert_int_equal(failure, ECHILD);
    assert_int_equal(shared->notifier, 0);
    assert_false(is_there("told"));
    assert_int_equal(munmap(shared, sizeof *shared), 0);
}

static void a_notifier_complains_in_one_line_and_ends(void **state) {
    (void)state;
    struct ibc_policy policy = {0};
    add_script(&policy, "fail", HELD, 10, "echo noise >&2; exit 1");
    char path[PATH_SIZE];
    path_of("stderr", path);
    ibc_auto_fd log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ibc_auto_fd own = dup(STDERR_FILENO);
    assert_true(log >= 0 && own >= 0);
    adopt_orphans(true);
    assert_int_equal(dup2(log, STDERR_FILENO), STDERR_FILENO);
    const bool started = ibc_notify_start(&policy, &held, NULL, NULL);
    assert_int_equal(dup2(own, STDERR_FILENO), STDERR_FILENO);
    int ended = -1;
    const pid_t notifier = waitpid(-1, &ended, 0);
    adopt_orphans(false);
    assert_true(started);
    assert_true(notifier > 0);
    assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
    const char *complaint = content_of("stderr");
    assert_int_equal(strncmp(complaint, "ibcred: notify[0] of the policy", 31), 0);
    assert_int_equal(lines_of(complaint), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(nobody_has_to_wait_for_or_reap_the_notifier),
        TEST(a_notifier_keeps_no_lock_and_no_end_of_a_pipe),
        TEST(what_stdio_holds_back_is_written_once),
        TEST(where_nobody_wants_a_notice_there_is_no_process),
        TEST(a_notifier_complains_in_one_line_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
