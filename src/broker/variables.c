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
    static const char *const names[] = {
        "TRADING_MODE",      "IB_GATEWAY_PORT",         "TWS_USERID",
        "TWS_PASSWORD",      "IB_USERNAME_PAPER",       "IB_PASSWORD_PAPER",
        "TWS_USERID_PAPER",  "TWS_PASSWORD_PAPER",      "IBCRED_SECRET_DIR",
        "TWS_PASSWORD_FILE", "TWS_PASSWORD_PAPER_FILE", "IBCRED_PASSWORD_PAPER_FILE",
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(names); i++) {
        if (ibc_view_is(name, names[i])) {
            return true;
        }
    }
    return false;
}

static bool is_there(const struct variables *variables, struct ibc_view name) {
    for (size_t i = 0; i < variables->count; i++) {
        if (ibc_view_equal(variables->fields[i].name, name)) {
            return true;
        }
    }
    return false;
}

static void add_further_fields(struct variables *out, const struct ibc_version *version,
                               const struct ibc_policy *policy) {
    for (size_t i = 0; i < version->field_count; i++) {
        const struct ibc_field *field = &version->fields[i];
        if (!is_credential(field->name) && !is_reserved(field->name) &&
            !is_there(out, field->name) && ibc_policy_allows_field(policy, field->name)) {
            out->fields[out->count++] = *field;
        }
    }
}

void variables_of(const struct ibc_version *version, const struct ibc_version *paper,
                  const struct ibc_request *request, const struct ibc_policy *policy,
                  struct variables *out) {
    *out = (struct variables){0};
    const bool tws = request->names == IBC_NAMES_TWS;
    add(out, tws ? "TWS_USERID" : IBC_FIELD_USERNAME,
        ibc_version_field(version, IBC_FIELD_USERNAME)->value);
    add(out, tws ? "TWS_PASSWORD" : IBC_FIELD_PASSWORD,
        ibc_version_field(version, IBC_FIELD_PASSWORD)->value);
    if (paper) {
        add(out, tws ? "TWS_USERID_PAPER" : IBC_FIELD_USERNAME "_PAPER",
            ibc_version_field(paper, IBC_FIELD_USERNAME)->value);
        add(out, tws ? "TWS_PASSWORD_PAPER" : IBC_FIELD_PASSWORD "_PAPER",
            ibc_version_field(paper, IBC_FIELD_PASSWORD)->value);
    }
    add_further_fields(out, version, policy);
    if (paper) {
        add_further_fields(out, paper, policy);
    }
    add(out, "TRADING_MODE", ibc_view_of(ibc_mode_name(request->mode)));
    snprintf(out->port, sizeof out->port, "%u", (unsigned)ibc_policy_port(policy, request->mode));
    add(out, "IB_GATEWAY_PORT", ibc_view_of(out->port));
}
