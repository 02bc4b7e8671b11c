/* compose.c - a project from its making to its end. */
#include "compose/building.h"

/* The project as everybody sees it, and the memory that it is made of. */
struct owned {
    struct ibc_compose_project project;
    struct arena arena;
};

enum ibc_status building_run(prepare_building *prepare, const void *context,
                             struct ibc_compose_project **out, struct ibc_error *err) {
    *out = NULL;
    struct owned *owned = calloc(1, sizeof *owned);
    if (!owned) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the compose files; free some, retry");
    }
    ibc_auto_compose *project = &owned->project;
    struct building *building = arena_items(&owned->arena, 1, sizeof *building);
    if (!building) {
        return arena_fail(&owned->arena, err);
    }
    building->project = project;
    building->arena = &owned->arena;
    building->err = err;
    interpolation_init(&building->interpolation, building->arena, &building->lookup, err);
    enum ibc_status status = prepare(building, context);
    if (status == IBC_OK) {
        status = build_project(building);
    }
    interpolation_free(&building->interpolation);
    if (status == IBC_OK) {
        *out = ibc_steal(&project);
    }
    return status;
}

void ibc_compose_free(struct ibc_compose_project **project) {
    if (*project) {
        struct owned *owned = (struct owned *)(void *)*project;
        arena_free(&owned->arena);
        free(owned);
        *project = NULL;
    }
}

/* What ibc_compose_parse() was given. */
struct sources {
    const struct ibc_compose_source *files;
    size_t count;
    const struct ibc_compose_source *env_file;
    char *const *environment;
};

/* A copy that lives as long as the project. */
static enum ibc_status take_source(struct building *building,
                                   const struct ibc_compose_source *source,
                                   struct ibc_compose_source *out) {
    out->name = arena_text(building->arena, ibc_view_of(source->name));
    out->text = (struct ibc_view){
        .bytes = (const unsigned char *)arena_text(building->arena, source->text),
        .size = source->text.size,
    };
    return out->name && out->text.bytes ? IBC_OK : arena_fail(building->arena, building->err);
}

static enum ibc_status prepare_sources(struct building *building, const void *context) {
    const struct sources *sources = context;
    struct ibc_compose_source source = {0};
    enum ibc_status status =
        sources->env_file ? take_source(building, sources->env_file, &source) : IBC_OK;
    if (status == IBC_OK) {
        status = building_set_variables(building, source.name, source.text, sources->environment);
    }
    for (size_t i = 0; i < sources->count && status == IBC_OK; i++) {
        status = take_source(building, &sources->files[i], &source);
        if (status == IBC_OK) {
            status = building_add_file(building, source.name, "", source.text);
        }
    }
    building->project->own_file_count = building->project->file_count;
    return status;
}

enum ibc_status ibc_compose_parse(const struct ibc_compose_source *files, size_t count,
                                  const struct ibc_compose_source *env_file,
                                  char *const *environment, struct ibc_compose_project **out,
                                  struct ibc_error *err) {
    const struct sources sources = {files, count, env_file, environment};
    return building_run(prepare_sources, &sources, out, err);
}

const struct ibc_compose_service *ibc_compose_service_of(const struct ibc_compose_project *project,
                                                         const char *name) {
    for (size_t i = 0; i < project->service_count; i++) {
        if (strcmp(project->services[i].name, name) == 0) {
            return &project->services[i];
        }
    }
    return NULL;
}

const struct ibc_compose_variable *ibc_compose_variable_of(
    const struct ibc_compose_service *service, const char *name) {
    for (size_t i = 0; i < service->variable_count; i++) {
        if (strcmp(service->variables[i].name, name) == 0) {
            return &service->variables[i];
        }
    }
    return NULL;
}
