/* release.c - policy, mode, gate, charge, audit, delivery: in this order and no other. */
#include "broker/account.h"
#include "broker/variables.h"

/* Everything that a release looks at, open. */
struct release {
    const struct ibc_broker *broker;
    const struct ibc_request *request;
    struct account account;
    struct variables variables;
    struct ibc_instant now;
};

static enum ibc_status release_open(struct release *release, const struct ibc_broker *broker,
                                    const struct ibc_request *request, struct ibc_error *err) {
    *release = (struct release){.broker = broker, .request = request};
    enum ibc_status status = account_open(broker, request->profile, &release->account, err);
    if (status == IBC_OK) {
        variables_of(release->account.version, request, broker->policy, &release->variables);
        status = ibc_clock_now(&release->now, err);
    }
    return status;
}

static void release_close(struct release *release) {
    account_close(&release->account);
}

static enum ibc_status check_version(const struct release *release, struct ibc_error *err) {
    if (release->account.version->state == IBC_VERSION_ACTIVE) {
        return IBC_OK;
    }
    return ibc_fail(err, IBC_ERR_REFUSED,
                    "profile '%s': version %u is %s and no other is active; seal the right "
                    "password with: ibcred seal %s, or, if IBKR was wrong: ibcred gate %s --clear",
                    release->request->profile, release->account.version->number,
                    ibc_version_state_name(release->account.version->state),
                    release->request->profile, release->request->profile);
}

/* IBC_OK with text in `err` is a warning that the policy asks for. */
static enum ibc_status check_mode(const struct release *release, struct ibc_error *err) {
    err->text[0] = '\0';
    enum ibc_kind kind = release->account.profile->kind;
    enum ibc_mode_verdict verdict =
        ibc_mode_check(release->broker->policy, release->request->mode, &kind, 1);
    return ibc_mode_explain(verdict, release->request->mode, release->request->profile, kind, err);
}

static enum ibc_status check_gate(const struct release *release, struct ibc_error *err) {
    struct ibc_gate_verdict verdict =
        account_gate(&release->account, release->broker->policy, &release->now);
    return ibc_gate_explain(&verdict, &release->broker->policy->gate, release->request->profile,
                            err);
}

static struct ibc_audit_event event_of(const struct release *release, const char *delivery) {
    return (struct ibc_audit_event){
        .event = "release",
        .profile = release->request->profile,
        .version = release->account.version->number,
        .mode = ibc_mode_name(release->request->mode),
        .delivery = delivery,
    };
}

/*
 * A refusal is written down too. Where the audit log cannot be written the refusal still stands,
 * and is what the user needs to hear.
 */
static void note_refusal(const struct release *release, const char *delivery,
                         const struct ibc_error *refusal) {
    struct ibc_audit_event event = event_of(release, delivery);
    event.verdict = refusal->status == IBC_ERR_WAIT ? "wait" : "refused";
    event.why = refusal->text;
    struct ibc_error ignored;
    (void)!ibc_broker_note(release->broker, &event, &ignored);
}

/* Say that the charge just made came to nothing, because its secret did not leave. */
static void take_back_charge(struct release *release) {
    struct ibc_error ignored;
    (void)!account_append(&release->account, IBC_LEDGER_UNDELIVERED, 0, 0,
                          release->account.credential, &release->now, &ignored);
}

static enum ibc_status charge(struct release *release, struct ibc_error *err) {
    return account_append(&release->account, IBC_LEDGER_CHARGE, 0, 0, release->account.credential,
                          &release->now, err);
}

/* Prepared and allowed: charge, write down, let go. */
static enum ibc_status commit(struct release *release, const struct ibc_delivery *delivery,
                              struct ibc_error *err) {
    struct ibc_audit_event event = event_of(release, delivery->name);
    event.verdict = "allowed";
    ibc_auto_audit *audit = NULL;
    enum ibc_status status =
        ibc_audit_open(release->broker->state_fd, ibc_vault_id(release->broker->vault),
                       ibc_vault_audit_key(release->broker->vault), &audit, err);
    if (status != IBC_OK) {
        return status;
    }
    status = charge(release, err);
    if (status != IBC_OK) {
        return status;
    }
    status = ibc_audit_append(audit, &event, &release->now, err);
    if (status == IBC_OK) {
        status = delivery->hand_over(delivery->self, err);
        if (status == IBC_OK) {
            return IBC_OK;
        }
        struct ibc_error ignored;
        event.verdict = "failed";
        event.why = err->text;
        (void)!ibc_audit_append(audit, &event, &release->now, &ignored);
    }
    take_back_charge(release);
    return status;
}

static enum ibc_status allow(const struct release *release, struct ibc_error *err) {
    enum ibc_status status = check_version(release, err);
    if (status != IBC_OK) {
        return status;
    }
    status = check_mode(release, err);
    if (status != IBC_OK) {
        return status;
    }
    if (err->text[0] != '\0' && release->broker->warn) {
        release->broker->warn(release->broker->warn_context, err->text);
    }
    return check_gate(release, err);
}

enum ibc_status ibc_broker_release(const struct ibc_broker *broker,
                                   const struct ibc_request *request,
                                   const struct ibc_delivery *delivery, struct ibc_release *out,
                                   struct ibc_error *err) {
    *out = (struct ibc_release){0};
    IBC_CLEANUP(release_close) struct release release;
    enum ibc_status status = release_open(&release, broker, request, err);
    if (status != IBC_OK) {
        return status;
    }
    struct ibc_release released = {
        .version = release.account.version->number,
    };
    status = allow(&release, err);
    if (status == IBC_OK) {
        status = delivery->prepare(delivery->self, release.variables.fields,
                                   release.variables.count, err);
    }
    if (status != IBC_OK) {
        note_refusal(&release, delivery->name, err);
        return status;
    }
    status = commit(&release, delivery, err);
    if (status != IBC_OK) {
        delivery->abandon(delivery->self);
        return status;
    }
    *out = released;
    return IBC_OK;
}

/* As an env file: would every reader get the sealed bytes, and nobody else's? */
static enum ibc_status check_delivery(const struct release *release, struct ibc_error *err) {
    ibc_auto_secret unused = {0};
    enum ibc_status status = ibc_sink_write(release->request->format, release->variables.fields,
                                            release->variables.count, &unused, err);
    if (status == IBC_OK) {
        status = ibc_sink_check_environment(release->variables.fields, release->variables.count,
                                            release->request->environment, err);
    }
    return status;
}

static enum ibc_status check_audit(const struct release *release, struct ibc_error *err) {
    ibc_auto_audit *audit = NULL;
    return ibc_audit_open(release->broker->state_fd, ibc_vault_id(release->broker->vault),
                          ibc_vault_audit_key(release->broker->vault), &audit, err);
}

enum ibc_status ibc_broker_check(const struct ibc_broker *broker, const struct ibc_request *request,
                                 uint32_t *version,
                                 struct ibc_finding findings[static IBC_FINDINGS],
                                 struct ibc_error *err) {
    *version = 0;
    IBC_CLEANUP(release_close) struct release release;
    enum ibc_status status = release_open(&release, broker, request, err);
    if (status != IBC_OK) {
        return status;
    }
    *version = release.account.version->number;

    static const struct {
        const char *name;
        enum ibc_status (*ask)(const struct release *release, struct ibc_error *err);
    } questions[IBC_FINDINGS] = {
        {"version", check_version},   {"mode", check_mode},   {"gate", check_gate},
        {"delivery", check_delivery}, {"audit", check_audit},
    };
    for (size_t i = 0; i < IBC_FINDINGS; i++) {
        struct ibc_error said = {0};
        enum ibc_status answer = questions[i].ask(&release, &said);
        findings[i] = (struct ibc_finding){
            .name = questions[i].name, .status = answer, .retry_after = said.retry_after};
        memcpy(findings[i].text, said.text, sizeof findings[i].text);
    }
    return IBC_OK;
}
