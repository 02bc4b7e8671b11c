/* test_doctor.c - what each rule finds, and what looks like it and is not found. */
#include "doctor_fixture.h"

struct case_row {
    const char *first, *second, *env;
    const char *found;
};

static void check_rows_in(const struct case_row *rows, size_t count,
                          const struct ibc_doctor_world *world, const struct ibc_policy *policy) {
    for (size_t i = 0; i < count; i++) {
        struct examined examined = {0};
        char found[1024];
        examine(rows[i].first, rows[i].second, rows[i].env, world, policy, &examined);
        list(&examined, found, sizeof found);
        if (strcmp(found, rows[i].found) != 0) {
            fail_msg("row %zu: found '%s', not '%s' in:\n%s", i, found, rows[i].found,
                     rows[i].first);
        }
        examined_free(&examined);
    }
}

static void check_rows(const struct case_row *rows, size_t count) {
    const struct ibc_doctor_world world = {0};
    struct ibc_policy policy;
    ibc_policy_default(&policy);
    check_rows_in(rows, count, &world, &policy);
}

#define CHECK(rows) check_rows(rows, IBC_ARRAY_SIZE(rows))

#define ENVIRONMENT(lines) GATEWAY("    environment:\n" lines)

static void credentials_are_found_where_they_stand(void **state) {
    (void)state;
    static const struct case_row rows[] = {
        {ENVIRONMENT("      TWS_PASSWORD: hunter2\n"), .found = "plaintext-credential 6"},
        {ENVIRONMENT("      TWS_PASSWORD: ${P:-hunter2}\n"), .found = "plaintext-credential 6"},
        {ENVIRONMENT("      TWS_PASSWORD: ${P:-hunter2}\n"), .env = "P=x\n",
         .found = "password-in-environment 6"},
        {ENVIRONMENT("      TWS_PASSWORD: ${P:-}\n"), .found = ""},
        {ENVIRONMENT("      TWS_PASSWORD: ${P}\n"), .found = ""},
        {ENVIRONMENT("      TWS_PASSWORD: ${P}\n"), .env = "P=x\n",
         .found = "password-in-environment 6"},
        {ENVIRONMENT("      TWS_PASSWORD: ${P:?no}\n"), .found = "password-in-environment 6"},
        {ENVIRONMENT("      TWS_PASSWORD: hunter2\n"),
         .second = "services:\n  ib-gateway:\n    environment:\n      TWS_PASSWORD: ''\n",
         .found = ""},
        {ENVIRONMENT("      TWOFACTOR_CODE: JBSWY3DP\n"), .found = "plaintext-credential 6"},
        {ENVIRONMENT("      VNC_SERVER_PASSWORD: hunter2\n"), .found = ""},
        {GATEWAY(""), .env = "# x\nIB_PASSWORD=x\n", .found = "plaintext-env-file .env:2"},
        {GATEWAY(""), .env = "IB_PASSWORD=\nIB_USERNAME=x\n", .found = ""},
        {"services:\n  bot:\n    environment: {IB_PASSWORD: hunter2}\n", .found = "no-gateway 1"},
    };
    CHECK(rows);
}

static void a_password_comes_in_one_way(void **state) {
    (void)state;
    static const struct case_row rows[] = {
        {ENVIRONMENT("      TWS_PASSWORD: ${P:?}\n      TWS_PASSWORD_FILE: /run/p\n"),
         .found = "password-in-environment 6, password-twice 7"},
        {ENVIRONMENT("      TWS_PASSWORD: ''\n      TWS_PASSWORD_FILE: /run/p\n"), .found = ""},
        {ENVIRONMENT("      TWS_PASSWORD_FILE: ${F:-}\n      TWS_PASSWORD: ${P:?}\n"),
         .found = "password-in-environment 7"},
        {ENVIRONMENT("      IB_USER: jane\n"), .found = "ignored-variable 6"},
    };
    CHECK(rows);
}

static void both_needs_two_users_that_come_the_same_way(void **state) {
    (void)state;
    static const struct case_row rows[] = {
        {ENVIRONMENT("      TRADING_MODE: both\n      TWS_PASSWORD_FILE: /l\n"),
         .found = "both-incomplete 6"},
        {ENVIRONMENT("      TRADING_MODE: both\n      TWS_PASSWORD_FILE: /l\n"
                     "      TWS_USERID_PAPER: p\n      TWS_PASSWORD_PAPER_FILE: /p\n"),
         .found = ""},
        {ENVIRONMENT("      TRADING_MODE: both\n      TWS_PASSWORD_FILE: /l\n"
                     "      TWS_USERID_PAPER: p\n"),
         .found = "both-incomplete 6"},
        {ENVIRONMENT("      TRADING_MODE: both\n      TWS_PASSWORD_FILE: /l\n"
                     "      TWS_USERID_PAPER: p\n      TWS_PASSWORD_PAPER: ${P:?}\n"),
         .found = "password-in-environment 9, both-mixed 9"},
        {ENVIRONMENT("      TRADING_MODE: paper\n      TWS_PASSWORD_FILE: /l\n"
                     "      TWS_PASSWORD_PAPER: ${P:-}\n"),
         .found = ""},
    };
    const struct ibc_doctor_world world = {0};
    struct ibc_policy policy;
    ibc_policy_default(&policy);
    policy.allow_live = true;
    check_rows_in(rows, IBC_ARRAY_SIZE(rows), &world, &policy);
}

static void the_mode_is_one_that_there_is_and_that_is_allowed(void **state) {
    (void)state;
    static const struct case_row rows[] = {
        {ENVIRONMENT("      TRADING_MODE: Paper\n"), .found = "unknown-mode 6"},
        {ENVIRONMENT("      TRADING_MODE: ''\n"), .found = ""},
        {ENVIRONMENT("      TRADING_MODE: ${M:?}\n"), .found = ""},
        {ENVIRONMENT("      TRADING_MODE: live\n"), .found = "mode-not-allowed 6"},
        {ENVIRONMENT("      TRADING_MODE: paper\n"), .found = ""},
    };
    CHECK(rows);
}

static void the_mode_has_a_profile_where_the_vault_opens(void **state) {
    (void)state;
    static const struct case_row paper = {ENVIRONMENT("      TRADING_MODE: paper\n"), .found = ""};
    static const struct case_row missing = {ENVIRONMENT("      TRADING_MODE: paper\n"),
                                            .found = "mode-without-profile 6"};
    struct ibc_policy policy;
    ibc_policy_default(&policy);
    struct ibc_doctor_world world = {.live_profiles = 1};
    check_rows_in(&paper, 1, &world, &policy);
    world.vault_opened = true;
    check_rows_in(&missing, 1, &world, &policy);
    policy.live_user_in_paper = IBC_WARN;
    check_rows_in(&paper, 1, &world, &policy);
    policy.live_user_in_paper = IBC_DENY;
    world.paper_profiles = 1;
    check_rows_in(&paper, 1, &world, &policy);
}

#define PORTS(lines)        GATEWAY("    ports:\n" lines)
#define MODE_PORTS(m, list) GATEWAY("    environment: [TRADING_MODE=" m "]\n    ports: " list "\n")

static void ports_answer_and_only_here(void **state) {
    (void)state;
    static const struct case_row rows[] = {
        {PORTS("      - \"4002:4002\"\n"), .found = "wrong-port 6, open-port 6"},
        {PORTS("      - \"127.0.0.1:4002:4002\"\n"), .found = "wrong-port 6"},
        {PORTS("      - \"127.0.0.1:4002:4004\"\n"), .found = ""},
        {PORTS("      - \"127.1.2.3:4002:4004\"\n"), .found = ""},
        {PORTS("      - \"[::1]:4002:4004\"\n"), .found = ""},
        {PORTS("      - \"0.0.0.0:4002:4004\"\n"), .found = "open-port 6"},
        {PORTS("      - \"4004\"\n"), .found = "open-port 6"},
        {PORTS("      - \"5900:5900\"\n"), .found = "open-port 6"},
        {PORTS("      - \"4004:4004/udp\"\n"), .found = ""},
        {PORTS("      - \"4000-4010:4000-4010\"\n"), .found = "wrong-port 6, open-port 6"},
        {PORTS("      - \"8080:80\"\n"), .found = ""},
        {PORTS(
             "      - \"4002:4004\"\n") "    networks: [a, b]\nnetworks:\n  a: {driver_opts: "
                                        "{com.docker.network.bridge.host_binding_ipv4: 127.0.0.1}}"
                                        "\n  b:\n",
         .found = "open-port 6"},
        {PORTS("      - \"4002:4004\"\n") "    network_mode: service:ib-gateway\n",
         .found = "open-port 6"},
        {GATEWAY("    network_mode: host\n"), .found = "open-port 5"},
        {GATEWAY("    network_mode: none\n"), .found = ""},
        {PORTS("      - {target: 4004, published: 4002}\n"), .found = "open-port 6"},
        {PORTS("      - {target: 4004, published: 4002, host_ip: 127.0.0.1}\n"), .found = ""},
        {PORTS(
             "      - \"4002:4004\"\n") "networks:\n  default:\n    driver_opts:\n      "
                                        "com.docker.network.bridge.host_binding_ipv4: 127.0.0.1\n",
         .found = ""},
        {"services:\n  ib-gateway:\n    image: some/thing:1\n    stop_grace_period: 90s\n"
         "    ports: ['127.0.0.1:4002:4002']\n",
         .found = ""},
        {MODE_PORTS("paper", "['127.0.0.1:4001:4003']"), .found = "mode-port 6"},
        {MODE_PORTS("paper", "['127.0.0.1:4001:4003', '127.0.0.1:4002:4004']"), .found = ""},
        {MODE_PORTS("paper", "['127.0.0.1:4001-4002:4003-4004']"), .found = ""},
        {MODE_PORTS("paper", "['127.0.0.1:8080:80']"), .found = ""},
    };
    CHECK(rows);
}

static void containers_are_not_restarted_and_have_time_to_log_out(void **state) {
    (void)state;
    static const struct case_row rows[] = {
        {GATEWAY("    restart: always\n"), .found = "restart-loop 5"},
        {GATEWAY("    restart: on-failure:3\n"), .found = "restart-loop 5"},
        {GATEWAY("    restart: 'no'\n"), .found = ""},
        {GATEWAY("    restart: ${R:-unless-stopped}\n"), .found = "restart-loop 5"},
        {GATEWAY("    restart: ${R:-always}\n"), .env = "R=no\n", .found = ""},
        {GATEWAY("    restart: always\n"), .second = "services: {ib-gateway: {restart: 'no'}}\n",
         .found = ""},
        {GATEWAY("    deploy: {restart_policy: {condition: any}}\n"), .found = "restart-loop 5"},
        {GATEWAY("    deploy: {restart_policy: {condition: none}}\n"), .found = ""},
        {GATEWAY("    deploy: {restart_policy: {window: 5s}}\n"), .found = "restart-loop 5"},
        {GATEWAY("    deploy: {restart_policy: {}}\n"), .found = ""},
        {GATEWAY("    deploy: {restart_policy: {window: 5s}}\n"),
         .second = "services: {ib-gateway: {deploy: {restart_policy: {condition: none}}}}\n",
         .found = ""},
        {"services:\n  ib-gateway:\n    image: " IMAGE "\n", .found = "no-grace-period 2"},
        {"services:\n  ib-gateway:\n    image: " IMAGE "\n    stop_grace_period: 29s\n",
         .found = "no-grace-period 4"},
        {"services:\n  ib-gateway:\n    image: " IMAGE "\n    stop_grace_period: 1m30s\n",
         .found = ""},
        {"services:\n  ib-gateway:\n    image: " IMAGE "\n    stop_grace_period: 500ms\n",
         .found = "no-grace-period 4"},
        {"services:\n  ib-gateway:\n    image: " IMAGE "\n    stop_grace_period: soon\n",
         .found = ""},
        {"services:\n  db:\n    image: mongo\n    restart: always\n    ports: ['27017:27017']\n",
         .found = "no-gateway 1"},
    };
    CHECK(rows);
}

static void images_are_pinned_and_the_socket_stays_outside(void **state) {
    (void)state;
#define WITH_IMAGE(image) "services: {ib-gateway: {stop_grace_period: 90s, image: '" image "'}}\n"
    static const struct case_row rows[] = {
        {WITH_IMAGE("ghcr.io/gnzsnz/ib-gateway"), .found = "unpinned-image 1"},
        {WITH_IMAGE("ghcr.io/gnzsnz/ib-gateway:latest"), .found = "unpinned-image 1"},
        {WITH_IMAGE("ghcr.io/gnzsnz/ib-gateway:stable"), .found = "unpinned-image 1"},
        {WITH_IMAGE("registry:5000/ib-gateway"), .found = "unpinned-image 1"},
        {WITH_IMAGE("registry:5000/ib-gateway:1.2"), .found = ""},
        {WITH_IMAGE("ib-gateway:latest@sha256:0123"), .found = ""},
        {"services:\n  x:\n    volumes:\n      - /var/run/docker.sock:/var/run/docker.sock:ro\n",
         .found = "no-gateway 1, socket-exposed 4"},
        {"services:\n  x:\n    volumes: [./docker.sock.d:/x]\n", .found = "no-gateway 1"},
        {"services:\n  x:\n    volumes: ['/:/x']\n", .found = "no-gateway 1, socket-exposed 3"},
        {"services:\n  x:\n    volumes: ['/var/x/..//run/.:/x']\n",
         .found = "no-gateway 1, socket-exposed 3"},
        {"services:\n  x:\n    volumes: ['/run/user/0/:/x']\n",
         .found = "no-gateway 1, socket-exposed 3"},
        {"services:\n  x:\n    volumes: ['/ru:/x', '/run/user/0/x:/y', '/var/lib:/z']\n",
         .found = "no-gateway 1"},
    };
    CHECK(rows);
}

static void what_an_anchor_says_twice_is_found_once(void **state) {
    (void)state;
    static const struct case_row rows[] = {
        {"x-base: &base\n  image: " IMAGE "\n  restart: always\n  stop_grace_period: 90s\n"
         "services:\n  a:\n    <<: *base\n  b:\n    <<: *base\n",
         .found = "restart-loop 3"},
    };
    CHECK(rows);
}

static void an_override_changes_a_gateway_and_is_read(void **state) {
    (void)state;
    static const struct case_row rows[] = {
        {GATEWAY(""), .second = "services:\n  gateway:\n    stop_grace_period: 90s\n",
         .found = "override-unused 2.override.yml:2"},
        {GATEWAY(""), .second = "# nothing\nx-a: 1\n", .found = "override-unused 2.override.yml:1"},
        {GATEWAY(""), .second = "services:\n  ib-gateway:\n    init: true\n", .found = ""},
    };
    CHECK(rows);
    static const struct case_row beside[] = {
        {GATEWAY(""), .found = "override-unused docker-compose.override.yml:1"}};
    struct ibc_doctor_world world = {.override = (char *)"docker-compose.override.yml"};
    struct ibc_policy policy;
    ibc_policy_default(&policy);
    check_rows_in(beside, 1, &world, &policy);
}

static void env_files_are_judged_by_what_is_known_of_them(void **state) {
    (void)state;
    struct ibc_doctor_file file = {.path = ".env", .there = true, .mode = 0600};
    struct ibc_doctor_world world = {.file_count = 1, .files = &file};
    struct ibc_policy policy;
    ibc_policy_default(&policy);
    struct case_row row = {GATEWAY(""), .env = "A=1\nIB_PASSWORD=x\nTWS_PASSWORD=y\n"};
    row.found = "plaintext-env-file .env:2, plaintext-env-file .env:3";
    check_rows_in(&row, 1, &world, &policy);
    file.mode = 0640;
    row.found = "plaintext-env-file .env:2, env-file-readable .env:2, plaintext-env-file .env:3";
    check_rows_in(&row, 1, &world, &policy);
    file.mode = 0600;
    file.git_silent = true;
    row.found = "plaintext-env-file .env:2, env-file-unknown .env:2, plaintext-env-file .env:3";
    check_rows_in(&row, 1, &world, &policy);
    file.git_silent = false;
    file.tracked = true;
    row.found = "plaintext-env-file .env:2, env-file-tracked .env:2, plaintext-env-file .env:3";
    check_rows_in(&row, 1, &world, &policy);
    file.delivered = true;
    row.found = "";
    check_rows_in(&row, 1, &world, &policy);
}

/* A machine of which nothing is to be said. */
static struct ibc_doctor_world good_machine(void) {
    return (struct ibc_doctor_world){
        .vault = {.path = "v", .there = true, .mode = 0640},
        .identity = {.path = "i", .there = true, .mode = 0600},
        .policy = {.path = "p", .there = true, .mode = 0644},
        .runtime = "/r",
        .runtime_on_tmpfs = true,
        .now_ms = 1000000000,
        .built_ms = 999999999,
        .audited_ms = 1000000001, /* another machine's clock */
    };
}

static void check_machine(const struct ibc_doctor_world *world, const char *found) {
    struct ibc_policy policy;
    ibc_policy_default(&policy);
    const struct case_row row = {GATEWAY(""), .found = found};
    check_rows_in(&row, 1, world, &policy);
}

static void ibcreds_own_files_are_private(void **state) {
    (void)state;
    struct ibc_doctor_world world = good_machine();
    check_machine(&world, "");
    world.vault.mode = 0644;
    check_machine(&world, "open-vault v:0");
    world.vault.mode = 0620;
    check_machine(&world, "open-vault v:0");
    world.vault.there = false;
    world.identity.mode = 0640;
    check_machine(&world, "open-identity i:0");
    world.identity.mode = 0600;
    world.identity.in_git = true;
    check_machine(&world, "identity-in-git i:0");
    world.identity.path = NULL;
    world.policy.mode = 0664;
    check_machine(&world, "open-policy p:0");
    world.policy_trouble = "'p' can be written by others";
    check_machine(&world, "open-policy p:0");
    world.policy.mode = 0600;
    check_machine(&world, "invalid-policy p:0");
}

static void check_instead(const char *compose, const char *env, const char *rule,
                          const char *expected) {
    struct examined examined = {0};
    const struct ibc_doctor_world world = {0};
    struct ibc_policy policy;
    ibc_policy_default(&policy);
    policy.allow_live = true;
    examine(compose, NULL, env, &world, &policy, &examined);
    const struct ibc_doctor_finding *first = NULL;
    for (size_t i = examined.report.count; i-- > 0;) {
        const struct ibc_doctor_finding *finding = &examined.report.findings[i];
        first = strcmp(ibc_doctor_rule(finding->rule)->id, rule) == 0 ? finding : first;
    }
    assert_non_null(first);
    assert_string_equal(first->instead, expected);
    examined_free(&examined);
}

static void an_env_file_is_sealed_as_what_the_gateway_runs_as(void **state) {
    (void)state;
    static const char rule[] = "plaintext-env-file";
    static const char paper[] = ENVIRONMENT("      TRADING_MODE: paper\n");
    static const char live[] = ENVIRONMENT("      TRADING_MODE: live\n");
    static const char both[] = ENVIRONMENT("      TRADING_MODE: both\n");
    static const char mine[] = "IB_PASSWORD=x\n", images[] = "TWS_PASSWORD=x\n";
    check_instead(GATEWAY(""), mine, rule, "ibcred seal paper --kind paper --from .env --scrub");
    check_instead(paper, mine, rule, "ibcred seal paper --kind paper --from .env --scrub");
    check_instead(live, mine, rule, "ibcred seal live --kind live --from .env --scrub");
    check_instead(both, mine, rule,
                  "ibcred seal live --kind live --from .env --scrub for the live user, and ibcred "
                  "seal paper --kind paper, which asks, for the paper one; the other way round if "
                  "these are the paper user's");
    check_instead(paper, images, rule,
                  "ibcred seal paper --kind paper, which asks; then remove the line");
    check_instead(both, images, rule,
                  "ibcred seal live --kind live, which asks; then remove the line");
    check_instead(both, "TWS_PASSWORD_PAPER=x\n", rule,
                  "ibcred seal paper --kind paper, which asks; then remove the line");
}

static void what_variables_bring_is_not_shown(void **state) {
    (void)state;
    struct examined examined = {0};
    const struct ibc_doctor_world world = {0};
    struct ibc_policy policy;
    ibc_policy_default(&policy);
    examine("services:\n  ib-gateway:\n    image: ghcr.io/${V}/ib-gateway\n"
            "    restart: on-failure:${V}\n    stop_grace_period: ${G}s\n"
            "    deploy: {restart_policy: {condition: '${V}'}}\n"
            "    ports: ['${V}:4002:4002', {target: 4004, host_ip: '${V}'}]\n",
            NULL, "V=hunter2\nG=17\n", &world, &policy, &examined);
    assert_int_equal(examined.report.count, 6);
    for (size_t i = 0; i < examined.report.count; i++) {
        const struct ibc_doctor_finding *finding = &examined.report.findings[i];
        assert_null(strstr(finding->what, "hunter2"));
        assert_null(strstr(finding->what, "17"));
        assert_null(strstr(finding->instead, "hunter2"));
        assert_true(!finding->edit.text || !strstr(finding->edit.text, "hunter2"));
    }
    examined_free(&examined);
}

/* How many edits the report has. */
static size_t count_edits(const char *compose) {
    struct examined examined = {0};
    const struct ibc_doctor_world world = {0};
    struct ibc_policy policy;
    size_t edits = 0;
    ibc_policy_default(&policy);
    examine(compose, NULL, NULL, &world, &policy, &examined);
    for (size_t i = 0; i < examined.report.count; i++) {
        edits += examined.report.findings[i].edit.text != NULL;
    }
    assert_true(examined.report.count > 0);
    examined_free(&examined);
    return edits;
}

static void a_service_that_may_be_a_client_is_not_edited(void **state) {
    (void)state;
#define CLIENT(name, variable)                                                                     \
    "services:\n  " name ":\n    image: bot:1\n    restart: always\n    stop_grace_period: 90s\n"  \
    "    environment: {" variable ": '${U:?}'}\n"
    assert_int_equal(count_edits(CLIENT("bot", "TWS_USERID")), 0);
    assert_int_equal(count_edits(CLIENT("ib-gateway", "TWS_USERID")), 1);
    assert_int_equal(count_edits(CLIENT("bot", "TWS_PASSWORD_FILE")), 1);
}

static void memory_that_reaches_a_disk_is_found(void **state) {
    (void)state;
    struct ibc_doctor_world world = good_machine();
    world.runtime_on_tmpfs = false;
    check_machine(&world, "runtime-on-disk /r:0");
    world.runtime_on_tmpfs = true;
    world.swap = (char *)"/dev/sda2";
    check_machine(&world, "");
    world.runtime_swaps = true;
    check_machine(&world, "swap-unencrypted /proc/swaps:0");
    world.runtime_swaps = false;
    const struct case_row row = {ENVIRONMENT("      TWS_PASSWORD: ${P:?}\n"),
                                 .found = "password-in-environment 6, swap-unencrypted "
                                          "/proc/swaps:0"};
    struct ibc_policy policy;
    ibc_policy_default(&policy);
    check_rows_in(&row, 1, &world, &policy);
    policy.allow_disk = true;
    world = good_machine();
    world.runtime_on_tmpfs = false;
    const struct case_row allowed = {GATEWAY(""), .found = ""};
    check_rows_in(&allowed, 1, &world, &policy);
}

static void a_clock_that_cannot_be_right_is_found(void **state) {
    (void)state;
    struct ibc_doctor_world world = good_machine();
    world.clock_adrift = true;
    check_machine(&world, "clock-off 0");
    world = good_machine();
    world.built_ms = world.now_ms + 1;
    check_machine(&world, "clock-off 0");
    world = good_machine();
    world.audited_ms = world.now_ms + 120000;
    check_machine(&world, "clock-off 0");
    world = good_machine();
    world.daemon_exposed = true;
    check_machine(&world, "daemon-exposed 0");
}

static void every_finding_says_what_and_what_instead_and_no_secret(void **state) {
    (void)state;
    struct examined examined = {0};
    const struct ibc_doctor_world world = {0};
    struct ibc_policy policy;
    ibc_policy_default(&policy);
    examine("services:\n  ib-gateway:\n    image: ghcr.io/gnzsnz/ib-gateway\n    environment:\n"
            "      TWS_PASSWORD: hunter2\n      TWS_PASSWORD_FILE: /run/x\n"
            "      IB_PASS: hunter2\n      TRADING_MODE: hunter2\n    ports: ['4002:4002']\n"
            "    restart: always\n",
            NULL, "IB_PASSWORD=hunter2\n", &world, &policy, &examined);
    assert_int_equal(examined.report.count, 11);
    for (size_t i = 0; i < examined.report.count; i++) {
        const struct ibc_doctor_finding *finding = &examined.report.findings[i];
        assert_true(strlen(finding->what) > 10 && strlen(finding->instead) > 3);
        assert_null(strstr(finding->what, "hunter2"));
        assert_null(strstr(finding->instead, "hunter2"));
        assert_true(!finding->edit.text || !strstr(finding->edit.text, "hunter2"));
    }
    examined_free(&examined);
}

static void every_rule_explains_itself(void **state) {
    (void)state;
    for (size_t i = 0; i < ibc_doctor_rule_count(); i++) {
        const struct ibc_doctor_rule *rule = ibc_doctor_rule(i);
        assert_true(strspn(rule->id, "abcdefghijklmnopqrstuvwxyz-") == strlen(rule->id));
        assert_non_null(ibc_severity_name(rule->severity));
        assert_true(strlen(rule->summary) > 10 && strlen(rule->why) > 30);
        assert_true(rule->why[strlen(rule->why) - 1] == '.');
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(rule->id, ibc_doctor_rule(j)->id);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credentials_are_found_where_they_stand),
        cmocka_unit_test(a_password_comes_in_one_way),
        cmocka_unit_test(both_needs_two_users_that_come_the_same_way),
        cmocka_unit_test(the_mode_is_one_that_there_is_and_that_is_allowed),
        cmocka_unit_test(the_mode_has_a_profile_where_the_vault_opens),
        cmocka_unit_test(ports_answer_and_only_here),
        cmocka_unit_test(containers_are_not_restarted_and_have_time_to_log_out),
        cmocka_unit_test(images_are_pinned_and_the_socket_stays_outside),
        cmocka_unit_test(what_an_anchor_says_twice_is_found_once),
        cmocka_unit_test(an_override_changes_a_gateway_and_is_read),
        cmocka_unit_test(env_files_are_judged_by_what_is_known_of_them),
        cmocka_unit_test(ibcreds_own_files_are_private),
        cmocka_unit_test(an_env_file_is_sealed_as_what_the_gateway_runs_as),
        cmocka_unit_test(what_variables_bring_is_not_shown),
        cmocka_unit_test(a_service_that_may_be_a_client_is_not_edited),
        cmocka_unit_test(memory_that_reaches_a_disk_is_found),
        cmocka_unit_test(a_clock_that_cannot_be_right_is_found),
        cmocka_unit_test(every_finding_says_what_and_what_instead_and_no_secret),
        cmocka_unit_test(every_rule_explains_itself),
    };
    return cmocka_run_group_tests(tests, start_doctor, NULL);
}
