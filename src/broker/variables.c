/* variables.c - from a version's fields to the gateway's environment. */
#include "broker/variables.h"

static void add(struct variables *out, const char *name, struct ibc_view value) {
    out->fields[out->count++] = (struct ibc_field){.name = ibc_view_of(name), .value = value};
}

static bool is_credential(struct ibc_view name) {
    return ibc_view_is(name, IBC_FIELD_USERNAME) || ibc_view_is(name, IBC_FIELD_PASSWORD);
}

/* These say what the release is, whatever field was sealed under such a name. */
static bool is_reserved(struct ibc_view name) {
    static const char *const names[] = {"TRADING_MODE", "IB_GATEWAY_PORT", "TWS_USERID",
                                        "TWS_PASSWORD"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(names); i++) {
        if (ibc_view_is(name, names[i])) {
            return true;
        }
    }
    return false;
}

void variables_of(const struct ibc_version *version, const struct ibc_request *request,
                  const struct ibc_policy *policy, struct variables *out) {
    *out = (struct variables){0};
    const bool tws = request->names == IBC_NAMES_TWS;
    add(out, tws ? "TWS_USERID" : IBC_FIELD_USERNAME,
        ibc_version_field(version, IBC_FIELD_USERNAME)->value);
    add(out, tws ? "TWS_PASSWORD" : IBC_FIELD_PASSWORD,
        ibc_version_field(version, IBC_FIELD_PASSWORD)->value);
    for (size_t i = 0; i < version->field_count; i++) {
        const struct ibc_field *field = &version->fields[i];
        if (!is_credential(field->name) && !is_reserved(field->name) &&
            ibc_policy_allows_field(policy, field->name)) {
            out->fields[out->count++] = *field;
        }
    }
    add(out, "TRADING_MODE", ibc_view_of(ibc_mode_name(request->mode)));
    snprintf(out->port, sizeof out->port, "%u", (unsigned)ibc_policy_port(policy, request->mode));
    add(out, "IB_GATEWAY_PORT", ibc_view_of(out->port));
}
