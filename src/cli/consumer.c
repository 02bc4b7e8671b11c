/* consumer.c - option, policy, or the images in the compose files. */
#include "cli/consumer.h"

#include <ibcred/compose.h>
#include <ibcred/doctor.h>
#include <unistd.h>

/* What all gateways of the project are; unknown where one is, or where two differ. */
static enum ibc_consumer consumer_of(const struct ibc_compose_project *project,
                                     const struct ibc_policy *policy) {
    enum ibc_consumer all = IBC_CONSUMER_UNKNOWN;
    for (size_t i = 0; i < project->service_count; i++) {
        const struct ibc_compose_service *service = &project->services[i];
        if (!ibc_doctor_is_gateway(policy, service)) {
            continue;
        }
        const enum ibc_consumer one = ibc_policy_consumer(policy, service->image.value);
        if (one == IBC_CONSUMER_UNKNOWN || (all != IBC_CONSUMER_UNKNOWN && all != one)) {
            return IBC_CONSUMER_UNKNOWN;
        }
        all = one;
    }
    return all;
}

/* What cannot be read tells nothing. */
static enum ibc_consumer consumer_of_files(const void *context) {
    const struct session *session = context;
    const struct ibc_compose_request here = {.environment = environ};
    ibc_auto_compose *project = NULL;
    struct ibc_error ignored;
    if (ibc_compose_load(&here, &project, &ignored) != IBC_OK) {
        return IBC_CONSUMER_UNKNOWN;
    }
    const enum ibc_consumer consumer = consumer_of(project, &session->policy);
    if (consumer != IBC_CONSUMER_UNKNOWN) {
        say(session->cli, "the credentials are written as the %s image reads them, by %s",
            ibc_consumer_name(consumer), project->files[0]);
    }
    return consumer;
}

enum ibc_status choose_consumer(const char *option, const struct session *session,
                                struct ibc_request *request, struct ibc_error *err) {
    request->consumer = session->policy.consumer;
    if (option && !ibc_consumer_parse(option, &request->consumer)) {
        return ibc_fail(err, IBC_ERR_USAGE, "--consumer is '%s'; it must be %s", option,
                        ibc_consumer_names());
    }
    if (ibc_format_is_compose(request->format)) {
        request->find_consumer = consumer_of_files;
        request->find_context = session;
    }
    return IBC_OK;
}
