/* project.c - which files are read, and what is in them at all. */
#include "doctor/examine.h"

static bool stands_in(const struct ibc_place *place, const char *file) {
    return place->file && strcmp(place->file, file) == 0;
}

/* compose.override.yaml and its kin. */
static bool is_override(const char *file) {
    const char *slash = strrchr(file, '/');
    return strstr(slash ? slash + 1 : file, ".override.y") != NULL;
}

static bool adds_to_a_gateway(const struct examination *exam, const char *override) {
    for (size_t i = 0; i < exam->gateway_count; i++) {
        const struct ibc_compose_service *service = exam->gateways[i].service;
        if (stands_in(&service->last_place, override) && !stands_in(&service->place, override)) {
            return true;
        }
    }
    return false;
}

/* The first service in the override, or its first line. */
static struct ibc_place place_in(const struct ibc_compose_project *project, const char *override) {
    struct ibc_place place = line_one(override);
    bool any = false;
    for (size_t i = 0; i < project->service_count; i++) {
        const struct ibc_compose_service *service = &project->services[i];
        const struct ibc_place *there =
            stands_in(&service->place, override) ? &service->place : &service->last_place;
        if (stands_in(there, override) && (!any || there->start < place.start)) {
            place = *there;
            any = true;
        }
    }
    return place;
}

/* The name of a gateway that the files before the override have; NULL for none. */
static const char *gateway_before(const struct examination *exam, const char *override) {
    for (size_t i = 0; i < exam->gateway_count; i++) {
        if (!stands_in(&exam->gateways[i].service->place, override)) {
            return exam->gateways[i].service->name;
        }
    }
    return NULL;
}

static void judge_read_override(struct examination *exam, const char *override) {
    const struct ibc_place place = place_in(exam->project, override);
    const char *name = gateway_before(exam, override);
    struct ibc_doctor_finding *finding =
        found(exam, &place, "the override names no gateway that the files before it have");
    if (name) {
        instead(exam, finding, "%s:", name);
    } else {
        instead(exam, finding, "the name that the gateway's service has in %s",
                exam->project->files[0]);
    }
}

void rule_override_unused(struct examination *exam) {
    const struct ibc_compose_project *project = exam->project;
    if (exam->world->override) {
        const struct ibc_place place = line_one(exam->world->override);
        char first[QUOTED_MAX], override[QUOTED_MAX];
        instead(exam,
                found(exam, &place, "Compose does not read this override: other files are named"),
                "-f %s -f %s; or no -f at all", quoted(project->files[0], first),
                quoted(exam->world->override, override));
    }
    for (size_t i = 1; i < project->file_count; i++) {
        if (is_override(project->files[i]) && !adds_to_a_gateway(exam, project->files[i])) {
            judge_read_override(exam, project->files[i]);
        }
    }
}

void rule_no_gateway(struct examination *exam) {
    if (exam->gateway_count == 0 && exam->project->file_count > 0) {
        const struct ibc_place place = line_one(exam->project->files[0]);
        instead(exam, found(exam, &place, "no service here is a gateway"),
                "the service's name as ib-gateway, or its image in delivery.images of the policy");
    }
}

void rule_not_read(struct examination *exam) {
    const struct ibc_compose_project *project = exam->project;
    static const char advice[] = "ibcred doctor on that file as well";
    if (project->unread.text.written) {
        instead(exam,
                found(exam, &project->unread.text.place,
                      "this is not followed, so what it brings is not looked at"),
                "%s", advice);
    }
    for (size_t i = 0; i < project->service_count; i++) {
        const struct ibc_compose_service *service = &project->services[i];
        if (service->unread.written) {
            instead(exam,
                    found(exam, &service->unread.place,
                          "what '%s' extends is not followed, so it is not looked at",
                          service->name),
                    "%s", advice);
        }
    }
}
