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
    out->credential_count = out->count;
    add_further_fields(out, version, policy);
    if (paper) {
        add_further_fields(out, paper, policy);
    }
    add(out, "TRADING_MODE", ibc_view_of(ibc_mode_name(request->mode)));
    snprintf(out->port, sizeof out->port, "%u", (unsigned)ibc_policy_port(policy, request->mode));
    add(out, "IB_GATEWAY_PORT", ibc_view_of(out->port));
}

/* --- for the image ---------------------------------------------------------------------------- */

enum { CREDENTIALS_MAX = 4 };

/* Each credential as `consumer` needs it, one behind the other; `ends` are their ends. */
static enum ibc_status write_credentials(const struct variables *variables,
                                         enum ibc_consumer consumer, struct ibc_secret_buffer *out,
                                         size_t ends[static CREDENTIALS_MAX],
                                         struct ibc_error *err) {
    for (size_t i = 0; i < variables->credential_count; i++) {
        enum ibc_status status = ibc_consumer_write(consumer, &variables->fields[i], out, err);
        if (status != IBC_OK) {
            return status;
        }
        ends[i] = out->used;
    }
    return IBC_OK;
}

enum ibc_status variables_write(struct variables *variables, const struct ibc_request *request,
                                struct ibc_error *err) {
    size_t ends[CREDENTIALS_MAX] = {0};
    ibc_auto_secret_buffer buffer;
    ibc_secret_buffer_init(&buffer, IBC_SINK_FILE_MAX);
    enum ibc_consumer consumer = request->consumer;
    enum ibc_status status = write_credentials(variables, consumer, &buffer, ends, err);
    if (status == IBC_ERR_MISMATCH && consumer == IBC_CONSUMER_UNKNOWN && request->find_consumer) {
        consumer = request->find_consumer(request->find_context);
        buffer.used = 0;
        status = write_credentials(variables, consumer, &buffer, ends, err);
    }
    if (status == IBC_OK) {
        status = ibc_secret_buffer_finish(&buffer, "the credentials", &variables->written, err);
    }
    size_t start = 0;
    for (size_t i = 0; status == IBC_OK && i < variables->credential_count; i++) {
        variables->fields[i].value =
            (struct ibc_view){.bytes = variables->written.bytes + start, .size = ends[i] - start};
        start = ends[i];
    }
    return status;
}

void variables_free(struct variables *variables) {
    ibc_secret_free(&variables->written);
}
