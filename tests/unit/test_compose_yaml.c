/* test_compose_yaml.c - the YAML of compose files: anchors, merge keys, tags, places, limits. */
#include "compose_fixture.h"

static void anchors_and_aliases_carry_values(void **state) {
    (void)state;
    ibc_auto_compose *project =
        parsed_one("x-a: &image one\n"
                   "x-e: &env {A: 1, B: 2}\n"
                   "x-p: &ports [\"1:2\", \"3:4\"]\n"
                   "services:\n"
                   "  s: {image: *image, environment: *env, ports: *ports}\n"
                   "  t: {image: *image, environment: *env}\n");
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_string_equal(value(&service->image), "one");
    assert_string_equal(variable(service, "B"), "2");
    assert_int_equal(service->port_count, 2);
    assert_string_equal(variable(service_of(project, "t"), "A"), "1");
}

static void a_later_anchor_of_a_name_counts_from_there_on(void **state) {
    (void)state;
    ibc_auto_compose *project = parsed_one("x: [&a one, *a, &a two]\n"
                                           "services: {s: {image: *a}}\n");
    assert_string_equal(value(&service_of(project, "s")->image), "two");
}

static void explicit_keys_win_over_merged_ones_and_the_first_of_a_list_over_the_second(
    void **state) {
    (void)state;
    ibc_auto_compose *project = parsed_one("x-a: &a {A: a, B: a, C: a}\n"
                                           "x-b: &b {B: b, C: b, D: b}\n"
                                           "x-s: &s {restart: always, image: one}\n"
                                           "services:\n"
                                           "  s:\n"
                                           "    <<: *s\n"
                                           "    image: two\n"
                                           "    environment:\n"
                                           "      C: own\n"
                                           "      <<: [*a, *b]\n");
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_string_equal(value(&service->restart), "always");
    assert_string_equal(value(&service->image), "two");
    assert_string_equal(variable(service, "A"), "a");
    assert_string_equal(variable(service, "B"), "a");
    assert_string_equal(variable(service, "C"), "own");
    assert_string_equal(variable(service, "D"), "b");
    assert_int_equal(service->variable_count, 4);
}

static void merge_keys_go_through_what_merged_itself(void **state) {
    (void)state;
    ibc_auto_compose *project = parsed_one("x-a: &a {restart: always, user: \"1\"}\n"
                                           "x-b: &b {<<: *a, user: \"2\"}\n"
                                           "services: {s: {<<: *b}}\n");
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_string_equal(value(&service->restart), "always");
    assert_string_equal(value(&service->user), "2");
}

static void scalars_are_text_as_they_are_written(void **state) {
    (void)state;
    ibc_auto_compose *project =
        parsed_one("services:\n"
                   "  s:\n"
                   "    restart: no\n"
                   "    user: 0x1F\n"
                   "    image: 1e3\n"
                   "    ports: [22:22, 4002:4002]\n"
                   "    environment: {A: yes, B: 010, C: \"\", D: 'it''s',\n"
                   "                  E: \"tab\\tA\\x41\"}\n");
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_string_equal(value(&service->restart), "no");
    assert_string_equal(value(&service->user), "0x1F");
    assert_string_equal(value(&service->image), "1e3");
    assert_int_equal(service->ports[0].target, 22);
    assert_int_equal(service->ports[1].published, 4002);
    assert_string_equal(variable(service, "A"), "yes");
    assert_string_equal(variable(service, "B"), "010");
    assert_string_equal(variable(service, "C"), "");
    assert_string_equal(variable(service, "D"), "it's");
    assert_string_equal(variable(service, "E"), "tab\tAA");
}

static void a_key_that_stands_twice_is_refused_at_its_second_place(void **state) {
    (void)state;
    assert_refused_at("services:\n  s: {image: a}\n  s: {image: b}\n", "3:3", "twice");
    assert_refused_at("services: {}\nx: 1\nx: 2\n", "3:1", "twice");
    assert_refused_at("x: {a: 1, b: 2, c: 3, a: 4}\n", "1:23", "twice");
    assert_refused_at("x: &x {}\ny: {<<: *x, <<: *x}\n", "2:13", "second `<<`");
}

static void what_is_no_compose_file_is_refused_with_its_place(void **state) {
    (void)state;
    assert_refused_at("", "1:1", "is a mapping");
    assert_refused_at("- a\n", "1:1", "is a mapping");
    assert_refused_at("services: {}\n---\nservices: {}\n", "2:1", "second document");
    assert_refused_at("services:\n\ts: 1\n", "2:1", "not YAML");
    assert_refused_at("services: \"\xff\"\n", "1:12", "not YAML");
    assert_refused_at("services: [a]\n", "1:1", "must be a mapping");
    assert_refused_at("services: {s: text}\n", "1:15", "a service must be a mapping");
    assert_refused_at("services: {s: {image: [a]}}\n", "1:23", "one value");
    assert_refused_at("services: {s: {ports: {a: b}}}\n", "1:23", "a list");
    assert_refused_at("services: {s: {environment: text}}\n", "1:29", "list or a mapping");
    assert_refused_at("services: {s: {deploy: text}}\n", "1:24", "a mapping");
    assert_refused_at("services: {s: {environment: [{A: b}]}}\n", "1:30", "NAME=value");
    assert_refused_at("services: {s: {image: \"a\\0b\"}}\n", "1:23", "NUL");
    assert_refused_at("services: {[a]: b}\n", "1:12", "key");
    assert_refused_at("services: {s: *nobody}\n", "1:15", "alias");
    assert_refused_at("services: {s: &s {image: *s}}\n", "1:26", "alias");
    assert_refused_at("services: {s: {<<: text}}\n", "1:16", "no mapping");
}

static void a_bomb_of_aliases_is_refused(void **state) {
    (void)state;
    char text[4096] = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    size_t used = strlen(text);
    for (int i = 1; i < 10; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "a%d: &a%d [", i, i);
        for (int j = 0; j < 10; j++) {
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "%s*a%d", j ? ", " : "", i - 1);
        }
        used += (size_t)snprintf(text + used, sizeof text - used, "]\n");
    }
    assert_refused_at(text, "6:50", "too many values");
}

static void a_bomb_of_merge_keys_is_refused(void **state) {
    (void)state;
    enum { KEYS = 1000, MERGES = 1100, ROOM = 60000 };
    char *text = test_malloc(ROOM);
    size_t used = (size_t)snprintf(text, ROOM, "x: &x\n");
    for (int i = 0; i < KEYS; i++) {
        used += (size_t)snprintf(text + used, ROOM - used, "  k%d: 1\n", i);
    }
    used += (size_t)snprintf(text + used, ROOM - used, "y:\n");
    for (int i = 0; i < MERGES; i++) {
        used += (size_t)snprintf(text + used, ROOM - used, "  - {<<: *x}\n");
    }
    const char *const texts[] = {text, NULL};
    struct ibc_compose_project *project;
    struct ibc_error err;
    assert_int_equal(parse_with(texts, NULL, NULL, &project, &err), IBC_ERR_DATA);
    assert_non_null(strstr(err.text, "too many values"));
    test_free(text);
}

static void many_anchors_are_told_apart(void **state) {
    (void)state;
    enum { ANCHORS = 3000, ROOM = 200000 };
    char *text = test_malloc(ROOM);
    size_t used = (size_t)snprintf(text, ROOM, "x:\n");
    for (int i = 0; i < ANCHORS; i++) {
        used += (size_t)snprintf(text + used, ROOM - used, "  - &a%d v%d\n", i, i);
    }
    used += (size_t)snprintf(text + used, ROOM - used, "services:\n  s:\n    environment:\n");
    for (int i = 0; i < ANCHORS; i++) {
        used += (size_t)snprintf(text + used, ROOM - used, "      K%d: *a%d\n", i, i);
    }
    ibc_auto_compose *project = parsed_one(text);
    const struct ibc_compose_service *service = service_of(project, "s");
    for (int i = 0; i < ANCHORS; i += 7) {
        char name[16], expected[16];
        snprintf(name, sizeof name, "K%d", i);
        snprintf(expected, sizeof expected, "v%d", i);
        assert_string_equal(variable(service, name), expected);
    }
    test_free(text);
}

/* `depth` lists in one another below the root. */
static char *nested(unsigned depth) {
    const size_t size = 2 * (size_t)depth + sizeof "x: \n";
    char *text = test_malloc(size);
    memcpy(text, "x: ", 3);
    memset(text + 3, '[', depth);
    memset(text + 3 + depth, ']', depth);
    memcpy(text + 3 + 2 * (size_t)depth, "\n", 2);
    return text;
}

static void nesting_has_a_limit_with_and_without_aliases(void **state) {
    (void)state;
    char *text = nested(IBC_COMPOSE_DEPTH_MAX - 1);
    ibc_auto_compose *project = parsed_one(text);
    assert_non_null(project);
    test_free(text);
    text = nested(IBC_COMPOSE_DEPTH_MAX);
    assert_refused_at(text, "1:67", "too deeply");
    test_free(text);
    text = nested(500);
    assert_refused_at(text, "1:67", "too deeply");
    test_free(text);

    char aliases[8192] = "a0: &a0 [x]\n";
    size_t used = strlen(aliases);
    for (int i = 1; i < 100; i++) {
        used += (size_t)snprintf(aliases + used, sizeof aliases - used, "a%d: &a%d [*a%d]\n", i, i,
                                 i - 1);
    }
    assert_refused_at(aliases, "63:12", "too deeply");
}

static void a_file_has_a_largest_size(void **state) {
    (void)state;
    const size_t size = IBC_COMPOSE_FILE_MAX + 1;
    char *text = test_malloc(size);
    memset(text, '#', size);
    memcpy(text, "services: {}\n", 13);
    const struct ibc_compose_source source = {"a.yml", {(const unsigned char *)text, size}};
    struct ibc_compose_source fits = source;
    fits.text.size--;
    struct ibc_compose_project *project;
    struct ibc_error err;
    assert_int_equal(ibc_compose_parse(&source, 1, NULL, NULL, &project, &err), IBC_ERR_DATA);
    assert_int_equal(ibc_compose_parse(&fits, 1, NULL, NULL, &project, &err), IBC_OK);
    ibc_compose_free(&project);
    test_free(text);
}

static void places_are_bytes_with_quotes_and_without_anchors_and_tags(void **state) {
    (void)state;
    static const char text[] = "# \xc3\xa9\xc3\xa9 \xe2\x82\xac\r\n"
                               "services:\r\n"
                               "  \"s\xc3\xa9\": &s !x # c\r\n"
                               "    # d\r\n"
                               "    image: &i \"one\" # e\r\n"
                               "    user: *i\r\n"
                               "    restart: !!str no\r\n"
                               "    stop_grace_period:\r\n"
                               "    ports:\r\n"
                               "      - 1:2\r\n"
                               "      - {target: 3}\r\n"
                               "    environment:\r\n"
                               "      - A=b c  # d\r\n"
                               "      - \xe2\x82\xac=x\r\n"
                               "    volumes: [ 'a:b' ]\r\n";
    ibc_auto_compose *project = parsed_one(text);
    const struct ibc_compose_service *service = service_of(project, "s\xc3\xa9");
    assert_stands(&service->place, text, "\"s\xc3\xa9\"");
    assert_int_equal(service->place.line, 3);
    assert_int_equal(service->place.column, 3);
    assert_int_equal(service->indent, 4);
    assert_int_equal(service->body.line, 5);
    assert_memory_equal(text + service->body.start, "image:", 6);
    assert_stands(&service->image.place, text, "\"one\"");
    assert_stands(&service->user.place, text, "*i");
    assert_string_equal(value(&service->user), "one");
    assert_stands(&service->restart.place, text, "no");
    assert_null(service->stop_grace_period.written);
    assert_stands(&service->ports[0].place, text, "1:2");
    assert_int_equal(service->ports[0].place.line, 10);
    assert_int_equal(service->ports[0].place.column, 9);
    assert_stands(&service->ports[1].place, text, "{target: 3}");
    assert_stands(&service->variables[0].place, text, "A=b c");
    assert_stands(&service->variables[1].text.place, text, "\xe2\x82\xac=x");
    assert_stands(&service->mounts[0].place, text, "'a:b'");
}

static void flow_style_and_aliased_services_have_no_indent(void **state) {
    (void)state;
    ibc_auto_compose *project = parsed_one("x-s: &s\n"
                                           "  image: a\n"
                                           "services:\n"
                                           "    one: {image: b}\n"
                                           "    two: *s\n"
                                           "    three:\n"
                                           "            image: c\n"
                                           "    four:\n");
    assert_int_equal(service_of(project, "one")->indent, 0);
    assert_int_equal(service_of(project, "two")->indent, 0);
    assert_int_equal(service_of(project, "three")->indent, 12);
    assert_int_equal(service_of(project, "four")->indent, 0);
}

static void block_scalars_and_comments_are_read(void **state) {
    (void)state;
    ibc_auto_compose *project = parsed_one("# one\nservices: # two\n"
                                           "  s:\n"
                                           "    environment:\n"
                                           "      A: |\n        two\n        lines\n"
                                           "      B: >-\n        one\n        line\n"
                                           "      C: plain # no comment: a#b\n");
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_string_equal(variable(service, "A"), "two\nlines\n");
    assert_string_equal(variable(service, "B"), "one line");
    assert_string_equal(variable(service, "C"), "plain");
}

static void sentences_show_no_value(void **state) {
    (void)state;
    static const char *const texts[] = {
        "services: {s: {environment: {A: [hunter2]}}}",
        "services: {s: {environment: [{hunter2: hunter2}]}}",
        "services: {s: {environment: {hunter2: 1, hunter2: 2}}}",
        "services: {s: {environment: {A: \"$hunter2 ${hunter2\"}}}",
        "services: {s: {environment: {A: hunter2 : hunter2}}}",
        "services: {s: {environment: {A: *hunter2}}}",
        "hunter2",
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(texts); i++) {
        const char *const one[] = {texts[i], NULL};
        struct ibc_compose_project *project;
        struct ibc_error err;
        assert_int_equal(parse_with(one, NULL, NULL, &project, &err), IBC_ERR_DATA);
        assert_null(strstr(err.text, "hunter2"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anchors_and_aliases_carry_values),
        cmocka_unit_test(a_later_anchor_of_a_name_counts_from_there_on),
        cmocka_unit_test(
            explicit_keys_win_over_merged_ones_and_the_first_of_a_list_over_the_second),
        cmocka_unit_test(merge_keys_go_through_what_merged_itself),
        cmocka_unit_test(scalars_are_text_as_they_are_written),
        cmocka_unit_test(a_key_that_stands_twice_is_refused_at_its_second_place),
        cmocka_unit_test(what_is_no_compose_file_is_refused_with_its_place),
        cmocka_unit_test(a_bomb_of_aliases_is_refused),
        cmocka_unit_test(a_bomb_of_merge_keys_is_refused),
        cmocka_unit_test(many_anchors_are_told_apart),
        cmocka_unit_test(nesting_has_a_limit_with_and_without_aliases),
        cmocka_unit_test(a_file_has_a_largest_size),
        cmocka_unit_test(places_are_bytes_with_quotes_and_without_anchors_and_tags),
        cmocka_unit_test(flow_style_and_aliased_services_have_no_indent),
        cmocka_unit_test(block_scalars_and_comments_are_read),
        cmocka_unit_test(sentences_show_no_value),
    };
    return cmocka_run_group_tests(tests, start_secrets, NULL);
}
