/*
 * building.h - a project in the making: trees laid over one another, attribute by attribute.
 *
 * The trees stay as they are. What several of them say of one service is a row of layers, and each
 * attribute is looked for in them by the rules that Compose has for it.
 */
#ifndef IBCRED_COMPOSE_BUILDING_H
#define IBCRED_COMPOSE_BUILDING_H

#include "compose/interpolate.h"

struct source_file {
    const char *name;
    const char *directory; /* what its relative paths start from */
    const struct node *root;
};

/* An env file of services, read once for all of them. */
struct env_file {
    const char *path;
    struct ibc_compose_binding *bindings;
    size_t count;
    bool unread; /* it is there, and no env file */
    struct env_file *next;
};

struct building;

/*
 * Read a file into the arena: IBC_ERR_NOT_FOUND where it is not there. The one way out of here;
 * NULL where nothing is to be read.
 */
typedef enum ibc_status read_outside(struct building *building, const char *path, size_t limit,
                                     struct ibc_view *out, struct ibc_error *err);

struct building {
    struct ibc_compose_project *project;
    struct arena *arena;
    struct lookup lookup;
    struct interpolation interpolation;
    read_outside *read;
    const char *const *profiles; /* asked for by name */
    size_t profile_count;
    struct source_file files[IBC_COMPOSE_FILES_MAX];
    struct env_file *env_files;
    size_t env_file_count;
    size_t inherited; /* nodes and variables that `extends` and env files added */
    struct ibc_error *err;
};

/* What one file says of something. */
struct layer {
    const struct node *body; /* a mapping */
    const char *directory;
};

struct layers {
    struct layer *at;
    size_t count;
};

/* Something that has a name in a section of the main files, and where it stands in each. */
struct appearance {
    const struct entry *entry;
    size_t file; /* index */
};

struct named {
    const char *name;
    size_t count;
    struct appearance *at;
};

/* One of several values of an attribute. */
struct item {
    const char *key; /* of a mapping; NULL in a list */
    struct ibc_place key_place;
    const struct node *value;
    struct ibc_place place; /* of all of it */
    const char *directory;
};

struct items {
    struct item *at;
    size_t count;
};

enum form { FORM_TEXT = 1, FORM_LIST = 2, FORM_MAPPING = 4 };

/* arena_items() with a sentence: IBC_ERR_DATA or IBC_ERR_INTERNAL. */
IBC_CHECKED enum ibc_status building_items(struct building *building, size_t count, size_t size,
                                           void *pointer_to_pointer);

/* Add to what is inherited. IBC_ERR_DATA, with the place, where it becomes too much. */
IBC_CHECKED enum ibc_status building_inherit(struct building *building, size_t count,
                                             const struct ibc_place *place);

/* DIRECTORY/PATH, or PATH where it is absolute or the directory is "". NULL: no memory. */
const char *building_path(struct building *building, const char *directory, const char *path);

/* The directory that the path names a file of; "" where it names none. NULL: no memory. */
const char *building_parent(struct building *building, const char *path);

/* Parse a file and put its variables in; it becomes the one of that index. */
IBC_CHECKED enum ibc_status building_add_file(struct building *building, const char *name,
                                              const char *directory, struct ibc_view text);

/* The bindings of an env file, in the order of their lines. IBC_ERR_DATA: no env file. */
IBC_CHECKED enum ibc_status building_read_bindings(struct building *building, const char *name,
                                                   struct ibc_view text,
                                                   struct ibc_compose_binding **out, size_t *count,
                                                   struct ibc_error *err);

/* All that the main files have in the section, in the order of their first appearance. */
IBC_CHECKED enum ibc_status building_names(struct building *building, const char *section,
                                           struct named **out, size_t *count);

/* Its layers, without those that say nothing. `what` is for the sentence: "a network". */
IBC_CHECKED enum ibc_status building_layers(struct building *building, const struct named *named,
                                            struct layers *out);

/* The same of a service, with what it extends below. What could not be followed is in `unread`. */
IBC_CHECKED enum ibc_status building_service_layers(struct building *building,
                                                    const struct named *named, struct layers *out,
                                                    struct ibc_compose_text *unread);

/*
 * The value at the path of keys ("deploy", "restart_policy", …, NULL) that counts, or NULL where
 * none does or Compose takes it for none.
 */
IBC_CHECKED enum ibc_status layers_find(struct building *building, const struct layers *layers,
                                        const char *const *path, const struct node **out);

/* The same of a scalar, as its text; `written` is NULL where there is none. */
IBC_CHECKED enum ibc_status layers_text(struct building *building, const struct layers *layers,
                                        const char *const *path, struct ibc_compose_text *out);

/* All values of a key, from the first layer to the last; `forms` are those that it may have. */
IBC_CHECKED enum ibc_status layers_items(struct building *building, const struct layers *layers,
                                         const char *key, unsigned forms, struct items *out);

/* The text of a child of a mapping; absent where it is not there or not a scalar. */
struct ibc_compose_text child_text(const struct node *mapping, const char *key);

/* Its value with variables put in, or what stands for one that cannot be known. */
const char *value_or(const struct ibc_compose_text *text, const char *other);

/* true, yes or on, in any case */
bool text_is_true(const struct ibc_compose_text *text);

/* What tells the items of an array apart. */
struct keyed {
    const char *key;
    size_t index;
    bool gone;
};

/* Mark as gone all but the last of each key. The order stays. */
void keep_last(struct keyed *keyed, size_t count);

/* Move what is not gone to the front; how many there are. */
size_t compact(void *items, size_t size, const struct keyed *keyed, size_t count);

/* The attributes of a service that are more than a scalar. */
IBC_CHECKED enum ibc_status build_variables(struct building *building, const struct layers *layers,
                                            struct ibc_compose_service *service);
IBC_CHECKED enum ibc_status build_ports(struct building *building, const struct layers *layers,
                                        struct ibc_compose_service *service);
IBC_CHECKED enum ibc_status build_mounts(struct building *building, const struct layers *layers,
                                         struct ibc_compose_service *service);
IBC_CHECKED enum ibc_status build_name_lists(struct building *building, const struct layers *layers,
                                             struct ibc_compose_service *service);

/* All services, secrets and networks of the files into the project. */
IBC_CHECKED enum ibc_status build_project(struct building *building);

/*
 * Make a project: `prepare` fills in the files and the env file of the building, whose project and
 * arena are there already. `environment` as in struct ibc_compose_request.
 */
typedef enum ibc_status prepare_building(struct building *building, const void *context);

/* Read the env file `name`, and from then on look variables up there too. */
IBC_CHECKED enum ibc_status building_set_variables(struct building *building, const char *name,
                                                   struct ibc_view text, char *const *environment);

IBC_CHECKED enum ibc_status building_run(prepare_building *prepare, const void *context,
                                         struct ibc_compose_project **out, struct ibc_error *err);

#endif
