/* cmd_gate.c - ibcred gate: may this account log in now? */
#include "cli/cli.h"

static enum ibc_status look(const struct session *session, const char *profile,
                            struct ibc_gate_verdict *verdict, struct ibc_error *err) {
    enum ibc_status status = ibc_broker_gate(&session->broker, profile, verdict, err);
    if (status != IBC_OK) {
        return status;
    }
    return ibc_gate_explain(verdict, &session->policy.gate, profile, err);
}

static enum ibc_status tell(const struct cli *cli, const struct session *session,
                            const char *profile, const struct ibc_gate_verdict *verdict,
                            struct ibc_error *err) {
    static const char *const decisions[] = {
        [IBC_GATE_ALLOW] = "allow", [IBC_GATE_WAIT] = "wait", [IBC_GATE_HOLD] = "hold"};
    if (!cli->json) {
        printf("%s: %s, %lld of %lld failures, %lld of %lld attempts\n", profile,
               decisions[verdict->decision], (long long)verdict->failures,
               (long long)session->policy.gate.max_failures, (long long)verdict->attempts,
               (long long)session->policy.gate.max_attempts);
        return flush_output(err);
    }
    return print_json(json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "profile", profile,
                                "decision", decisions[verdict->decision], "reason",
                                ibc_gate_reason_name(verdict->reason), "wait_seconds",
                                (json_int_t)ibc_gate_wait_seconds(verdict), "failures",
                                (json_int_t)verdict->failures, "max_failures",
                                (json_int_t)session->policy.gate.max_failures, "attempts",
                                (json_int_t)verdict->attempts, "max_attempts",
                                (json_int_t)session->policy.gate.max_attempts),
                      err);
}

/* The vault is read anew afterwards: what is cleared may have been in it. */
static enum ibc_status clear(const struct cli *cli, struct session *session, const char *profile,
                             struct ibc_error *err) {
    bool warned;
    enum ibc_status status = ibc_broker_clear(&session->broker, profile, &warned, err);
    if (status != IBC_OK) {
        return status;
    }
    if (warned) {
        warn(cli, err->text);
    }
    say(cli,
        "%s: the slate is wiped here; failures that IBKR has counted it keeps until its 24 h are "
        "over",
        profile);
    session_rest(session);
    return session_wake(session, err);
}

static enum ibc_status wait_until_open(struct session *session, const char *profile,
                                       struct ibc_error *err) {
    for (;;) {
        struct ibc_gate_verdict verdict;
        struct ibc_error gate = {0};
        enum ibc_status status = look(session, profile, &verdict, &gate);
        if (status != IBC_ERR_WAIT) {
            *err = gate;
            return status;
        }
        status = session_wait(session, gate.retry_after, gate.text, err);
        if (status != IBC_OK) {
            return status;
        }
    }
}

/* Tell the verdict; a no is an answer too, and its status the exit code. */
static enum ibc_status answer(const struct cli *cli, const struct session *session,
                              const char *profile, struct ibc_error *err) {
    struct ibc_gate_verdict verdict = {0};
    enum ibc_status status = look(session, profile, &verdict, err);
    if (status != IBC_OK && status != IBC_ERR_WAIT && status != IBC_ERR_REFUSED) {
        return status;
    }
    struct ibc_error failure;
    enum ibc_status told = tell(cli, session, profile, &verdict, &failure);
    if (told != IBC_OK) {
        *err = failure;
        return told;
    }
    return status;
}

enum ibc_status cmd_gate(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    bool wait = false, wipe = false;
    const struct option_spec options[] = {
        {"wait", NULL, "wait until it is open", .flag = &wait},
        {"clear", NULL, "wipe waits, budgets, holds and the burned version", .flag = &wipe},
    };
    const char *name;
    enum ibc_status status =
        parse_options(cli, "gate", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK) {
        status = optional_operand(argc, argv, &name, err);
    }
    if (status == IBC_OK && wait && wipe) {
        status = ibc_fail(err, IBC_ERR_USAGE, "--wait and --clear do not go together");
    }
    if (status != IBC_OK) {
        return status;
    }
    auto_session session;
    char profile[IBC_PROFILE_NAME_MAX + 1];
    status = session_open(&session, cli, false, err);
    if (status == IBC_OK) {
        status = session_any_profile(&session, name, profile, err);
    }
    if (status == IBC_OK && wipe) {
        status = clear(cli, &session, profile, err);
    }
    if (status == IBC_OK && wait) {
        status = wait_until_open(&session, profile, err);
    }
    return status == IBC_OK ? answer(cli, &session, profile, err) : status;
}
