/* cmd_inject.c - ibcred inject: one path on stdout, and nothing else. */
#include "cli/cli.h"

#include <unistd.h>

/* What the reaper is run as: this program, even when its file was replaced meanwhile. */
#define OWN_PROGRAM "/proc/self/exe"

static enum ibc_status tell(const struct cli *cli, const struct release_request *request,
                            const struct ibc_release *released, const struct ibc_env_file *file,
                            struct ibc_error *err) {
    const char *directory = ibc_runtime_path(file->runtime);
    if (!cli->json) {
        printf("%s/%s\n", directory, file->name);
        return flush_output(err);
    }
    char path[8192];
    snprintf(path, sizeof path, "%s/%s", directory, file->name);
    return print_json(json_pack("{s:s, s:s, s:i, s:s, s:I}", "path", path, "profile",
                                request->profile, "version", (int)released->version, "mode",
                                ibc_mode_name(request->request.mode), "ttl",
                                (json_int_t)request->ttl),
                      err);
}

/* Nobody can know the path: do not leave the file there. The attempt stays charged. */
static void end_unheard(const struct ibc_env_file *file, struct ibc_error *err) {
    struct ibc_error ignored;
    (void)!ibc_lease_end(file->runtime, file->name, &ignored);
    const struct ibc_error why = *err;
    ibc_fail(err, why.status,
             "%s; the env file is ended, and the release stays charged as a login attempt: "
             "ibcred report PROFILE unknown",
             why.text);
}

enum ibc_status cmd_inject(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    struct release_options given = {0};
    const struct option_spec options[] = {
        {"mode", "MODE", "paper or live ($TRADING_MODE, paper)", .value = &given.mode},
        {"ttl", "DURATION", "how long the env file lives, like 90s or 2m", .value = &given.ttl},
        {"format", "FORMAT", "compose (v1 and v2), compose-v1 or compose-v2",
         .value = &given.format},
        {"names", "NAMES", "ib (IB_USERNAME…) or tws (TWS_USERID…)", .value = &given.names},
        {"wait", NULL, "wait for the gate instead of exiting 75", .flag = &given.wait},
    };
    const char *profile;
    enum ibc_status status =
        parse_options(cli, "inject", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK) {
        status = optional_operand(argc, argv, &profile, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_reaper reaper;
    status = ibc_reaper_start(OWN_PROGRAM, &reaper, err);
    if (status != IBC_OK) {
        return status;
    }
    auto_session session;
    struct release_request request;
    status = begin_release(cli, &given, profile, &session, &request, err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_runtime *runtime = NULL;
    status = session_runtime(&session, &runtime, err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_env_file file;
    ibc_env_file_init(&file, runtime, request.request.format, request.ttl, &reaper);
    file.environment = environ;
    const struct ibc_delivery delivery = ibc_env_file_delivery(&file);
    struct ibc_release released;
    status = release(&session, &request.request, given.wait, &delivery, &released, err);
    if (status == IBC_OK) {
        status = tell(cli, &request, &released, &file, err);
        if (status != IBC_OK) {
            end_unheard(&file, err);
        }
    }
    return status;
}
