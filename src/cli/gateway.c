/* gateway.c - the files, the daemon and the account of one gateway. */
#include "cli/gateway.h"

#include "cli/catch_up.h"
#include "cli/explain_log.h"
#include "cli/interrupt.h"
#include <ibcred/file.h>
#include <ibcred/notify.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

/* While the daemon is away; it comes back in seconds or somebody must look. */
enum { RETRY_MS = 1000 };

/* So often it is tried, a second apart, before ibcred ends with something unwritten. */
enum { LAST_TRIES = 5 };

/* For a gateway that is not logged in: there is no session to log out of. */
enum { STOP_GRACE = 10 /* seconds */ };

/* Somebody who finds another at it is told to come again in so many seconds. */
enum { BUSY_WAIT = 10 };

enum ibc_status gateway_open(struct gateway *gateway, const struct cli *cli,
                             const struct release_options *options, const char *profile,
                             const char *rules_path, struct ibc_error *err) {
    *gateway = (struct gateway){
        .cli = cli, .session = {.state_fd = -1}, .reaper = {.order = -1}, .lock = -1};
    struct release_request request;
    enum ibc_status status = load_log_rules(rules_path, &gateway->rules, err);
    if (status == IBC_OK) {
        status = begin_release(cli, options, profile, &gateway->session, &request, err);
    }
    if (status == IBC_OK) {
        memcpy(gateway->profile, request.profile, sizeof gateway->profile);
        memcpy(gateway->paper_profile, request.paper_profile, sizeof gateway->paper_profile);
        gateway->mode = request.request.mode;
        gateway->ttl = request.ttl;
        gateway->consumer = request.request.consumer;
        status = session_runtime(&gateway->session, &gateway->runtime, err);
    }
    if (status == IBC_OK) {
        status = ibc_docker_open(&gateway->docker, err);
    }
    session_rest(&gateway->session);
    return status;
}

enum ibc_status gateway_lock(struct gateway *gateway, struct ibc_error *err) {
    char name[IBC_PROFILE_NAME_MAX + 16];
    snprintf(name, sizeof name, "up-%s.lock", gateway->profile);
    gateway->lock =
        openat(gateway->session.state_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (gateway->lock < 0) {
        return ibc_fail_errno(err, IBC_ERR_CREATE, errno,
                              "'%s' cannot be made in the state directory", name);
    }
    if (flock(gateway->lock, LOCK_EX | LOCK_NB) != 0) {
        ibc_fail(err, IBC_ERR_WAIT,
                 "another ibcred (up, or watch --supervise) handles the gateway of profile '%s', "
                 "and starts it itself; end that one first",
                 gateway->profile);
        err->retry_after = BUSY_WAIT;
        return err->status;
    }
    return IBC_OK;
}

void gateway_close(struct gateway *gateway) {
    gateway_wait_for_compose(gateway);
    catch_up_wait(&gateway->catching_up);
    if (gateway->reaper.pid > 0) {
        gateway_end_secret(gateway);
    }
    ibc_reaper_free(&gateway->reaper);
    ibc_docker_free(&gateway->docker);
    ibc_runtime_free(&gateway->runtime);
    ibc_log_rules_free(&gateway->rules);
    session_close(&gateway->session);
    ibc_close(&gateway->lock);
}

const char *gateway_profile(const struct gateway *gateway, size_t side) {
    return side == 0 ? gateway->profile : gateway->paper_profile;
}

enum ibc_status gateway_find(struct gateway *gateway, struct ibc_container *out,
                             struct ibc_error *err) {
    if (gateway->compose) {
        enum ibc_status status = compose_container(gateway->compose, gateway->container, err);
        if (status != IBC_OK) {
            return status;
        }
    }
    if (gateway->container[0] == '\0') {
        return ibc_fail(err, IBC_ERR_NOT_FOUND, "service '%s' has no container",
                        gateway->compose ? gateway->compose->service : "");
    }
    return ibc_docker_inspect(gateway->docker, gateway->container, out, err);
}

bool gateway_is_mounted(const struct ibc_container *container, const char *link) {
    for (size_t i = 0; i < container->mount_count; i++) {
        if (strcmp(container->mounts[i].source, link) == 0) {
            return true;
        }
    }
    return false;
}

void gateway_end_secret(struct gateway *gateway) {
    struct ibc_error err;
    if (ibc_secret_directory_end(gateway->runtime, gateway->profile, &err) == IBC_OK) {
        ibc_reaper_dismiss(&gateway->reaper);
    } else {
        warn(gateway->cli, err.text);
    }
}

bool gateway_stop(struct gateway *gateway, bool logged_in) {
    bool told = false;
    for (;;) {
        struct ibc_error err;
        enum ibc_status status =
            ibc_docker_stop(gateway->docker, gateway->container, logged_in ? -1 : STOP_GRACE, &err);
        if (status == IBC_OK || status == IBC_ERR_NOT_FOUND) {
            return true;
        }
        if (!told) {
            warn(gateway->cli, err.text);
            told = true;
        }
        if (!pause_for(RETRY_MS)) {
            return false;
        }
    }
}

/* --- writing down --- */

void gateway_begin_run(struct gateway *gateway, const struct ibc_container *container) {
    ibc_auto_free char *link = ibc_secret_directory_path(gateway->runtime, gateway->profile);
    const bool reads_files = link && gateway_is_mounted(container, link);
    const struct ibc_login_origin before = {
        .taken_ns = ibc_docker_time(reads_files ? container->started_at : container->created_at)};
    gateway->origins[0] = gateway->origins[1] = before;
    if (gateway->own_run) {
        gateway->origins[0].charge = gateway->released.charge;
        gateway->origins[1].charge = gateway->released.paper_charge;
    }
    gateway->own_run = false;
}

static void warn_not_written(const struct gateway *gateway, const struct ibc_error *why) {
    struct ibc_error sentence;
    ibc_fail(&sentence, why->status,
             "what the log said could not be written down, and nothing is released before it is: "
             "%s",
             why->text);
    warn(gateway->cli, sentence.text);
}

static enum ibc_status write_outcome(struct gateway *gateway, size_t side,
                                     const struct ibc_login_outcome *outcome, int64_t seen_ns,
                                     struct ibc_error *err) {
    const struct ibc_report report = {
        .outcome = outcome->outcome,
        .wait = outcome->wait,
        .seen_ns = seen_ns,
        .automatic = outcome->automatic,
        .origin = gateway->origins[side],
    };
    struct ibc_reported reported;
    const char *profile = gateway_profile(gateway, side);
    enum ibc_status status =
        ibc_broker_report(&gateway->session.broker, profile, &report, &reported, err);
    if (status != IBC_OK) {
        return status;
    }
    if (reported.warned) {
        warn(gateway->cli, err->text);
    }
    if (!reported.again) {
        say(gateway->cli, "%s: %s is written down", profile, ibc_outcome_name(reported.outcome));
    }
    say_staging(gateway->cli, profile, &reported);
    if (reported.promoted != 0) {
        gateway->promoted = reported.promoted;
        catch_up_start(&gateway->session, profile, &gateway->catching_up);
    }
    return IBC_OK;
}

static enum ibc_status write_accounts(struct gateway *gateway, size_t side, enum ibc_kind kind,
                                      int64_t seen_ns, struct ibc_error *err) {
    const struct ibc_attestation seen = {
        .mode = ibc_login_side_mode(gateway->mode, side),
        .kind = kind,
        .seen_ns = seen_ns,
        .origin = gateway->origins[side],
    };
    struct ibc_attested attested;
    const char *profile = gateway_profile(gateway, side);
    enum ibc_status status =
        ibc_broker_attest(&gateway->session.broker, profile, &seen, &attested, err);
    if (status == IBC_OK && attested.warned) {
        warn(gateway->cli, err->text);
    }
    if (status == IBC_OK && attested.contradicts && !attested.again) {
        say(gateway->cli, "%s: that is written down, and the account is held", profile);
    }
    return status;
}

/* Good to know, and no more: it will be told again at the next login. */
static void write_expiry(struct gateway *gateway, size_t side, int64_t days) {
    struct ibc_error err;
    if (ibc_broker_expiry(&gateway->session.broker, gateway_profile(gateway, side), days, &err) !=
        IBC_OK) {
        warn(gateway->cli, err.text);
    }
}

/* What was written once is known by its time, and not written again. */
static enum ibc_status write_step(struct gateway *gateway, const struct ibc_login_step *step,
                                  int64_t seen_ns, struct ibc_error *err) {
    enum ibc_status status = session_wake(&gateway->session, err);
    for (size_t i = 0; status == IBC_OK && i < ibc_login_side_count(gateway->mode); i++) {
        bool again;
        if (step->attempts[i]) {
            status = ibc_broker_attempt(&gateway->session.broker, gateway_profile(gateway, i),
                                        seen_ns, &again, err);
        }
        if (status == IBC_OK && step->outcomes[i].given) {
            status = write_outcome(gateway, i, &step->outcomes[i], seen_ns, err);
        }
        if (status == IBC_OK && step->accounts[i].given) {
            status = write_accounts(gateway, i, step->accounts[i].kind, seen_ns, err);
        }
        if (status == IBC_OK && step->expires) {
            write_expiry(gateway, i, step->expires_days);
        }
    }
    session_rest(&gateway->session);
    return status;
}

enum ibc_status gateway_write_rest(struct gateway *gateway, struct ibc_error *err) {
    while (gateway->unwritten_count > 0) {
        enum ibc_status status =
            write_step(gateway, &gateway->unwritten[0].step, gateway->unwritten[0].seen_ns, err);
        if (status != IBC_OK) {
            return status;
        }
        gateway->unwritten_count--;
        memmove(&gateway->unwritten[0], &gateway->unwritten[1],
                gateway->unwritten_count * sizeof gateway->unwritten[0]);
    }
    return IBC_OK;
}

void gateway_write_at_last(struct gateway *gateway) {
    struct ibc_error err;
    for (int tries = 0; gateway_write_rest(gateway, &err) != IBC_OK; tries++) {
        if (tries == LAST_TRIES || !pause_for(RETRY_MS)) {
            struct ibc_error sentence;
            ibc_fail(&sentence, err.status,
                     "what the log said is not written down, so nothing holds the account of "
                     "profile '%s': start no gateway for it before that is mended: %s",
                     gateway->profile, err.text);
            warn(gateway->cli, sentence.text);
            return;
        }
    }
}

void gateway_write_down(struct gateway *gateway, const struct ibc_login_step *step,
                        int64_t seen_ns) {
    bool login = false;
    for (size_t i = 0; i < ibc_login_side_count(gateway->mode); i++) {
        login |= step->attempts[i] || step->outcomes[i].given || step->accounts[i].given;
    }
    if (!login && !step->expires) {
        return;
    }
    gateway->charged &= !login;
    /* Where there are more, what the last one says is what matters, and whose accounts were seen.
     */
    const size_t last = UNWRITTEN_MAX - 1;
    const size_t at = gateway->unwritten_count < last ? gateway->unwritten_count : last;
    const struct ibc_login_step before = gateway->unwritten[at].step;
    gateway->unwritten[at].step = *step;
    for (size_t i = 0; at < gateway->unwritten_count && i < ibc_login_side_count(gateway->mode);
         i++) {
        if (!step->accounts[i].given) {
            gateway->unwritten[at].step.accounts[i] = before.accounts[i];
        }
    }
    gateway->unwritten[at].seen_ns = seen_ns;
    gateway->unwritten_count = at + 1;
    struct ibc_error err;
    if (gateway_write_rest(gateway, &err) != IBC_OK) {
        warn_not_written(gateway, &err);
    }
}

void gateway_take_back(struct gateway *gateway, const char *why) {
    if (!gateway->charged) {
        return;
    }
    gateway->charged = false;
    const struct ibc_charge *const charges[] = {&gateway->released.charge,
                                                &gateway->released.paper_charge};
    struct ibc_error err;
    enum ibc_status status = session_wake(&gateway->session, &err);
    for (size_t i = 0; status == IBC_OK && i < ibc_login_side_count(gateway->mode); i++) {
        bool done;
        status = ibc_broker_take_back(&gateway->session.broker, gateway_profile(gateway, i),
                                      charges[i], why, &done, &err);
    }
    if (status != IBC_OK) {
        warn_not_written(gateway, &err);
    }
    session_rest(&gateway->session);
}

bool gateway_awaits_outcome(struct gateway *gateway) {
    struct ibc_error err;
    bool awaits = false;
    enum ibc_status status = session_wake(&gateway->session, &err);
    for (size_t i = 0; status == IBC_OK && !awaits && i < ibc_login_side_count(gateway->mode);
         i++) {
        status = ibc_broker_awaits_outcome(&gateway->session.broker, gateway_profile(gateway, i),
                                           &awaits, &err);
    }
    session_rest(&gateway->session);
    return status != IBC_OK || awaits;
}

static enum ibc_status ask_gate(struct gateway *gateway, enum ibc_gate_decision *decision,
                                struct ibc_error *err) {
    enum ibc_status worst = IBC_OK;
    *decision = IBC_GATE_ALLOW;
    for (size_t i = 0; i < ibc_login_side_count(gateway->mode); i++) {
        struct ibc_gate_verdict verdict;
        struct ibc_error said;
        const char *profile = gateway_profile(gateway, i);
        enum ibc_status status =
            ibc_broker_gate(&gateway->session.broker, profile, &verdict, &said);
        if (status != IBC_OK) {
            *err = said;
            return status;
        }
        status = ibc_gate_explain(&verdict, &gateway->session.policy.gate, profile, &said);
        const bool longer = verdict.decision == IBC_GATE_WAIT && *decision == IBC_GATE_WAIT &&
                            said.retry_after > err->retry_after;
        if (verdict.decision > *decision || longer) {
            *decision = verdict.decision;
            *err = said;
            worst = status;
        }
    }
    return worst;
}

enum ibc_status gateway_gate(struct gateway *gateway, enum ibc_gate_decision *decision,
                             struct ibc_error *err) {
    *decision = IBC_GATE_ALLOW;
    enum ibc_status status = session_wake(&gateway->session, err);
    err->retry_after = 0;
    if (status == IBC_OK) {
        status = ask_gate(gateway, decision, err);
    }
    session_rest(&gateway->session);
    return status;
}

/* Only wiping: the lock is shared with us, and letting go of it there would let go of it here. */
static void close_for_notifier(void *context) {
    struct gateway *gateway = context;
    session_close(&gateway->session);
}

void gateway_notify(struct gateway *gateway, enum ibc_notice notice, const char *text) {
    const struct ibc_notification notification = {
        .notice = notice,
        .profile = gateway->profile,
        .mode = ibc_mode_name(gateway->mode),
        .container = gateway->container,
        .text = text,
        .wall_ms = ibc_clock_wall_ms(),
    };
    ibc_notify_start(&gateway->session.policy, &notification, close_for_notifier, gateway);
}
