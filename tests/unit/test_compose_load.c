/* test_compose_load.c - where compose files and env files are found. */
#include "compose_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 256 };

static char directory[PATH_ROOM];

/* Write a file below the directory of the test. */
static void lay(const char *name, const char *text) {
    char path[2 * PATH_ROOM];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int make_directory(void **state) {
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/test_compose_load.XXXXXX");
    if (!mkdtemp(directory)) {
        return -1;
    }
    char path[2 * PATH_ROOM];
    snprintf(path, sizeof path, "%s/sub", directory);
    return mkdir(path, 0700);
}

static const char *const all_names[] = {
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
    ".env",
    "a.yml",
    "b.yml",
    "x.env",
    "sub/c.yml",
    "sub/y.env",
    "sub/.env",
    "sub",
    "",
};

static int remove_directory(void **state) {
    (void)state;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(all_names); i++) {
        char path[2 * PATH_ROOM];
        snprintf(path, sizeof path, "%s/%s", directory, all_names[i]);
        (void)remove(path);
    }
    return 0;
}

static const char *path_of(const char *name) {
    static char paths[4][2 * PATH_ROOM];
    static size_t next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

static struct ibc_compose_project *loaded(const struct ibc_compose_request *request) {
    struct ibc_compose_project *project;
    struct ibc_error err;
    if (ibc_compose_load(request, &project, &err) != IBC_OK) {
        print_error("%s\n", err.text);
        fail();
    }
    return project;
}

static void assert_image(const struct ibc_compose_request *request, const char *image) {
    ibc_auto_compose *project = loaded(request);
    assert_string_equal(value(&service_of(project, "s")->image), image);
}

static void files_are_found_in_the_order_of_docker_compose_v2(void **state) {
    (void)state;
    const struct ibc_compose_request request = {.directory = directory};
    for (size_t i = 4; i > 0; i--) {
        char text[128];
        snprintf(text, sizeof text, "services: {s: {image: %s}}", all_names[i - 1]);
        lay(all_names[i - 1], text);
        assert_image(&request, all_names[i - 1]);
    }
    for (size_t i = 8; i > 4; i--) {
        char text[128];
        snprintf(text, sizeof text, "services: {s: {image: %s}}", all_names[i - 1]);
        lay(all_names[i - 1], text);
        assert_image(&request, all_names[i - 1]);
    }
    ibc_auto_compose *project = loaded(&request);
    assert_int_equal(project->file_count, 2);
    assert_string_equal(project->files[0], path_of("compose.yaml"));
    assert_string_equal(project->files[1], path_of("compose.override.yml"));
    assert_true(ibc_view_is(project->texts[0], "services: {s: {image: compose.yaml}}"));
}

static void where_no_file_is_the_sentence_says_so(void **state) {
    (void)state;
    const struct ibc_compose_request nothing = {.directory = directory};
    const char *files[] = {path_of("a.yml")};
    const struct ibc_compose_request named = {.files = files, .file_count = 1};
    struct ibc_compose_project *project;
    struct ibc_error err;
    assert_int_equal(ibc_compose_load(&nothing, &project, &err), IBC_ERR_NOT_FOUND);
    assert_null(project);
    assert_non_null(strstr(err.text, "compose.yaml"));
    assert_int_equal(ibc_compose_load(&named, &project, &err), IBC_ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "a.yml"));
    lay("a.yml", "services: {}");
    const struct ibc_compose_request without = {
        .files = files, .file_count = 1, .env_file = "/nonexistent/x.env"};
    assert_int_equal(ibc_compose_load(&without, &project, &err), IBC_ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "x.env"));
}

static void named_files_leave_the_override_out(void **state) {
    (void)state;
    lay("a.yml", "services: {s: {image: a, user: a}}");
    lay("b.yml", "services: {s: {image: b}}");
    lay("docker-compose.override.yml", "services: {s: {image: no}}");
    const char *files[] = {path_of("a.yml"), path_of("b.yml")};
    const struct ibc_compose_request request = {.files = files, .file_count = 2};
    ibc_auto_compose *project = loaded(&request);
    assert_string_equal(value(&service_of(project, "s")->image), "b");
    assert_string_equal(value(&service_of(project, "s")->user), "a");
    assert_int_equal(project->file_count, 2);
}

static void the_environment_names_files_and_their_separator(void **state) {
    (void)state;
    lay("a.yml", "services: {s: {image: a}}");
    lay("b.yml", "services: {s: {image: b}}");
    lay("compose.yaml", "services: {s: {image: no}}");
    char *const colon[] = {"COMPOSE_FILE=a.yml:./b.yml", NULL};
    char *const comma[] = {"COMPOSE_FILE=b.yml,,a.yml", "COMPOSE_PATH_SEPARATOR=,,", NULL};
    assert_image(&(struct ibc_compose_request){.directory = directory, .environment = colon}, "b");
    assert_image(&(struct ibc_compose_request){.directory = directory, .environment = comma}, "a");
    lay(".env", "COMPOSE_FILE=a.yml\n");
    assert_image(&(struct ibc_compose_request){.directory = directory}, "a");
}

/* What it names starts from where it lies, as with -f. */
static void files_of_the_environment_lie_where_the_project_does(void **state) {
    (void)state;
    lay("sub/c.yml", "services: {s: {image: \"$A\", env_file: y.env}}");
    lay("sub/y.env", "B=y\n");
    lay("sub/.env", "A=sub\n");
    lay(".env", "A=here\n");
    lay("a.yml", "services: {s: {restart: always}}");
    char list[6 * PATH_ROOM];
    snprintf(list, sizeof list, "COMPOSE_FILE=%s:%s", path_of("sub/c.yml"), path_of("a.yml"));
    char *const environment[] = {list, NULL};
    ibc_auto_compose *project = loaded(&(struct ibc_compose_request){.environment = environment});
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_string_equal(value(&service->image), "sub");
    assert_string_equal(value(&service->restart), "always");
    assert_string_equal(variable(service, "B"), "y");
    assert_string_equal(project->env_file, path_of("sub/.env"));
}

static void files_of_an_env_file_do_not_move_it(void **state) {
    (void)state;
    lay("sub/c.yml", "services: {s: {image: \"$A\", env_file: y.env}}");
    lay("sub/y.env", "B=y\n");
    lay("sub/.env", "A=sub\n");
    char text[6 * PATH_ROOM];
    snprintf(text, sizeof text, "A=here\nCOMPOSE_FILE=%s\n", path_of("sub/c.yml"));
    lay("x.env", text);
    ibc_auto_compose *project = loaded(&(struct ibc_compose_request){.env_file = path_of("x.env")});
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_string_equal(value(&service->image), "here");
    assert_string_equal(variable(service, "B"), "y");
}

static void variables_come_from_the_environment_then_the_env_file(void **state) {
    (void)state;
    lay("compose.yaml", "services: {s: {image: \"$A $B\"}}");
    lay(".env", "A=file\nB=file\n");
    lay("x.env", "A=other\n");
    char *const environment[] = {"A=own", NULL};
    assert_image(&(struct ibc_compose_request){.directory = directory}, "file file");
    assert_image(&(struct ibc_compose_request){.directory = directory, .environment = environment},
                 "own file");
    assert_image(
        &(struct ibc_compose_request){.directory = directory, .env_file = path_of("x.env")},
        "other ");
    const char *files[] = {path_of("compose.yaml")};
    const struct ibc_compose_request named = {.files = files, .file_count = 1};
    assert_image(&named, "file file");
    ibc_auto_compose *project = loaded(&named);
    assert_string_equal(project->env_file, path_of(".env"));
    assert_int_equal(project->binding_count, 2);
}

static void profiles_are_asked_for_by_name(void **state) {
    (void)state;
    lay("compose.yaml", "services: {s: {profiles: [a]}, t: {profiles: [b]}, u: {profiles: [c]}}");
    lay(".env", "COMPOSE_PROFILES=b\n");
    const char *profiles[] = {"a"};
    const struct ibc_compose_request request = {
        .directory = directory, .profiles = profiles, .profile_count = 1};
    ibc_auto_compose *project = loaded(&request);
    assert_true(service_of(project, "s")->active);
    assert_true(service_of(project, "t")->active);
    assert_false(service_of(project, "u")->active);
}

static void a_services_own_env_files_lie_below_its_environment(void **state) {
    (void)state;
    lay("x.env", "A=x\nB=x\nC='x y'\nE=$UNSET\n");
    lay("sub/y.env", "B=y\nD=y\n");
    lay("compose.yaml",
        "services:\n"
        "  s:\n"
        "    env_file: [./x.env, {path: sub/y.env}, {path: gone.env, required: false}]\n"
        "    environment: {D: own}\n");
    ibc_auto_compose *project = loaded(&(struct ibc_compose_request){.directory = directory});
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_string_equal(variable(service, "A"), "x");
    assert_string_equal(variable(service, "B"), "y");
    assert_string_equal(variable(service, "C"), "x y");
    assert_string_equal(variable(service, "D"), "own");
    assert_string_equal(variable(service, "E"), "");
    assert_int_equal(service->variable_count, 5);
    assert_int_equal(service->env_file_count, 3);
    assert_null(service->unread.written);
    const struct ibc_compose_variable *found = ibc_compose_variable_of(service, "B");
    assert_true(found->from_env_file);
    assert_string_equal(found->place.file, path_of("sub/y.env"));
    assert_int_equal(found->place.line, 1);
    assert_false(ibc_compose_variable_of(service, "D")->from_env_file);
}

static void an_env_file_that_is_none_is_told(void **state) {
    (void)state;
    lay("x.env", "A='open\n");
    lay("compose.yaml", "services: {s: {env_file: x.env, image: i}}");
    ibc_auto_compose *project = loaded(&(struct ibc_compose_request){.directory = directory});
    assert_string_equal(value(&service_of(project, "s")->unread), "x.env");
}

static void a_service_of_another_file_is_extended(void **state) {
    (void)state;
    lay("compose.yaml", "services:\n"
                        "  s: {extends: {file: ./sub/c.yml, service: base}, image: own}\n"
                        "  t: {extends: {file: sub/c.yml, service: base}}\n"
                        "  u: {extends: {file: gone.yml, service: base}}\n");
    lay("sub/c.yml", "services: {base: {extends: root, env_file: y.env, image: \"$A\"},\n"
                     "           root: {restart: always}}\n");
    lay("sub/y.env", "B=y\n");
    lay(".env", "A=a\n");
    ibc_auto_compose *project = loaded(&(struct ibc_compose_request){.directory = directory});
    const struct ibc_compose_service *service = service_of(project, "s");
    assert_string_equal(value(&service->image), "own");
    assert_string_equal(value(&service->restart), "always");
    assert_string_equal(service->restart.place.file, path_of("sub/c.yml"));
    assert_string_equal(variable(service, "B"), "y");
    assert_string_equal(value(&service_of(project, "t")->image), "a");
    assert_string_equal(value(&service_of(project, "u")->unread), "gone.yml");
    assert_int_equal(project->service_count, 3);
    assert_int_equal(project->file_count, 2);
    assert_int_equal(project->own_file_count, 1);
    assert_string_equal(project->files[1], path_of("sub/c.yml"));
}

static void a_broken_file_is_refused_with_its_name(void **state) {
    (void)state;
    lay("compose.yaml", "services: [\n");
    struct ibc_compose_project *project;
    struct ibc_error err;
    const struct ibc_compose_request request = {.directory = directory};
    assert_int_equal(ibc_compose_load(&request, &project, &err), IBC_ERR_DATA);
    assert_non_null(strstr(err.text, path_of("compose.yaml:2:1")));
    lay("compose.yaml", "services: {}\n");
    lay(".env", "A='open\n");
    assert_int_equal(ibc_compose_load(&request, &project, &err), IBC_ERR_DATA);
    assert_non_null(strstr(err.text, path_of(".env:1")));
}

int main(void) {
#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(files_are_found_in_the_order_of_docker_compose_v2),
        IN_DIRECTORY(where_no_file_is_the_sentence_says_so),
        IN_DIRECTORY(named_files_leave_the_override_out),
        IN_DIRECTORY(the_environment_names_files_and_their_separator),
        IN_DIRECTORY(files_of_the_environment_lie_where_the_project_does),
        IN_DIRECTORY(files_of_an_env_file_do_not_move_it),
        IN_DIRECTORY(variables_come_from_the_environment_then_the_env_file),
        IN_DIRECTORY(profiles_are_asked_for_by_name),
        IN_DIRECTORY(a_services_own_env_files_lie_below_its_environment),
        IN_DIRECTORY(an_env_file_that_is_none_is_told),
        IN_DIRECTORY(a_service_of_another_file_is_extended),
        IN_DIRECTORY(a_broken_file_is_refused_with_its_name),
    };
    return cmocka_run_group_tests(tests, start_secrets, NULL);
}
