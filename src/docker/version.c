/* version.c - versions of the API: two numbers with a dot. */
#include "docker/version.h"

#include <ibcred/number.h>

enum { PART_MAX = 999 };

struct version {
    uint64_t major, minor;
};

static bool parse(const char *text, struct version *out) {
    size_t major = strcspn(text, ".");
    if (text[major] != '.') {
        return false;
    }
    const char *minor = text + major + 1;
    return ibc_parse_number(text, major, PART_MAX, &out->major) &&
           ibc_parse_number(minor, strlen(minor), PART_MAX, &out->minor);
}

static bool is_before(struct version a, struct version b) {
    return a.major < b.major || (a.major == b.major && a.minor < b.minor);
}

/* One of the two that are compiled in. */
static struct version known(const char *text) {
    struct version version = {0};
    (void)!parse(text, &version);
    return version;
}

bool version_is_later(const char *daemon) {
    struct version version;
    return parse(daemon, &version) && is_before(known(IBC_DOCKER_API_MAX), version);
}

enum ibc_status version_choose(const char *daemon, const char *daemon_min,
                               char out[static VERSION_MAX], struct ibc_error *err) {
    const struct version most = known(IBC_DOCKER_API_MAX);
    struct version version, least;
    if (!parse(daemon, &version)) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                        "what answers there says that its API is '%.40s': it is no Docker daemon",
                        daemon);
    }
    if (is_before(version, known(IBC_DOCKER_API_MIN))) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                        "the Docker daemon speaks API %.40s, and ibcred needs at least %s; update "
                        "Docker",
                        daemon, IBC_DOCKER_API_MIN);
    }
    if (is_before(most, version)) {
        const bool raised = daemon_min && parse(daemon_min, &least) && is_before(most, least);
        version = raised ? least : most;
    }
    snprintf(out, VERSION_MAX, "%u.%u", (unsigned)version.major, (unsigned)version.minor);
    return IBC_OK;
}
