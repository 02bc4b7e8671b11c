/* cmd_inject.c - ibcred inject: one path on stdout, and nothing else. */
#include "cli/inject_swarm.h"

#include <ibcred/file.h>
#include <unistd.h>

/* What the reaper is run as: this program, even when its file was replaced meanwhile. */
#define OWN_PROGRAM "/proc/self/exe"

#define TO_ENV_FILE   "env-file"
#define TO_SECRET_DIR "secret-dir"
#define TO_SWARM      "swarm"

/* One run of the command. */
struct injection {
    const struct cli *cli;
    const struct release_options *given;
    struct session *session;
    struct release_request *request;
    struct ibc_runtime *runtime;
    struct ibc_reaper *reaper;
};

static enum ibc_status tell(const struct injection *run, const struct ibc_delivery *delivery,
                            const struct ibc_release *released, const char *path,
                            struct ibc_error *err) {
    if (!run->cli->json) {
        printf("%s\n", path);
        return flush_output(err);
    }
    return print_json(json_pack("{s:s, s:s, s:i, s:b, s:s, s:I, s:s}", "path", path, "profile",
                                run->request->profile, "version", (int)released->version, "staged",
                                released->canary, "mode", ibc_mode_name(run->request->request.mode),
                                "ttl", (json_int_t)run->request->ttl, "to", delivery->name),
                      err);
}

/* Nobody can know the path: do not leave it there. The attempt stays charged. */
static void end_unheard(const struct injection *run, const char *lease, struct ibc_error *err) {
    struct ibc_error ignored;
    (void)!ibc_lease_end(run->runtime, lease, &ignored);
    const struct ibc_error why = *err;
    ibc_fail(err, why.status,
             "%s; the delivery is ended, and the release stays charged as a login attempt: "
             "ibcred report PROFILE unknown",
             why.text);
}

/* Release, then say where; `path` is made of `lease`, the delivery's name, where it is NULL. */
static enum ibc_status deliver(const struct injection *run, const struct ibc_delivery *delivery,
                               const char *path, const char *lease, struct ibc_error *err) {
    struct ibc_release released;
    enum ibc_status status =
        release(run->session, &run->request->request, run->given->wait, delivery, &released, err);
    if (status != IBC_OK) {
        return status;
    }
    char own[8192];
    snprintf(own, sizeof own, "%s/%s", ibc_runtime_path(run->runtime), lease);
    status = tell(run, delivery, &released, path ? path : own, err);
    if (status != IBC_OK) {
        end_unheard(run, lease, err);
    }
    return status;
}

static enum ibc_status to_env_file(const struct injection *run, struct ibc_error *err) {
    if (run->request->request.format == IBC_FORMAT_SECRET_FILE) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "a secret-file holds one value and nothing else; --to " TO_SECRET_DIR
                        " makes one for each");
    }
    ibc_auto_env_file file;
    ibc_env_file_init(&file, run->runtime, run->request->request.format, run->request->ttl,
                      run->reaper);
    file.environment = environ;
    const struct ibc_delivery delivery = ibc_env_file_delivery(&file);
    return deliver(run, &delivery, NULL, file.name, err);
}

/* Files cannot be given away but by root. */
static void warn_of_readers(const struct injection *run) {
    const int64_t owner = run->session->policy.secret_owner;
    if (geteuid() == 0 || (int64_t)geteuid() == owner) {
        return;
    }
    char text[IBC_ERROR_TEXT_MAX];
    snprintf(text, sizeof text,
             "the secret files belong to user %u, and the gateway's user %lld will not be able to "
             "read them: run ibcred as root or as that user, or set delivery.secret_files.owner "
             "in the policy where the gateway runs as another",
             (unsigned)geteuid(), (long long)owner);
    warn(run->cli, text);
}

static enum ibc_status to_secret_directory(const struct injection *run, struct ibc_error *err) {
    const struct ibc_policy *policy = &run->session->policy;
    const enum ibc_format format = run->request->request.format;
    if (!ibc_format_is_compose(format)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--format %s is for --to " TO_ENV_FILE "; a secret directory has a file a "
                        "value, and one for Compose",
                        ibc_format_name(format));
    }
    ibc_auto_free char *path = ibc_secret_directory_path(run->runtime, run->request->profile);
    if (!path) {
        return ibc_fail(err, IBC_ERR_INTERNAL,
                        "runtime directory '%s' is gone, or there is no memory",
                        ibc_runtime_path(run->runtime));
    }
    ibc_auto_secret_directory directory;
    ibc_secret_directory_init(&directory, run->runtime, run->request->profile, run->request->ttl,
                              run->reaper);
    directory.owner = policy->secret_owner;
    directory.group = policy->secret_group;
    directory.mode = policy->secret_mode;
    directory.format = format;
    directory.environment = environ;
    warn_of_readers(run);
    const struct ibc_delivery delivery = ibc_secret_directory_delivery(&directory);
    return deliver(run, &delivery, path, directory.name, err);
}

static const struct way {
    const char *name;
    enum ibc_status (*run)(const struct injection *run, struct ibc_error *err);
} ways[] = {
    {TO_ENV_FILE, to_env_file},
    {TO_SECRET_DIR, to_secret_directory},
};

static enum ibc_status way_option(const char *text, const struct release_options *given,
                                  const struct way **out, struct ibc_error *err) {
    *out = NULL;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(ways); i++) {
        if (strcmp(text ? text : TO_ENV_FILE, ways[i].name) == 0) {
            *out = &ways[i];
        }
    }
    if (!*out) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--to is '%s'; it must be " TO_ENV_FILE ", " TO_SECRET_DIR " or " TO_SWARM,
                        text);
    }
    if (given->names && (*out)->run == to_secret_directory) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--names is for an env file; the files of a secret directory have the "
                        "names that the gateway asks for, leave it out");
    }
    return IBC_OK;
}

static enum ibc_status inject(const struct cli *cli, const struct way *way,
                              const struct release_options *given, const char *profile,
                              struct ibc_error *err) {
    /* Before anything secret is in memory. */
    ibc_auto_reaper reaper;
    enum ibc_status status = ibc_reaper_start(OWN_PROGRAM, &reaper, err);
    if (status != IBC_OK) {
        return status;
    }
    auto_session session;
    struct release_request request;
    status = begin_release(cli, given, profile, &session, &request, err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_runtime *runtime = NULL;
    status = session_runtime(&session, &runtime, err);
    if (status != IBC_OK) {
        return status;
    }
    const struct injection run = {cli, given, &session, &request, runtime, &reaper};
    return way->run(&run, err);
}

enum ibc_status cmd_inject(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    struct release_options given = {0};
    struct swarm_options swarm = {0};
    const char *to = NULL;
    const struct option_spec options[] = {
        {"to", "WAY", "env-file, secret-dir for TWS_PASSWORD_FILE, or swarm", .value = &to},
        {"mode", "MODE", "paper, live or both ($TRADING_MODE, paper)", .value = &given.mode},
        {"paper", "PROFILE", "mode both: the paper user's profile", .value = &given.paper},
        {"ttl", "DURATION", "how long it lives, like 90s or 2m", .value = &given.ttl},
        {"format", "FORMAT", "compose (v1 and v2), docker, systemd, shell, json, compose-v1, …",
         .value = &given.format},
        {"consumer", "NAME", "how the image reads them: gnzsnz, ibg-controller, raw",
         .value = &given.consumer},
        {"names", "NAMES", "ib (IB_USERNAME…) or tws (TWS_USERID…)", .value = &given.names},
        {"service", "NAME", "--to swarm: the service to move", .value = &swarm.service},
        {"secret-name", "NAME", "--to swarm: NAME_vN is made (ibcred_PROFILE)",
         .value = &swarm.secret_name},
        {"staged", NULL, "the version that ibcred rotate has staged, to prove it",
         .flag = &given.staged},
        {"wait", NULL, "wait for the gate instead of exiting 75", .flag = &given.wait},
    };
    const char *profile = NULL;
    const struct way *way = NULL;
    enum ibc_status status =
        parse_options(cli, "inject", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK) {
        status = optional_operand(argc, argv, &profile, err);
    }
    if (status == IBC_OK) {
        if (to && strcmp(to, TO_SWARM) == 0) {
            return inject_swarm(cli, &given, &swarm, profile, err);
        }
        status =
            swarm.service || swarm.secret_name
                ? ibc_fail(err, IBC_ERR_USAGE, "--service and --secret-name are for --to swarm")
                : way_option(to, &given, &way, err);
    }
    return status == IBC_OK ? inject(cli, way, &given, profile, err) : status;
}
