/*
 * fuzz_compose.c - any bytes as compose files: refused, or understood with places that are in them.
 *
 * Lines with nothing but "%%%" cut the input: a file, one to lay over it, and an env file.
 */
#include <ibcred/compose.h>

enum { PARTS = 3 };

static char *const environment[] = {"HOME=/root", "EMPTY=", "DOLLAR=$HOME", "COMPOSE_PROFILES=a,b",
                                    NULL};
static const char *const names[PARTS] = {"one.yml", "two.yml", "x.env"};
static struct ibc_view parts[PARTS];

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void cut(struct ibc_view input) {
    static const char mark[] = "\n%%%\n";
    const size_t length = sizeof mark - 1;
    for (size_t i = 0; i < PARTS; i++) {
        const unsigned char *end =
            input.size > 0 ? memmem(input.bytes, input.size, mark, length) : NULL;
        parts[i] = input;
        parts[i].size = end ? (size_t)(end - input.bytes) : input.size;
        const size_t taken = end ? parts[i].size + length : input.size;
        input = (struct ibc_view){input.bytes + taken, input.size - taken};
    }
}

static void check_place(const struct ibc_place *place) {
    require(place->file != NULL && place->line >= 1 && place->column >= 1);
    for (size_t i = 0; i < PARTS; i++) {
        if (strcmp(place->file, names[i]) == 0) {
            require(place->start <= place->end && place->end <= parts[i].size);
            return;
        }
    }
    abort();
}

static size_t total;

static void check_text(const struct ibc_compose_text *text) {
    if (text->written) {
        total += strlen(text->written);
        check_place(&text->place);
    }
    total += text->value ? strlen(text->value) : 0;
}

static void check_names(const struct ibc_compose_name *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        require(list[i].text.written != NULL);
        check_text(&list[i].text);
        total += strlen(list[i].target);
    }
}

static void check_ports(const struct ibc_compose_service *service) {
    for (size_t i = 0; i < service->port_count; i++) {
        const struct ibc_compose_port *port = &service->ports[i];
        check_place(&port->place);
        check_text(&port->text);
        total += strlen(port->host);
        require(port->target <= port->target_last && port->target_last <= 65535);
        require(port->published <= port->published_last && port->published_last <= 65535);
    }
}

static void check_service(const struct ibc_compose_service *service) {
    check_place(&service->place);
    check_place(&service->last_place);
    check_place(&service->body);
    const struct ibc_compose_text *const texts[] = {
        &service->image,
        &service->container_name,
        &service->restart,
        &service->stop_grace_period,
        &service->user,
        &service->network_mode,
        &service->unread,
        &service->deploy_restart,
        &service->deploy_restart_attempts,
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(texts); i++) {
        check_text(texts[i]);
    }
    for (size_t i = 0; i < service->variable_count; i++) {
        check_text(&service->variables[i].text);
        check_place(&service->variables[i].place);
        total += strlen(service->variables[i].name);
    }
    if (service->variable_count > 0) {
        const char *name = service->variables[0].name;
        require(ibc_compose_variable_of(service, name) == service->variables);
    }
    check_ports(service);
    for (size_t i = 0; i < service->mount_count; i++) {
        check_place(&service->mounts[i].place);
        total += strlen(service->mounts[i].source) + strlen(service->mounts[i].target);
    }
    check_names(service->env_files, service->env_file_count);
    check_names(service->secrets, service->secret_count);
    check_names(service->networks, service->network_count);
    check_names(service->profiles, service->profile_count);
}

static void check_project(const struct ibc_compose_project *project) {
    for (size_t i = 0; i < project->service_count; i++) {
        const struct ibc_compose_service *service = &project->services[i];
        require(ibc_compose_service_of(project, service->name) == service);
        check_service(service);
    }
    for (size_t i = 0; i < project->secret_count; i++) {
        check_place(&project->secrets[i].place);
        check_text(&project->secrets[i].file);
        check_text(&project->secrets[i].environment);
    }
    for (size_t i = 0; i < project->network_count; i++) {
        check_text(&project->networks[i].host_binding);
    }
    for (size_t i = 0; i < project->binding_count; i++) {
        check_place(&project->bindings[i].place);
    }
    check_text(&project->unread.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cut((struct ibc_view){data, size});
    struct ibc_compose_source sources[PARTS];
    for (size_t i = 0; i < PARTS; i++) {
        sources[i] = (struct ibc_compose_source){names[i], parts[i]};
    }
    struct ibc_error err = {0};
    ibc_auto_compose *project = NULL;
    const size_t count = parts[1].size > 0 ? 2 : 1;
    if (ibc_compose_parse(sources, count, &sources[2], environment, &project, &err) != IBC_OK) {
        require(!project && err.status == IBC_ERR_DATA && err.text[0] != '\0');
        return 0;
    }
    check_project(project);
    return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    struct ibc_error err;
    return ibc_secret_init(&err) == IBC_OK ? 0 : -1;
}
