/* container.c - how the gateway's container is made, started again and stopped. */
#include "doctor/examine.h"

#include <limits.h>

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

static void judge_swarm(struct examination *exam, const struct gateway *gateway) {
    const struct ibc_compose_service *service = gateway->service;
    const struct ibc_compose_text *condition = &service->deploy_restart;
    const char *value = value_of(condition);
    char words[SHOWN_MAX];
    if (!condition->written && service->deploy_policy.file) {
        instead(exam,
                found(exam, &service->deploy_policy,
                      "the swarm starts '%s' again by itself: without a condition it is any",
                      service->name),
                "condition: none");
    } else if (value[0] != '\0' && strcmp(value, "none") != 0) {
        struct ibc_doctor_finding *finding =
            found(exam, &condition->place, "the swarm starts '%s' again by itself (condition: %s)",
                  service->name, shown(condition, words));
        instead(exam, finding, "condition: none");
        if (gateway->certain) {
            replace_scalar(exam, finding, condition, "none", false);
        }
    }
}

/* What may be a client of the gateway is left as it is, for a person to tell. */
void rule_restart_loop(struct examination *exam, const struct gateway *gateway) {
    const struct ibc_compose_service *service = gateway->service;
    char words[SHOWN_MAX];
    if (restarts(value_of(&service->restart))) {
        struct ibc_doctor_finding *finding =
            found(exam, &service->restart.place, "Docker starts '%s' again by itself (restart: %s)",
                  service->name, shown(&service->restart, words));
        instead(exam, finding, "restart: \"no\"");
        if (gateway->certain) {
            replace_scalar(exam, finding, &service->restart, "no", true);
        }
    }
    judge_swarm(exam, gateway);
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
        char words[SHOWN_MAX];
        struct ibc_doctor_finding *finding =
            found(exam, &period->place, "'%s' is killed %s after it is asked to stop",
                  service->name, shown(period, words));
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

static bool is_unpinned(const char *image, const char *tag) {
    return image[0] != '\0' && !strchr(image, '@') &&
           (tag[0] == '\0' || strcmp(tag, "latest") == 0 || strcmp(tag, "stable") == 0);
}

void rule_unpinned_image(struct examination *exam, const struct gateway *gateway) {
    const struct ibc_compose_text *text = &gateway->service->image;
    const char *image = value_of(text);
    const size_t name = name_size(image);
    const char *tag = image[name] == ':' ? image + name + 1 : "";
    char words[SHOWN_MAX], word[QUOTED_MAX];
    if (!is_unpinned(image, tag)) {
        return;
    }
    if (text->interpolated) {
        instead(exam,
                found(exam, &text->place, "the image of '%s', %s, is whatever it happens to be",
                      gateway->service->name, shown(text, words)),
                "image: NAME:VERSION@sha256:DIGEST; those that are here: docker image ls "
                "--digests");
        return;
    }
    instead(exam,
            found(exam, &text->place, "the image of '%s' is whatever %s%s happens to be",
                  gateway->service->name, tag[0] != '\0' ? "the tag " : "the newest one", tag),
            "image: %.*s:VERSION@sha256:DIGEST; the one you run now: docker image inspect --format "
            "'{{index .RepoDigests 0}}' %s",
            (int)name, image, quoted(image, word));
}

static bool is_daemons_socket(const char *path) {
    const char *slash = strrchr(path, '/');
    return strcmp(slash ? slash + 1 : path, "docker.sock") == 0;
}

/* One part less, of a path without a slash at its end. */
static void drop_last(char *path) {
    char *slash = strrchr(path, '/');
    if (slash) {
        *slash = '\0';
    }
}

/* The absolute path without "//", "." and ".."; "" for "/". False where it is too long. */
static bool plain_path(const char *path, char out[static PATH_MAX]) {
    size_t used = 0;
    out[0] = '\0';
    while (*path != '\0') {
        path += strspn(path, "/");
        const size_t size = strcspn(path, "/");
        if (used + size + 2 > PATH_MAX) {
            return false;
        }
        if (size == 2 && memcmp(path, "..", 2) == 0) {
            drop_last(out);
        } else if (size > 0 && !(size == 1 && *path == '.')) {
            snprintf(out + used, PATH_MAX - used, "/%.*s", (int)size, path);
        }
        used = strlen(out);
        path += size;
    }
    return true;
}

static bool is_above(const char *directory, const char *path) {
    const size_t size = strlen(directory);
    return strlen(path) > size && memcmp(directory, path, size) == 0 && path[size] == '/';
}

/* Is it a directory with the daemon's socket in it, or with that of a user's own daemon? */
static bool holds_the_socket(const char *source) {
    static const char *const sockets[] = {"/run/docker.sock", "/var/run/docker.sock"};
    static const char users[] = "/run/user";
    char path[PATH_MAX] = "";
    if (source[0] != '/' || !plain_path(source, path)) {
        return false;
    }
    for (size_t i = 0; i < IBC_ARRAY_SIZE(sockets); i++) {
        if (is_above(path, sockets[i])) {
            return true;
        }
    }
    /* /run/user, or /run/user/UID */
    return strcmp(path, users) == 0 ||
           (is_above(users, path) && strchr(path + sizeof users, '/') == NULL);
}

static void judge_mount(struct examination *exam, const struct ibc_compose_service *service,
                        const struct ibc_compose_mount *mount) {
    const char *source = mount->source ? mount->source : "";
    const bool inside = mount->type == IBC_MOUNT_BIND && holds_the_socket(source);
    if (!inside && !is_daemons_socket(source) &&
        !is_daemons_socket(mount->target ? mount->target : "")) {
        return;
    }
    instead(exam,
            found(exam, &mount->place, "'%s' is given %s", service->name,
                  inside ? "a directory that the Docker daemon's socket lies in"
                         : "the Docker daemon's socket"),
            "%s; or a proxy of the socket that lets only those requests through that '%s' needs",
            inside ? "a mount of what it needs of that, and of no more" : "no such mount",
            service->name);
}

void rule_socket_exposed(struct examination *exam) {
    for (size_t i = 0; i < exam->project->service_count; i++) {
        const struct ibc_compose_service *service = &exam->project->services[i];
        for (size_t j = 0; j < service->mount_count; j++) {
            judge_mount(exam, service, &service->mounts[j]);
        }
    }
}
