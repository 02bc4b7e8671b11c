/*
 * compose_dump.c - what ibc_compose_load() understood, as JSON: for tests that hold it against the
 * real Compose.
 *
 *   compose_dump [--directory DIR] [--env-file FILE] [--profile NAME]… [FILE…]
 *
 * Exits 0, or 1 with the sentence on stderr. A test's tool: values are printed as they are.
 */
#include <ibcred/compose.h>

#include <getopt.h>
#include <jansson.h>
#include <unistd.h>

enum { PROFILES_MAX = 16 };

static json_t *place_json(const struct ibc_place *place) {
    return json_pack("{s:s?, s:i, s:i, s:i, s:i}", "file", place->file, "line", (int)place->line,
                     "column", (int)place->column, "start", (int)place->start, "end",
                     (int)place->end);
}

static json_t *text_json(const struct ibc_compose_text *text) {
    if (!text->written && !text->value) {
        return json_null();
    }
    return json_pack("{s:s?, s:s?, s:b, s:b, s:o}", "written", text->written, "value", text->value,
                     "interpolated", text->interpolated, "literal", text->literal, "place",
                     place_json(&text->place));
}

static json_t *variables_json(const struct ibc_compose_service *service) {
    json_t *all = json_object();
    for (size_t i = 0; i < service->variable_count; i++) {
        const struct ibc_compose_variable *variable = &service->variables[i];
        json_t *one = text_json(&variable->text);
        json_object_set_new(one, "from_env_file", json_boolean(variable->from_env_file));
        json_object_set_new(one, "entry", place_json(&variable->place));
        json_object_set_new(all, variable->name, one);
    }
    return all;
}

static json_t *ports_json(const struct ibc_compose_service *service) {
    json_t *all = json_array();
    for (size_t i = 0; i < service->port_count; i++) {
        const struct ibc_compose_port *port = &service->ports[i];
        json_array_append_new(all, json_pack("{s:s, s:[ii], s:[ii], s:b, s:b, s:o, s:o}", "host",
                                             port->host, "published", (int)port->published,
                                             (int)port->published_last, "target", (int)port->target,
                                             (int)port->target_last, "udp", port->udp, "long_form",
                                             port->long_form, "text", text_json(&port->text),
                                             "place", place_json(&port->place)));
    }
    return all;
}

static json_t *mounts_json(const struct ibc_compose_service *service) {
    static const char *const types[] = {"", "bind", "volume", "tmpfs", "other"};
    json_t *all = json_array();
    for (size_t i = 0; i < service->mount_count; i++) {
        const struct ibc_compose_mount *mount = &service->mounts[i];
        json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:b, s:o}", "type",
                                             types[mount->type], "source", mount->source, "target",
                                             mount->target, "read_only", mount->read_only, "place",
                                             place_json(&mount->place)));
    }
    return all;
}

static json_t *names_json(const struct ibc_compose_name *names, size_t count) {
    json_t *all = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *one = text_json(&names[i].text);
        json_object_set_new(one, "target", json_string(names[i].target));
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *service_json(const struct ibc_compose_service *service) {
    json_t *one =
        json_pack("{s:b, s:i, s:o, s:o, s:o}", "active", service->active, "indent",
                  (int)service->indent, "place", place_json(&service->place), "last_place",
                  place_json(&service->last_place), "body", place_json(&service->body));
    const struct {
        const char *key;
        const struct ibc_compose_text *text;
    } texts[] = {
        {"image", &service->image},
        {"container_name", &service->container_name},
        {"restart", &service->restart},
        {"stop_grace_period", &service->stop_grace_period},
        {"user", &service->user},
        {"network_mode", &service->network_mode},
        {"deploy_restart", &service->deploy_restart},
        {"deploy_restart_attempts", &service->deploy_restart_attempts},
        {"unread", &service->unread},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(texts); i++) {
        json_object_set_new(one, texts[i].key, text_json(texts[i].text));
    }
    json_object_set_new(one, "environment", variables_json(service));
    json_object_set_new(one, "ports", ports_json(service));
    json_object_set_new(one, "mounts", mounts_json(service));
    json_object_set_new(one, "env_files", names_json(service->env_files, service->env_file_count));
    json_object_set_new(one, "secrets", names_json(service->secrets, service->secret_count));
    json_object_set_new(one, "networks", names_json(service->networks, service->network_count));
    json_object_set_new(one, "profiles", names_json(service->profiles, service->profile_count));
    return one;
}

static json_t *project_json(const struct ibc_compose_project *project) {
    json_t *all = json_pack("{s:[], s:{}, s:{}, s:{}, s:[], s:o}", "files", "services", "secrets",
                            "networks", "bindings", "unread", text_json(&project->unread.text));
    json_object_set_new(all, "env_file", json_string(project->env_file));
    for (size_t i = 0; i < project->file_count; i++) {
        json_array_append_new(json_object_get(all, "files"), json_string(project->files[i]));
    }
    for (size_t i = 0; i < project->service_count; i++) {
        json_object_set_new(json_object_get(all, "services"), project->services[i].name,
                            service_json(&project->services[i]));
    }
    for (size_t i = 0; i < project->secret_count; i++) {
        const struct ibc_compose_secret *secret = &project->secrets[i];
        json_object_set_new(json_object_get(all, "secrets"), secret->name,
                            json_pack("{s:o, s:o, s:b}", "file", text_json(&secret->file),
                                      "environment", text_json(&secret->environment), "external",
                                      secret->external));
    }
    for (size_t i = 0; i < project->network_count; i++) {
        json_object_set_new(
            json_object_get(all, "networks"), project->networks[i].name,
            json_pack("{s:o}", "host_binding", text_json(&project->networks[i].host_binding)));
    }
    for (size_t i = 0; i < project->binding_count; i++) {
        const struct ibc_compose_binding *binding = &project->bindings[i];
        json_array_append_new(json_object_get(all, "bindings"),
                              json_pack("{s:s, s:s, s:o}", "name", binding->name, "value",
                                        binding->value, "place", place_json(&binding->place)));
    }
    return all;
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"directory", required_argument, NULL, 'd'},
                                            {"env-file", required_argument, NULL, 'e'},
                                            {"profile", required_argument, NULL, 'p'},
                                            {0}};
    const char *profiles[PROFILES_MAX];
    struct ibc_compose_request request = {.profiles = profiles, .environment = environ};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'd') {
            request.directory = optarg;
        } else if (option == 'e') {
            request.env_file = optarg;
        } else if (option == 'p' && request.profile_count < PROFILES_MAX) {
            profiles[request.profile_count++] = optarg;
        } else {
            return EXIT_FAILURE;
        }
    }
    request.files = (const char *const *)argv + optind;
    request.file_count = (size_t)(argc - optind);
    ibc_auto_compose *project = NULL;
    struct ibc_error err;
    if (ibc_secret_init(&err) != IBC_OK || ibc_compose_load(&request, &project, &err) != IBC_OK) {
        fprintf(stderr, "compose_dump: %s\n", err.text);
        return EXIT_FAILURE;
    }
    json_t *all = project_json(project);
    json_dumpf(all, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
    putchar('\n');
    json_decref(all);
    return EXIT_SUCCESS;
}
