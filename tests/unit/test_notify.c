/* test_notify.c - real commands are told, in time or not at all; what webhooks are told. */
#include "notify/message.h"
#include "notify_fixture.h"

#include <jansson.h>
#include <signal.h>

enum { SENTENCES_MAX = 8 };

static char sentences[SENTENCES_MAX][IBC_ERROR_TEXT_MAX];
static size_t sentence_count;

static void collect(const char *sentence) {
    assert_true(sentence_count < SENTENCES_MAX);
    snprintf(sentences[sentence_count++], IBC_ERROR_TEXT_MAX, "%s", sentence);
}

static void send(const struct ibc_policy *policy, const struct ibc_notification *notification) {
    sentence_count = 0;
    ibc_notify_send(policy, notification, collect);
}

static bool has_line(const char *text, const char *line) {
    const size_t size = strlen(line);
    for (const char *at = text; *at != '\0'; at += strcspn(at, "\n"), at += *at == '\n') {
        if (strcspn(at, "\n") == size && strncmp(at, line, size) == 0) {
            return true;
        }
    }
    return false;
}

static void add_argument(struct ibc_notify_target *target, const char *argument) {
    size_t used = 0;
    for (size_t i = 0; i < target->argument_count; i++) {
        used += strlen(target->text + used) + 1;
    }
    memcpy(target->text + used, argument, strlen(argument) + 1);
    target->argument_count++;
}

/* Is there such a process, and not only what is left of it until it is reaped? */
static bool is_running(pid_t pid) {
    char path[PATH_SIZE], line[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    ibc_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t size = fd >= 0 ? read(fd, line, sizeof line - 1) : 0;
    if (size <= 0) {
        return false;
    }
    line[size] = '\0';
    const char *state = strrchr(line, ')');
    return state && strlen(state) > 2 && state[2] != 'Z' && state[2] != 'X';
}

static void a_command_finds_the_words_and_nothing_else_of_ours(void **state) {
    (void)state;
    struct ibc_policy policy = {0};
    add_script(&policy, "tell", HELD, 10,
               "tr '\\0' '\\n' </proc/$$/environ >environment\ncat >stdin");
    assert_int_equal(setenv("IBCRED_IDENTITY", "AGE-SECRET", 1), 0);
    assert_int_equal(setenv("IBCRED_TEXT", "another", 1), 0);
    assert_int_equal(setenv("TZ", "Asia/Hong_Kong", 1), 0);
    assert_int_equal(setenv("HOME", "/root of all", 1), 0);
    assert_int_equal(setenv("LANG", "C.UTF-8", 1), 0);
    send(&policy, &held);
    assert_int_equal(unsetenv("IBCRED_IDENTITY"), 0);
    assert_int_equal(unsetenv("IBCRED_TEXT"), 0);

    assert_int_equal(sentence_count, 0);
    const char *environment = content_of("environment");
    assert_true(has_line(environment, "IBCRED_NOTICE=held"));
    assert_true(has_line(environment, "IBCRED_PROFILE=paper-1"));
    assert_true(has_line(environment, "IBCRED_MODE=paper"));
    assert_true(has_line(environment, "IBCRED_CONTAINER=ib-gateway"));
    assert_true(has_line(environment, "IBCRED_TEXT=profile 'paper-1' is held"));
    assert_true(has_line(environment, "TZ=Asia/Hong_Kong"));
    assert_true(has_line(environment, "HOME=/root of all"));
    assert_true(has_line(environment, "LANG=C.UTF-8"));
    assert_non_null(strstr(environment, "PATH=/"));
    assert_int_equal(lines_of(environment), 9);
    assert_string_equal(content_of("stdin"), "profile 'paper-1' is held\n");
}

/* By the shell's builtins: other programs share its descriptors while it starts them. */
static const char look_around[] = "ls /proc/$$/fd >descriptors\n"
                                  "output=$(readlink /proc/$$/fd/1 /proc/$$/fd/2)\n"
                                  "echo \"$output\" >output\n"
                                  "while read -r key value; do\n"
                                  "    case $key in SigBlk: | SigIgn:) echo $value ;; esac\n"
                                  "done </proc/$$/status >signals\n"
                                  "echo \"$OLDPWD\" >directory\n"
                                  "cut -d' ' -f5,6 /proc/$$/stat >session\n"
                                  "echo $$ >pid\n"
                                  "echo this is dropped; echo and this >&2";

/* Not by the shell, which unblocks signals itself. */
static void add_copy_of_status(struct ibc_policy *policy) {
    struct ibc_notify_target target = {
        .notices = HELD, .way = IBC_NOTIFY_COMMAND, .timeout = 10, .text = "/bin/cp"};
    char path[PATH_SIZE];
    path_of("status", path);
    target.argument_count = 1;
    add_argument(&target, "/proc/self/status");
    add_argument(&target, path);
    add_target(policy, target);
}

static uint64_t status_mask(const char *key) {
    const char *line = strstr(content_of("status"), key);
    assert_non_null(line);
    return strtoull(line + strlen(key), NULL, 16);
}

static void a_command_starts_with_clean_descriptors_signals_and_directory(void **state) {
    (void)state;
    struct ibc_policy policy = {0};
    add_script(&policy, "tell", HELD, 10, look_around);
    add_copy_of_status(&policy);
    sigset_t some, before;
    sigemptyset(&some);
    sigaddset(&some, SIGTERM);
    assert_int_equal(sigprocmask(SIG_BLOCK, &some, &before), 0);
    void (*pipe_before)(int) = signal(SIGPIPE, SIG_IGN);
    assert_int_equal(dup2(STDERR_FILENO, LEAKED_FD), LEAKED_FD);
    send(&policy, &held);
    close(LEAKED_FD);
    signal(SIGPIPE, pipe_before);
    sigset_t after;
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, &after), 0);

    assert_int_equal(sentence_count, 0);
    assert_false(has_line(content_of("descriptors"), "60"));
    assert_string_equal(content_of("output"), "/dev/null\n/dev/null\n");
    assert_int_equal(status_mask("SigBlk:"), 0);
    /* glibc ignores the two that it keeps to itself, 32 and 33. */
    assert_int_equal(status_mask("SigIgn:") & 0x7fffffff, 0);
    assert_string_equal(content_of("directory"), "/\n");
    char own[64];
    const long pid = strtol(content_of("pid"), NULL, 10);
    snprintf(own, sizeof own, "%ld %ld\n", pid, pid);
    assert_string_equal(content_of("session"), own);
    assert_true(sigismember(&after, SIGTERM));
    assert_false(sigismember(&after, SIGCHLD));
}

static void arguments_arrive_as_they_stand_in_the_policy(void **state) {
    (void)state;
    struct ibc_policy policy = {0};
    add_script(&policy, "tell", HELD, 10, "printf '<%s>' \"$@\" >arguments");
    add_argument(&policy.notify[0], "two words");
    add_argument(&policy.notify[0], "");
    add_argument(&policy.notify[0], "$HOME `id` *");
    send(&policy, &held);
    assert_int_equal(sentence_count, 0);
    assert_string_equal(content_of("arguments"), "<two words><><$HOME `id` *>");
}

static void what_does_not_end_is_killed_with_all_it_started(void **state) {
    (void)state;
    struct ibc_policy policy = {0};
    add_script(&policy, "hang", HELD, 1,
               "trap '' TERM INT HUP\nsleep 60 & echo $! >background\necho $$ >foreground\n"
               "while :; do sleep 60; done");
    add_script(&policy, "next", HELD, 10, "echo told >next-told");
    const int64_t began_ms = now_ms();
    send(&policy, &held);
    const int64_t took_ms = now_ms() - began_ms;
    assert_in_range(took_ms, 990, 10000);
    assert_int_equal(sentence_count, 1);
    assert_non_null(
        strstr(sentences[0], "notify[0] of the policy was not told of 'held': command"));
    assert_non_null(strstr(sentences[0], "did not end within 1 s and was killed"));
    assert_string_equal(content_of("next-told"), "told\n");
    assert_false(is_running((pid_t)strtol(content_of("foreground"), NULL, 10)));
    const pid_t background = (pid_t)strtol(content_of("background"), NULL, 10);
    for (int i = 0; i < 100 && is_running(background); i++) {
        pause_ms(10);
    }
    assert_false(is_running(background));
}

static void a_command_that_fails_is_named_and_the_others_are_told(void **state) {
    (void)state;
    struct ibc_policy policy = {0};
    add_script(&policy, "first", HELD, 10, "exit 3");
    add_script(&policy, "second", HELD, 10, "kill -9 $$");
    add_script(&policy, "third", HELD, 10, "");
    add_script(&policy, "fourth", HELD, 10, "");
    add_script(&policy, "fifth", HELD, 10, "echo told >told");
    char path[PATH_SIZE];
    path_of("third", path);
    assert_int_equal(unlink(path), 0);
    path_of("fourth", path);
    assert_int_equal(chmod(path, 0600), 0);
    send(&policy, &held);
    assert_int_equal(sentence_count, 4);
    assert_non_null(strstr(sentences[0], "notify[0] "));
    assert_non_null(strstr(sentences[0], "/first' ended with status 3"));
    assert_non_null(strstr(sentences[1], "notify[1] "));
    assert_non_null(strstr(sentences[1], "/second' was ended by signal 9"));
    if (!on_valgrind()) {
        assert_non_null(strstr(sentences[2], "/third' cannot be run: No such file"));
        assert_non_null(strstr(sentences[3], "/fourth' cannot be run: Permission denied"));
    }
    assert_string_equal(content_of("told"), "told\n");
    ibc_notify_send(&policy, &held, NULL); /* nobody to complain to */
}

static void only_who_wants_a_notice_is_told(void **state) {
    (void)state;
    struct ibc_policy policy = {0};
    add_script(&policy, "first", HELD, 10, "echo $IBCRED_NOTICE >>first-told");
    add_script(&policy, "second", RECOVERED, 10, "echo $IBCRED_NOTICE >>second-told");
    add_script(&policy, "third", HELD | RECOVERED, 10, "echo $IBCRED_NOTICE >>third-told");
    struct ibc_notification recovered = held;
    recovered.notice = IBC_NOTICE_RECOVERED;
    send(&policy, &held);
    send(&policy, &recovered);
    assert_int_equal(sentence_count, 0);
    assert_string_equal(content_of("first-told"), "held\n");
    assert_string_equal(content_of("second-told"), "recovered\n");
    assert_string_equal(content_of("third-told"), "held\nrecovered\n");
}

static void what_is_told_is_one_printable_line(void **state) {
    (void)state;
    struct ibc_policy policy = {0};
    add_script(&policy, "tell", HELD, 10, "cat >stdin; printf %s \"$IBCRED_CONTAINER\" >container");
    struct ibc_notification hostile = held;
    hostile.text = "a\nb\r\033[31m\x7f\xff\xc2\x85\xe2\x80\xa8 Z\xc3\xbcrich";
    hostile.container = NULL;
    send(&policy, &hostile);
    assert_int_equal(sentence_count, 0);
    assert_string_equal(content_of("stdin"), "a?b??[31m???? Z\xc3\xbcrich\n");
    assert_string_equal(content_of("container"), "");
}

static void a_character_that_does_not_fit_whole_is_left_out(void **state) {
    (void)state;
    struct ibc_policy policy = {0};
    add_script(&policy, "tell", HELD, 10, "cat >stdin");
    /* Two bytes each: the last one ends with the room, or would pass it by one. */
    char text[1 + 2 * MESSAGE_TEXT_MAX + 1] = "x";
    for (size_t i = 1; i + 2 < sizeof text; i += 2) {
        memcpy(text + i, "\xc3\xbc", 2);
    }
    struct ibc_notification longer = held;
    for (size_t skipped = 0; skipped < 2; skipped++) {
        longer.text = text + skipped;
        send(&policy, &longer);
        const char *line = content_of("stdin");
        assert_int_equal(strlen(line), MESSAGE_TEXT_MAX - 1 - skipped + strlen("\n"));
        assert_memory_equal(line + strlen(line) - 3, "\xc3\xbc\n", 3);
    }
}

static char *json_text(const struct ibc_notification *notification, bool slack, const char *key) {
    struct message message;
    message_make(notification, &message);
    IBC_CLEANUP(ibc_free) char *text = message_json(&message, slack);
    assert_non_null(text);
    json_t *object = json_loads(text, 0, NULL);
    assert_non_null(object);
    assert_int_equal(json_object_size(object), slack ? 1 : 7);
    const char *value = json_string_value(json_object_get(object, key));
    char *copy = value ? strdup(value) : NULL;
    json_decref(object);
    return copy;
}

static void assert_json(const struct ibc_notification *notification, bool slack, const char *key,
                        const char *expected) {
    IBC_CLEANUP(ibc_free) char *value = json_text(notification, slack, key);
    assert_non_null(value);
    assert_string_equal(value, expected);
}

static void a_webhook_is_told_in_json(void **state) {
    (void)state;
    struct ibc_notification quoted = held;
    quoted.text = "a \"b\" \\ \xff";
    char host[HOST_NAME_MAX + 1] = "";
    assert_int_equal(gethostname(host, sizeof host - 1), 0);
    assert_json(&quoted, false, "notice", "held");
    assert_json(&quoted, false, "profile", "paper-1");
    assert_json(&quoted, false, "mode", "paper");
    assert_json(&quoted, false, "container", "ib-gateway");
    assert_json(&quoted, false, "text", "a \"b\" \\ ?");
    assert_json(&quoted, false, "time", "2026-11-18T11:06:40.123Z");
    assert_json(&quoted, false, "host", host);
}

static void nothing_in_a_text_calls_everybody_on_slack(void **state) {
    (void)state;
    struct ibc_notification calling = held;
    calling.text = "<!channel> & <@U1>";
    IBC_CLEANUP(ibc_free) char *text = json_text(&calling, true, "text");
    assert_non_null(text);
    assert_int_equal(strncmp(text, "ibcred on ", 10), 0);
    assert_non_null(strstr(text, ": &lt;!channel&gt; &amp; &lt;@U1&gt;"));
    assert_null(strpbrk(text, "<>"));

    /* The longest text there can be, each character of it five bytes then. */
    char ampersands[MESSAGE_TEXT_MAX];
    memset(ampersands, '&', sizeof ampersands - 1);
    ampersands[sizeof ampersands - 1] = '\0';
    calling.text = ampersands;
    IBC_CLEANUP(ibc_free) char *longest = json_text(&calling, true, "text");
    assert_non_null(longest);
    assert_true(strlen(longest) >= 5 * (sizeof ampersands - 1));
}

static void add_webhook(struct ibc_policy *policy, enum ibc_notify_way way, const char *text) {
    struct ibc_notify_target target = {.notices = HELD, .way = way, .timeout = 10};
    snprintf(target.text, sizeof target.text, "%s", text);
    add_target(policy, target);
}

static void no_sentence_tells_the_url_of_a_webhook(void **state) {
    (void)state;
    static const struct {
        const char *name, *content;
        mode_t mode;
        const char *words;
    } files[] = {
        {"open", "https://example.com/hunter2\n", 0622, "can be written by others"},
        {"empty", "", 0600, "does not begin with a line that is an http:// or https:// URL"},
        {"blank-first", "\nhttps://example.com/hunter2\n", 0600, "does not begin with a line"},
        {"blank-inside", "https://example.com/ hunter2\n", 0600, "does not begin with a line"},
        {"no-url", "hunter2\n", 0600, "does not begin with a line"},
    };
    struct ibc_policy policy = {0};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(files); i++) {
        char path[PATH_SIZE];
        write_file(files[i].name, files[i].content, files[i].mode);
        path_of(files[i].name, path);
        add_webhook(&policy, IBC_NOTIFY_WEBHOOK_FILE, path);
    }
    add_webhook(&policy, IBC_NOTIFY_WEBHOOK_FILE, "/nonexistent/webhook");
    add_webhook(&policy, IBC_NOTIFY_WEBHOOK, "https://example.com/hunter2");
    assert_int_equal(setenv("IBCRED_HTTP", "/nonexistent/ibcred-http", 1), 0);
    send(&policy, &held);
    assert_int_equal(unsetenv("IBCRED_HTTP"), 0);
    assert_int_equal(sentence_count, policy.notify_count);
    for (size_t i = 0; i < sentence_count; i++) {
        assert_null(strstr(sentences[i], "hunter2"));
        assert_null(strstr(sentences[i], "example.com"));
    }
    for (size_t i = 0; i < IBC_ARRAY_SIZE(files); i++) {
        if (!strstr(sentences[i], files[i].words)) {
            fail_msg("%s", sentences[i]);
        }
    }
    assert_non_null(strstr(sentences[5], "/nonexistent/webhook"));
    assert_non_null(strstr(sentences[6], "ibcred-http"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_command_finds_the_words_and_nothing_else_of_ours),
        TEST(a_command_starts_with_clean_descriptors_signals_and_directory),
        TEST(arguments_arrive_as_they_stand_in_the_policy),
        TEST(what_does_not_end_is_killed_with_all_it_started),
        TEST(a_command_that_fails_is_named_and_the_others_are_told),
        TEST(only_who_wants_a_notice_is_told),
        TEST(what_is_told_is_one_printable_line),
        TEST(a_character_that_does_not_fit_whole_is_left_out),
        TEST(a_webhook_is_told_in_json),
        TEST(nothing_in_a_text_calls_everybody_on_slack),
        TEST(no_sentence_tells_the_url_of_a_webhook),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
