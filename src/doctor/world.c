/* world.c - gathering what the rules judge beside the text of the files. */
#include "base/environment.h"
#include "doctor/surroundings.h"

#include <ibcred/doctor.h>
#include <ibcred/lease.h>

#include <libgen.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PERMISSIONS = 07777 };

/* `path` as seen from the directory of the project's first file. False where it is too long. */
static bool from_project(const struct ibc_compose_project *project, const char *path,
                         char out[static PATH_MAX]) {
    char first[PATH_MAX];
    if (path[0] == '/' || project->file_count == 0) {
        return (size_t)snprintf(out, PATH_MAX, "%s", path) < PATH_MAX;
    }
    if ((size_t)snprintf(first, sizeof first, "%s", project->files[0]) >= sizeof first) {
        return false;
    }
    return (size_t)snprintf(out, PATH_MAX, "%s/%s", dirname(first), path) < PATH_MAX;
}

/* Was it put there by ibcred: does it, or the directory that it lies in, have a lease's name? */
static bool is_delivered(const char *path) {
    char whole[PATH_MAX];
    if (!realpath(path, whole)) {
        return false;
    }
    char *slash = strrchr(whole, '/');
    if (ibc_lease_is(slash + 1, IBC_LEASE_FILE)) {
        return true;
    }
    *slash = '\0';
    slash = strrchr(whole, '/');
    return slash && ibc_lease_is(slash + 1, IBC_LEASE_DIRECTORY);
}

static void look_at(const char *path, struct ibc_doctor_file *file) {
    struct stat info;
    file->there = stat(path, &info) == 0 && S_ISREG(info.st_mode);
    if (file->there) {
        file->mode = info.st_mode & PERMISSIONS;
        file->delivered = is_delivered(path);
    }
}

static struct ibc_doctor_file *add_file(struct ibc_doctor_world *world, const char *path) {
    for (size_t i = 0; i < world->file_count; i++) {
        if (strcmp(world->files[i].path, path) == 0) {
            return &world->files[i];
        }
    }
    world->files[world->file_count].path = path;
    return &world->files[world->file_count++];
}

static void add_env_file(struct ibc_doctor_world *world, const char *path) {
    const size_t before = world->file_count;
    struct ibc_doctor_file *file = add_file(world, path);
    if (world->file_count > before) {
        look_at(path, file);
        const enum git_answer tracked = file->there && !file->delivered ? is_tracked(path) : GIT_NO;
        file->tracked = tracked == GIT_YES;
        file->git_silent = tracked == GIT_SILENT;
    }
}

static void add_files_of_service(struct ibc_doctor_world *world,
                                 const struct ibc_compose_service *service) {
    const char *last = NULL;
    for (size_t i = 0; service->env_file_count > 0 && i < service->variable_count; i++) {
        const struct ibc_compose_variable *variable = &service->variables[i];
        const char *path = variable->place.file;
        if (variable->from_env_file && ibc_doctor_is_credential(variable->name) && path &&
            path != last) {
            add_env_file(world, path);
            last = path;
        }
    }
}

static void add_env_files(struct ibc_doctor_world *world,
                          const struct ibc_compose_project *project) {
    bool credential = false;
    for (size_t i = 0; i < project->binding_count; i++) {
        credential |= ibc_doctor_is_credential(project->bindings[i].name);
    }
    if (credential && project->bindings[0].place.file) {
        add_env_file(world, project->bindings[0].place.file);
    }
    for (size_t i = 0; i < project->service_count; i++) {
        add_files_of_service(world, &project->services[i]);
    }
}

static void add_secrets(struct ibc_doctor_world *world, const struct ibc_compose_project *project) {
    for (size_t i = 0; i < project->secret_count; i++) {
        char path[PATH_MAX];
        const char *name = project->secrets[i].file.value;
        if (name && name[0] != '\0' && from_project(project, name, path)) {
            look_at(path, add_file(world, name));
        }
    }
}

/* A credential has one file a service at most, for each of a handful of names. */
static size_t most_files(const struct ibc_compose_project *project) {
    size_t most = 1 + project->secret_count;
    for (size_t i = 0; i < project->service_count; i++) {
        most += project->services[i].env_file_count;
    }
    return most;
}

/* --- the override ----------------------------------------------------------------------------- */

static bool is_read(const struct ibc_compose_project *project, const struct stat *info) {
    for (size_t i = 0; i < project->file_count; i++) {
        struct stat other;
        if (stat(project->files[i], &other) == 0 && other.st_dev == info->st_dev &&
            other.st_ino == info->st_ino) {
            return true;
        }
    }
    return false;
}

/* As Docker Compose names them; an override is one whatever the first file is called. */
static char *unread_override(const struct ibc_compose_project *project) {
    static const char *const names[] = {"compose.override.yaml", "compose.override.yml",
                                        "docker-compose.override.yml",
                                        "docker-compose.override.yaml"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(names); i++) {
        char path[PATH_MAX];
        struct stat info;
        if (from_project(project, names[i], path) && stat(path, &info) == 0 &&
            !is_read(project, &info)) {
            return strdup(strncmp(path, "./", 2) == 0 ? path + 2 : path);
        }
    }
    return NULL;
}

/* --- the machine ------------------------------------------------------------------------------ */

static struct ibc_doctor_own_file own_file(const char *path) {
    struct ibc_doctor_own_file file = {.path = path};
    struct stat info;
    if (path && stat(path, &info) == 0) {
        file.there = true;
        file.mode = info.st_mode & PERMISSIONS;
    }
    return file;
}

/* docker(1), "Environment variables"; docker-compose takes DOCKER_TLS_VERIFY only. */
static bool is_daemon_exposed(char *const *environment) {
    static const char scheme[] = "tcp://";
    const char *host = environment_value(environment, "DOCKER_HOST");
    if (strncmp(host, scheme, strlen(scheme)) != 0 ||
        environment_value(environment, "DOCKER_TLS_VERIFY")[0] != '\0' ||
        environment_value(environment, "DOCKER_TLS")[0] != '\0') {
        return false;
    }
    host += strlen(scheme);
    return strncmp(host, "127.", 4) != 0 && strncmp(host, "localhost", 9) != 0 &&
           strncmp(host, "[::1]", 5) != 0;
}

static void look_at_runtimes(const struct ibc_doctor_request *request,
                             struct ibc_doctor_world *world) {
    world->runtime = request->runtime_count > 0 ? request->runtimes[0] : NULL;
    for (size_t i = 0; i < request->runtime_count && !world->runtime_on_tmpfs; i++) {
        world->runtime_on_tmpfs = on_tmpfs(request->runtimes[i]);
        world->runtime_swaps = world->runtime_on_tmpfs && can_be_swapped(request->runtimes[i]);
    }
}

static void look_at_machine(const struct ibc_doctor_request *request,
                            struct ibc_doctor_world *world) {
    struct timespec now;
    world->vault = own_file(request->vault);
    world->identity = own_file(request->identity);
    if (world->identity.there) {
        world->identity.in_git = in_work_tree(request->identity) && !is_ignored(request->identity);
    }
    look_at_runtimes(request, world);
    world->swap = plain_swap();
    clock_gettime(CLOCK_REALTIME, &now);
    world->now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    world->built_ms = program_made_ms();
    world->audited_ms = last_audit_ms(request->state);
    world->clock_adrift = clock_is_adrift();
    world->daemon_exposed = is_daemon_exposed(request->environment);
}

enum ibc_status ibc_doctor_world_gather(const struct ibc_compose_project *project,
                                        const struct ibc_doctor_request *request,
                                        struct ibc_doctor_world *out, struct ibc_error *err) {
    *out = (struct ibc_doctor_world){0};
    out->files = calloc(most_files(project), sizeof *out->files);
    if (!out->files) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the files of the project");
    }
    add_env_files(out, project);
    add_secrets(out, project);
    out->override = unread_override(project);
    if (request->machine || request->policy_trouble) {
        out->policy = own_file(request->policy);
        out->policy_trouble = request->policy_trouble;
    }
    if (request->machine) {
        look_at_machine(request, out);
    }
    return IBC_OK;
}

void ibc_doctor_world_free(struct ibc_doctor_world *world) {
    free(world->files);
    free(world->override);
    free(world->swap);
    *world = (struct ibc_doctor_world){0};
}
