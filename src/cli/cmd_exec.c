/* cmd_exec.c - ibcred exec: the credentials in one process's environment, and nowhere else. */
#include "cli/cli.h"

#include <unistd.h>

enum ibc_status cmd_exec(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    struct release_options given = {0};
    const struct option_spec options[] = {
        {"mode", "MODE", "paper or live ($TRADING_MODE, paper)", .value = &given.mode},
        {"consumer", "NAME", "how the image reads them: gnzsnz, ibg-controller, raw",
         .value = &given.consumer},
        {"names", "NAMES", "ib (IB_USERNAME…) or tws (TWS_USERID…)", .value = &given.names},
        {"staged", NULL, "the version that ibcred rotate has staged, to prove it",
         .flag = &given.staged},
        {"wait", NULL, "wait for the gate instead of exiting 75", .flag = &given.wait},
    };
    const char *profile;
    char **argv_of_command;
    enum ibc_status status = split_command("exec PROFILE", &argc, argv, &argv_of_command, err);
    if (status == IBC_OK) {
        status = parse_options(cli, "exec", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    }
    if (status == IBC_OK) {
        status = optional_operand(argc, argv, &profile, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_command command;
    ibc_command_init(&command, argv_of_command, environ);
    if (identity_is_systemds()) {
        command.withheld = "CREDENTIALS_DIRECTORY";
    }
    auto_session session;
    struct release_request request;
    status = begin_release(cli, &given, profile, &session, &request, err);
    if (status != IBC_OK) {
        return status;
    }
    const struct ibc_delivery delivery = ibc_command_delivery(&command);
    struct ibc_release released;
    return release(&session, &request.request, given.wait, &delivery, &released, err);
}
