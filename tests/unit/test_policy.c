/* test_policy.c - the built-in policy, files laid over it, and every way to be refused. */
#include "policy/schema.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ibcred/file.h>
#include <ibcred/policy.h>
#include <sys/stat.h>
#include <unistd.h>

#define VECTORS "tests/vectors/policy/"

static struct ibc_secret read_file(const char *path) {
    struct ibc_error err;
    struct ibc_secret text = {0};
    ibc_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || ibc_file_read_all(fd, path, IBC_POLICY_FILE_MAX, &text, &err) != IBC_OK) {
        fail_msg("%s cannot be read", path);
    }
    return text;
}

static struct ibc_policy parse(const char *text) {
    struct ibc_error err;
    struct ibc_policy policy;
    if (ibc_policy_parse(ibc_view_of(text), "test", &policy, &err) != IBC_OK) {
        fail_msg("%s", err.text);
    }
    return policy;
}

static void the_built_in_policy_has_every_value(void **state) {
    (void)state;
    struct ibc_policy policy;
    memset(&policy, 0xff, sizeof policy);
    ibc_policy_default(&policy);
    assert_true(policy.allow_paper);
    assert_false(policy.allow_live);
    assert_int_equal(policy.live_user_in_paper, IBC_DENY);
    assert_int_equal(policy.ttl_default, 120);
    assert_int_equal(policy.ttl_max, 900);
    assert_false(policy.allow_disk);
    assert_int_equal(policy.port_paper, 4004);
    assert_int_equal(policy.port_live, 4003);
    assert_true(policy.all_fields);
    assert_int_equal(policy.field_count, 0);
    assert_int_equal(policy.window_count, 0);
    assert_int_equal(policy.secret_owner, 1000);
    assert_int_equal(policy.secret_group, 1000);
    assert_int_equal(policy.secret_mode, 0400);
    assert_int_equal(policy.rotation_max_age, 90 * 86400);
    assert_int_equal(policy.rotation_warn, 14 * 86400);
    assert_int_equal(policy.rotation_keep.versions, 5);
    assert_int_equal(policy.rotation_keep.age, 30 * 86400);
    assert_int_equal(policy.restart_wait, 10);
    assert_int_equal(policy.restart_cap, 600);
    assert_int_equal(policy.restart_steady, 600);
    assert_int_equal(policy.notify_count, 0);
    assert_int_equal(policy.consumer, IBC_CONSUMER_UNKNOWN);
    assert_int_equal(policy.image_count, 2);
    assert_int_equal(policy.api_client_id, 100714);
    assert_int_equal(policy.api_timeout, 2);
    assert_int_equal(policy.api_port_paper, 4002);
    assert_int_equal(policy.api_port_live, 4001);
    assert_true(policy.api_attest);
    const struct ibc_gate_rules expected = {
        .max_failures = 3,
        .max_attempts = 8,
        .window = 86400,
        .attempt_timeout = 300,
        .rejected_wait = 60,
        .throttled_wait = 59,
        .throttled_margin = 3,
        .throttled_cap = 3600,
        .second_factor_wait = 60,
        .session_conflict_wait = 300,
        .silent_drop_wait = 60,
        .silent_drop_cap = 600,
        .persistent_drop_wait = 1200,
        .persistent_drop_growth = 150,
        .persistent_drop_cap = 3600,
        .unknown_wait = 60,
    };
    assert_memory_equal(&policy.gate, &expected, sizeof expected);
}

static void the_built_in_policy_is_the_documented_file(void **state) {
    (void)state;
    ibc_auto_secret file = read_file("policy/default.yaml");
    struct ibc_error err;
    struct ibc_policy embedded, parsed = {0};
    ibc_policy_default(&embedded);
    assert_int_equal(
        ibc_yaml_parse(ibc_secret_view(&file), "default.yaml", &ibc_policy_table, &parsed, &err),
        IBC_OK);
    assert_memory_equal(&embedded, &parsed, sizeof parsed);
}

static void what_a_file_leaves_out_keeps_its_default(void **state) {
    (void)state;
    struct ibc_policy policy = parse("gate:\n  throttled:\n    wait: 2m\nmodes: {live: true}\n");
    assert_int_equal(policy.gate.throttled_wait, 120);
    assert_int_equal(policy.gate.throttled_margin, 3);
    assert_int_equal(policy.gate.max_failures, 3);
    assert_true(policy.allow_live);
    assert_true(policy.allow_paper);
    assert_int_equal(policy.ttl_default, 120);
}

static void an_empty_file_is_the_default_policy(void **state) {
    (void)state;
    struct ibc_policy expected;
    ibc_policy_default(&expected);
    static const char *const texts[] = {"", "\n", "# nothing\n", "---\n", "{}\n"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(texts); i++) {
        struct ibc_policy policy = parse(texts[i]);
        assert_memory_equal(&policy.gate, &expected.gate, sizeof policy.gate);
        assert_int_equal(policy.ttl_max, expected.ttl_max);
        assert_int_equal(policy.allow_live, expected.allow_live);
    }
}

static void every_value_reaches_its_place(void **state) {
    (void)state;
    struct ibc_policy policy =
        parse("modes: {paper: false, live: true}\n"
              "live_user_in_paper: warn\n"
              "ttl: {default: 11s, max: 12m}\n"
              "delivery: {allow_disk: true, fields: [], ports: {paper: 7499, live: 7498},\n"
              "           secret_files: {owner: 12, group: 4294967294, mode: \"0440\"}}\n"
              "rotation: {max_age: 16d, warn: 17, keep: {versions: 18, age: 19}}\n"
              "supervise: {restart_wait: 13, restart_cap: 14, steady: 15}\n"
              "gate:\n"
              "  max_failures: 1\n"
              "  max_attempts: 2\n"
              "  window: 25h\n"
              "  attempt_timeout: 31\n"
              "  rejected_wait: 32\n"
              "  throttled: {wait: 33, margin: 34, cap: 61}\n"
              "  second_factor_wait: 35\n"
              "  session_conflict_wait: 36\n"
              "  silent_drop: {wait: 37, cap: 62, persistent_wait: 63, persistent_growth: 101,\n"
              "                persistent_cap: 64}\n"
              "  unknown_wait: 38\n");
    const struct ibc_gate_rules expected = {1,  2,  90000, 31, 32, 33,  34, 61,
                                            35, 36, 37,    62, 63, 101, 64, 38};
    assert_memory_equal(&policy.gate, &expected, sizeof expected);
    assert_false(policy.allow_paper);
    assert_true(policy.allow_live);
    assert_int_equal(policy.live_user_in_paper, IBC_WARN);
    assert_int_equal(policy.ttl_default, 11);
    assert_int_equal(policy.ttl_max, 720);
    assert_true(policy.allow_disk);
    assert_int_equal(ibc_policy_port(&policy, IBC_MODE_PAPER), 7499);
    assert_int_equal(ibc_policy_port(&policy, IBC_MODE_LIVE), 7498);
    assert_int_equal(ibc_policy_port(&policy, IBC_MODE_BOTH), 7498);
    assert_int_equal(policy.secret_owner, 12);
    assert_int_equal(policy.secret_group, INT64_C(4294967294));
    assert_int_equal(policy.secret_mode, 0440);
    assert_int_equal(policy.rotation_max_age, 16 * 86400);
    assert_int_equal(policy.rotation_warn, 17);
    assert_int_equal(policy.rotation_keep.versions, 18);
    assert_int_equal(policy.rotation_keep.age, 19);
    assert_int_equal(policy.restart_wait, 13);
    assert_int_equal(policy.restart_cap, 14);
    assert_int_equal(policy.restart_steady, 15);
    assert_int_equal(parse("live_user_in_paper: allow\n").live_user_in_paper, IBC_ALLOW);
}

static void only_listed_fields_leave_the_vault(void **state) {
    (void)state;
    struct ibc_policy all = parse("");
    struct ibc_policy none = parse("delivery: {fields: []}\n");
    struct ibc_policy two = parse("delivery: {fields: [A, MONGO_PASSWORD]}\n");
    assert_true(ibc_policy_allows_field(&all, ibc_view_of("MONGO_PASSWORD")));
    assert_false(ibc_policy_allows_field(&none, ibc_view_of("MONGO_PASSWORD")));
    assert_true(ibc_policy_allows_field(&two, ibc_view_of("MONGO_PASSWORD")));
    assert_true(ibc_policy_allows_field(&two, ibc_view_of("A")));
    assert_false(ibc_policy_allows_field(&two, ibc_view_of("MONGO_PASSWORD2")));
    assert_false(ibc_policy_allows_field(&two, ibc_view_of("MONGO")));
    assert_false(ibc_policy_allows_field(&two, ibc_view_of("")));
}

static void a_window_that_ends_before_it_begins_ends_the_next_day(void **state) {
    (void)state;
    struct ibc_policy policy =
        parse("maintenance:\n"
              "  - {name: Reset, zone: UTC, days: [sun, sat], from: 00:15, to: 01:45}\n"
              "  - {name: Night, zone: Europe/Zurich, days: [fri], from: 23:00, to: 03:00}\n"
              "  - {name: Day, zone: UTC, days: [mon], from: 06:00, to: 06:00}\n");
    assert_int_equal(policy.window_count, 3);
    assert_string_equal(policy.windows[0].name, "Reset");
    assert_int_equal(policy.windows[0].days, 1 | 64);
    assert_int_equal(policy.windows[0].from_minute, 15);
    assert_int_equal(policy.windows[0].minutes, 90);
    assert_string_equal(policy.windows[1].zone, "Europe/Zurich");
    assert_int_equal(policy.windows[1].from_minute, 1380);
    assert_int_equal(policy.windows[1].minutes, 240);
    assert_int_equal(policy.windows[2].minutes, 1440);
}

enum { ALL_NOTICES = 2 | 4 | 8 | 16 | 32 | 64 | 128 };

static void whoever_is_to_be_told_is_told_as_it_stands_there(void **state) {
    (void)state;
    struct ibc_policy policy =
        parse("notify:\n"
              "  - {command: [/bin/echo, '', a b]}\n"
              "  - {on: [held, recovered], webhook: 'https://example.com/x', format: slack}\n"
              "  - {timeout: 1m, webhook_file: /etc/hook, on: [mode-contradiction]}\n");
    assert_int_equal(policy.notify_count, 3);
    const struct ibc_notify_target *command = &policy.notify[0];
    assert_int_equal(command->notices, ALL_NOTICES);
    assert_int_equal(command->way, IBC_NOTIFY_COMMAND);
    assert_int_equal(command->timeout, 10);
    assert_int_equal(command->argument_count, 3);
    assert_memory_equal(command->text, "/bin/echo\0\0a b", sizeof "/bin/echo\0\0a b");
    const struct ibc_notify_target *webhook = &policy.notify[1];
    assert_int_equal(webhook->notices, 1 << IBC_NOTICE_HELD | 1 << IBC_NOTICE_RECOVERED);
    assert_int_equal(webhook->way, IBC_NOTIFY_WEBHOOK);
    assert_true(webhook->slack);
    assert_string_equal(webhook->text, "https://example.com/x");
    const struct ibc_notify_target *file = &policy.notify[2];
    assert_int_equal(file->notices, 1 << IBC_NOTICE_MODE_CONTRADICTION);
    assert_int_equal(file->way, IBC_NOTIFY_WEBHOOK_FILE);
    assert_false(file->slack);
    assert_int_equal(file->timeout, 60);
    assert_string_equal(file->text, "/etc/hook");
}

static void every_notice_has_the_name_that_a_policy_calls_it_by(void **state) {
    (void)state;
    for (int notice = IBC_NOTICE_HELD; notice <= IBC_NOTICE_ROTATION_DUE; notice++) {
        char text[128];
        (void)snprintf(text, sizeof text, "notify: [{on: [%s], command: [/bin/true]}]",
                       ibc_notice_name((enum ibc_notice)notice));
        assert_int_equal(parse(text).notify[0].notices, 1U << notice);
    }
}

/* Parse one vector; `expected` is "ok" or the beginning of the sentence after the file's name. */
static bool check_vector(const char *file, const char *expected) {
    char path[256];
    (void)snprintf(path, sizeof path, VECTORS "%s", file);
    ibc_auto_secret text = read_file(path);
    struct ibc_policy policy = {.ttl_max = -1}; /* stays so where the file is refused */
    struct ibc_error err = {0};
    enum ibc_status status = ibc_policy_parse(ibc_secret_view(&text), file, &policy, &err);
    if (strcmp(expected, "ok") == 0) {
        if (status != IBC_OK) {
            print_error("%s\n", err.text);
        }
        return status == IBC_OK;
    }
    size_t skip = strlen(file) + 1;
    bool same = status == IBC_ERR_MISMATCH && strlen(err.text) > skip &&
                strncmp(err.text + skip, expected, strlen(expected)) == 0 && policy.ttl_max == -1;
    if (!same) {
        print_error("%s: %d '%s', not '%s'\n", file, (int)status, err.text, expected);
    }
    return same;
}

static void every_vector_gets_the_answer_of_the_index(void **state) {
    (void)state;
    FILE *index = fopen(VECTORS "index.tsv", "re");
    assert_non_null(index);
    char line[512];
    size_t good = 0;
    size_t bad = 0;
    size_t wrong = 0;
    while (fgets(line, sizeof line, index) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *tab = strchr(line, '\t');
        if (line[0] == '#') {
            continue;
        }
        assert_non_null(tab);
        *tab = '\0';
        (strcmp(tab + 1, "ok") == 0 ? &good : &bad)[0]++;
        wrong += check_vector(line, tab + 1) ? 0 : 1;
    }
    assert_int_equal(fclose(index), 0);
    assert_int_equal(wrong, 0);
    assert_true(good >= 10);
    assert_true(bad >= 40);
}

static void no_sentence_repeats_a_value_of_the_file(void **state) {
    (void)state;
    static const char *const texts[] = {
        "hunter2\n",
        "IB_PASSWORD: hunter2\n",
        "hunter2: x\n",
        "ttl: hunter2\n",
        "ttl: {max: hunter2}\n",
        "modes: {live: hunter2}\n",
        "live_user_in_paper: hunter2\n",
        "delivery: {fields: hunter2}\n",
        "delivery: {fields: [-hunter2]}\n",
        "maintenance: [{zone: hunter2}]\n",
        "notify: [{webhook: ftp://hunter2}]\n",
        "notify: [{webhook: 'https://hunter2 x'}]\n",
        "notify: [{webhook: https://hunter2, command: [x]}]\n",
        "notify: [{webhook_file: hunter2}]\n",
        "notify: [{command: [hunter2]}]\n",
        "notify: [{on: [hunter2]}]\n",
        "delivery: {secret_files: {mode: hunter2}}\n",
        "IB_PASSWORD: \"hunter2\n",
        "IB_PASSWORD: [hunter2\n",
        "IB_PASSWORD: %hunter2\n",
        "IB_PASSWORD: *hunter2\n",
        "IB_PASSWORD: !hunter2 x\n",
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(texts); i++) {
        struct ibc_policy policy;
        struct ibc_error err;
        assert_int_equal(ibc_policy_parse(ibc_view_of(texts[i]), "test", &policy, &err),
                         IBC_ERR_MISMATCH);
        if (strstr(err.text, "hunter2") != NULL) {
            fail_msg("%s", err.text);
        }
    }
}

static void a_policy_longer_than_its_bound_is_refused(void **state) {
    (void)state;
    static unsigned char text[IBC_POLICY_FILE_MAX + 1];
    memset(text, '\n', sizeof text);
    struct ibc_policy policy;
    struct ibc_error err;
    struct ibc_view view = {.bytes = text, .size = IBC_POLICY_FILE_MAX};
    assert_int_equal(ibc_policy_parse(view, "test", &policy, &err), IBC_OK);
    view.size++;
    assert_int_equal(ibc_policy_parse(view, "test", &policy, &err), IBC_ERR_MISMATCH);
}

static void a_missing_time_zone_database_names_its_package(void **state) {
    (void)state;
    struct ibc_policy policy;
    struct ibc_error err;
    assert_int_equal(setenv("TZDIR", "/nonexistent", 1), 0);
    enum ibc_status without_windows = ibc_policy_load("policy/examples/live.yaml", &policy, &err);
    enum ibc_status with_windows = ibc_policy_load("policy/examples/asia.yaml", &policy, &err);
    assert_int_equal(unsetenv("TZDIR"), 0);
    assert_int_equal(without_windows, IBC_OK);
    assert_int_equal(with_windows, IBC_ERR_MISMATCH);
    assert_non_null(strstr(err.text, "asia.yaml:6:11: maintenance[0].zone needs"));
    assert_non_null(strstr(err.text, "apt-get install tzdata"));
}

static void every_example_is_a_policy(void **state) {
    (void)state;
    static const struct {
        const char *path;
        bool live;
        size_t windows, notify;
    } examples[] = {
        {"policy/default.yaml", false, 0, 0},
        {"policy/examples/asia.yaml", false, 3, 0},
        {"policy/examples/europe.yaml", false, 2, 0},
        {"policy/examples/north-america.yaml", false, 2, 0},
        {"policy/examples/live.yaml", true, 0, 0},
        {"policy/examples/notify.yaml", false, 0, 3},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(examples); i++) {
        struct ibc_policy policy;
        struct ibc_error err;
        if (ibc_policy_load(examples[i].path, &policy, &err) != IBC_OK) {
            fail_msg("%s", err.text);
        }
        assert_int_equal(policy.allow_live, examples[i].live);
        assert_int_equal(policy.window_count, examples[i].windows);
        assert_int_equal(policy.notify_count, examples[i].notify);
    }
}

static void a_policy_file_must_be_there_and_trusted(void **state) {
    (void)state;
    char path[] = "/tmp/ibcred-test-policy-XXXXXX";
    ibc_auto_fd fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_true(ibc_file_write_all(fd, ibc_view_of("ttl: {max: 9m}\n")));

    struct ibc_policy policy;
    struct ibc_error err;
    enum ibc_status trusted = ibc_policy_load(path, &policy, &err);
    assert_int_equal(fchmod(fd, 0620), 0);
    enum ibc_status group_writable = ibc_policy_load(path, &policy, &err);
    assert_int_equal(unlink(path), 0);
    enum ibc_status gone = ibc_policy_load(path, &policy, &err);

    assert_int_equal(trusted, IBC_OK);
    assert_int_equal(policy.ttl_max, 540);
    assert_int_equal(group_writable, IBC_ERR_REFUSED);
    assert_int_equal(gone, IBC_ERR_NOT_FOUND);
}

static int start(void **state) {
    (void)state;
    struct ibc_error err;
    return ibc_secret_init(&err) == IBC_OK ? 0 : -1;
}

static void the_consumer_is_found_from_the_image(void **state) {
    (void)state;
    const struct {
        const char *policy, *image;
        enum ibc_consumer consumer;
    } cases[] = {
        {"{}", "ghcr.io/gnzsnz/ib-gateway:latest", IBC_CONSUMER_GNZSNZ},
        {"{}", "ghcr.io/gnzsnz/ib-gateway@sha256:0123", IBC_CONSUMER_GNZSNZ},
        {"{}", "ghcr.io/gnzsnz/tws-rdesktop:stable", IBC_CONSUMER_GNZSNZ},
        {"{}", "ghcr.io/code-hustler-ft3d/ibg-controller:0.6", IBC_CONSUMER_IBG_CONTROLLER},
        {"{}", "registry.example:5000/trading/gateway", IBC_CONSUMER_UNKNOWN},
        {"{}", "", IBC_CONSUMER_UNKNOWN},
        {"{}", NULL, IBC_CONSUMER_UNKNOWN},
        {"delivery: {consumer: raw}", "ghcr.io/gnzsnz/ib-gateway", IBC_CONSUMER_RAW},
        {"delivery: {consumer: gnzsnz}", NULL, IBC_CONSUMER_GNZSNZ},
        {"delivery: {images: []}", "ghcr.io/gnzsnz/ib-gateway", IBC_CONSUMER_UNKNOWN},
        {"delivery:\n  images:\n    - {image: '*:5000/*', consumer: raw}\n"
         "    - {image: '*', consumer: gnzsnz}\n",
         "registry.example:5000/trading/gateway", IBC_CONSUMER_RAW},
        {"delivery:\n  images:\n    - {image: '*:5000/*', consumer: raw}\n"
         "    - {image: '*', consumer: gnzsnz}\n",
         "anything", IBC_CONSUMER_GNZSNZ},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        const struct ibc_policy policy = parse(cases[i].policy);
        assert_int_equal(ibc_policy_consumer(&policy, cases[i].image), cases[i].consumer);
    }
    const struct ibc_policy outright = parse("delivery: {consumer: gnzsnz}");
    assert_int_equal(ibc_policy_image(&outright, "mongo:7"), IBC_CONSUMER_UNKNOWN);
    assert_int_equal(ibc_policy_image(&outright, "me/ibg-controller"), IBC_CONSUMER_IBG_CONTROLLER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_consumer_is_found_from_the_image),
        cmocka_unit_test(the_built_in_policy_has_every_value),
        cmocka_unit_test(the_built_in_policy_is_the_documented_file),
        cmocka_unit_test(what_a_file_leaves_out_keeps_its_default),
        cmocka_unit_test(an_empty_file_is_the_default_policy),
        cmocka_unit_test(every_value_reaches_its_place),
        cmocka_unit_test(only_listed_fields_leave_the_vault),
        cmocka_unit_test(a_window_that_ends_before_it_begins_ends_the_next_day),
        cmocka_unit_test(whoever_is_to_be_told_is_told_as_it_stands_there),
        cmocka_unit_test(every_notice_has_the_name_that_a_policy_calls_it_by),
        cmocka_unit_test(every_vector_gets_the_answer_of_the_index),
        cmocka_unit_test(no_sentence_repeats_a_value_of_the_file),
        cmocka_unit_test(a_policy_longer_than_its_bound_is_refused),
        cmocka_unit_test(a_missing_time_zone_database_names_its_package),
        cmocka_unit_test(every_example_is_a_policy),
        cmocka_unit_test(a_policy_file_must_be_there_and_trusted),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
