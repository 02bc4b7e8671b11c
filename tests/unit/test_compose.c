/* test_compose.c - services of one compose file: variables, ports, mounts, names. */
#include "compose_fixture.h"

static char *const environment[] = {"SET=set",      "EMPTY=",   "DOLLAR=$SET", "LATER=first",
                                    "LATER=second", "_A1=name", NULL};

/* What the value `text` of an image comes to; "(stop)" where Compose would stop. */
static void assert_comes_to(const char *text, const char *expected, bool interpolated,
                            bool literal) {
    char file[512];
    snprintf(file, sizeof file, "services: {s: {image: '%s'}}\n", text);
    ibc_auto_compose *project =
        parsed((const char *const[]){file, NULL}, "FILE=from file\nSET=hidden\n", environment);
    const struct ibc_compose_text *image = &service_of(project, "s")->image;
    const char *got = image->value ? image->value : "(stop)";
    if (strcmp(got, expected) != 0 || image->interpolated != interpolated ||
        image->literal != literal) {
        print_error("%s: got %s%s%s\n", text, got, image->interpolated ? " interpolated" : "",
                    image->literal ? " literal" : "");
        fail();
    }
    assert_string_equal(image->written, text);
}

static void variables_are_put_in_as_the_compose_specification_says(void **state) {
    (void)state;
    static const struct {
        const char *text, *value;
        bool interpolated, literal;
    } cases[] = {
        {"plain", "plain", false, true},
        {"", "", false, true},
        {"$$SET $${SET} $$$$", "$SET ${SET} $$", false, true},
        {"$SET", "set", true, false},
        {"${SET}", "set", true, false},
        {"${SET}${EMPTY}", "set", true, false},
        {"a$SET-b", "aset-b", true, true},
        {"$_A1", "name", true, false},
        {"$SETX", "", true, false},
        {"$FILE", "from file", true, false},
        {"$DOLLAR", "$SET", true, false},
        {"$LATER", "first", true, false},
        {"${UNSET:-default}", "default", true, true},
        {"${UNSET-default}", "default", true, true},
        {"${EMPTY:-default}", "default", true, true},
        {"${EMPTY-default}", "", true, false},
        {"${SET:-default}", "set", true, false},
        {"${UNSET:-}", "", true, false},
        {"${UNSET:-$SET}", "set", true, false},
        {"${UNSET:-${NONE:-deep}}", "deep", true, true},
        {"${UNSET:-${SET:-deep}}", "set", true, false},
        {"${UNSET:-{}}", "{}", true, true},
        {"${UNSET:-{}", "{", true, true},
        {"${UNSET:-a:b-c?d}", "a:b-c?d", true, true},
        {"${SET:+other}", "other", true, true},
        {"${SET:+$FILE}", "from file", true, false},
        {"${UNSET:+other}", "", true, false},
        {"${EMPTY:+other}", "", true, false},
        {"${EMPTY+other}", "other", true, true},
        {"${SET:?why}", "set", true, false},
        {"${EMPTY?why}", "", true, false},
        {"${EMPTY:?why}", "(stop)", true, false},
        {"${UNSET?}", "(stop)", true, false},
        {"a${UNSET:?why}", "(stop)", true, true},
        {"${SET:-${UNSET:?why}}", "(stop)", true, false},
        {"${UNSET:-$$}", "$", true, true},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        assert_comes_to(cases[i].text, cases[i].value, cases[i].interpolated, cases[i].literal);
    }
}

static void a_dollar_that_begins_no_variable_is_refused_with_its_place(void **state) {
    (void)state;
    static const char *const texts[] = {
        "$",      "a$ b", "$1",      "${}",      "${1}",           "${A",      "${A:b}", "${A:}",
        "${A b}", "$(A)", "${A:-$}", "${A:-${}", "${SET:-${B b}}", "${A:-${B}"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(texts); i++) {
        char file[256];
        snprintf(file, sizeof file, "x-a: '$'\nservices: {s: {labels: [\"%s\"]}}\n", texts[i]);
        assert_refused_at(file, "2:25", "`$$`");
    }
}

static void a_value_that_grows_without_end_is_refused(void **state) {
    (void)state;
    char *large = test_malloc(600000);
    memset(large, 'x', 600000);
    memcpy(large, "LARGE=", 6);
    large[599999] = '\0';
    char *const one[] = {large, NULL};
    struct ibc_compose_project *project;
    struct ibc_error err;
    const char *const once[] = {"services: {s: {image: $LARGE}}", NULL};
    const char *const twice[] = {"services: {s: {image: $LARGE$LARGE}}", NULL};
    assert_int_equal(parse_with(twice, NULL, one, &project, &err), IBC_ERR_DATA);
    assert_non_null(strstr(err.text, "a.yml:1:23"));
    assert_int_equal(parse_with(once, NULL, one, &project, &err), IBC_OK);
    ibc_compose_free(&project);
    test_free(large);
}

static void the_environment_is_read_in_both_forms(void **state) {
    (void)state;
    static const char *const forms[] = {
        "services:\n  s:\n    environment:\n"
        "      - A=1\n      - B=x=y\n      - C=\n      - SET\n      - UNSET\n      - \"D=$SET\"\n"
        "      - E=${NO:-d=e}\n      - F=${NO:?}\n      - ${SET}_G=g\n      - \n",
        "services:\n  s:\n    environment:\n"
        "      A: 1\n      B: x=y\n      C: \"\"\n      SET:\n      UNSET: ~\n      D: $SET\n"
        "      E: ${NO:-d=e}\n      F: ${NO:?}\n      set_G: g\n"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(forms); i++) {
        ibc_auto_compose *project =
            parsed((const char *const[]){forms[i], NULL}, NULL, environment);
        const struct ibc_compose_service *service = service_of(project, "s");
        assert_string_equal(variable(service, "A"), "1");
        assert_string_equal(variable(service, "B"), "x=y");
        assert_string_equal(variable(service, "C"), "");
        assert_string_equal(variable(service, "SET"), "set");
        assert_string_equal(variable(service, "UNSET"), "");
        assert_string_equal(variable(service, "D"), "set");
        assert_string_equal(variable(service, "E"), "d=e");
        assert_string_equal(variable(service, "F"), "(stop)");
        assert_string_equal(variable(service, "set_G"), "g");
        assert_int_equal(service->variable_count, 9);
        assert_null(ibc_compose_variable_of(service, "SET")->text.written);
        assert_false(ibc_compose_variable_of(service, "SET")->text.literal);
        assert_string_equal(ibc_compose_variable_of(service, "D")->text.written, "$SET");
        assert_false(ibc_compose_variable_of(service, "D")->text.literal);
        assert_true(ibc_compose_variable_of(service, "E")->text.literal);
    }
}

static void the_last_of_a_list_of_variables_counts(void **state) {
    (void)state;
    ibc_auto_compose *project = parsed_one("services: {s: {environment: [A=1, B=2, A=3]}}");
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_int_equal(service->variable_count, 2);
    assert_string_equal(variable(service, "A"), "3");
}

static void ports_are_read_in_all_forms(void **state) {
    (void)state;
    static const struct {
        const char *text, *host;
        unsigned published, published_last, target, target_last;
        bool udp, long_form;
    } cases[] = {
        {"4002", "", 0, 0, 4002, 4002, false, false},
        {"\"4002:4004\"", "", 4002, 4002, 4004, 4004, false, false},
        {"22:22", "", 22, 22, 22, 22, false, false},
        {"127.0.0.1:4002:4004", "127.0.0.1", 4002, 4002, 4004, 4004, false, false},
        {"\"[::1]:4002:4004\"", "::1", 4002, 4002, 4004, 4004, false, false},
        {"\"::1:4002:4004\"", "::1", 4002, 4002, 4004, 4004, false, false},
        {"127.0.0.1::4004", "127.0.0.1", 0, 0, 4004, 4004, false, false},
        {"\"[::]::4004\"", "::", 0, 0, 4004, 4004, false, false},
        {"4000-4002:4003-4005", "", 4000, 4002, 4003, 4005, false, false},
        {"4000-4002:4003", "", 4000, 4002, 4003, 4003, false, false},
        {"4000-4002", "", 0, 0, 4000, 4002, false, false},
        {"\"4002:4004/udp\"", "", 4002, 4002, 4004, 4004, true, false},
        {"4002:4004/tcp", "", 4002, 4002, 4004, 4004, false, false},
        {"$UNSET", "", 0, 0, 0, 0, false, false},
        {"${P:-4002}:4004", "", 4002, 4002, 4004, 4004, false, false},
        {"65536", "", 0, 0, 0, 0, false, false},
        {"5-3", "", 0, 0, 0, 0, false, false},
        {"a:b", "", 0, 0, 0, 0, false, false},
        {"{target: 4004}", "", 0, 0, 4004, 4004, false, true},
        {"{target: 4004, published: 4002, host_ip: 127.0.0.1, protocol: udp}", "127.0.0.1", 4002,
         4002, 4004, 4004, true, true},
        {"{target: 4004, published: \"4002-4005\", host_ip: \"::1\"}", "::1", 4002, 4005, 4004,
         4004, false, true},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        char file[256];
        snprintf(file, sizeof file, "services:\n  s:\n    ports:\n      - %s\n", cases[i].text);
        ibc_auto_compose *project = parsed_one(file);
        const struct ibc_compose_service *service = service_of(project, "s");
        assert_int_equal(service->port_count, 1);
        const struct ibc_compose_port *port = &service->ports[0];
        if (strcmp(port->host, cases[i].host) != 0 || port->published != cases[i].published ||
            port->published_last != cases[i].published_last || port->target != cases[i].target ||
            port->target_last != cases[i].target_last || port->udp != cases[i].udp ||
            port->long_form != cases[i].long_form) {
            print_error("%s: got %s %u-%u %u-%u\n", cases[i].text, port->host, port->published,
                        port->published_last, port->target, port->target_last);
            fail();
        }
        assert_stands(&port->place, file, cases[i].text);
        assert_true(port->long_form == (port->text.written == NULL));
    }
}

static void mounts_are_read_in_all_forms(void **state) {
    (void)state;
    ibc_auto_compose *project =
        parsed((const char *const[]){"services:\n  s:\n    volumes:\n"
                                     "      - ./a:/a\n"
                                     "      - ~/b:/b:ro\n"
                                     "      - data:/c:z,ro\n"
                                     "      - /d\n"
                                     "      - ${SET}:/e:rw\n"
                                     "      - {type: bind, source: $DOLLAR, target: /f,\n"
                                     "         read_only: true}\n"
                                     "      - {type: volume, target: /g}\n"
                                     "      - {type: tmpfs, target: /h}\n"
                                     "      - {type: npipe, source: x, target: /i}\n"
                                     "      - /var/run/docker.sock:/var/run/docker.sock\n"
                                     "    tmpfs: [\"/t:mode=0700,uid=1\", /u]\n",
                                     NULL},
               NULL, environment);
    static const struct {
        enum ibc_mount_type type;
        const char *source, *target;
        bool read_only;
    } expected[] = {
        {IBC_MOUNT_BIND, "./a", "/a", false},
        {IBC_MOUNT_BIND, "~/b", "/b", true},
        {IBC_MOUNT_VOLUME, "data", "/c", true},
        {IBC_MOUNT_VOLUME, "", "/d", false},
        {IBC_MOUNT_VOLUME, "set", "/e", false},
        {IBC_MOUNT_BIND, "$SET", "/f", true},
        {IBC_MOUNT_VOLUME, "", "/g", false},
        {IBC_MOUNT_TMPFS, "", "/h", false},
        {IBC_MOUNT_OTHER, "x", "/i", false},
        {IBC_MOUNT_BIND, "/var/run/docker.sock", "/var/run/docker.sock", false},
        {IBC_MOUNT_TMPFS, "", "/t", false},
        {IBC_MOUNT_TMPFS, "", "/u", false},
    };
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_int_equal(service->mount_count, IBC_ARRAY_SIZE(expected));
    for (size_t i = 0; i < IBC_ARRAY_SIZE(expected); i++) {
        assert_int_equal(service->mounts[i].type, expected[i].type);
        assert_string_equal(service->mounts[i].source, expected[i].source);
        assert_string_equal(service->mounts[i].target, expected[i].target);
        assert_int_equal(service->mounts[i].read_only, expected[i].read_only);
    }
}

static void lists_of_names_are_read_in_all_forms(void **state) {
    (void)state;
    ibc_auto_compose *project =
        parsed_one("services:\n"
                   "  s:\n"
                   "    env_file: one.env\n"
                   "    secrets: [pw, {source: pw, target: tws_password}]\n"
                   "    networks: [inner, outer]\n"
                   "  t:\n"
                   "    env_file: [one.env, {path: two.env, required: false}]\n"
                   "    networks: {inner: {aliases: [x]}, outer: }\n"
                   "secrets:\n"
                   "  pw: {file: ./pw}\n"
                   "  env: {environment: PW}\n"
                   "  ext: {external: true}\n"
                   "  named: {external: {name: x}}\n"
                   "  not: {external: no, file: x}\n"
                   "networks:\n"
                   "  inner:\n"
                   "    driver_opts: {com.docker.network.bridge.host_binding_ipv4: 127.0.0.1}\n"
                   "  outer:\n");
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_int_equal(service->env_file_count, 1);
    assert_string_equal(value(&service->env_files[0].text), "one.env");
    assert_int_equal(service->secret_count, 2);
    assert_string_equal(service->secrets[0].target, "pw");
    assert_string_equal(value(&service->secrets[1].text), "pw");
    assert_string_equal(service->secrets[1].target, "tws_password");
    assert_int_equal(service->network_count, 2);
    service = service_of(project, "t");
    assert_string_equal(value(&service->env_files[1].text), "two.env");
    assert_int_equal(service->network_count, 2);
    assert_string_equal(value(&service->networks[1].text), "outer");

    assert_int_equal(project->secret_count, 5);
    assert_string_equal(value(&project->secrets[0].file), "./pw");
    assert_false(project->secrets[0].external);
    assert_string_equal(value(&project->secrets[1].environment), "PW");
    assert_true(project->secrets[2].external);
    assert_true(project->secrets[3].external);
    assert_false(project->secrets[4].external);
    assert_int_equal(project->network_count, 2);
    assert_string_equal(value(&project->networks[0].host_binding), "127.0.0.1");
    assert_null(project->networks[1].host_binding.written);
}

static void scalars_of_a_service_and_its_deployment_are_read(void **state) {
    (void)state;
    ibc_auto_compose *project = parsed_one("services:\n"
                                           "  s:\n"
                                           "    image: i\n    container_name: c\n"
                                           "    restart: \"no\"\n    stop_grace_period: 1m30s\n"
                                           "    user: 1000:1000\n    network_mode: host\n"
                                           "    deploy:\n      restart_policy:\n"
                                           "        condition: on-failure\n"
                                           "        max_attempts: 3\n"
                                           "  t:\n");
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_string_equal(value(&service->image), "i");
    assert_string_equal(value(&service->container_name), "c");
    assert_string_equal(value(&service->restart), "no");
    assert_string_equal(value(&service->stop_grace_period), "1m30s");
    assert_string_equal(value(&service->user), "1000:1000");
    assert_string_equal(value(&service->network_mode), "host");
    assert_string_equal(value(&service->deploy_restart), "on-failure");
    assert_string_equal(value(&service->deploy_restart_attempts), "3");
    assert_null(service_of(project, "t")->image.written);
    assert_null(ibc_compose_service_of(project, "u"));
}

static void a_service_with_profiles_is_active_when_one_is_asked_for(void **state) {
    (void)state;
    static const char text[] = "services:\n  always: {}\n  a: {profiles: [a]}\n"
                               "  bc: {profiles: [b, c]}\n";
    static const struct {
        char *const environment[2];
        bool a, bc;
    } cases[] = {
        {{NULL}, false, false},
        {{"COMPOSE_PROFILES="}, false, false},
        {{"COMPOSE_PROFILES=a"}, true, false},
        {{"COMPOSE_PROFILES=x,c"}, false, true},
        {{"COMPOSE_PROFILES=aa,cc"}, false, false},
        {{"COMPOSE_PROFILES=*"}, true, true},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        ibc_auto_compose *project =
            parsed((const char *const[]){text, NULL}, NULL, cases[i].environment);
        assert_true(service_of(project, "always")->active);
        assert_int_equal(service_of(project, "a")->active, cases[i].a);
        assert_int_equal(service_of(project, "bc")->active, cases[i].bc);
    }
}

static void the_bindings_of_the_env_file_keep_their_lines(void **state) {
    (void)state;
    static const char env[] = "# one\nA=1\n\nexport B='two\nlines'\nA=3";
    ibc_auto_compose *project =
        parsed((const char *const[]){"services: {s: {image: $A}}", NULL}, env, NULL);
    assert_string_equal(value(&service_of(project, "s")->image), "3");
    assert_int_equal(project->binding_count, 3);
    assert_string_equal(project->env_file, "x.env");
    assert_string_equal(project->bindings[0].name, "A");
    assert_stands(&project->bindings[0].place, env, "A=1\n");
    assert_int_equal(project->bindings[0].place.line, 2);
    assert_string_equal(project->bindings[1].value, "two\nlines");
    assert_stands(&project->bindings[1].place, env, "export B='two\nlines'\n");
    assert_stands(&project->bindings[2].place, env, "A=3");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_are_put_in_as_the_compose_specification_says),
        cmocka_unit_test(a_dollar_that_begins_no_variable_is_refused_with_its_place),
        cmocka_unit_test(a_value_that_grows_without_end_is_refused),
        cmocka_unit_test(the_environment_is_read_in_both_forms),
        cmocka_unit_test(the_last_of_a_list_of_variables_counts),
        cmocka_unit_test(ports_are_read_in_all_forms),
        cmocka_unit_test(mounts_are_read_in_all_forms),
        cmocka_unit_test(lists_of_names_are_read_in_all_forms),
        cmocka_unit_test(scalars_of_a_service_and_its_deployment_are_read),
        cmocka_unit_test(a_service_with_profiles_is_active_when_one_is_asked_for),
        cmocka_unit_test(the_bindings_of_the_env_file_keep_their_lines),
    };
    return cmocka_run_group_tests(tests, start_secrets, NULL);
}
