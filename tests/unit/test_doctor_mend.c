/* test_doctor_mend.c - which bytes --fix changes, and the patch that it shows of them. */
#include "doctor_fixture.h"

struct mended {
    struct examined examined;
    struct ibc_secret text, diff;
};

static void mend(const char *text, struct mended *out) {
    const struct ibc_doctor_world world = {0};
    struct ibc_policy policy;
    struct ibc_error err = {0};
    ibc_policy_default(&policy);
    *out = (struct mended){0};
    examine(text, NULL, NULL, &world, &policy, &out->examined);
    if (ibc_doctor_mend(out->examined.project, 0, &out->examined.report, &out->text, &out->diff,
                        &err) != IBC_OK) {
        fail_msg("%s", err.text);
    }
}

static void mended_free(struct mended *mended) {
    ibc_secret_free(&mended->text);
    ibc_secret_free(&mended->diff);
    examined_free(&mended->examined);
}

static void check(struct ibc_view view, const char *expected, const char *of) {
    if (!ibc_view_is(view, expected)) {
        fail_msg("not\n%s\nbut\n%.*s\nof\n%s", expected, (int)view.size, (const char *)view.bytes,
                 of);
    }
}

/* NULL: nothing is changed. */
struct edit_row {
    const char *before, *after;
};

static void check_edits(const struct edit_row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct mended mended;
        mend(rows[i].before, &mended);
        check(ibc_secret_view(&mended.text), rows[i].after ? rows[i].after : "", rows[i].before);
        assert_int_equal(mended.diff.size > 0, rows[i].after != NULL);
        mended_free(&mended);
    }
}

static void a_port_is_moved_and_bound_in_one_edit(void **state) {
    (void)state;
#define PORT(text) GATEWAY("    ports:\n      - " text "  # why\n")
    static const struct edit_row rows[] = {
        {PORT("\"4002:4002\""), PORT("\"127.0.0.1:4002:4004\"")},
        {PORT("'4001:4001'"), PORT("'127.0.0.1:4001:4003'")},
        {PORT("4002:4004"), PORT("127.0.0.1:4002:4004")},
        {PORT("\"0.0.0.0:4002:4004\""), PORT("\"127.0.0.1:4002:4004\"")},
        {PORT("\"[::]:4002:4004/tcp\""), PORT("\"127.0.0.1:4002:4004/tcp\"")},
        {PORT("\"127.0.0.1:4002:4002/tcp\""), PORT("\"127.0.0.1:4002:4004/tcp\"")},
        {PORT("\"[::1]:7496-7497:7496-7497\""), PORT("\"[::1]:7496-7497:7498-7499\"")},
        {PORT("\"4004\""), PORT("\"127.0.0.1::4004\"")},
        {PORT("4002"), PORT("127.0.0.1::4004")},
        {PORT("\"${PORT:-4002}:4002\""), PORT("\"127.0.0.1:${PORT:-4002}:4004\"")},
        {PORT("\"4002:${PORT:-4004}\""), PORT("\"127.0.0.1:4002:${PORT:-4004}\"")},
        {PORT("\"4002:${PORT:-4002}\""), NULL},
        {PORT("\"${WHERE:-0.0.0.0}:4002:4004\""), NULL},
        {PORT("\"${ALL:-0.0.0.0:4002}:4004\""), NULL},
        {PORT("\"127.0.0.1:4001-4004:4001-4004\""), NULL},
        {PORT("\"127.0.0.1:\\x34002:4002\""), NULL},
        {PORT("{target: 4002, published: 4002}"), NULL},
        {GATEWAY("    ports: ['4002:4002', 127.0.0.1:80:80]\n"),
         GATEWAY("    ports: ['127.0.0.1:4002:4004', 127.0.0.1:80:80]\n")},
    };
    check_edits(rows, IBC_ARRAY_SIZE(rows));
}

static void no_edit_binds_a_port_that_is_bound_already(void **state) {
    (void)state;
#define PORTS(first, second)                                                                       \
    GATEWAY("    ports:\n      - " first "\n      - " second "\n    restart: \"no\"\n")
    static const struct edit_row rows[] = {
        {PORTS("0.0.0.0:4002:4004", "'[::]:4002:4004'"),
         PORTS("127.0.0.1:4002:4004", "'[::]:4002:4004'")},
        {PORTS("4002:4004", "127.0.0.1:4002:4004"), NULL},
        {PORTS("4002:4002", "127.0.0.1:4002:5900/tcp"), NULL},
        {PORTS("4002:4004", "{target: 4004, published: 4002, host_ip: 127.0.0.1}"), NULL},
        {PORTS("0.0.0.0:4002:4002", "'[::]:4002:4002'"),
         PORTS("127.0.0.1:4002:4004", "'[::]:4002:4002'")},
        {PORTS("${P:-4002}:4004", "'[::]:4002:4004'"),
         PORTS("127.0.0.1:${P:-4002}:4004", "'[::]:4002:4004'")},
        {PORTS("4004", "'[::]::4004'"), PORTS("127.0.0.1::4004", "'[::]::4004'")},
        {PORTS("4004", "'4003'"), PORTS("127.0.0.1::4004", "'127.0.0.1::4003'")},
        {PORTS("4002:4004", "'4001:4003'"), PORTS("127.0.0.1:4002:4004", "'127.0.0.1:4001:4003'")},
        {PORTS("4002:4004", "'127.0.0.1:4002:4002/udp'"),
         PORTS("127.0.0.1:4002:4004", "'127.0.0.1:4002:4002/udp'")},
    };
    check_edits(rows, IBC_ARRAY_SIZE(rows));
}

static void a_restart_policy_becomes_no_in_quotes(void **state) {
    (void)state;
    static const struct edit_row rows[] = {
        {GATEWAY("    restart: always # ever\n"), GATEWAY("    restart: \"no\" # ever\n")},
        {GATEWAY("    restart: 'always'\n"), GATEWAY("    restart: 'no'\n")},
        {GATEWAY("    restart:   unless-stopped"), GATEWAY("    restart:   \"no\"")},
        {GATEWAY("    restart: ${R:-always}\n"), GATEWAY("    restart: \"no\"\n")},
        {GATEWAY("    restart: >-\n      always\n"), NULL},
        {GATEWAY("    deploy:\n      restart_policy:\n        condition: any\n"),
         GATEWAY("    deploy:\n      restart_policy:\n        condition: none\n")},
        {"x-b: &b\n  restart: always\nservices:\n  ib-gateway:\n    <<: *b\n"
         "    stop_grace_period: 90s\n",
         "x-b: &b\n  restart: \"no\"\nservices:\n  ib-gateway:\n    <<: *b\n"
         "    stop_grace_period: 90s\n"},
    };
    check_edits(rows, IBC_ARRAY_SIZE(rows));
}

static void a_grace_period_is_added_at_the_services_indentation(void **state) {
    (void)state;
    static const struct edit_row rows[] = {
        {"services:\n ib-gateway:\n  image: a:1 # x\n  init: true\n",
         "services:\n ib-gateway:\n  image: a:1 # x\n  stop_grace_period: 90s\n  init: true\n"},
        {"services:\r\n  ib-gateway:\r\n    image: a:1\r\n    init: true\r\n",
         "services:\r\n  ib-gateway:\r\n    image: a:1\r\n    stop_grace_period: 90s\r\n"
         "    init: true\r\n"},
        {"services:\n  ib-gateway:\n\n    # first\n    init: true\n",
         "services:\n  ib-gateway:\n\n    # first\n    stop_grace_period: 90s\n    init: true\n"},
        {"services:\n  ib-gateway:\n    init: true\n    image: a:1",
         "services:\n  ib-gateway:\n    stop_grace_period: 90s\n    init: true\n    image: a:1"},
        {"services:\n  ib-gateway:\n    image: a:1\n    restart: always\n    init: true\n",
         "services:\n  ib-gateway:\n    image: a:1\n    restart: \"no\"\n"
         "    stop_grace_period: 90s\n    init: true\n"},
        {"services: {ib-gateway: {image: 'a:1'}}\n", NULL},
        {"services:\n  ib-gateway:\n    image: a:1\n    stop_grace_period:\n", NULL},
        {"services:\n  ib-gateway:\n    image: a:1\r    init: true\n    tty: true\n",
         "services:\n  ib-gateway:\n    stop_grace_period: 90s\n    image: a:1\r    init: true\n"
         "    tty: true\n"},
        {"x-b: &b\n  image: a:1\nservices:\n  ib-gateway: *b\n", NULL},
        {"services:\n  ib-gateway: &a\n    image: a:1\n    init: true\n",
         "services:\n  ib-gateway: &a\n    image: a:1\n    stop_grace_period: 90s\n"
         "    init: true\n"},
        {GATEWAY("") "  gateway:\n    image: " IMAGE "\n    stop_grace_period: '5s'\n",
         GATEWAY("") "  gateway:\n    image: " IMAGE "\n    stop_grace_period: '90s'\n"},
        {"services:\n  ib-gateway:\n    image: >-\n      a:1\n    init: true\n",
         "services:\n  ib-gateway:\n    stop_grace_period: 90s\n    image: >-\n      a:1\n"
         "    init: true\n"},
    };
    check_edits(rows, IBC_ARRAY_SIZE(rows));
}

static void nothing_is_changed_on_a_line_with_a_secret(void **state) {
    (void)state;
    static const struct edit_row rows[] = {
        {"services:\n  ib-gateway: {restart: always, image: 'a:1', stop_grace_period: 90s, "
         "environment: {TWS_PASSWORD: hunter2}}\n",
         NULL},
        {"services:\n  ib-gateway: {restart: always, image: 'a:1', stop_grace_period: 90s}\n",
         "services:\n  ib-gateway: {restart: \"no\", image: 'a:1', stop_grace_period: 90s}\n"},
        {GATEWAY("    restart: always # TWS_PASSWORD=hunter2\n"), NULL},
    };
    check_edits(rows, IBC_ARRAY_SIZE(rows));
}

/* One of the two is bound by its network, the other is not. */
static void what_two_gateways_need_differently_takes_a_person(void **state) {
    (void)state;
#define TWO(second_network)                                                                        \
    "services:\n"                                                                                  \
    "  a: {image: " IMAGE ", stop_grace_period: 90s, networks: [safe], ports: &p ['4002:4002']}\n" \
    "  b: {image: " IMAGE ", stop_grace_period: 90s, networks: [" second_network "], ports: *p}\n" \
    "networks:\n"                                                                                  \
    "  safe: {driver_opts: {com.docker.network.bridge.host_binding_ipv4: 127.0.0.1}}\n"            \
    "  open: {}\n"
    static const struct edit_row rows[] = {{TWO("open"), NULL}};
    check_edits(rows, IBC_ARRAY_SIZE(rows));
    struct mended mended;
    mend(TWO("safe"), &mended);
    assert_non_null(memmem(mended.text.bytes, mended.text.size, "'4002:4004'", 11));
    mended_free(&mended);
}

static void check_diff(const char *text, const char *diff) {
    struct mended mended;
    mend(text, &mended);
    check(ibc_secret_view(&mended.diff), diff, text);
    mended_free(&mended);
}

#define HEADER "--- a/1.yml\n+++ b/1.yml\n"

static void a_patch_has_three_lines_of_context(void **state) {
    (void)state;
    check_diff("services:\n"
               "  ib-gateway:\n"
               "    image: a:1\n"
               "    stop_grace_period: 90s\n"
               "    init: true\n"
               "    tty: true\n"
               "    restart: always\n"
               "    a: 1\n"
               "    b: 2\n"
               "    c: 3\n"
               "    d: 4\n",
               HEADER "@@ -4,7 +4,7 @@\n"
                      "     stop_grace_period: 90s\n"
                      "     init: true\n"
                      "     tty: true\n"
                      "-    restart: always\n"
                      "+    restart: \"no\"\n"
                      "     a: 1\n"
                      "     b: 2\n"
                      "     c: 3\n");
}

static void a_patch_counts_the_lines_that_were_added_before(void **state) {
    (void)state;
    check_diff("services:\n"
               "  ib-gateway:\n"
               "    image: a:1\n"
               "    a: 1\n    b: 2\n    c: 3\n    d: 4\n    e: 5\n    f: 6\n    g: 7\n"
               "    deploy: {restart_policy: {condition: any}}",
               HEADER "@@ -1,6 +1,7 @@\n"
                      " services:\n"
                      "   ib-gateway:\n"
                      "     image: a:1\n"
                      "+    stop_grace_period: 90s\n"
                      "     a: 1\n"
                      "     b: 2\n"
                      "     c: 3\n"
                      "@@ -8,4 +9,4 @@\n"
                      "     e: 5\n"
                      "     f: 6\n"
                      "     g: 7\n"
                      "-    deploy: {restart_policy: {condition: any}}\n"
                      "\\ No newline at end of file\n"
                      "+    deploy: {restart_policy: {condition: none}}\n"
                      "\\ No newline at end of file\n");
}

static void changes_of_neighbours_are_one_hunk(void **state) {
    (void)state;
    check_diff(GATEWAY("    ports:\n      - 4002:4002\n    restart: always\n"),
               HEADER "@@ -3,5 +3,5 @@\n"
                      "     image: " IMAGE "\n"
                      "     stop_grace_period: 90s\n"
                      "     ports:\n"
                      "-      - 4002:4002\n"
                      "-    restart: always\n"
                      "+      - 127.0.0.1:4002:4004\n"
                      "+    restart: \"no\"\n");
}

static void the_context_ends_before_a_secret(void **state) {
    (void)state;
    check_diff(GATEWAY("    restart: always\n"
                       "    environment:\n"
                       "      TWS_PASSWORD: hunter2\n"
                       "    ports:\n"
                       "      - 4002:4004\n"),
               HEADER "@@ -2,5 +2,5 @@\n"
                      "   ib-gateway:\n"
                      "     image: " IMAGE "\n"
                      "     stop_grace_period: 90s\n"
                      "-    restart: always\n"
                      "+    restart: \"no\"\n"
                      "     environment:\n"
                      "@@ -8,2 +8,2 @@\n"
                      "     ports:\n"
                      "-      - 4002:4004\n"
                      "+      - 127.0.0.1:4002:4004\n");
}

/* Wherever the secret stands, and whatever stands around it. */
static void no_patch_shows_a_secret(void **state) {
    (void)state;
    static const char *const lines[] = {
        "    environment: {TWS_PASSWORD: hunter2}\n",
        "    environment: [TWS_PASSWORD=hunter2]\n",
        "    environment:\n      TWS_PASSWORD: |-\n        hunter2\n",
        "    environment:\n      TWS_PASSWORD: \"x\\\n        hunter2\"\n",
        "    environment:\n      TWS_PASSWORD:\n        hunter2\n",
        "    environment:\n      - 'MONGO_INITDB_ROOT_PASSWORD=hunter2'\n",
        "    environment:\n      TWS_PASSWORD: ${P:-hunter2}\n",
        "    # TWS_PASSWORD: hunter2\n",
        "    #- TWS_PASSWORD=hunter2\n",
        "    command: --db-password hunter2\n",
        "    labels: {dsn: 'postgres://bot:hunter2@db/x'}\n",
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(lines); i++) {
        char text[1024];
        snprintf(text, sizeof text, GATEWAY("    restart: always\n") "%s    ports: [4002:4004]\n",
                 lines[i]);
        struct mended mended;
        mend(text, &mended);
        assert_true(mended.diff.size > 0);
        assert_non_null(memmem(mended.diff.bytes, mended.diff.size, "+    restart", 12));
        if (memmem(mended.diff.bytes, mended.diff.size, "hunter2", 7)) {
            fail_msg("%.*s", (int)mended.diff.size, (const char *)mended.diff.bytes);
        }
        mended_free(&mended);
    }
}

static void edits_that_contradict_one_another_are_refused(void **state) {
    (void)state;
    struct mended mended;
    mend(GATEWAY("    restart: always\n"), &mended);
    struct ibc_doctor_finding twice[2] = {mended.examined.report.findings[0],
                                          mended.examined.report.findings[0]};
    twice[1].edit.text = (char *)"other";
    const struct ibc_doctor_report report = {.count = 2, .findings = twice};
    struct ibc_secret text, diff;
    struct ibc_error err;
    assert_int_equal(ibc_doctor_mend(mended.examined.project, 0, &report, &text, &diff, &err),
                     IBC_ERR_INTERNAL);
    twice[1].edit = twice[0].edit;
    assert_int_equal(ibc_doctor_mend(mended.examined.project, 0, &report, &text, &diff, &err),
                     IBC_OK);
    assert_true(ibc_view_equal(ibc_secret_view(&diff), ibc_secret_view(&mended.diff)));
    ibc_secret_free(&text);
    ibc_secret_free(&diff);
    mended_free(&mended);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_is_moved_and_bound_in_one_edit),
        cmocka_unit_test(no_edit_binds_a_port_that_is_bound_already),
        cmocka_unit_test(a_restart_policy_becomes_no_in_quotes),
        cmocka_unit_test(a_grace_period_is_added_at_the_services_indentation),
        cmocka_unit_test(nothing_is_changed_on_a_line_with_a_secret),
        cmocka_unit_test(what_two_gateways_need_differently_takes_a_person),
        cmocka_unit_test(a_patch_has_three_lines_of_context),
        cmocka_unit_test(a_patch_counts_the_lines_that_were_added_before),
        cmocka_unit_test(changes_of_neighbours_are_one_hunk),
        cmocka_unit_test(the_context_ends_before_a_secret),
        cmocka_unit_test(no_patch_shows_a_secret),
        cmocka_unit_test(edits_that_contradict_one_another_are_refused),
    };
    return cmocka_run_group_tests(tests, start_doctor, NULL);
}
