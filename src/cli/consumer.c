/* consumer.c - option, policy, or the image's name in the compose files. */
#include "cli/consumer.h"

#include <ibcred/compose.h>
#include <unistd.h>

/* The first service whose image the policy knows; what cannot be read tells nothing. */
static enum ibc_consumer consumer_of_files(const void *context) {
    const struct ibc_policy *policy = context;
    const struct ibc_compose_request here = {.environment = environ};
    ibc_auto_compose *project = NULL;
    struct ibc_error ignored;
    if (ibc_compose_load(&here, &project, &ignored) != IBC_OK) {
        return IBC_CONSUMER_UNKNOWN;
    }
    for (size_t i = 0; i < project->service_count; i++) {
        const enum ibc_consumer consumer =
            ibc_policy_consumer(policy, project->services[i].image.value);
        if (consumer != IBC_CONSUMER_UNKNOWN) {
            return consumer;
        }
    }
    return IBC_CONSUMER_UNKNOWN;
}

enum ibc_status choose_consumer(const char *option, const struct ibc_policy *policy,
                                struct ibc_request *request, struct ibc_error *err) {
    request->consumer = policy->consumer;
    if (option && !ibc_consumer_parse(option, &request->consumer)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--consumer is '%s'; it must be gnzsnz, ibg-controller or raw", option);
    }
    request->find_consumer = consumer_of_files;
    request->find_context = policy;
    return IBC_OK;
}
