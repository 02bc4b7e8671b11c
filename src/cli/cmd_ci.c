/* cmd_ci.c - ibcred ci: a release inside a CI job, which hides it from its log first. */
#include "cli/cli.h"

#include <ibcred/ci.h>
#include <ibcred/file.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define GITLAB_OUTPUT "ibcred.env"

/* --- may it be asked for here? ---------------------------------------------------------------- */

static enum ibc_status read_event(struct ibc_secret *out, struct ibc_error *err) {
    *out = (struct ibc_secret){0};
    const char *path = variable("GITHUB_EVENT_PATH");
    if (!path) {
        return IBC_OK;
    }
    ibc_auto_fd fd = -1;
    enum ibc_status status = ibc_file_open(path, "event of this job", &fd, err);
    return status == IBC_OK ? ibc_file_read_all(fd, path, IBC_CI_EVENT_MAX, out, err) : status;
}

/* Masks that end in a file hide nothing, and the file holds the secrets. */
static enum ibc_status check_stdout(enum ibc_ci ci, struct ibc_error *err) {
    struct stat info;
    if (ci == IBC_CI_GITLAB) {
        return IBC_OK;
    }
    if (fstat(STDOUT_FILENO, &info) != 0 ||
        !(S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode) || isatty(STDOUT_FILENO))) {
        return ibc_fail(
            err, IBC_ERR_USAGE,
            "stdout must be the runner's, which learns there what to hide: do not redirect "
            "ibcred, but inside: ibcred ci exec -- sh -c 'COMMAND >FILE'");
    }
    return IBC_OK;
}

/* Which CI it is, and that no fork asks. Nothing is opened yet that holds a secret. */
static enum ibc_status enter_job(enum ibc_ci *out, struct ibc_error *err) {
    *out = ibc_ci_detect(environ);
    if (*out == IBC_CI_NONE) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "this is no CI job, for neither GITHUB_ACTIONS nor GITLAB_CI is true; "
                        "elsewhere use: ibcred exec, or ibcred inject");
    }
    ibc_auto_secret event = {0};
    enum ibc_status status = *out == IBC_CI_GITLAB ? IBC_OK : read_event(&event, err);
    if (status == IBC_OK) {
        status = ibc_ci_check_fork(environ, ibc_secret_view(&event), err);
    }
    return status == IBC_OK ? check_stdout(*out, err) : status;
}

/* --- what is said before ---------------------------------------------------------------------- */

/* Has any account a ledger? Jobs that begin with nothing have none, whatever happened before. */
static bool remembers_logins(int state_fd) {
    static const char prefix[] = "ledger-";
    int fd = openat(state_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (!directory) {
        ibc_close(&fd);
        return false;
    }
    const struct dirent *entry = readdir(directory);
    while (entry && strncmp(entry->d_name, prefix, strlen(prefix)) != 0) {
        entry = readdir(directory);
    }
    closedir(directory);
    return entry != NULL;
}

static void warn_of_surroundings(const struct session *session, enum ibc_ci ci) {
    if (!remembers_logins(session->state_fd)) {
        warn(session->cli,
             "the state directory remembers no login, so the gate holds back none; keep "
             "IBCRED_STATE_DIR from job to job, on a runner of your own");
    }
    if (ci == IBC_CI_GITLAB) {
        warn(session->cli,
             "GitLab hides from job logs only what is a masked variable of the project: let "
             "no command print these values, or see: ibcred provision gitlab");
    }
}

/* Release in this job by `inner`, hidden from its log first. */
static enum ibc_status release_masked(const struct cli *cli, const struct release_options *given,
                                      const char *profile, enum ibc_ci ci,
                                      const struct ibc_delivery *inner,
                                      struct release_request *request, struct ibc_release *out,
                                      struct ibc_error *err) {
    ibc_auto_masked masked;
    ibc_masked_init(&masked, ci, inner, STDOUT_FILENO);
    const struct ibc_delivery delivery = ibc_masked_delivery(&masked);
    auto_session session;
    enum ibc_status status = begin_release(cli, given, profile, &session, request, err);
    if (status != IBC_OK) {
        return status;
    }
    warn_of_surroundings(&session, ci);
    return release(&session, &request->request, given->wait, &delivery, out, err);
}

/* --- exec ------------------------------------------------------------------------------------- */

static enum ibc_status run(const struct cli *cli, const struct release_options *given,
                           const char *profile, char **argv, enum ibc_ci ci,
                           struct ibc_error *err) {
    ibc_auto_command command;
    ibc_command_init(&command, argv, environ);
    if (identity_is_systemds()) {
        command.withheld = "CREDENTIALS_DIRECTORY";
    }
    const struct ibc_delivery inner = ibc_command_delivery(&command);
    struct release_request request;
    struct ibc_release released;
    return release_masked(cli, given, profile, ci, &inner, &request, &released, err);
}

static enum ibc_status ci_exec(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    struct release_options given = {0};
    const struct option_spec options[] = {
        {"mode", "MODE", "paper, live or both ($TRADING_MODE, paper)", .value = &given.mode},
        {"paper", "PROFILE", "mode both: the paper user's profile", .value = &given.paper},
        {"consumer", "NAME", "how the image reads them: gnzsnz, ibg-controller, raw",
         .value = &given.consumer},
        {"names", "NAMES", "ib (IB_USERNAME…) or tws (TWS_USERID…)", .value = &given.names},
        {"wait", NULL, "wait for the gate instead of exiting 75", .flag = &given.wait},
    };
    const char *profile = NULL;
    char **command;
    enum ibc_ci ci = IBC_CI_NONE;
    enum ibc_status status = split_command("ci exec PROFILE", &argc, argv, &command, err);
    if (status == IBC_OK) {
        status = parse_options(cli, "ci", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    }
    if (status == IBC_OK) {
        status = optional_operand(argc, argv, &profile, err);
    }
    if (status == IBC_OK) {
        status = enter_job(&ci, err);
    }
    return status == IBC_OK ? run(cli, &given, profile, command, ci, err) : status;
}

/* --- env -------------------------------------------------------------------------------------- */

static enum ibc_status choose_path(enum ibc_ci ci, const char *output, const char **out,
                                   struct ibc_error *err) {
    if (ci == IBC_CI_GITLAB) {
        *out = output ? output : GITLAB_OUTPUT;
        return IBC_OK;
    }
    *out = variable("GITHUB_ENV");
    if (output) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--output is for GitLab; here the variables go into the runner's own file");
    }
    return *out ? IBC_OK
                : ibc_fail(err, IBC_ERR_NOT_FOUND,
                           "GITHUB_ENV names no file, so nothing can be handed to later steps; "
                           "use: ibcred ci exec");
}

static enum ibc_status hand_on(const struct cli *cli, const struct release_options *given,
                               const char *profile, const char *path, enum ibc_ci ci,
                               struct ibc_error *err) {
    ibc_auto_job_environment file;
    ibc_job_environment_init(&file, ci, path);
    const struct ibc_delivery inner = ibc_job_environment_delivery(&file);
    struct release_request request;
    struct ibc_release released;
    enum ibc_status status =
        release_masked(cli, given, profile, ci, &inner, &request, &released, err);
    if (status == IBC_OK && ci == IBC_CI_GITLAB) {
        say(cli,
            "%s is for artifacts:reports:dotenv. GitLab keeps it, readable for whoever may see the "
            "job's artifacts: give it an expire_in, or use: ibcred ci exec",
            path);
    } else if (status == IBC_OK) {
        say(cli, "%s version %u is in the environment of the steps after this one", request.profile,
            (unsigned)released.version);
    }
    return status;
}

static enum ibc_status ci_env(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    struct release_options given = {0};
    const char *output = NULL;
    const struct option_spec options[] = {
        {"mode", "MODE", "paper, live or both ($TRADING_MODE, paper)", .value = &given.mode},
        {"paper", "PROFILE", "mode both: the paper user's profile", .value = &given.paper},
        {"consumer", "NAME", "how the image reads them: gnzsnz, ibg-controller, raw",
         .value = &given.consumer},
        {"names", "NAMES", "ib (IB_USERNAME…) or tws (TWS_USERID…)", .value = &given.names},
        {"output", "FILE", "GitLab: the dotenv report to make (" GITLAB_OUTPUT ")",
         .value = &output},
        {"wait", NULL, "wait for the gate instead of exiting 75", .flag = &given.wait},
    };
    const char *profile = NULL, *path = NULL;
    enum ibc_ci ci = IBC_CI_NONE;
    enum ibc_status status =
        parse_options(cli, "ci", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK) {
        status = optional_operand(argc, argv, &profile, err);
    }
    if (status == IBC_OK) {
        status = enter_job(&ci, err);
    }
    if (status == IBC_OK) {
        status = choose_path(ci, output, &path, err);
    }
    return status == IBC_OK ? hand_on(cli, &given, profile, path, ci, err) : status;
}

enum ibc_status cmd_ci(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    if (argc > 1 && strcmp(argv[1], "exec") == 0) {
        return ci_exec(cli, argc - 1, argv + 1, err);
    }
    if (argc > 1 && strcmp(argv[1], "env") == 0) {
        return ci_env(cli, argc - 1, argv + 1, err);
    }
    enum ibc_status status = parse_options(cli, "ci", NULL, 0, &argc, &argv, err);
    return status == IBC_OK
               ? ibc_fail(err, IBC_ERR_USAGE,
                          "write: ibcred ci exec PROFILE -- COMMAND, or: ibcred ci env PROFILE")
               : status;
}
