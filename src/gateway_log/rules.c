/* rules.c - rules out of a file, compiled. */
#include "gateway_log/rules.h"

#include "gateway_log/expression.h"

#include <ibcred/file.h>

void ibc_log_rules_free(struct ibc_log_rules **rules) {
    struct ibc_log_rules *old = *rules;
    *rules = NULL;
    if (old == NULL) {
        return;
    }
    for (size_t i = 0; i < old->source_count; i++) {
        if (old->sources[i].is_compiled) {
            regfree(&old->sources[i].compiled);
        }
    }
    for (size_t i = 0; i < old->rule_count; i++) {
        if (old->rules[i].is_compiled) {
            regfree(&old->rules[i].compiled);
        }
    }
    free(old);
}

/*
 * All at once, not when a line first needs it: a rule must not be lost because memory ran out
 * while the account is watched.
 */
static bool compile_all(struct ibc_log_rules *rules) {
    for (size_t i = 0; i < rules->source_count; i++) {
        struct log_source *source = &rules->sources[i];
        if (source->prefix[0] != '\0') {
            source->is_compiled = expression_compile(source->prefix, &source->compiled);
            if (!source->is_compiled) {
                return false;
            }
        }
    }
    for (size_t i = 0; i < rules->rule_count; i++) {
        struct log_rule *rule = &rules->rules[i];
        rule->is_compiled = expression_compile(rule->pattern, &rule->compiled);
        if (!rule->is_compiled) {
            return false;
        }
    }
    return true;
}

enum ibc_status ibc_log_rules_parse(struct ibc_view text, const char *name,
                                    struct ibc_log_rules **out, struct ibc_error *err) {
    *out = NULL;
    if (text.size > IBC_LOG_RULES_FILE_MAX) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "%s:1:1: the file is longer than %d bytes; log rules are not, so look "
                        "whether this is the right file",
                        name, IBC_LOG_RULES_FILE_MAX);
    }
    ibc_auto_log_rules *rules = calloc(1, sizeof *rules);
    if (rules == NULL) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory to read %s; free some, then retry", name);
    }
    enum ibc_status status = ibc_yaml_parse(text, name, &ibc_log_rules_table, rules, err);
    if (status != IBC_OK) {
        return status;
    }
    if (rules->rule_count == 0) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "%s:1:1: the file has no rules; copy those of ibcred's own log-rules.yaml",
                        name);
    }
    if (!compile_all(rules)) {
        return ibc_fail(err, IBC_ERR_INTERNAL,
                        "no memory for the rules of %s; free some, then retry", name);
    }
    *out = ibc_steal(&rules);
    return IBC_OK;
}

enum ibc_status ibc_log_rules_load(const char *path, struct ibc_log_rules **out,
                                   struct ibc_error *err) {
    *out = NULL;
    ibc_auto_fd fd = -1;
    enum ibc_status status = ibc_file_open_trusted(path, "log rules", &fd, err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_secret text = {0};
    status = ibc_file_read_all(fd, path, IBC_LOG_RULES_FILE_MAX, &text, err);
    if (status != IBC_OK) {
        return status;
    }
    return ibc_log_rules_parse(ibc_secret_view(&text), path, out, err);
}
