/* look.c - what there is to do for a service, before anything is done. */
#include "swarm/move.h"

#include <inttypes.h>

void change_of(const struct ibc_swarm_move *move, struct change *out) {
    /* Beside a TWS_PASSWORD_FILE the image of gnzsnz/ib-gateway-docker refuses to start with it. */
    static const char *const unset[] = {"TWS_PASSWORD", NULL};
    *out = (struct change){
        .environment = {{"TWS_USERID", (const char *)move->username.bytes},
                        {"TRADING_MODE", ibc_mode_name(move->mode)},
                        {"TWS_PASSWORD_FILE", PASSWORD_FILE}},
        .change = {.secret_id = move->secret_id,
                   .secret_name = move->secret.name,
                   .target = TARGET,
                   .owner = move->owner,
                   .group = move->group,
                   .mode = move->file_mode,
                   .environment_count = ENVIRONMENT_COUNT,
                   .unset = unset},
    };
    out->change.environment = out->environment;
}

/* A swarm reads the values of variables as Go templates. */
static enum ibc_status check_username(const struct ibc_swarm_move *move, struct ibc_error *err) {
    const struct ibc_view name = ibc_version_field(move->version, IBC_FIELD_USERNAME)->value;
    if (memmem(name.bytes, name.size, "{{", 2)) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "profile '%s': its username has '{{' in it, which a swarm would read as a "
                        "template; it cannot be delivered to a service",
                        move->secret.profile);
    }
    return IBC_OK;
}

/* The username as the image must be given it, with a NUL. */
static enum ibc_status take_username(struct ibc_swarm_move *move, struct ibc_error *err) {
    ibc_auto_secret_buffer written;
    ibc_secret_buffer_init(&written, IBC_SINK_FILE_MAX);
    ibc_secret_free(&move->username);
    enum ibc_status status = ibc_consumer_write(
        move->consumer, ibc_version_field(move->version, IBC_FIELD_USERNAME), &written, err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_secret_buffer_append_byte(&written, '\0');
    return ibc_secret_buffer_finish(&written, "the username", &move->username, err);
}

static enum ibc_status check_service(const struct ibc_swarm_move *move,
                                     const struct ibc_docker_service *service,
                                     struct ibc_error *err) {
    if (service->tasks < 0) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "service %s is not a replicated one: each of its tasks would log in with "
                        "the same user; create it with --mode replicated --replicas 1",
                        move->service);
    }
    if (service->tasks > 1) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "service %s runs %" PRId64 " tasks, each of which would log in with the "
                        "same user; run: docker service scale %s=1",
                        move->service, service->tasks, move->service);
    }
    if (service->mounts > 1) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "service %s mounts %zu secrets as " PASSWORD_FILE "; take all but one out "
                        "with: docker service update --secret-rm NAME %s",
                        move->service, service->mounts, move->service);
    }
    return IBC_OK;
}

static enum ibc_status fail_taken(const struct ibc_swarm_move *move, bool ours,
                                  struct ibc_error *err) {
    return ours ? ibc_fail(err, IBC_ERR_CREATE,
                           "service %s uses a secret %s of a profile '%s' that was removed and "
                           "sealed anew since; a secret in use cannot be replaced: give another "
                           "name with --secret-name",
                           move->service, move->secret.name, move->secret.profile)
                : ibc_fail(err, IBC_ERR_CREATE,
                           "the swarm has a secret %s that is not of profile '%s' in this vault, "
                           "and it is left alone: give another name with --secret-name",
                           move->secret.name, move->secret.profile);
}

/* What to do with the secret that is there under the name. */
static enum ibc_status judge(struct ibc_swarm_move *move, const struct ibc_docker_secret *there,
                             const struct ibc_docker_service *service, struct ibc_error *err) {
    const bool mounted = strcmp(service->secret_name, there->name) == 0;
    const enum ibc_swarm_kinship kinship = ibc_swarm_kinship(there, &move->secret);
    if (kinship == IBC_SWARM_FOREIGN || (mounted && kinship != IBC_SWARM_SAME)) {
        return fail_taken(move, kinship != IBC_SWARM_FOREIGN, err);
    }
    memcpy(move->secret_id, there->id, sizeof there->id);
    move->keeps = mounted;
    move->replaces = !mounted;
    return IBC_OK;
}

enum ibc_status ibc_swarm_move_look(struct ibc_swarm_move *move, bool *needed,
                                    struct ibc_error *err) {
    struct ibc_docker_service service;
    struct ibc_docker_secret there;
    *needed = true;
    move->keeps = move->replaces = false;
    enum ibc_status status = check_username(move, err);
    if (status == IBC_OK) {
        status = ibc_docker_service_look(move->docker, move->service, TARGET, &service, err);
    }
    if (status == IBC_OK && move->consumer == IBC_CONSUMER_UNKNOWN) {
        move->consumer = ibc_policy_consumer(move->policy, service.image);
    }
    if (status == IBC_OK) {
        status = take_username(move, err);
    }
    if (status == IBC_OK) {
        status = check_service(move, &service, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    status = ibc_docker_secret_find(move->docker, move->secret.name, &there, err);
    if (status != IBC_OK) {
        return status == IBC_ERR_NOT_FOUND ? IBC_OK : status;
    }
    status = judge(move, &there, &service, err);
    if (status == IBC_OK && move->keeps) {
        struct change change;
        change_of(move, &change);
        status = ibc_docker_service_would_change(move->docker, move->service, &change.change,
                                                 needed, err);
    }
    return status;
}
