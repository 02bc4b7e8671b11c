/* cmd_report.c - ibcred report: what the gateway said. */
#include "cli/catch_up.h"

static enum ibc_status answer(const struct cli *cli, const char *profile,
                              const struct ibc_reported *reported, struct ibc_error *err) {
    if (!cli->json) {
        return IBC_OK;
    }
    return print_json(json_pack("{s:s, s:s, s:b, s:o, s:o}", "profile", profile, "outcome",
                                ibc_outcome_name(reported->outcome), "vault_marked",
                                !reported->warned, "promoted", json_version(reported->promoted),
                                "burned", json_version(reported->burned)),
                      err);
}

/* What was asked for is written down: that a forge is away must not make it look undone. */
static void bring_promoted(struct session *session, const char *profile) {
    const struct copy_options options = {0};
    auto_forge_access access = {0};
    struct brought brought;
    struct ibc_error err;
    session_rest(session);
    if (forge_access_init(&access, session->cli, &options, &err) != IBC_OK ||
        session_wake(session, &err) != IBC_OK ||
        session_bring_copies(session, profile, &access, &brought, &err) != IBC_OK) {
        warn(session->cli, err.text);
    }
}

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
    say_staging(cli, profile, &reported);
    if (reported.promoted != 0) {
        bring_promoted(&session, profile);
    }
    return answer(cli, profile, &reported, err);
}
