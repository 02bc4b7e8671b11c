/* policy.c - a policy is the built-in default with a file laid over it. */
#include "policy/schema.h"

#include <ibcred/file.h>
#include <ibcred/policy.h>

enum ibc_status ibc_policy_parse(struct ibc_view text, const char *name, struct ibc_policy *out,
                                 struct ibc_error *err) {
    if (text.size > IBC_POLICY_FILE_MAX) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "%s:1:1: the file is longer than %d bytes; a policy is not, so look "
                        "whether this is the right file",
                        name, IBC_POLICY_FILE_MAX);
    }
    struct ibc_policy policy;
    ibc_policy_default(&policy);
    enum ibc_status status = ibc_yaml_parse(text, name, &ibc_policy_table, &policy, err);
    if (status == IBC_OK) {
        *out = policy;
    }
    return status;
}

enum ibc_status ibc_policy_load(const char *path, struct ibc_policy *out, struct ibc_error *err) {
    ibc_auto_fd fd = -1;
    enum ibc_status status = ibc_file_open_trusted(path, "policy", &fd, err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_secret text = {0};
    status = ibc_file_read_all(fd, path, IBC_POLICY_FILE_MAX, &text, err);
    if (status != IBC_OK) {
        return status;
    }
    return ibc_policy_parse(ibc_secret_view(&text), path, out, err);
}

bool ibc_policy_allows_field(const struct ibc_policy *policy, struct ibc_view name) {
    const struct ibc_view own = ibc_view_of(IBC_OWN_FIELD_PREFIX);
    if (name.size >= own.size && memcmp(name.bytes, own.bytes, own.size) == 0) {
        return false;
    }
    if (policy->all_fields) {
        return true;
    }
    for (size_t i = 0; i < policy->field_count; i++) {
        if (ibc_view_is(name, policy->fields[i])) {
            return true;
        }
    }
    return false;
}

uint16_t ibc_policy_api_port(const struct ibc_policy *policy, enum ibc_mode mode) {
    return mode == IBC_MODE_PAPER ? policy->api_port_paper : policy->api_port_live;
}

uint16_t ibc_policy_port(const struct ibc_policy *policy, enum ibc_mode mode) {
    return mode == IBC_MODE_PAPER ? policy->port_paper : policy->port_live;
}
