/* secret.c - what a version's secret is called, and what others are to it. */
#include <ibcred/number.h>
#include <ibcred/swarm.h>

#include <ctype.h>
#include <inttypes.h>

#define DEFAULT_BASE "ibcred_"

enum { VAULT_ID_SHOWN = 4 /* bytes */ };

/* swarmkit: letters, digits, '_', '.', '-', a letter or digit at either end. The end is our N. */
static bool name_valid(const char *name) {
    static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    return isalnum((unsigned char)name[0]) && strspn(name, rest) == strlen(name);
}

static bool write_name(const char *base, const char *profile, uint32_t version,
                       char out[static IBC_SWARM_NAME_MAX + 1]) {
    const int size =
        base ? snprintf(out, IBC_SWARM_NAME_MAX + 1, "%s_v%" PRIu32, base, version)
             : snprintf(out, IBC_SWARM_NAME_MAX + 1, DEFAULT_BASE "%s_v%" PRIu32, profile, version);
    return size > 0 && size <= IBC_SWARM_NAME_MAX && name_valid(out);
}

enum ibc_status ibc_swarm_secret_of(const char *base,
                                    const unsigned char vault_id[static IBC_VAULT_ID_BYTES],
                                    const char *profile, const struct ibc_version *version,
                                    struct ibc_swarm_secret *out, struct ibc_error *err) {
    *out = (struct ibc_swarm_secret){0};
    if (!write_name(base, profile, version->number, out->name)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "'%.80s%.80s_v%" PRIu32 "' is no name that a swarm takes for a secret: at "
                        "most %d letters, digits, '_', '.' and '-', beginning with a letter or "
                        "digit; give another with --secret-name",
                        base ? base : DEFAULT_BASE, base ? "" : profile, version->number,
                        IBC_SWARM_NAME_MAX);
    }
    snprintf(out->profile, sizeof out->profile, "%s", profile);
    snprintf(out->version, sizeof out->version, "%" PRIu32, version->number);
    for (size_t i = 0; i < VAULT_ID_SHOWN; i++) {
        snprintf(out->vault + 2 * i, sizeof out->vault - 2 * i, "%02x", vault_id[i]);
    }
    ibc_format_timestamp(version->created_ms, out->sealed);
    return IBC_OK;
}

/* The number that a label holds; 0, which no version has, where it holds none. */
static uint64_t number_of(const char *text) {
    uint64_t number = 0;
    return ibc_parse_number(text, strlen(text), UINT32_MAX, &number) ? number : 0;
}

enum ibc_swarm_kinship ibc_swarm_kinship(const struct ibc_docker_secret *there,
                                         const struct ibc_swarm_secret *wanted) {
    const uint64_t version = number_of(there->version), ours = number_of(wanted->version);
    const int64_t sealed = ibc_docker_time(there->sealed), then = ibc_docker_time(wanted->sealed);
    if (strcmp(there->profile, wanted->profile) != 0 || strcmp(there->vault, wanted->vault) != 0 ||
        version == 0 || sealed == 0) {
        return IBC_SWARM_FOREIGN;
    }
    /* A profile that was removed and sealed anew begins with 1 again, at a later time. */
    if (version < ours || sealed < then) {
        return IBC_SWARM_OLDER;
    }
    return version == ours && sealed == then ? IBC_SWARM_SAME : IBC_SWARM_NEWER;
}
