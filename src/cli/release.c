/* release.c - from options to a request, and waiting at the gate. */
#include "cli/consumer.h"

#include "cli/cli.h"

#include <ibcred/number.h>
#include <unistd.h>

static enum ibc_status names_option(const char *text, enum ibc_names *out, struct ibc_error *err) {
    *out = IBC_NAMES_IB;
    if (!text || strcmp(text, "ib") == 0) {
        return IBC_OK;
    }
    if (strcmp(text, "tws") == 0) {
        *out = IBC_NAMES_TWS;
        return IBC_OK;
    }
    return ibc_fail(err, IBC_ERR_USAGE, "--names is '%s'; it must be ib or tws", text);
}

static enum ibc_status format_option(const char *text, enum ibc_format *out,
                                     struct ibc_error *err) {
    *out = IBC_FORMAT_COMPOSE;
    if (text && !ibc_format_parse(text, out)) {
        return ibc_fail(err, IBC_ERR_USAGE, "--format is '%s'; it must be %s", text,
                        ibc_format_names());
    }
    return IBC_OK;
}

static enum ibc_status ttl_option(const char *text, const struct ibc_policy *policy, int64_t *out,
                                  struct ibc_error *err) {
    *out = policy->ttl_default;
    if (text && (!ibc_parse_duration(text, policy->ttl_max, out) || *out == 0)) {
        char longest[IBC_DURATION_TEXT_MAX];
        ibc_format_duration(policy->ttl_max, longest);
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--ttl is '%s'; it must be like 90s or 2m, and the policy allows 1 s to %s",
                        text, longest);
    }
    return IBC_OK;
}

/* Mode `both` takes a second profile, of the other kind. */
static enum ibc_status paper_option(const struct session *session,
                                    const struct release_options *options,
                                    struct release_request *out, struct ibc_error *err) {
    if (out->request.mode == IBC_MODE_BOTH) {
        out->request.paper_profile = out->paper_profile;
        return session_profile(session, options->paper, IBC_MODE_PAPER, out->paper_profile, err);
    }
    if (options->paper) {
        return ibc_fail(err, IBC_ERR_USAGE, "--paper is for mode both, which takes two profiles");
    }
    return IBC_OK;
}

static enum ibc_status make_request(const struct session *session,
                                    const struct release_options *options, const char *profile,
                                    struct release_request *out, struct ibc_error *err) {
    *out = (struct release_request){
        .request = {.profile = out->profile,
                    .canary = options->staged ? IBC_CANARY_ONLY : IBC_CANARY_NEVER,
                    .environment = environ}};
    enum ibc_status status = mode_option(options->mode, &out->request.mode, err);
    if (status == IBC_OK) {
        status = names_option(options->names, &out->request.names, err);
    }
    if (status == IBC_OK) {
        status = format_option(options->format, &out->request.format, err);
    }
    if (status == IBC_OK) {
        status = choose_consumer(options->consumer, session, &out->request, err);
    }
    if (status == IBC_OK) {
        status = ttl_option(options->ttl, &session->policy, &out->ttl, err);
    }
    if (status == IBC_OK) {
        status = session_profile(session, profile, out->request.mode, out->profile, err);
    }
    if (status == IBC_OK) {
        status = paper_option(session, options, out, err);
    }
    if (status == IBC_OK && options->staged && out->request.paper_profile) {
        return ibc_fail(
            err, IBC_ERR_USAGE,
            "--staged is for one profile; in mode both ibcred up proves what is staged");
    }
    return status;
}

/*
 * A crash may have come between what the ledger knows of a staged version and the vault: everything
 * that looks at the vault from here on is to see what was decided.
 */
static enum ibc_status settle(struct session *session, const char *profile, struct ibc_error *err) {
    struct ibc_settled settled;
    struct ibc_error why;
    enum ibc_status status = session_settle(session, profile, &settled, &why);
    if (session->vault) {
        /* Where it failed all the same the broker decides by the ledger, and says what is wrong. */
        return IBC_OK;
    }
    *err = why;
    return status;
}

enum ibc_status begin_release(const struct cli *cli, const struct release_options *options,
                              const char *profile, struct session *session,
                              struct release_request *request, struct ibc_error *err) {
    enum ibc_status status = session_open(session, cli, false, err);
    if (status == IBC_OK) {
        status = make_request(session, options, profile, request, err);
    }
    if (status == IBC_OK) {
        status = settle(session, request->profile, err);
    }
    return status == IBC_OK && request->request.paper_profile
               ? settle(session, request->paper_profile, err)
               : status;
}

enum ibc_status release(struct session *session, const struct ibc_request *request, bool wait,
                        const struct ibc_delivery *delivery, struct ibc_release *out,
                        struct ibc_error *err) {
    for (;;) {
        enum ibc_status status = ibc_broker_release(&session->broker, request, delivery, out, err);
        if (status != IBC_ERR_WAIT || !wait) {
            return status;
        }
        const struct ibc_error gate = *err;
        status = session_wait(session, gate.retry_after, gate.text, err);
        if (status != IBC_OK) {
            return status;
        }
    }
}
