/* release.c - policy, mode, gate, charge, audit, delivery: in this order and no other. */
#include "broker/settle.h"
#include "broker/variables.h"

enum { PARTIES_MAX = 2 };

/* One profile of a release; mode `both` has two, the live one first. */
struct party {
    const char *profile;
    struct account account;
    struct ibc_charge charge; /* its sequence is 0 until it is made */
};

/* Everything that a release looks at, open. */
struct release {
    const struct ibc_broker *broker;
    const struct ibc_request *request;
    size_t count;
    struct party parties[PARTIES_MAX];
    struct variables variables;
    struct ibc_instant now;
};

static enum ibc_status open_accounts(struct release *release, struct ibc_error *err) {
    const struct ibc_request *request = release->request;
    release->parties[0].profile = request->profile;
    if (!request->paper_profile) {
        release->count = 1;
        return account_open(release->broker, request->profile, request->canary,
                            &release->parties[0].account, err);
    }
    release->count = 2;
    release->parties[1].profile = request->paper_profile;
    const char *const profiles[] = {request->profile, request->paper_profile};
    struct account accounts[2];
    enum ibc_status status =
        account_open_both(release->broker, profiles, request->canary, accounts, err);
    release->parties[0].account = accounts[0];
    release->parties[1].account = accounts[1];
    return status;
}

static enum ibc_status release_open(struct release *release, const struct ibc_broker *broker,
                                    const struct ibc_request *request, struct ibc_error *err) {
    *release = (struct release){.broker = broker, .request = request};
    enum ibc_status status = open_accounts(release, err);
    if (status == IBC_OK) {
        variables_of(release->parties[0].account.version,
                     release->count > 1 ? release->parties[1].account.version : NULL, request,
                     broker->policy, &release->variables);
        status = ibc_clock_now(&release->now, err);
    }
    return status;
}

static void release_close(struct release *release) {
    variables_free(&release->variables);
    for (size_t i = 0; i < PARTIES_MAX; i++) {
        account_close(&release->parties[i].account);
    }
}

/* The ledgers are ours now. */
static enum ibc_status check_still_staged(const struct release *release, struct ibc_error *err) {
    enum ibc_status status = IBC_OK;
    for (size_t i = 0; i < release->count && status == IBC_OK; i++) {
        status = still_staged(release->broker, &release->parties[i].account, err);
    }
    return status;
}

static enum ibc_status check_version_of(const struct party *party, enum ibc_canary canary,
                                        struct ibc_error *err) {
    const struct account *account = &party->account;
    if (account->usable) {
        return IBC_OK;
    }
    if (canary == IBC_CANARY_ONLY) {
        return ibc_fail(err, IBC_ERR_NOT_FOUND,
                        "profile '%s' has no staged version that waits for its first login; stage "
                        "a new password with: ibcred rotate %s",
                        party->profile, party->profile);
    }
    if (account->waiting) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "profile '%s': no version is active, and version %u is staged; its first "
                        "login is made by ibcred up, or with --staged",
                        party->profile, account->waiting->number);
    }
    return ibc_fail(err, IBC_ERR_REFUSED,
                    "profile '%s': version %u is %s and no other is active; seal the right "
                    "password with: ibcred seal %s, or, if IBKR was wrong: ibcred gate %s "
                    "--clear",
                    party->profile, account->version->number,
                    ibc_version_state_name(account->version->state == IBC_VERSION_STAGED
                                               ? IBC_VERSION_BURNED
                                               : account->version->state),
                    party->profile, party->profile);
}

static enum ibc_status check_version(const struct release *release, struct ibc_error *err) {
    for (size_t i = 0; i < release->count; i++) {
        enum ibc_status status =
            check_version_of(&release->parties[i], release->request->canary, err);
        if (status != IBC_OK) {
            return status;
        }
    }
    return IBC_OK;
}

/* IBC_OK with text in `err` is a warning that the policy asks for. */
static enum ibc_status check_mode(const struct release *release, struct ibc_error *err) {
    err->text[0] = '\0';
    enum ibc_kind kinds[PARTIES_MAX] = {0};
    for (size_t i = 0; i < release->count; i++) {
        kinds[i] = release->parties[i].account.profile->kind;
    }
    if (release->count > 1 && kinds[0] == IBC_KIND_PAPER && kinds[1] == IBC_KIND_LIVE) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "profile '%s' is the paper user and '%s' the live one; name them the other "
                        "way round",
                        release->parties[0].profile, release->parties[1].profile);
    }
    enum ibc_mode_verdict verdict =
        ibc_mode_check(release->broker->policy, release->request->mode, kinds, release->count);
    return ibc_mode_explain(verdict, release->request->mode, release->request->profile, kinds[0],
                            err);
}

/* Of two accounts the one that is held speaks, else the one that must wait longer. */
static enum ibc_status check_gate(const struct release *release, struct ibc_error *err) {
    enum ibc_status worst = IBC_OK;
    for (size_t i = 0; i < release->count; i++) {
        struct ibc_gate_verdict verdict =
            account_gate(release->broker, &release->parties[i].account, &release->now);
        struct ibc_error said = {0};
        enum ibc_status status = ibc_gate_explain(&verdict, &release->broker->policy->gate,
                                                  release->parties[i].profile, &said);
        if (worst == IBC_OK || status == IBC_ERR_REFUSED ||
            (status == IBC_ERR_WAIT && worst == IBC_ERR_WAIT &&
             said.retry_after > err->retry_after)) {
            worst = status;
            *err = status == IBC_OK ? *err : said;
        }
        if (status == IBC_ERR_REFUSED) {
            break;
        }
    }
    return worst;
}

static struct ibc_audit_event event_of(const struct release *release, size_t party,
                                       const char *delivery) {
    return (struct ibc_audit_event){
        .event = "release",
        .profile = release->parties[party].profile,
        .version = release->parties[party].account.version->number,
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
    for (size_t i = 0; i < release->count; i++) {
        struct ibc_audit_event event = event_of(release, i, delivery);
        event.verdict = refusal->status == IBC_ERR_WAIT ? "wait" : "refused";
        event.why = refusal->text;
        struct ibc_error ignored;
        (void)!ibc_broker_note(release->broker, &event, &ignored);
    }
}

/* Say that the charges just made came to nothing, because no secret left. */
static void take_back_charges(struct release *release) {
    for (size_t i = 0; i < release->count; i++) {
        struct ibc_error ignored;
        if (release->parties[i].charge.sequence != 0) {
            (void)!account_append(&release->parties[i].account, IBC_LEDGER_UNDELIVERED,
                                  release->parties[i].account.credential, &release->now, &ignored);
        }
    }
}

static enum ibc_status charge(struct release *release, struct ibc_error *err) {
    for (size_t i = 0; i < release->count; i++) {
        struct party *party = &release->parties[i];
        enum ibc_status status = account_append(&party->account, IBC_LEDGER_CHARGE,
                                                party->account.credential, &release->now, err);
        if (status != IBC_OK) {
            return status;
        }
        const struct ibc_ledger_entry *made = account_last_charge(&party->account);
        party->charge.sequence = made->sequence;
        memcpy(party->charge.credential, made->credential, sizeof party->charge.credential);
    }
    return IBC_OK;
}

static enum ibc_status write_audit(const struct release *release, struct ibc_audit *audit,
                                   const char *delivery, const char *verdict, const char *why,
                                   struct ibc_error *err) {
    for (size_t i = 0; i < release->count; i++) {
        struct ibc_audit_event event = event_of(release, i, delivery);
        event.verdict = verdict;
        event.why = why;
        enum ibc_status status = ibc_audit_append(audit, &event, &release->now, err);
        if (status != IBC_OK) {
            return status;
        }
    }
    return IBC_OK;
}

/* Prepared and allowed: charge, write down, let go. */
static enum ibc_status commit(struct release *release, const struct ibc_delivery *delivery,
                              struct ibc_error *err) {
    ibc_auto_audit *audit = NULL;
    enum ibc_status status =
        ibc_audit_open(release->broker->state_fd, ibc_vault_id(release->broker->vault),
                       ibc_vault_audit_key(release->broker->vault), &audit, err);
    if (status != IBC_OK) {
        return status;
    }
    status = charge(release, err);
    if (status == IBC_OK) {
        status = write_audit(release, audit, delivery->name, "allowed", NULL, err);
    }
    if (status == IBC_OK) {
        status = delivery->hand_over(delivery->self, err);
        if (status == IBC_OK) {
            return IBC_OK;
        }
        struct ibc_error ignored;
        (void)!write_audit(release, audit, delivery->name, "failed", err->text, &ignored);
    }
    take_back_charges(release);
    return status;
}

static void pass_warning_on(const struct release *release, const char *sentence) {
    if (release->broker->warn) {
        release->broker->warn(release->broker->warn_context, sentence);
    }
}

/* Who stages a password has mostly changed it at IBKR already. */
static void warn_of_staged(const struct release *release) {
    for (size_t i = 0; i < release->count; i++) {
        const struct party *party = &release->parties[i];
        if (party->account.waiting) {
            struct ibc_error sentence;
            ibc_fail(&sentence, IBC_OK,
                     "profile '%s': version %u is staged and waits for its first login; what is "
                     "released now is version %u",
                     party->profile, party->account.waiting->number,
                     party->account.version->number);
            pass_warning_on(release, sentence.text);
        }
    }
}

static enum ibc_status allow(const struct release *release, struct ibc_error *err) {
    enum ibc_status status = check_version(release, err);
    if (status == IBC_OK) {
        status = check_still_staged(release, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    status = check_mode(release, err);
    if (status != IBC_OK) {
        return status;
    }
    if (err->text[0] != '\0') {
        pass_warning_on(release, err->text);
    }
    warn_of_staged(release);
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
    status = allow(&release, err);
    if (status == IBC_OK) {
        status = variables_write(&release.variables, request, err);
    }
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
    *out = (struct ibc_release){
        .version = release.parties[0].account.version->number,
        .canary = release.parties[0].account.canary || release.parties[1].account.canary,
        .charge = release.parties[0].charge,
        .paper_charge = release.parties[1].charge,
    };
    return IBC_OK;
}

/* In a file: would every reader get the sealed bytes, and nobody else's? */
static enum ibc_status check_delivery(const struct release *release, struct ibc_error *err) {
    ibc_auto_secret unused = {0};
    struct variables variables = release->variables;
    enum ibc_status status = variables_write(&variables, release->request, err);
    if (status == IBC_OK) {
        status = ibc_sink_write(release->request->format, variables.fields, variables.count,
                                &unused, err);
    }
    if (status == IBC_OK) {
        status = ibc_sink_check_environment(release->request->format, variables.fields,
                                            variables.count, release->request->environment, err);
    }
    variables_free(&variables);
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
    *version = release.parties[0].account.version->number;
    warn_of_staged(&release);

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
