/* test_compose_lay.c - compose files laid over one another, and services that extend others. */
#include "compose_fixture.h"

static void a_later_scalar_counts_and_its_place_is_told(void **state) {
    (void)state;
    ibc_auto_compose *project = parsed_two("services:\n  s:\n    restart: always\n    image: a\n",
                                           "services:\n  s:\n    restart: \"no\"\n    user: ~\n");
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_string_equal(value(&service->restart), "no");
    assert_string_equal(service->restart.place.file, "b.yml");
    assert_int_equal(service->restart.place.line, 3);
    assert_string_equal(value(&service->image), "a");
    assert_string_equal(service->image.place.file, "a.yml");
    assert_string_equal(service->place.file, "a.yml");
    assert_string_equal(service->last_place.file, "b.yml");
    assert_null(service->user.written);
}

static void a_null_changes_nothing(void **state) {
    (void)state;
    ibc_auto_compose *project =
        parsed_two("services: {s: {restart: always, ports: [1], deploy: "
                   "{restart_policy: {condition: any}}}}",
                   "services: {s: {restart: , ports: null, deploy: {restart_policy: }}, t: }");
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_string_equal(value(&service->restart), "always");
    assert_string_equal(value(&service->deploy_restart), "any");
    assert_int_equal(service->port_count, 1);
    assert_string_equal(service_of(project, "t")->last_place.file, "b.yml");
}

static void variables_are_merged_by_name_across_forms(void **state) {
    (void)state;
    ibc_auto_compose *project =
        parsed((const char *const[]){"services: {s: {environment: [A=1, B=1, C=1]}}",
                                     "services: {s: {environment: {B: 2, D: 2}}}",
                                     "services: {s: {environment: [C=3]}}", NULL},
               NULL, NULL);
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_int_equal(service->variable_count, 4);
    assert_string_equal(variable(service, "A"), "1");
    assert_string_equal(variable(service, "B"), "2");
    assert_string_equal(variable(service, "C"), "3");
    assert_string_equal(variable(service, "D"), "2");
    assert_string_equal(ibc_compose_variable_of(service, "C")->place.file, "c.yml");
}

static void ports_are_united_and_mounts_replaced_by_target(void **state) {
    (void)state;
    ibc_auto_compose *project =
        parsed_two("services: {s: {ports: [\"1:2\", \"3:4\", junk, junk],"
                   " volumes: [\"./a:/a\", \"./b:/b\"], tmpfs: /t}}",
                   "services: {s: {ports: [\"3:4\", {target: 2, published: 1}, \"127.0.0.1:3:4\"],"
                   " volumes: [{type: bind, source: ./c, target: /b}], tmpfs: [\"/t:ro\", /u]}}");
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_int_equal(service->port_count, 5);
    assert_int_equal(service->ports[0].target, 0);
    assert_int_equal(service->ports[1].target, 0);
    assert_string_equal(service->ports[2].place.file, "b.yml");
    assert_true(service->ports[3].long_form);
    assert_string_equal(service->ports[4].host, "127.0.0.1");
    assert_int_equal(service->mount_count, 4);
    assert_string_equal(service->mounts[0].source, "./a");
    assert_string_equal(service->mounts[1].source, "./c");
    assert_string_equal(service->mounts[2].target, "/t");
    assert_true(service->mounts[2].read_only);
    assert_string_equal(service->mounts[3].target, "/u");
}

static void names_are_united(void **state) {
    (void)state;
    ibc_auto_compose *project =
        parsed_two("services: {s: {env_file: a.env, networks: [x], secrets: [p], profiles: [a]}}",
                   "services: {s: {env_file: [b.env], networks: {x: , y: {}}, secrets: [{source: q,"
                   " target: p}, r], profiles: [b, a]}}");
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_int_equal(service->env_file_count, 2);
    assert_string_equal(value(&service->env_files[1].text), "b.env");
    assert_int_equal(service->network_count, 2);
    assert_int_equal(service->secret_count, 2);
    assert_string_equal(value(&service->secrets[0].text), "q");
    assert_int_equal(service->profile_count, 2);
    assert_false(service->active);
}

static void services_keep_the_order_of_their_first_appearance(void **state) {
    (void)state;
    ibc_auto_compose *project = parsed_two("services: {z: {}, m: {}, a: {}, x-not: a service}",
                                           "services: {b: {}, a: {}, c: {}}");
    static const char *const names[] = {"z", "m", "a", "b", "c"};
    assert_int_equal(project->service_count, IBC_ARRAY_SIZE(names));
    for (size_t i = 0; i < IBC_ARRAY_SIZE(names); i++) {
        assert_string_equal(project->services[i].name, names[i]);
    }
}

static void networks_and_secrets_are_merged_by_key(void **state) {
    (void)state;
    ibc_auto_compose *project = parsed_two(
        "networks: {default: {driver_opts: {com.docker.network.bridge.host_binding_ipv4: "
        "127.0.0.1}}, n: {}}\nsecrets: {a: {file: x}, b: {file: x}}",
        "networks: {default: {driver: bridge}, n: {driver_opts: "
        "{com.docker.network.bridge.host_binding_ipv4: 0.0.0.0}}}\nsecrets: {b: {file: y}}");
    assert_int_equal(project->network_count, 2);
    assert_string_equal(value(&project->networks[0].host_binding), "127.0.0.1");
    assert_string_equal(value(&project->networks[1].host_binding), "0.0.0.0");
    assert_int_equal(project->secret_count, 2);
    assert_string_equal(value(&project->secrets[0].file), "x");
    assert_string_equal(value(&project->secrets[1].file), "y");
}

static void reset_takes_away_and_override_replaces(void **state) {
    (void)state;
    ibc_auto_compose *project = parsed_two(
        "services:\n"
        "  s: {restart: always, ports: [\"1:2\"], environment: {A: 1, B: 1}, tmpfs: /t,\n"
        "      deploy: {restart_policy: {condition: any}}, env_file: a.env}\n"
        "  t: {environment: {A: 1}, restart: always, ports: [\"1:2\"]}\n"
        "  u: {image: a}\n"
        "  v: {image: a, user: a}\n",
        "services:\n"
        "  s: {restart: !reset null, ports: !override [\"3:4\"], environment: {A: !reset null},\n"
        "      tmpfs: !reset [], deploy: !reset {}, env_file: !reset null}\n"
        "  t: {environment: !override {B: 2}, ports: !reset [\"9:9\"]}\n"
        "  u: !reset null\n"
        "  v: !override {image: b}\n");
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_null(service->restart.written);
    assert_int_equal(service->port_count, 1);
    assert_int_equal(service->ports[0].target, 4);
    assert_string_equal(variable(service, "A"), "(none)");
    assert_string_equal(variable(service, "B"), "1");
    assert_int_equal(service->mount_count, 0);
    assert_int_equal(service->env_file_count, 0);
    assert_null(service->deploy_restart.written);
    service = service_of(project, "t");
    assert_string_equal(variable(service, "A"), "(none)");
    assert_string_equal(variable(service, "B"), "2");
    assert_string_equal(value(&service->restart), "always");
    assert_int_equal(service->port_count, 0);
    assert_null(ibc_compose_service_of(project, "u"));
    service = service_of(project, "v");
    assert_string_equal(value(&service->image), "b");
    assert_null(service->user.written);
}

static void a_service_takes_over_what_it_extends(void **state) {
    (void)state;
    ibc_auto_compose *project = parsed_two(
        "services:\n"
        "  root: {restart: always, image: one, environment: {A: root, B: root}, ports: [\"1:2\"]}\n"
        "  base: {extends: root, environment: [B=base, C=base]}\n"
        "  s: {extends: {service: base}, image: two, environment: [C=s], ports: [\"3:4\"]}\n",
        "services: {s: {restart: \"no\"}, base: {environment: {D: later}}}");
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_string_equal(value(&service->restart), "no");
    assert_string_equal(value(&service->image), "two");
    assert_string_equal(variable(service, "A"), "root");
    assert_string_equal(variable(service, "B"), "base");
    assert_string_equal(variable(service, "C"), "s");
    assert_int_equal(service->port_count, 2);
    assert_null(service->unread.written);
    assert_string_equal(value(&service_of(project, "base")->restart), "always");
}

static void what_cannot_be_followed_is_told(void **state) {
    (void)state;
    ibc_auto_compose *project =
        parsed_one("services:\n"
                   "  a: {extends: {file: other.yml, service: x}, image: i}\n"
                   "  b: {extends: nobody}\n"
                   "  c: {extends: c}\n"
                   "  d: {extends: e}\n"
                   "  e: {extends: d}\n"
                   "  f: {image: i}\n"
                   "include:\n  - path: more.yml\n");
    const struct ibc_compose_service *service = service_of(project, "a");
    assert_string_equal(value(&service->unread), "other.yml");
    assert_int_equal(service->unread.place.line, 2);
    assert_string_equal(value(&service->image), "i");
    assert_string_equal(value(&service_of(project, "b")->unread), "nobody");
    assert_non_null(service_of(project, "c")->unread.written);
    assert_non_null(service_of(project, "d")->unread.written);
    assert_null(service_of(project, "f")->unread.written);
    assert_string_equal(value(&project->unread.text), "more.yml");
    assert_int_equal(project->unread.text.place.line, 9);
}

/* Each of so many services extends a large one. */
static void what_is_taken_over_has_a_limit(void **state) {
    (void)state;
    enum { LARGE = 2000, MANY = 1000, ROOM = 200000 };
    char *text = test_malloc(ROOM);
    size_t used = (size_t)snprintf(text, ROOM, "services:\n  base:\n    labels:\n");
    for (int i = 0; i < LARGE; i++) {
        used += (size_t)snprintf(text + used, ROOM - used, "      - a=%d\n", i);
    }
    for (int i = 0; i < MANY; i++) {
        used += (size_t)snprintf(text + used, ROOM - used, "  s%d: {extends: base}\n", i);
    }
    const char *const texts[] = {text, NULL};
    struct ibc_compose_project *project;
    struct ibc_error err;
    assert_int_equal(parse_with(texts, NULL, NULL, &project, &err), IBC_ERR_DATA);
    assert_non_null(strstr(err.text, "take over too much"));
    test_free(text);
}

static void there_is_a_most_of_files(void **state) {
    (void)state;
    struct ibc_compose_source sources[IBC_COMPOSE_FILES_MAX + 1];
    for (size_t i = 0; i <= IBC_COMPOSE_FILES_MAX; i++) {
        sources[i] = (struct ibc_compose_source){"x.yml", ibc_view_of("services: {s: {image: i}}")};
    }
    struct ibc_compose_project *project;
    struct ibc_error err;
    assert_int_equal(
        ibc_compose_parse(sources, IBC_COMPOSE_FILES_MAX + 1, NULL, NULL, &project, &err),
        IBC_ERR_DATA);
    assert_int_equal(ibc_compose_parse(sources, IBC_COMPOSE_FILES_MAX, NULL, NULL, &project, &err),
                     IBC_OK);
    assert_int_equal(project->file_count, IBC_COMPOSE_FILES_MAX);
    ibc_compose_free(&project);
    ibc_compose_free(&project);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_later_scalar_counts_and_its_place_is_told),
        cmocka_unit_test(a_null_changes_nothing),
        cmocka_unit_test(variables_are_merged_by_name_across_forms),
        cmocka_unit_test(ports_are_united_and_mounts_replaced_by_target),
        cmocka_unit_test(names_are_united),
        cmocka_unit_test(services_keep_the_order_of_their_first_appearance),
        cmocka_unit_test(networks_and_secrets_are_merged_by_key),
        cmocka_unit_test(reset_takes_away_and_override_replaces),
        cmocka_unit_test(a_service_takes_over_what_it_extends),
        cmocka_unit_test(what_cannot_be_followed_is_told),
        cmocka_unit_test(what_is_taken_over_has_a_limit),
        cmocka_unit_test(there_is_a_most_of_files),
    };
    return cmocka_run_group_tests(tests, start_secrets, NULL);
}
