/* load.c - the files of a project: where Compose finds them, and reading them. */
#include "compose/building.h"

#include <ibcred/file.h>

static const char no_file[] = "";

static const char *const main_names[] = {"compose.yaml", "compose.yml", "docker-compose.yml",
                                         "docker-compose.yaml"};
static const char *const override_names[] = {"compose.override.yml", "compose.override.yaml",
                                             "docker-compose.override.yml",
                                             "docker-compose.override.yaml"};

/* The file's bytes, which stay as long as the project does. */
static enum ibc_status read_file(struct building *building, const char *path, size_t limit,
                                 const char *what, struct ibc_view *out, struct ibc_error *err) {
    ibc_auto_fd fd = -1;
    ibc_auto_secret bytes = {0};
    enum ibc_status status = ibc_file_open(path, what, &fd, err);
    if (status == IBC_OK) {
        status = ibc_file_read_all(fd, path, limit, &bytes, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    const char *copy = arena_text(building->arena, ibc_secret_view(&bytes));
    *out = (struct ibc_view){(const unsigned char *)copy, bytes.size};
    return copy ? IBC_OK : arena_fail(building->arena, err);
}

static enum ibc_status read_further(struct building *building, const char *path, size_t limit,
                                    struct ibc_view *out, struct ibc_error *err) {
    return read_file(building, path, limit, "file", out, err);
}

static enum ibc_status add_file(struct building *building, const char *path,
                                const char *directory) {
    struct ibc_view text;
    enum ibc_status status =
        read_file(building, path, IBC_COMPOSE_FILE_MAX, "compose file", &text, building->err);
    return status == IBC_OK ? building_add_file(building, path, directory, text) : status;
}

/* The first of the names that lies in the directory; `*added` tells whether one did. */
static enum ibc_status add_first(struct building *building, const char *directory,
                                 const char *const *names, size_t count, bool *added) {
    enum ibc_status status = IBC_ERR_NOT_FOUND;
    for (size_t i = 0; i < count && status == IBC_ERR_NOT_FOUND; i++) {
        const char *path = building_path(building, directory, names[i]);
        status =
            path ? add_file(building, path, directory) : arena_fail(building->arena, building->err);
    }
    *added = status == IBC_OK;
    return status == IBC_ERR_NOT_FOUND ? IBC_OK : status;
}

static enum ibc_status discover(struct building *building, const char *directory) {
    bool added;
    enum ibc_status status =
        add_first(building, directory, main_names, IBC_ARRAY_SIZE(main_names), &added);
    if (status == IBC_OK && !added) {
        return ibc_fail(building->err, IBC_ERR_NOT_FOUND,
                        "there is no compose.yaml and no docker-compose.yml in %s; name the file, "
                        "or go to where it is",
                        directory[0] != '\0' ? directory : "this directory");
    }
    return status == IBC_OK ? add_first(building, directory, override_names,
                                        IBC_ARRAY_SIZE(override_names), &added)
                            : status;
}

/* The next path of $COMPOSE_FILE, which is not empty; `*out` is NULL after the last one. */
static enum ibc_status next_listed(struct building *building, const char **list, const char **out) {
    static const char variable[] = "COMPOSE_PATH_SEPARATOR";
    const char *separator = lookup_find(&building->lookup, variable, strlen(variable));
    separator = separator && separator[0] != '\0' ? separator : ":";
    while (**list != '\0' && strncmp(*list, separator, strlen(separator)) == 0) {
        *list += strlen(separator);
    }
    *out = NULL;
    if (**list == '\0') {
        return IBC_OK;
    }
    const char *end = strstr(*list, separator);
    const size_t size = end ? (size_t)(end - *list) : strlen(*list);
    *out = arena_text(building->arena, (struct ibc_view){(const unsigned char *)*list, size});
    *list += size;
    return *out ? IBC_OK : arena_fail(building->arena, building->err);
}

static const char *compose_file(const struct building *building) {
    static const char variable[] = "COMPOSE_FILE";
    const char *list = lookup_find(&building->lookup, variable, strlen(variable));
    return list ? list : no_file;
}

/* The paths of $COMPOSE_FILE start from `base`, and what those files name from `directory`. */
static enum ibc_status add_listed(struct building *building, const char *base,
                                  const char *directory) {
    const char *list = compose_file(building), *name;
    enum ibc_status status = next_listed(building, &list, &name);
    while (status == IBC_OK && name) {
        const char *path = building_path(building, base, name);
        status =
            path ? add_file(building, path, directory) : arena_fail(building->arena, building->err);
        if (status == IBC_OK) {
            status = next_listed(building, &list, &name);
        }
    }
    return status;
}

static enum ibc_status add_named(struct building *building, const char *directory,
                                 const struct ibc_compose_request *request) {
    for (size_t i = 0; i < request->file_count; i++) {
        const char *path = arena_text(building->arena, ibc_view_of(request->files[i]));
        enum ibc_status status =
            path ? add_file(building, path, directory) : arena_fail(building->arena, building->err);
        if (status != IBC_OK) {
            return status;
        }
    }
    return IBC_OK;
}

/* Where the project lies: where it is said to, or beside its first file, or here. */
static enum ibc_status find_directory(struct building *building,
                                      const struct ibc_compose_request *request, const char **out) {
    const char *list = compose_file(building), *first = no_file;
    enum ibc_status status = IBC_OK;
    if (request->directory) {
        *out = arena_text(building->arena, ibc_view_of(request->directory));
    } else if (request->file_count > 0) {
        *out = building_parent(building, request->files[0]);
    } else {
        status = next_listed(building, &list, &first);
        first = status == IBC_OK && first ? building_path(building, no_file, first) : no_file;
        *out = first ? building_parent(building, first) : NULL;
    }
    return status == IBC_OK && !*out ? arena_fail(building->arena, building->err) : status;
}

static enum ibc_status read_variables(struct building *building, const char *directory,
                                      const struct ibc_compose_request *request) {
    const char *path = request->env_file
                           ? arena_text(building->arena, ibc_view_of(request->env_file))
                           : building_path(building, directory, ".env");
    if (!path) {
        return arena_fail(building->arena, building->err);
    }
    struct ibc_view text = {0};
    enum ibc_status status =
        read_file(building, path, IBC_COMPOSE_FILE_MAX, "env file", &text, building->err);
    if (status == IBC_ERR_NOT_FOUND && !request->env_file) {
        path = NULL;
        status = IBC_OK;
    }
    return status == IBC_OK ? building_set_variables(building, path, text, request->environment)
                            : status;
}

static enum ibc_status add_files(struct building *building, const char *directory,
                                 const struct ibc_compose_request *request) {
    if (request->file_count > 0) {
        return add_named(building, directory, request);
    }
    if (compose_file(building)[0] != '\0') {
        return add_listed(building, request->directory ? directory : no_file, directory);
    }
    return discover(building, directory);
}

static enum ibc_status prepare_files(struct building *building, const void *context) {
    const struct ibc_compose_request *request = context;
    building->read = read_further;
    building->profiles = request->profiles;
    building->profile_count = request->profile_count;
    const char *directory;
    enum ibc_status status =
        building_set_variables(building, NULL, (struct ibc_view){0}, request->environment);
    if (status == IBC_OK) {
        status = find_directory(building, request, &directory);
    }
    if (status == IBC_OK) {
        status = read_variables(building, directory, request);
    }
    /* The env file may have had a $COMPOSE_FILE of its own. */
    if (status == IBC_OK) {
        status = find_directory(building, request, &directory);
    }
    if (status == IBC_OK) {
        status = add_files(building, directory, request);
    }
    building->project->own_file_count = building->project->file_count;
    return status;
}

enum ibc_status ibc_compose_load(const struct ibc_compose_request *request,
                                 struct ibc_compose_project **out, struct ibc_error *err) {
    return building_run(prepare_files, request, out, err);
}
