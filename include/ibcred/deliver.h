/*
 * deliver.h - the ways in which a secret leaves.
 *
 * A delivery is made in two steps, because the login attempt is charged between them: prepare
 * does everything that can fail and lets nothing out; hand_over lets the secret out.
 */
#ifndef IBCRED_DELIVER_H
#define IBCRED_DELIVER_H

#include <ibcred/ci.h>
#include <ibcred/lease.h>
#include <ibcred/sink.h>

#include <sys/types.h>

#pragma GCC visibility push(default)

struct ibc_delivery {
    const char *name; /* "env-file", "secret-dir", "exec": for the audit log */
    void *self;

    /* Get ready to deliver the variables, which are only good during the call. */
    enum ibc_status (*prepare)(void *self, const struct ibc_field *variables, size_t count,
                               struct ibc_error *err);
    /* Let the secret out. On failure it did not leave. Need not return otherwise. */
    enum ibc_status (*hand_over)(void *self, struct ibc_error *err);
    /* Undo prepare: nothing was or will be handed over. */
    void (*abandon)(void *self);
};

/*
 * The process that will end a delivery at its time. It is started before anything secret is in
 * memory, which is also when it is cheapest, and waits for its order; without one it ends when
 * this process lets go of it. Once ordered it becomes `program reap --lease NAME`, in a session of
 * its own, with IBCRED_RUNTIME_DIR as its only variable and no descriptor.
 */
struct ibc_reaper {
    pid_t pid;
    int order; /* a pipe to it; -1 once ordered */
};

/* `program` must stay good until the reaper is ordered. IBC_ERR_INTERNAL: no process to be had. */
IBC_CHECKED enum ibc_status ibc_reaper_start(const char *program, struct ibc_reaper *out,
                                             struct ibc_error *err);
/* Its delivery has been ended: it is not needed any more. */
void ibc_reaper_dismiss(struct ibc_reaper *reaper);
void ibc_reaper_free(struct ibc_reaper *reaper);
#define ibc_auto_reaper IBC_CLEANUP(ibc_reaper_free) struct ibc_reaper

/* An env file in the runtime directory, ended by the reaper. */
struct ibc_env_file {
    const struct ibc_runtime *runtime;
    enum ibc_format format;
    int64_t ttl; /* seconds */
    struct ibc_reaper *reaper;
    char *const *environment; /* of the Compose that will read it; NULL: not known */

    /* the rest is the delivery's own */
    char name[IBC_LEASE_NAME_MAX]; /* under the runtime directory, once prepared */
    struct ibc_secret content;
    int fd;
};

void ibc_env_file_init(struct ibc_env_file *file, const struct ibc_runtime *runtime,
                       enum ibc_format format, int64_t ttl, struct ibc_reaper *reaper);
struct ibc_delivery ibc_env_file_delivery(struct ibc_env_file *file);
void ibc_env_file_free(struct ibc_env_file *file);
#define ibc_auto_env_file IBC_CLEANUP(ibc_env_file_free) struct ibc_env_file

/*
 * A directory of secret files in the runtime directory, for a gateway that takes TWS_PASSWORD_FILE:
 *
 * - tws_userid, tws_password: of the profile, in mode `both` of the live one;
 * - tws_userid_paper, tws_password_paper: in mode `both`;
 * - every further field, under its name in lower case;
 * - compose.env: what Compose is to be given with --env-file. It has every variable that is no
 *   password of the gateway, IBCRED_SECRET_DIR (the path of the link below), and in mode `both`
 *   IBCRED_PASSWORD_PAPER_FILE, where the gateway finds the paper user's password.
 *
 * Values stand in the files without a newline at the end. The first four get owner, group and mode
 * as given where this process is root, else they are 0600 of its user, as the others always are.
 *
 * The directory is one lease. Beside it lies the symbolic link `PROFILE.secrets`, which always
 * leads to the profile's newest one: the path to mount, the same at every release. Docker follows
 * it whenever a container starts, and where the lease is over the container does not start.
 */
struct ibc_secret_directory {
    const struct ibc_runtime *runtime;
    const char *profile; /* names the link */
    int64_t ttl;         /* seconds */
    struct ibc_reaper *reaper;
    int64_t owner, group, mode; /* of the gateway's files, for root; mode as in chmod(2) */
    enum ibc_format format;     /* of compose.env */
    char *const *environment;   /* of the Compose that will read it; NULL: not known */

    /* the rest is the delivery's own */
    char name[IBC_LEASE_NAME_MAX]; /* under the runtime directory, once prepared */
    int fd;
    size_t count;
    struct ibc_secret_directory_file *files; /* `count` */
};

/* Where the gateway finds the paper user's password: the override of Compose mounts it there. */
#define IBC_SECRET_DIRECTORY_PAPER_FILE "/run/ibcred/tws_password_paper"

/* The path of the link, absolute, malloc()ed; NULL without memory, or where `runtime` is gone. */
char *ibc_secret_directory_path(const struct ibc_runtime *runtime, const char *profile);

/*
 * What Compose is to be given beside the directory whose link is `link`: the variables that are no
 * password of the gateway, IBCRED_SECRET_DIR, and in mode `both` IBCRED_PASSWORD_PAPER_FILE. `out`
 * has room for IBC_SECRET_DIRECTORY_MORE more than `count`; the number filled is returned. What
 * they point to stays the caller's.
 */
enum { IBC_SECRET_DIRECTORY_MORE = 2 };
size_t ibc_secret_directory_variables(const struct ibc_field *variables, size_t count,
                                      const char *link, struct ibc_field *out);

/* With owner 1000, group 1000, mode 0400 (the gateway's user in gnzsnz/ib-gateway-docker). */
void ibc_secret_directory_init(struct ibc_secret_directory *directory,
                               const struct ibc_runtime *runtime, const char *profile, int64_t ttl,
                               struct ibc_reaper *reaper);
struct ibc_delivery ibc_secret_directory_delivery(struct ibc_secret_directory *directory);
void ibc_secret_directory_free(struct ibc_secret_directory *directory);
#define ibc_auto_secret_directory IBC_CLEANUP(ibc_secret_directory_free) struct ibc_secret_directory

/*
 * End the profile's newest secret directory, before its time: the gateway has read it. The link
 * stays, so that no container starts from it. IBC_OK when there is none (any more).
 */
IBC_CHECKED enum ibc_status ibc_secret_directory_end(const struct ibc_runtime *runtime,
                                                     const char *profile, struct ibc_error *err);

/*
 * The environment of a command, and nothing on any disk. Handing over replaces this process by the
 * command, so that signals, job control and the exit status are the command's own; it returns only
 * when that fails. Descriptors of this library are closed by it.
 */
struct ibc_command {
    char *const *argv;    /* NULL-terminated; no shell */
    char *const *base;    /* the environment it starts from, less every IBCRED_* variable */
    const char *withheld; /* one more variable that it is not to have; NULL for none */
    int output; /* ibc_command_child_delivery(): the child's stdout, borrowed; -1: our stderr */

    /* the rest is the delivery's own */
    char *program; /* argv[0], found in PATH */
    struct ibc_secret environment;
    pid_t child; /* ibc_command_child_delivery() */
};

void ibc_command_init(struct ibc_command *command, char *const *argv, char *const *base);
struct ibc_delivery ibc_command_delivery(struct ibc_command *command);

/*
 * As a child instead: the delivery that hands over by starting the command, which the caller then
 * waits for. Its stdin is /dev/null, its stdout `command->output`, and it is in this process's
 * group. `command->child` is its process id.
 */
struct ibc_delivery ibc_command_child_delivery(struct ibc_command *command);
void ibc_command_free(struct ibc_command *command);
#define ibc_auto_command IBC_CLEANUP(ibc_command_free) struct ibc_command

/*
 * Another delivery, whose values the runner is told to hide right before they are handed over:
 * after the charge, since whoever reads the runner's pipe has them then. IBC_ERR_IO: that could not
 * be written, and the other delivery handed nothing over.
 */
struct ibc_masked {
    enum ibc_ci ci;
    const struct ibc_delivery *inner;
    int runner; /* the descriptor that the runner reads: stdout */

    /* the rest is the delivery's own */
    struct ibc_secret lines;
};

void ibc_masked_init(struct ibc_masked *masked, enum ibc_ci ci, const struct ibc_delivery *inner,
                     int runner);
/* Its name is the other delivery's. */
struct ibc_delivery ibc_masked_delivery(struct ibc_masked *masked);
void ibc_masked_free(struct ibc_masked *masked);
#define ibc_auto_masked IBC_CLEANUP(ibc_masked_free) struct ibc_masked

/*
 * The environment of the steps or jobs that come after. GitHub and Gitea: `path` is the file of the
 * runner's, which is there, and is appended to. GitLab: `path` is made (0600), and must not be
 * there. IBC_ERR_NOT_FOUND, IBC_ERR_CREATE: it is not as it must be; else as ibc_ci_environment().
 * A file that could not be written to the end is as it was before.
 */
struct ibc_job_environment {
    enum ibc_ci ci;
    const char *path;

    /* the rest is the delivery's own */
    struct ibc_secret content;
    int fd;
    int64_t size; /* of the file before, bytes */
};

void ibc_job_environment_init(struct ibc_job_environment *file, enum ibc_ci ci, const char *path);
struct ibc_delivery ibc_job_environment_delivery(struct ibc_job_environment *file);
void ibc_job_environment_free(struct ibc_job_environment *file);
#define ibc_auto_job_environment IBC_CLEANUP(ibc_job_environment_free) struct ibc_job_environment

#pragma GCC visibility pop

#endif
