/* cmd_check.c - ibcred check: every question of a release, answered, nothing charged. */
#include "cli/survey.h"

/* The runtime directory, and what the broker finds. */
enum { FINDINGS = IBC_FINDINGS + 1 };

static void check_runtime(const struct session *session, struct ibc_finding *finding) {
    ibc_auto_runtime *runtime = NULL;
    struct ibc_error err = {0};
    *finding = (struct ibc_finding){
        .name = "runtime",
        .status = session_runtime(session, &runtime, &err),
    };
    if (finding->status != IBC_OK) {
        memcpy(finding->text, err.text, sizeof finding->text);
    }
}

static json_t *finding_json(const struct ibc_finding *finding) {
    json_t *object =
        json_pack("{s:s, s:b, s:i, s:s}", "check", finding->name, "ok", finding->status == IBC_OK,
                  "exit_code", ibc_status_exit_code(finding->status), "message", finding->text);
    if (object && finding->status == IBC_ERR_WAIT) {
        json_object_set_new(object, "retry_after", json_integer(finding->retry_after));
    }
    return object;
}

/* The ways that are closed to the fields that a release would hand out. */
static enum ibc_status survey_profile(const struct session *session,
                                      const struct release_request *request, json_t **warnings,
                                      struct ibc_error *err) {
    const char *name = request->profile;
    ibc_auto_profile *profile = NULL;
    const struct ibc_version *version = NULL;
    enum ibc_status status = ibc_vault_get(session->vault, name, &profile, err);
    if (status == IBC_OK) {
        version = request->request.canary == IBC_CANARY_ONLY ? ibc_profile_staged(profile)
                                                             : ibc_profile_current(profile);
    }
    *warnings = version
                    ? warn_of_closed_ways(session->cli, name, version->fields, version->field_count)
                    : json_array();
    return status;
}

static enum ibc_status tell(const struct cli *cli, const struct release_request *request,
                            uint32_t version, const struct ibc_finding *findings, json_t *warnings,
                            struct ibc_error *err) {
    if (!cli->json) {
        for (size_t i = 0; i < FINDINGS; i++) {
            const bool fine = findings[i].status == IBC_OK;
            printf("%-8s  %s%s%s\n", findings[i].name, fine ? "ok" : "no",
                   findings[i].text[0] != '\0' ? ": " : "", findings[i].text);
        }
        return flush_output(err);
    }
    json_t *list = json_array();
    for (size_t i = 0; i < FINDINGS; i++) {
        json_array_append_new(list, finding_json(&findings[i]));
    }
    return print_json(json_pack("{s:s, s:i, s:s, s:o, s:O}", "profile", request->profile, "version",
                                (int)version, "mode", ibc_mode_name(request->request.mode),
                                "checks", list, "warnings", warnings),
                      err);
}

enum ibc_status cmd_check(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    struct release_options given = {0};
    const struct option_spec options[] = {
        {"mode", "MODE", "paper or live ($TRADING_MODE, paper)", .value = &given.mode},
        {"format", "FORMAT", "compose (v1 and v2), docker, systemd, shell, json, compose-v1, …",
         .value = &given.format},
        {"consumer", "NAME", "how the image reads them: gnzsnz, ibg-controller, raw",
         .value = &given.consumer},
        {"names", "NAMES", "ib (IB_USERNAME…) or tws (TWS_USERID…)", .value = &given.names},
        {"staged", NULL, "the version that ibcred rotate has staged", .flag = &given.staged},
    };
    const char *profile;
    enum ibc_status status =
        parse_options(cli, "check", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK) {
        status = optional_operand(argc, argv, &profile, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    auto_session session;
    struct release_request request;
    status = begin_release(cli, &given, profile, &session, &request, err);
    if (status != IBC_OK) {
        return status;
    }
    struct ibc_finding findings[FINDINGS];
    uint32_t version;
    status = ibc_broker_check(&session.broker, &request.request, &version, findings + 1, err);
    check_runtime(&session, &findings[0]);
    json_auto_t *warnings = NULL;
    if (status == IBC_OK) {
        status = survey_profile(&session, &request, &warnings, err);
    }
    if (status == IBC_OK) {
        status = tell(cli, &request, version, findings, warnings, err);
    }
    for (size_t i = 0; status == IBC_OK && i < FINDINGS; i++) {
        status = findings[i].status;
        if (status != IBC_OK) {
            ibc_fail(err, status, "a release would be refused: %s", findings[i].text);
            err->retry_after = findings[i].retry_after;
        }
    }
    return status;
}
