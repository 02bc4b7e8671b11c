/* cmd_report.c - ibcred report: what the gateway said. */
#include "cli/cli.h"

enum ibc_status cmd_report(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    enum ibc_status status = parse_options(cli, "report", NULL, 0, &argc, &argv, err);
    if (status != IBC_OK) {
        return status;
    }
    if (argc != 2) {
        return ibc_fail(err, IBC_ERR_USAGE, "write: ibcred report PROFILE OUTCOME");
    }
    struct ibc_report report = {0};
    if (!ibc_outcome_parse(argv[1], &report.outcome, &report.wait)) {
        return ibc_fail(
            err, IBC_ERR_USAGE,
            "'%s' is not an outcome; it must be success, rejected, throttled[=SECONDS] "
            "(1 to 86400), 2fa-timeout, session-conflict, silent-drop, failed, contradicted or "
            "unknown",
            argv[1]);
    }
    auto_session session;
    status = session_open(&session, cli, false, err);
    char profile[IBC_PROFILE_NAME_MAX + 1];
    if (status == IBC_OK) {
        status = session_any_profile(&session, argv[0], profile, err);
    }
    struct ibc_reported reported = {0};
    if (status == IBC_OK) {
        status = ibc_broker_report(&session.broker, profile, &report, &reported, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    if (reported.warned) {
        warn(cli, err->text);
    }
    say(cli, "%s: %s is written down", profile, ibc_outcome_name(reported.outcome));
    if (!cli->json) {
        return IBC_OK;
    }
    return print_json(json_pack("{s:s, s:s, s:b}", "profile", profile, "outcome",
                                ibc_outcome_name(reported.outcome), "vault_marked",
                                !reported.warned),
                      err);
}
