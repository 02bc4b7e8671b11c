/* inject_swarm.c - ibcred inject --to swarm: the secret's name on stdout, and nothing else. */
#include "cli/inject_swarm.h"

#include <ibcred/swarm.h>

/* One run of the command. */
struct swarm_run {
    const struct cli *cli;
    const struct release_options *given;
    const struct swarm_options *swarm;
    struct session *session;
    struct release_request *request;
    struct ibc_swarm_move move;
    struct ibc_profile *profile; /* what the move borrows from */
    json_t *pruned;              /* the names of secrets that were removed */
};

static void swarm_run_free(struct swarm_run *run) {
    ibc_swarm_move_free(&run->move);
    ibc_docker_free(&run->move.docker);
    ibc_profile_free(&run->profile);
    json_decref(run->pruned);
}

static enum ibc_status check_options(const struct release_options *given,
                                     const struct swarm_options *swarm, struct ibc_error *err) {
    enum ibc_mode mode;
    enum ibc_status status = mode_option(given->mode, &mode, err);
    if (status != IBC_OK) {
        return status;
    }
    if (!swarm->service) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--to swarm needs --service NAME, the gateway's service in the swarm");
    }
    if (given->ttl) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--ttl does not apply to --to swarm: the swarm keeps a secret until it is "
                        "replaced by the next version's");
    }
    if (given->names || given->format) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--%s is for an env file; a swarm's service gets the names that the "
                        "gateway asks for, leave it out",
                        given->names ? "names" : "format");
    }
    if (mode == IBC_MODE_BOTH) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "mode both is not for --to swarm, which moves a service to one secret; run "
                        "a service for paper and one for live");
    }
    return IBC_OK;
}

/* What the profile is now: after a wait it may be another version's turn. */
static enum ibc_status aim(struct swarm_run *run, bool *needed, struct ibc_error *err) {
    const struct ibc_policy *policy = &run->session->policy;
    const struct ibc_vault *vault = run->session->broker.vault;
    *needed = true;
    ibc_profile_free(&run->profile);
    enum ibc_status status = ibc_vault_get(vault, run->request->profile, &run->profile, err);
    if (status != IBC_OK) {
        return status;
    }
    run->move.mode = run->request->request.mode;
    run->move.policy = policy;
    run->move.owner = policy->secret_owner;
    run->move.group = policy->secret_group;
    run->move.file_mode = policy->secret_mode;
    run->move.version =
        run->given->staged ? ibc_profile_staged(run->profile) : ibc_profile_active(run->profile);
    if (!run->move.version) {
        return IBC_OK; /* a release says why there is none */
    }
    status = ibc_swarm_secret_of(run->swarm->secret_name, ibc_vault_id(vault),
                                 run->request->profile, run->move.version, &run->move.secret, err);
    if (status == IBC_OK) {
        status = ibc_swarm_move_look(&run->move, needed, err);
    }
    run->request->request.consumer = run->move.consumer;
    return status;
}

static enum ibc_status move_service(struct swarm_run *run, struct ibc_error *err) {
    const struct ibc_delivery delivery = ibc_swarm_delivery(&run->move);
    for (;;) {
        struct ibc_release released;
        bool needed;
        enum ibc_status status = aim(run, &needed, err);
        if (status != IBC_OK || !needed) {
            return status;
        }
        status = release(run->session, &run->request->request, false, &delivery, &released, err);
        if (status == IBC_ERR_REFUSED && run->move.needless) {
            return IBC_OK; /* somebody else was faster */
        }
        if (status != IBC_ERR_WAIT || !run->given->wait) {
            return status;
        }
        const struct ibc_error gate = *err;
        status = session_wait(run->session, gate.retry_after, gate.text, err);
        if (status != IBC_OK) {
            return status;
        }
    }
}

/* --- telling ---------------------------------------------------------------------------------- */

static void tell_pruned(void *context, const char *name, bool removed) {
    struct swarm_run *run = context;
    if (removed) {
        json_array_append_new(run->pruned, json_string(name));
        say(run->cli, "%s: removed", name);
    } else {
        say(run->cli, "%s: kept, because a service uses it", name);
    }
}

/* Further fields would stand in the service's specification for everyone who may inspect it. */
static void tell_of_further_fields(const struct swarm_run *run) {
    const struct ibc_version *version = run->move.version;
    for (size_t i = 0; i < version->field_count; i++) {
        const struct ibc_view name = version->fields[i].name;
        if (!ibc_view_is(name, IBC_FIELD_USERNAME) && !ibc_view_is(name, IBC_FIELD_PASSWORD) &&
            ibc_policy_allows_field(&run->session->policy, name)) {
            say(run->cli, "%.*s: not given to the service, which gets the login alone",
                (int)name.size, (const char *)name.bytes);
        }
    }
}

static void tell_moved(const struct swarm_run *run) {
    const struct ibc_swarm_move *move = &run->move;
    if (move->created) {
        say(run->cli, "%s: created", move->secret.name);
    }
    if (move->moved) {
        say(run->cli, "service %s: moved to %s, and charged as a login", move->service,
            move->secret.name);
        tell_of_further_fields(run);
    } else {
        say(run->cli, "service %s: is at %s in mode %s already; nothing was released",
            move->service, move->secret.name, ibc_mode_name(move->mode));
    }
}

static enum ibc_status fail_unknown(const struct swarm_run *run, struct ibc_error *err) {
    const struct ibc_swarm_move *move = &run->move;
    return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                    "nobody can say whether service %s was moved to secret %s, so it stays charged "
                    "as a login attempt (%s); look with: docker service ps %s, then: ibcred report "
                    "%s OUTCOME",
                    move->service, move->secret.name, move->doubt.text, move->service,
                    move->secret.profile);
}

/* Old secrets that stay do no harm, and the next run tries again. */
static void prune(struct swarm_run *run) {
    struct ibc_error why;
    if (ibc_swarm_prune(&run->move, tell_pruned, run, &why) != IBC_OK) {
        char text[IBC_ERROR_TEXT_MAX + 64];
        snprintf(text, sizeof text, "older secrets were not removed: %s", why.text);
        warn(run->cli, text);
    }
}

static enum ibc_status answer(const struct swarm_run *run, struct ibc_error *err) {
    const struct ibc_swarm_move *move = &run->move;
    if (!run->cli->json) {
        printf("%s\n", move->secret.name);
        return flush_output(err);
    }
    return print_json(json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:b, s:b, s:O}", "secret",
                                move->secret.name, "service", move->service, "profile",
                                move->secret.profile, "version", (int)move->version->number, "mode",
                                ibc_mode_name(move->mode), "to", "swarm", "created", move->created,
                                "moved", move->moved, "pruned", run->pruned),
                      err);
}

static enum ibc_status run_swarm(struct swarm_run *run, struct ibc_error *err) {
    enum ibc_status status = move_service(run, err);
    if (status != IBC_OK) {
        return status;
    }
    if (run->move.unknown) {
        return fail_unknown(run, err);
    }
    tell_moved(run);
    prune(run);
    return answer(run, err);
}

enum ibc_status inject_swarm(const struct cli *cli, const struct release_options *given,
                             const struct swarm_options *swarm, const char *profile,
                             struct ibc_error *err) {
    enum ibc_status status = check_options(given, swarm, err);
    if (status != IBC_OK) {
        return status;
    }
    auto_session session;
    struct release_request request;
    status = begin_release(cli, given, profile, &session, &request, err);
    if (status != IBC_OK) {
        return status;
    }
    request.request.names = IBC_NAMES_TWS;
    request.request.find_consumer =
        NULL; /* the service's image says it, not a file that lies here */
    IBC_CLEANUP(swarm_run_free)
    struct swarm_run run = {
        .cli = cli,
        .given = given,
        .swarm = swarm,
        .session = &session,
        .request = &request,
        .move = {.service = swarm->service, .consumer = request.request.consumer},
        .pruned = json_array()};
    if (!run.pruned) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory");
    }
    status = ibc_docker_open(&run.move.docker, err);
    return status == IBC_OK ? run_swarm(&run, err) : status;
}
