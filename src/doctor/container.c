/* container.c - how the gateway's container is made, started again and stopped. */
#include "doctor/examine.h"

#define PROPER_GRACE "90s"

enum { GRACE_LEAST = 30 }; /* seconds */

static const char *value_of(const struct ibc_compose_text *text) {
    return text->value ? text->value : "";
}

/* `on-failure:5` is `on-failure`. */
static bool restarts(const char *policy) {
    static const char *const looping[] = {"always", "unless-stopped", "on-failure"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(looping); i++) {
        const size_t size = strlen(looping[i]);
        if (strncmp(policy, looping[i], size) == 0 &&
            (policy[size] == '\0' || policy[size] == ':')) {
            return true;
        }
    }
    return false;
}

void rule_restart_loop(struct examination *exam, const struct gateway *gateway) {
    const struct ibc_compose_service *service = gateway->service;
    if (restarts(value_of(&service->restart))) {
        struct ibc_doctor_finding *finding =
            found(exam, &service->restart.place, "Docker starts '%s' again by itself (restart: %s)",
                  service->name, service->restart.value);
        instead(exam, finding, "restart: \"no\"");
        replace_scalar(exam, finding, &service->restart, "no", true);
    }
    const char *condition = value_of(&service->deploy_restart);
    if (condition[0] != '\0' && strcmp(condition, "none") != 0) {
        struct ibc_doctor_finding *finding = found(
            exam, &service->deploy_restart.place,
            "the swarm starts '%s' again by itself (condition: %s)", service->name, condition);
        instead(exam, finding, "condition: none");
        replace_scalar(exam, finding, &service->deploy_restart, "none", false);
    }
}

/* The length of one unit of a duration in nanoseconds, and how long its name is; 0: none. */
static double unit_of(const char *text, size_t *size) {
    static const struct {
        const char *name;
        double nanoseconds;
    } units[] = {{"ns", 1},   {"us", 1e3},   {"ms", 1e6},    {"s", 1e9},
                 {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}, {"w", 604800e9}};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(units); i++) {
        *size = strlen(units[i].name);
        if (strncmp(text, units[i].name, *size) == 0) {
            return units[i].nanoseconds;
        }
    }
    return 0;
}

/* Durations of the compose-spec: numbers, each with its unit ("1m30s"). False for anything else. */
static bool parse_duration(const char *text, double *seconds) {
    *seconds = 0;
    if (text[0] == '\0') {
        return false;
    }
    while (*text != '\0') {
        size_t size;
        char *end;
        if (strchr("0123456789.", *text) == NULL) {
            return false;
        }
        const double number = strtod(text, &end);
        const double unit = unit_of(end, &size);
        if (unit == 0) {
            return false;
        }
        *seconds += number * unit / 1e9;
        text = end + size;
    }
    return true;
}

void rule_no_grace_period(struct examination *exam, const struct gateway *gateway) {
    const struct ibc_compose_service *service = gateway->service;
    const struct ibc_compose_text *period = &service->stop_grace_period;
    double seconds;
    if (!period->written) {
        struct ibc_doctor_finding *finding =
            found(exam, &service->place, "'%s' is killed ten seconds after it is asked to stop",
                  service->name);
        instead(exam, finding, "stop_grace_period: " PROPER_GRACE);
        add_line(exam, finding, service, "stop_grace_period: " PROPER_GRACE);
    } else if (parse_duration(value_of(period), &seconds) && seconds < GRACE_LEAST) {
        struct ibc_doctor_finding *finding =
            found(exam, &period->place, "'%s' is killed %g seconds after it is asked to stop",
                  service->name, seconds);
        instead(exam, finding, "stop_grace_period: " PROPER_GRACE);
        replace_scalar(exam, finding, period, PROPER_GRACE, false);
    }
}

/* How much of it is the name, before a tag: a ':' before the last '/' is that of a registry's port.
 */
static size_t name_size(const char *image) {
    const char *slash = strrchr(image, '/');
    const char *colon = strchr(slash ? slash : image, ':');
    return colon ? (size_t)(colon - image) : strlen(image);
}

void rule_unpinned_image(struct examination *exam, const struct gateway *gateway) {
    const char *image = value_of(&gateway->service->image);
    const size_t name = name_size(image);
    const char *tag = image[name] == ':' ? image + name + 1 : "";
    if (image[0] == '\0' || strchr(image, '@') ||
        (tag[0] != '\0' && strcmp(tag, "latest") != 0 && strcmp(tag, "stable") != 0)) {
        return;
    }
    instead(exam,
            found(exam, &gateway->service->image.place,
                  "the image of '%s' is whatever %s%s happens to be", gateway->service->name,
                  tag[0] != '\0' ? "the tag " : "the newest one", tag),
            "image: %.*s:VERSION@sha256:DIGEST; the one you run now: docker image inspect --format "
            "'{{index .RepoDigests 0}}' %s",
            (int)name, image, image);
}

static bool is_daemons_socket(const char *path) {
    const char *slash = strrchr(path, '/');
    return strcmp(slash ? slash + 1 : path, "docker.sock") == 0;
}

void rule_socket_exposed(struct examination *exam) {
    for (size_t i = 0; i < exam->project->service_count; i++) {
        const struct ibc_compose_service *service = &exam->project->services[i];
        for (size_t j = 0; j < service->mount_count; j++) {
            const struct ibc_compose_mount *mount = &service->mounts[j];
            if (is_daemons_socket(mount->source ? mount->source : "") ||
                is_daemons_socket(mount->target ? mount->target : "")) {
                instead(exam,
                        found(exam, &mount->place, "'%s' is given the Docker daemon's socket",
                              service->name),
                        "no such mount; or a proxy of the socket that lets only those requests "
                        "through that '%s' needs",
                        service->name);
            }
        }
    }
}
