/*
 * compose.h - Compose files: what they say of each service, and where they say it.
 *
 * Reads what Docker Compose reads (compose-spec, and the file format of docker-compose 1.29): YAML
 * with anchors, aliases and merge keys (`<<`), several files laid over one another, variables
 * interpolated from the environment and the env file, both forms of `environment:` and `ports:`.
 * Every value keeps the place of the words it comes from, so that a finding can point at them and a
 * fix can replace them. What Compose would refuse for reasons that do not matter here is let pass:
 * `docker-compose config` is for that. Where the two Composes differ, Docker Compose v2 counts: an
 * `extends` is followed in its own file, defaults may hold variables, `!reset` and `!override` are
 * known. Scalars are text as they are written (`restart: no` is "no", 22:22 no number).
 *
 * The values may be secrets: they live in memory that is wiped when it is freed, and no sentence
 * of this module shows one.
 */
#ifndef IBCRED_COMPOSE_H
#define IBCRED_COMPOSE_H

#include <ibcred/error.h>
#include <ibcred/secret.h>

#pragma GCC visibility push(default)

enum {
    IBC_COMPOSE_FILES_MAX = 16,
    IBC_COMPOSE_FILE_MAX = 4 << 20,  /* bytes */
    IBC_COMPOSE_NODES_MAX = 1 << 20, /* of one file, aliases and merges counted as written */
    IBC_COMPOSE_DEPTH_MAX = 64,
};

/* Where something stands. `file` is the name it was given with; owned by the project. */
struct ibc_place {
    const char *file;      /* NULL: nowhere */
    unsigned line, column; /* from 1 */
    size_t start, end;     /* bytes of the file, quotes of a scalar included */
};

/* A scalar. All strings are owned by the project. */
struct ibc_compose_text {
    const char *written; /* as the file has it, YAML's quotes and escapes resolved; NULL: absent;
                          * of an entry NAME=value what stands behind the "=" */
    const char *value;   /* with its variables put in; NULL where Compose would stop at ${NAME:?} */
    bool interpolated;   /* it has a variable in it */
    bool literal;        /* some of its bytes stand in the file: no variable at all, or a default
                          * that counted (`${NAME:-text}`) */
    struct ibc_place place; /* of the scalar, without anchor and tag; an alias's own place */
};

/* A variable of `environment:`; what `env_file:` of the service brings is among them. */
struct ibc_compose_variable {
    const char *name;
    struct ibc_compose_text text; /* `written` NULL: taken from Compose's own environment; `value`
                                   * is "" then where it is not set there. The place of a value in
                                   * a list is that of NAME=value */
    bool from_env_file;           /* of the service; the place is there */
    struct ibc_place place;       /* of the whole entry */
};

struct ibc_compose_port {
    const char *host;                   /* address it is bound to, without brackets; "" = all */
    unsigned published, published_last; /* host ports; 0 = Docker picks one */
    unsigned target, target_last;       /* container ports; 0 = could not be read */
    bool udp;
    bool long_form;               /* a mapping; else a scalar that can be replaced whole */
    struct ibc_compose_text text; /* of the short form */
    struct ibc_place place;
};

enum ibc_mount_type { IBC_MOUNT_BIND = 1, IBC_MOUNT_VOLUME, IBC_MOUNT_TMPFS, IBC_MOUNT_OTHER };

struct ibc_compose_mount {
    enum ibc_mount_type type;
    const char *source; /* interpolated, not made absolute; "" where there is none, or where it
                         * is a required variable that is not set */
    const char *target;
    bool read_only;
    struct ibc_place place;
};

/* A name in a list: an env_file, a secret, a network, a profile. */
struct ibc_compose_name {
    struct ibc_compose_text text;
    const char *target; /* of a secret: its file in the container; else "" */
};

struct ibc_compose_service {
    const char *name;
    struct ibc_place place;      /* of its name, in the first file that has it */
    struct ibc_place last_place; /* in the last one */
    size_t indent;               /* columns before the keys of its mapping at `place`; 0 = flow, or
                                  * the mapping stands elsewhere (an alias) */
    struct ibc_place body;       /* of that mapping; in block style it begins at the first key */
    bool active;                 /* none of its profiles, or one that is asked for */
    struct ibc_compose_text image, container_name, restart, stop_grace_period, user, network_mode;
    struct ibc_place deploy_policy;                  /* deploy.restart_policy, a mapping */
    struct ibc_compose_text deploy_restart;          /* its condition; absent: any */
    struct ibc_compose_text deploy_restart_attempts; /* its max_attempts */
    struct ibc_compose_text unread; /* `extends` of what could not be read, or an env file that is
                                     * none; else absent */
    size_t variable_count, port_count, mount_count;
    struct ibc_compose_variable *variables; /* one of a name: the one that counts */
    struct ibc_compose_port *ports;
    struct ibc_compose_mount *mounts; /* volumes: and tmpfs: */
    size_t env_file_count, secret_count, network_count, profile_count;
    struct ibc_compose_name *env_files, *secrets, *networks, *profiles;
};

/* A secret of the project's own `secrets:`. */
struct ibc_compose_secret {
    const char *name;
    struct ibc_compose_text file;        /* absent where it is not a file */
    struct ibc_compose_text environment; /* the variable it is taken from */
    bool external;
    struct ibc_place place;
};

/* A network, as far as it says on which address ports without one are bound. */
struct ibc_compose_network {
    const char *name;
    struct ibc_compose_text host_binding; /* com.docker.network.bridge.host_binding_ipv4 */
};

/* A binding of the env file. */
struct ibc_compose_binding {
    const char *name;
    const char *value;
    struct ibc_place place; /* its lines, newline included */
};

struct ibc_compose_project {
    size_t file_count;
    size_t own_file_count; /* the first ones: named or found, not only reached by `extends` */
    const char *files[IBC_COMPOSE_FILES_MAX];     /* as they are laid over one another; then those
                                                   * that only `extends` names */
    struct ibc_view texts[IBC_COMPOSE_FILES_MAX]; /* their bytes, as they were read */
    const char *env_file;                         /* NULL: there is none */
    size_t binding_count;
    struct ibc_compose_binding *bindings; /* in the order of their lines */
    size_t service_count, secret_count, network_count;
    struct ibc_compose_service *services; /* in the order of their first appearance */
    struct ibc_compose_secret *secrets;
    struct ibc_compose_network *networks;
    struct ibc_compose_name unread; /* `include:`, or another part that could not be followed */
};

/*
 * Parent directories are not searched. What `files`, `env_file` and $COMPOSE_FILE name starts from
 * the working directory ($COMPOSE_FILE: from `directory`, where that is given); what the compose
 * files name, from the project's. As with docker-compose 1.29, .env is looked for beside the first
 * file of `files` or of a $COMPOSE_FILE of the environment; if only .env itself has a
 * $COMPOSE_FILE, it is the working directory's.
 */
struct ibc_compose_request {
    const char *directory; /* the project's; NULL: that of the first of `files` or of
                            * $COMPOSE_FILE, or here */
    size_t file_count;     /* 0: as Compose finds them: $COMPOSE_FILE, or compose.yaml, compose.yml,
                            * docker-compose.yml, docker-compose.yaml and the override beside it */
    const char *const *files;
    const char *env_file; /* NULL: .env of the project's directory, where it is there */
    size_t profile_count; /* of Compose, to be active; $COMPOSE_PROFILES comes on top; "*" = all */
    const char *const *profiles;
    char *const *environment; /* like environ(7); may be NULL */
};

/*
 * Read a project. IBC_ERR_NOT_FOUND: no compose file there, or one that was named is not, or the
 * env file. IBC_ERR_DATA, with file:line:column: no YAML, or not of the form that a Compose file
 * has; a key twice; a `$` that begins no variable; too long, too deep or too many nodes. The env
 * file is read as Docker Compose v2 does, and refused with file:line; what it takes from the
 * environment is empty in it. IBC_ERR_IO: cannot be read. The caller frees.
 *
 * An env file of a service that is not there counts for nothing; one that cannot be understood is
 * its `unread`.
 */
IBC_CHECKED enum ibc_status ibc_compose_load(const struct ibc_compose_request *request,
                                             struct ibc_compose_project **out,
                                             struct ibc_error *err);

/* The same of texts in memory, with nothing read: the fuzzer's and the tests' way in. Pure. */
struct ibc_compose_source {
    const char *name;
    struct ibc_view text;
};
IBC_CHECKED enum ibc_status ibc_compose_parse(const struct ibc_compose_source *files, size_t count,
                                              const struct ibc_compose_source *env_file,
                                              char *const *environment,
                                              struct ibc_compose_project **out,
                                              struct ibc_error *err);

/* The service of that name, or NULL; its variable of that name, or NULL. Owned by the project. */
const struct ibc_compose_service *ibc_compose_service_of(const struct ibc_compose_project *project,
                                                         const char *name);
const struct ibc_compose_variable *ibc_compose_variable_of(
    const struct ibc_compose_service *service, const char *name);

void ibc_compose_free(struct ibc_compose_project **project);
#define ibc_auto_compose IBC_CLEANUP(ibc_compose_free) struct ibc_compose_project

#pragma GCC visibility pop

#endif
