/* test_ci.c - what runs a job, who asked for it, what its log hides, and what later steps read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ibcred/ci.h>
#include <ibcred/deliver.h>
#include <ibcred/file.h>
#include <ibcred/input.h>
#include <sodium.h>
#include <unistd.h>

#include "base/secret_heap.h"

enum { VARIABLES_MAX = 8 };

static struct ibc_field field_of(const char *name, const char *value) {
    return (struct ibc_field){.name = ibc_view_of(name), .value = ibc_view_of(value)};
}

static void the_variables_of_the_runner_tell_what_it_is(void **state) {
    (void)state;
    static const struct {
        const char *environment[VARIABLES_MAX];
        enum ibc_ci ci;
    } cases[] = {
        {{"HOME=/"}, IBC_CI_NONE},
        {{"CI=true"}, IBC_CI_NONE},
        {{"GITHUB_ACTIONS=false"}, IBC_CI_NONE},
        {{"GITHUB_ACTIONS="}, IBC_CI_NONE},
        {{"MY_GITHUB_ACTIONS=true"}, IBC_CI_NONE},
        {{"CI=true", "GITHUB_ACTIONS=true"}, IBC_CI_GITHUB},
        {{"GITHUB_ACTIONS=true", "GITEA_ACTIONS=true"}, IBC_CI_GITEA},
        {{"FORGEJO_ACTIONS=true", "GITHUB_ACTIONS=true"}, IBC_CI_GITEA},
        {{"GITEA_ACTIONS=true"}, IBC_CI_NONE},
        {{"GITLAB_CI=true"}, IBC_CI_GITLAB},
        {{"GITLAB_CI=true", "GITHUB_ACTIONS=true"}, IBC_CI_GITHUB},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        const enum ibc_ci ci = ibc_ci_detect((char *const *)cases[i].environment);
        assert_int_equal(ci, cases[i].ci);
    }
}

/* --- forks ------------------------------------------------------------------------------------ */

struct fork_case {
    const char *environment[VARIABLES_MAX];
    const char *event;
    enum ibc_status status;
};

/* How a runner names itself. */
static const char *const runners[][2] = {
    [IBC_CI_GITHUB] = {"GITHUB_ACTIONS=true"},
    [IBC_CI_GITLAB] = {"GITLAB_CI=true"},
    [IBC_CI_GITEA] = {"GITHUB_ACTIONS=true", "GITEA_ACTIONS=true"},
};

static void check_forks(enum ibc_ci ci, const struct fork_case *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *environment[2 * VARIABLES_MAX] = {0};
        size_t used = 0;
        for (size_t j = 0; j < 2 && runners[ci][j]; j++) {
            environment[used++] = runners[ci][j];
        }
        memcpy(&environment[used], cases[i].environment, sizeof cases[i].environment);
        struct ibc_error err = {0};
        const struct ibc_view event = ibc_view_of(cases[i].event ? cases[i].event : "");
        const enum ibc_status status = ibc_ci_check_fork((char *const *)environment, event, &err);
        if (status != cases[i].status) {
            print_error("case %zu: %s\n", i, err.text);
        }
        assert_int_equal(status, cases[i].status);
        assert_true(status == IBC_OK || err.status == status);
        assert_int_equal(secret_heap_live(), 0);
    }
}

#define OWN        "GITHUB_REPOSITORY=own/repo"
#define EVENT(of)  "GITHUB_EVENT_NAME=" of
#define PULL(repo) "{\"number\":1,\"pull_request\":{\"head\":{\"repo\":" repo "}}}"
#define RUN(repo)  "{\"workflow_run\":{\"head_repository\":" repo "}}"
#define NAME(of)   "{\"full_name\":\"" of "\"}"

static void a_pull_request_of_another_repository_is_refused(void **state) {
    (void)state;
    static const struct fork_case cases[] = {
        {{EVENT("push"), OWN}, "{\"ref\":\"refs/heads/main\"}", IBC_OK},
        {{EVENT("push"), OWN}, NULL, IBC_OK},
        {{EVENT("schedule"), OWN}, "{}", IBC_OK},
        {{EVENT("pull_request"), OWN}, PULL(NAME("own/repo")), IBC_OK},
        {{EVENT("pull_request"), OWN}, PULL(NAME("Own/Repo")), IBC_OK},
        {{EVENT("pull_request"), OWN}, PULL(NAME("else/repo")), IBC_ERR_REFUSED},
        {{EVENT("pull_request"), OWN}, PULL(NAME("own/repo2")), IBC_ERR_REFUSED},
        {{EVENT("pull_request_target"), OWN}, PULL(NAME("else/repo")), IBC_ERR_REFUSED},
        {{EVENT("pull_request_review"), OWN}, PULL(NAME("else/repo")), IBC_ERR_REFUSED},
        {{EVENT("pull_request_review_comment"), OWN}, PULL(NAME("else/repo")), IBC_ERR_REFUSED},
        /* whatever the event is called */
        {{EVENT("push"), OWN}, PULL(NAME("else/repo")), IBC_ERR_REFUSED},
        {{EVENT("workflow_run"), OWN}, RUN(NAME("own/repo")), IBC_OK},
        {{EVENT("workflow_run"), OWN}, RUN(NAME("else/repo")), IBC_ERR_REFUSED},
    };
    check_forks(IBC_CI_GITHUB, cases, IBC_ARRAY_SIZE(cases));
    check_forks(IBC_CI_GITEA, cases, IBC_ARRAY_SIZE(cases));
}

static void where_nobody_can_say_it_is_refused(void **state) {
    (void)state;
    static const struct fork_case cases[] = {
        {{EVENT("pull_request"), OWN}, NULL, IBC_ERR_REFUSED},
        {{EVENT("pull_request"), OWN}, "{}", IBC_ERR_REFUSED},
        {{EVENT("pull_request"), OWN}, "{\"pull_request\":null}", IBC_ERR_REFUSED},
        {{EVENT("pull_request"), OWN}, "{\"pull_request\":\"own/repo\"}", IBC_ERR_REFUSED},
        {{EVENT("pull_request"), OWN}, "{\"pull_request\":{}}", IBC_ERR_REFUSED},
        {{EVENT("pull_request"), OWN}, PULL("null"), IBC_ERR_REFUSED}, /* a deleted fork */
        {{EVENT("pull_request"), OWN}, PULL("{\"full_name\":null}"), IBC_ERR_REFUSED},
        {{EVENT("pull_request"), OWN}, PULL(NAME("")), IBC_ERR_REFUSED},
        {{EVENT("pull_request")}, PULL(NAME("own/repo")), IBC_ERR_REFUSED},
        {{EVENT("pull_request"), "GITHUB_REPOSITORY="}, PULL(NAME("")), IBC_ERR_REFUSED},
        {{EVENT("pull_request_something_new"), OWN}, "{}", IBC_ERR_REFUSED},
        {{EVENT("workflow_run"), OWN}, "{}", IBC_ERR_REFUSED},
        {{EVENT("workflow_run"), OWN}, RUN("null"), IBC_ERR_REFUSED},
        {{EVENT("issue_comment"), OWN}, NULL, IBC_ERR_REFUSED},
        {{EVENT("issue_comment"), OWN}, "{\"issue\":{\"number\":1}}", IBC_OK},
        {{EVENT("issue_comment"), OWN}, "{\"issue\":{\"pull_request\":{}}}", IBC_ERR_REFUSED},
        {{EVENT("issue_comment"), OWN}, "{\"is_pull\":true}", IBC_ERR_REFUSED},
        {{OWN}, "{}", IBC_ERR_REFUSED},
        {{OWN}, NULL, IBC_ERR_REFUSED},
        {{EVENT("push"), OWN}, "[]", IBC_ERR_DATA},
        {{EVENT("push"), OWN}, "{\"a\":1,\"a\":2}", IBC_ERR_DATA},
        {{EVENT("push"), OWN}, "not json", IBC_ERR_DATA},
        {{EVENT("push"), OWN}, "{} {}", IBC_ERR_DATA},
    };
    check_forks(IBC_CI_GITHUB, cases, IBC_ARRAY_SIZE(cases));
    check_forks(IBC_CI_GITEA, cases, IBC_ARRAY_SIZE(cases));
}

#define SOURCE(id) "CI_MERGE_REQUEST_SOURCE_PROJECT_ID=" id
#define TARGET(id) "CI_MERGE_REQUEST_PROJECT_ID=" id
#define ITS(kind)  "CI_PIPELINE_SOURCE=" kind
#define FROM(repo) "CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY=" repo
#define TO(repo)   "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY=" repo

static void a_merge_request_of_another_project_is_refused(void **state) {
    (void)state;
    static const struct fork_case cases[] = {
        {{ITS("push")}, NULL, IBC_OK},
        {{ITS("schedule")}, "not json, and not read", IBC_OK},
        {{ITS("merge_request_event"), SOURCE("7"), TARGET("7")}, NULL, IBC_OK},
        {{ITS("merge_request_event"), SOURCE("8"), TARGET("7")}, NULL, IBC_ERR_REFUSED},
        {{ITS("merge_request_event"), TARGET("7")}, NULL, IBC_ERR_REFUSED},
        {{ITS("merge_request_event"), SOURCE("7")}, NULL, IBC_ERR_REFUSED},
        {{ITS("merge_request_event"), SOURCE(""), TARGET("")}, NULL, IBC_ERR_REFUSED},
        {{ITS("parent_pipeline"), SOURCE("8"), TARGET("7")}, NULL, IBC_ERR_REFUSED},
        {{ITS("parent_pipeline"), "CI_MERGE_REQUEST_IID=1"}, NULL, IBC_ERR_REFUSED},
        {{ITS("external_pull_request_event")}, NULL, IBC_ERR_REFUSED},
        {{ITS("external_pull_request_event"), FROM("a/b"), TO("a/b")}, NULL, IBC_OK},
        {{ITS("external_pull_request_event"), FROM("c/b"), TO("a/b")}, NULL, IBC_ERR_REFUSED},
    };
    check_forks(IBC_CI_GITLAB, cases, IBC_ARRAY_SIZE(cases));
}

static void a_job_of_two_runners_is_refused(void **state) {
    (void)state;
    static const char both[] = "GITLAB_CI=true";
    static const struct fork_case cases[] = {
        {{both, EVENT("push"), OWN, ITS("push")}, "{}", IBC_ERR_REFUSED},
        {{both, EVENT("push"), OWN, SOURCE("7"), TARGET("7")}, "{}", IBC_ERR_REFUSED},
        /* Named by nobody: what is not asked is no refusal. */
        {{"GITLAB_CI=1", EVENT("push"), OWN, SOURCE("8"), TARGET("7")}, "{}", IBC_OK},
    };
    check_forks(IBC_CI_GITHUB, cases, IBC_ARRAY_SIZE(cases));
    check_forks(IBC_CI_GITEA, cases, IBC_ARRAY_SIZE(cases));
}

static void an_event_that_is_too_long_is_not_read(void **state) {
    (void)state;
    static unsigned char blanks[IBC_CI_EVENT_MAX + 1];
    memset(blanks, ' ', sizeof blanks);
    memcpy(blanks, "{}", 2);
    static const char *const environment[] = {"GITHUB_ACTIONS=true", EVENT("push"), OWN, NULL};
    struct ibc_error err;
    struct ibc_view event = {.bytes = blanks, .size = sizeof blanks};
    assert_int_equal(ibc_ci_check_fork((char *const *)environment, event, &err), IBC_ERR_DATA);
    event.size--;
    assert_int_equal(ibc_ci_check_fork((char *const *)environment, event, &err), IBC_OK);
}

/* --- masks ------------------------------------------------------------------------------------ */

static void require_masks(enum ibc_ci ci, const char *name, const char *value, const char *lines) {
    const struct ibc_field field = field_of(name, value);
    ibc_auto_secret masks = {0};
    struct ibc_error err;
    assert_int_equal(ibc_ci_mask(ci, &field, 1, &masks, &err), IBC_OK);
    assert_true(ibc_view_is(ibc_secret_view(&masks), lines));
}

#define MASK(of) "::add-mask::" of "\n"

static void every_value_is_masked_as_its_runner_reads_it(void **state) {
    (void)state;
    require_masks(IBC_CI_GITHUB, "IB_PASSWORD", "pa5s w0rd", MASK("pa5s w0rd"));
    require_masks(IBC_CI_GITEA, "IB_PASSWORD", "pa5s w0rd", MASK("pa5s w0rd"));
    require_masks(IBC_CI_GITHUB, "IB_PASSWORD", "5%25%0Ax", MASK("5%2525%250Ax"));
    require_masks(IBC_CI_GITHUB, "IB_PASSWORD", "a\nb\rc", MASK("a%0Ab%0Dc"));
    require_masks(IBC_CI_GITHUB, "IB_PASSWORD", "::x::", MASK("::x::"));
    require_masks(IBC_CI_GITLAB, "IB_PASSWORD", "pa5s w0rd", "");
    require_masks(IBC_CI_NONE, "IB_PASSWORD", "pa5s w0rd", "");
}

static void gitea_is_told_the_bytes_as_they_are_too(void **state) {
    (void)state;
    require_masks(IBC_CI_GITEA, "IB_PASSWORD", "5%x", MASK("5%25x") MASK("5%x"));
    /* A second line would go to the log. */
    require_masks(IBC_CI_GITEA, "IB_PASSWORD", "5%x\ny", MASK("5%25x%0Ay"));
}

static void what_the_image_makes_of_doubled_backslashes_is_masked_too(void **state) {
    (void)state;
    require_masks(IBC_CI_GITHUB, "IB_PASSWORD", "a\\b", MASK("a\\b"));
    require_masks(IBC_CI_GITHUB, "IB_PASSWORD", "a\\\\b", MASK("a\\\\b") MASK("a\\b"));
    require_masks(IBC_CI_GITHUB, "X", "\\\\\\\\", MASK("\\\\\\\\") MASK("\\\\"));
    require_masks(IBC_CI_GITEA, "X", "%\\\\",
                  MASK("%25\\\\") MASK("%\\\\") MASK("%25\\") MASK("%\\"));
}

static void mode_and_port_are_left_readable(void **state) {
    (void)state;
    require_masks(IBC_CI_GITHUB, "TRADING_MODE", "paper", "");
    require_masks(IBC_CI_GITEA, "IB_GATEWAY_PORT", "4002", "");
    require_masks(IBC_CI_GITHUB, "TRADING_MODES", "paper", MASK("paper"));
}

/* --- variables for later ---------------------------------------------------------------------- */

static enum ibc_status environment_of(enum ibc_ci ci, const char *name, const char *value,
                                      struct ibc_secret *out) {
    const struct ibc_field field = field_of(name, value);
    struct ibc_error err = {0};
    const enum ibc_status status = ibc_ci_environment(ci, &field, 1, "END", out, &err);
    assert_true(status == IBC_OK || !strstr(err.text, value));
    return status;
}

static void github_gets_a_block_a_variable(void **state) {
    (void)state;
    const struct ibc_field fields[] = {field_of("IB_USERNAME", "trader"),
                                       field_of("IB_PASSWORD", " $x=<<'\"%a%  ")};
    ibc_auto_secret text = {0};
    struct ibc_error err;
    assert_int_equal(ibc_ci_environment(IBC_CI_GITHUB, fields, 2, "END", &text, &err), IBC_OK);
    assert_true(ibc_view_is(ibc_secret_view(&text), "IB_USERNAME<<END\ntrader\nEND\n"
                                                    "IB_PASSWORD<<END\n $x=<<'\"%a%  \nEND\n"));
}

static void no_value_may_hold_the_delimiter(void **state) {
    (void)state;
    ibc_auto_secret text = {0};
    assert_int_equal(environment_of(IBC_CI_GITHUB, "X", "the END.", &text), IBC_ERR_MISMATCH);
    assert_null(text.bytes);
    assert_int_equal(environment_of(IBC_CI_GITEA, "X", "END", &text), IBC_ERR_MISMATCH);
}

static void no_variable_may_steer_the_runner(void **state) {
    (void)state;
    static const char *const refused[] = {
        "PATH",    "Path",       "NODE_OPTIONS", "node_options", "BASH_ENV", "ENV",
        "IFS",     "LD_PRELOAD", "GITHUB_TOKEN", "github_env",   "RUNNER_X", "ACTIONS_STEP",
        "GITEA_X", "FORGEJO_X",  "GITLAB_CI",    "CI_JOB_TOKEN",
    };
    static const char *const taken[] = {"MY_PATH", "PATHS", "CITY", "LDAP", "ENVIRONMENT"};
    static const enum ibc_ci cis[] = {IBC_CI_GITHUB, IBC_CI_GITEA, IBC_CI_GITLAB};
    for (size_t ci = 0; ci < IBC_ARRAY_SIZE(cis); ci++) {
        for (size_t i = 0; i < IBC_ARRAY_SIZE(refused); i++) {
            ibc_auto_secret text = {0};
            assert_int_equal(environment_of(cis[ci], refused[i], "value", &text), IBC_ERR_MISMATCH);
        }
        for (size_t i = 0; i < IBC_ARRAY_SIZE(taken); i++) {
            ibc_auto_secret text = {0};
            assert_int_equal(environment_of(cis[ci], taken[i], "value", &text), IBC_OK);
        }
    }
}

static void what_gitlab_would_change_is_refused(void **state) {
    (void)state;
    static const char *const refused[] = {" x",   "x ", "\tx",    "x\v",  "a$b",
                                          "${x}", "$$", "%PATH%", "a%%b", "a\nb"};
    static const char *const taken[] = {"a b", "100%", "'q'", "\"q\"", "#x", "a=b=", "a\\b", "ä"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(refused); i++) {
        ibc_auto_secret text = {0};
        assert_int_equal(environment_of(IBC_CI_GITLAB, "X", refused[i], &text), IBC_ERR_MISMATCH);
    }
    for (size_t i = 0; i < IBC_ARRAY_SIZE(taken); i++) {
        ibc_auto_secret text = {0};
        char line[32];
        snprintf(line, sizeof line, "X=%s\n", taken[i]);
        assert_int_equal(environment_of(IBC_CI_GITLAB, "X", taken[i], &text), IBC_OK);
        assert_true(ibc_view_is(ibc_secret_view(&text), line));
    }
}

static void a_report_of_5_kib_is_too_long_for_gitlab(void **state) {
    (void)state;
    static char half[2560 - 2 - 1 + 1]; /* X=…LF is 2560 bytes */
    memset(half, 'x', sizeof half - 1);
    struct ibc_field fields[] = {field_of("X", half), field_of("Y", half)};
    struct ibc_error err;
    ibc_auto_secret text = {0};
    assert_int_equal(ibc_ci_environment(IBC_CI_GITLAB, fields, 2, "", &text, &err),
                     IBC_ERR_MISMATCH);
    fields[1].value.size--;
    assert_int_equal(ibc_ci_environment(IBC_CI_GITLAB, fields, 2, "", &text, &err), IBC_OK);
    assert_int_equal(text.size, 5119);
}

/* --- deliveries ------------------------------------------------------------------------------- */

/* A delivery that writes down, through the runner's pipe, when it was asked what. */
static int pipe_ends[2];
static bool fails;

static enum ibc_status note_prepare(void *self, const struct ibc_field *variables, size_t count,
                                    struct ibc_error *err) {
    (void)self, (void)variables, (void)count;
    return fails ? ibc_fail(err, IBC_ERR_MISMATCH, "not ready") : IBC_OK;
}

static enum ibc_status note_hand_over(void *self, struct ibc_error *err) {
    (void)self;
    assert_true(ibc_file_write_all(pipe_ends[1], ibc_view_of("handed over")));
    return fails ? ibc_fail(err, IBC_ERR_IO, "not there") : IBC_OK;
}

static void note_abandon(void *self) {
    (void)self;
    assert_true(ibc_file_write_all(pipe_ends[1], ibc_view_of("abandoned")));
}

static const struct ibc_delivery noted = {
    .name = "noted", .prepare = note_prepare, .hand_over = note_hand_over, .abandon = note_abandon};

static void require_read(const char *expected) {
    char text[256];
    const ssize_t size = read(pipe_ends[0], text, sizeof text - 1);
    text[size > 0 ? size : 0] = '\0';
    assert_string_equal(text, expected);
}

static int open_pipe(void **state) {
    (void)state;
    fails = false;
    return pipe2(pipe_ends, O_NONBLOCK | O_CLOEXEC);
}

static int close_pipe(void **state) {
    (void)state;
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return 0;
}

static void masks_go_out_right_before_the_values(void **state) {
    (void)state;
    ibc_auto_masked masked;
    ibc_masked_init(&masked, IBC_CI_GITHUB, &noted, pipe_ends[1]);
    const struct ibc_delivery delivery = ibc_masked_delivery(&masked);
    const struct ibc_field field = field_of("IB_PASSWORD", "hunter2");
    struct ibc_error err;
    assert_string_equal(delivery.name, "noted");
    assert_int_equal(delivery.prepare(delivery.self, &field, 1, &err), IBC_OK);
    require_read("");
    assert_int_equal(delivery.hand_over(delivery.self, &err), IBC_OK);
    require_read(MASK("hunter2") "handed over");
}

static void what_is_abandoned_shows_no_mask(void **state) {
    (void)state;
    ibc_auto_masked masked;
    ibc_masked_init(&masked, IBC_CI_GITHUB, &noted, pipe_ends[1]);
    const struct ibc_delivery delivery = ibc_masked_delivery(&masked);
    const struct ibc_field field = field_of("IB_PASSWORD", "hunter2");
    struct ibc_error err;
    assert_int_equal(delivery.prepare(delivery.self, &field, 1, &err), IBC_OK);
    delivery.abandon(delivery.self);
    require_read("abandoned");
    assert_null(masked.lines.bytes);
    fails = true;
    assert_int_equal(delivery.prepare(delivery.self, &field, 1, &err), IBC_ERR_MISMATCH);
    require_read("");
}

static void without_masks_nothing_is_handed_over(void **state) {
    (void)state;
    ibc_auto_masked masked;
    ibc_masked_init(&masked, IBC_CI_GITHUB, &noted, -1);
    const struct ibc_delivery delivery = ibc_masked_delivery(&masked);
    const struct ibc_field field = field_of("IB_PASSWORD", "hunter2");
    struct ibc_error err;
    assert_int_equal(delivery.prepare(delivery.self, &field, 1, &err), IBC_OK);
    assert_int_equal(delivery.hand_over(delivery.self, &err), IBC_ERR_IO);
    require_read("");
}

static void a_runner_that_is_gone_is_a_failure_and_no_end(void **state) {
    (void)state;
    int gone[2];
    assert_int_equal(pipe2(gone, O_CLOEXEC), 0);
    close(gone[0]);
    ibc_auto_masked masked;
    ibc_masked_init(&masked, IBC_CI_GITHUB, &noted, gone[1]);
    const struct ibc_delivery delivery = ibc_masked_delivery(&masked);
    const struct ibc_field field = field_of("IB_PASSWORD", "hunter2");
    struct ibc_error err;
    assert_int_equal(delivery.prepare(delivery.self, &field, 1, &err), IBC_OK);
    assert_int_equal(delivery.hand_over(delivery.self, &err), IBC_ERR_IO);
    require_read("");
    close(gone[1]);
}

/* A file of the runner's with `before` in it; what lies there afterwards must be `after`. */
static void with_runners_file(const char *before, bool hands_over, const char *after) {
    char path[] = "/tmp/ibcred-test-ci.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && ibc_file_write_all(fd, ibc_view_of(before)));
    ibc_auto_job_environment file;
    ibc_job_environment_init(&file, IBC_CI_GITHUB, path);
    const struct ibc_delivery delivery = ibc_job_environment_delivery(&file);
    const struct ibc_field field = field_of("X", "hunter2");
    struct ibc_error err;
    assert_int_equal(delivery.prepare(delivery.self, &field, 1, &err), IBC_OK);
    if (hands_over) {
        assert_int_equal(delivery.hand_over(delivery.self, &err), IBC_OK);
    } else {
        delivery.abandon(delivery.self);
    }
    char text[256];
    const ssize_t size = pread(fd, text, sizeof text - 1, 0);
    text[size > 0 ? size : 0] = '\0';
    assert_true(strncmp(text, after, strlen(after)) == 0);
    assert_true(hands_over || strcmp(text, after) == 0);
    close(fd);
    unlink(path);
}

static void the_runners_file_is_appended_to_or_left_alone(void **state) {
    (void)state;
    with_runners_file("", true, "X<<ghadelimiter_");
    with_runners_file("A=1\n", true, "A=1\nX<<ghadelimiter_");
    with_runners_file("A=1", true, "A=1\nX<<ghadelimiter_");
    with_runners_file("A=1", false, "A=1");
}

static void a_report_is_made_new_or_not_at_all(void **state) {
    (void)state;
    char directory[] = "/tmp/ibcred-test-ci.XXXXXX", path[64];
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/report", directory);
    ibc_auto_job_environment file;
    ibc_job_environment_init(&file, IBC_CI_GITLAB, path);
    const struct ibc_delivery delivery = ibc_job_environment_delivery(&file);
    const struct ibc_field field = field_of("X", "hunter2");
    struct ibc_error err;
    assert_int_equal(delivery.prepare(delivery.self, &field, 1, &err), IBC_OK);
    delivery.abandon(delivery.self);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(delivery.prepare(delivery.self, &field, 1, &err), IBC_OK);
    assert_int_equal(delivery.hand_over(delivery.self, &err), IBC_OK);
    assert_int_equal(delivery.prepare(delivery.self, &field, 1, &err), IBC_ERR_CREATE);
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
    rmdir(directory);
}

int main(void) {
    if (sodium_init() < 0) {
        return 1;
    }
    ibc_json_use_secret_memory();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_variables_of_the_runner_tell_what_it_is),
        cmocka_unit_test(a_pull_request_of_another_repository_is_refused),
        cmocka_unit_test(where_nobody_can_say_it_is_refused),
        cmocka_unit_test(a_merge_request_of_another_project_is_refused),
        cmocka_unit_test(a_job_of_two_runners_is_refused),
        cmocka_unit_test(an_event_that_is_too_long_is_not_read),
        cmocka_unit_test(every_value_is_masked_as_its_runner_reads_it),
        cmocka_unit_test(gitea_is_told_the_bytes_as_they_are_too),
        cmocka_unit_test(what_the_image_makes_of_doubled_backslashes_is_masked_too),
        cmocka_unit_test(mode_and_port_are_left_readable),
        cmocka_unit_test(github_gets_a_block_a_variable),
        cmocka_unit_test(no_value_may_hold_the_delimiter),
        cmocka_unit_test(no_variable_may_steer_the_runner),
        cmocka_unit_test(what_gitlab_would_change_is_refused),
        cmocka_unit_test(a_report_of_5_kib_is_too_long_for_gitlab),
        cmocka_unit_test_setup_teardown(masks_go_out_right_before_the_values, open_pipe,
                                        close_pipe),
        cmocka_unit_test_setup_teardown(what_is_abandoned_shows_no_mask, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(without_masks_nothing_is_handed_over, open_pipe,
                                        close_pipe),
        cmocka_unit_test_setup_teardown(a_runner_that_is_gone_is_a_failure_and_no_end, open_pipe,
                                        close_pipe),
        cmocka_unit_test(the_runners_file_is_appended_to_or_left_alone),
        cmocka_unit_test(a_report_is_made_new_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
