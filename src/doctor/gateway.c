/* gateway.c - which services log in at IBKR, and as what. */
#include "doctor/examine.h"

#include <ibcred/kind.h>

static const char *text_of(const char *text) {
    return text ? text : "";
}

const struct ibc_compose_variable *given(const struct ibc_compose_service *service,
                                         const char *name) {
    const struct ibc_compose_variable *variable = ibc_compose_variable_of(service, name);
    if (!variable) {
        return NULL;
    }
    /* ${NAME:?} has no value only until Compose is started as it asks. */
    const bool there =
        variable->text.value ? variable->text.value[0] != '\0' : variable->text.interpolated;
    return there ? variable : NULL;
}

const struct ibc_place *value_place(const struct ibc_compose_variable *variable) {
    return variable->text.place.file ? &variable->text.place : &variable->place;
}

const char *profile_for(const struct gateway *gateway) {
    return gateway && gateway->mode_known && gateway->mode == IBC_MODE_LIVE ? "live" : "paper";
}

bool is_loopback(const char *address) {
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0 ||
           strcmp(address, "localhost") == 0;
}

static bool network_binds(const struct ibc_compose_project *project, const char *name) {
    for (size_t i = 0; i < project->network_count; i++) {
        const struct ibc_compose_network *network = &project->networks[i];
        if (strcmp(network->name, name) == 0) {
            return is_loopback(text_of(network->host_binding.value));
        }
    }
    return false;
}

/*
 * A service that names no network is on the project's default one; with a network_mode it is on
 * none of the project's. Docker binds a port without an address on each network by that one's
 * option.
 */
static bool networks_bind(const struct ibc_compose_project *project,
                          const struct ibc_compose_service *service) {
    if (text_of(service->network_mode.written)[0] != '\0') {
        return false;
    }
    for (size_t i = 0; i < service->network_count; i++) {
        if (!network_binds(project, text_of(service->networks[i].text.value))) {
            return false;
        }
    }
    return service->network_count > 0 || network_binds(project, "default");
}

/* Whose network it uses: of `network_mode: service:NAME` that service, and so on. */
static const struct ibc_compose_service *network_of(const struct ibc_compose_project *project,
                                                    const struct ibc_compose_service *service) {
    static const char prefix[] = "service:";
    /* No chain is longer than there are services; one that is goes round. */
    for (size_t i = 0; i < project->service_count; i++) {
        const char *mode = text_of(service->network_mode.value);
        if (strncmp(mode, prefix, strlen(prefix)) != 0) {
            return service;
        }
        const struct ibc_compose_service *next =
            ibc_compose_service_of(project, mode + strlen(prefix));
        if (!next) {
            return service;
        }
        service = next;
    }
    return service;
}

static bool is_named_like_one(const struct ibc_compose_service *service) {
    return strcmp(service->name, "ib-gateway") == 0 ||
           ibc_compose_variable_of(service, "TWS_PASSWORD") ||
           ibc_compose_variable_of(service, "TWS_PASSWORD_FILE");
}

static bool is_known_image(const struct ibc_policy *policy,
                           const struct ibc_compose_service *service) {
    return ibc_policy_image(policy, service->image.value) != IBC_CONSUMER_UNKNOWN;
}

bool ibc_doctor_is_gateway(const struct ibc_policy *policy,
                           const struct ibc_compose_service *service) {
    return is_known_image(policy, service) || is_named_like_one(service) ||
           ibc_compose_variable_of(service, "TWS_USERID");
}

static void describe(const struct examination *exam, const struct ibc_compose_service *service,
                     struct gateway *out) {
    *out = (struct gateway){
        .service = service,
        .consumer = ibc_policy_consumer(exam->policy, service->image.value),
        .trading_mode = given(service, "TRADING_MODE"),
        .published = network_of(exam->project, service),
        .certain = is_known_image(exam->policy, service) || is_named_like_one(service),
    };
    out->bound_by_network = networks_bind(exam->project, out->published);
    out->mode_known = out->trading_mode && out->trading_mode->text.value &&
                      ibc_mode_parse(out->trading_mode->text.value, &out->mode);
}

bool list_gateways(struct examination *exam) {
    const struct ibc_compose_project *project = exam->project;
    exam->gateways = calloc(project->service_count + 1, sizeof *exam->gateways);
    if (!exam->gateways) {
        return false;
    }
    for (size_t i = 0; i < project->service_count; i++) {
        const struct ibc_compose_service *service = &project->services[i];
        if (ibc_doctor_is_gateway(exam->policy, service)) {
            describe(exam, service, &exam->gateways[exam->gateway_count++]);
        }
    }
    return true;
}
