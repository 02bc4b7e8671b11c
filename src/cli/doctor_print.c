/* doctor_print.c - findings for people and for programs. */
#include "cli/doctor.h"

#include <ibcred/file.h>

/* A copy that no terminal takes for anything but text; NULL without memory. */
static char *printable(const char *text) {
    char *copy = strdup(text);
    if (copy) {
        ibc_make_printable(copy);
    }
    return copy;
}

static enum ibc_status no_memory(struct ibc_error *err) {
    return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the answer; free some, retry");
}

static enum ibc_status print_finding(const struct ibc_doctor_finding *finding,
                                     struct ibc_error *err) {
    const struct ibc_doctor_rule *rule = ibc_doctor_rule(finding->rule);
    ibc_auto_free char *place = printable(finding->file ? finding->file : "this machine");
    if (!place) {
        return no_memory(err);
    }
    if (finding->file && finding->line > 0) {
        printf("%s:%u: ", place, finding->line);
    } else {
        printf("%s: ", place);
    }
    printf("%s: %s [%s]\n    %s\n    instead: %s%s\n", ibc_severity_name(rule->severity),
           finding->what, rule->id, rule->why, finding->instead,
           finding->edit.text ? " (--fix)" : "");
    return IBC_OK;
}

static const char *plural(size_t count) {
    return count == 1 ? "" : "s";
}

enum ibc_status print_findings(const struct cli *cli, const struct look *look,
                               struct ibc_error *err) {
    enum ibc_status status = IBC_OK;
    for (size_t i = 0; status == IBC_OK && i < look->report.count; i++) {
        status = print_finding(&look->report.findings[i], err);
    }
    status = status == IBC_OK ? flush_output(err) : status;
    const size_t errors = look->counts[IBC_SEVERITY_ERROR],
                 warnings = look->counts[IBC_SEVERITY_WARNING],
                 notes = look->counts[IBC_SEVERITY_NOTE];
    say(cli, "%zu error%s, %zu warning%s, %zu note%s in %zu file%s", errors, plural(errors),
        warnings, plural(warnings), notes, plural(notes), look->project->file_count,
        plural(look->project->file_count));
    return status;
}

static json_t *number_or_null(unsigned number) {
    return number == 0 ? json_null() : json_integer(number);
}

/* A path need not be UTF-8, and JSON has nothing else. */
static json_t *path_json(const char *path) {
    json_t *text = path ? json_string(path) : json_null();
    if (!text) {
        ibc_auto_free char *copy = printable(path);
        text = copy ? json_string(copy) : NULL;
    }
    return text;
}

static json_t *finding_json(const struct ibc_doctor_finding *finding) {
    const struct ibc_doctor_rule *rule = ibc_doctor_rule(finding->rule);
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:s, s:b}", "rule", rule->id, "severity",
                     ibc_severity_name(rule->severity), "file", path_json(finding->file), "line",
                     number_or_null(finding->line), "column", number_or_null(finding->column),
                     "message", finding->what, "why", rule->why, "instead", finding->instead,
                     "fixable", finding->edit.text != NULL);
}

enum ibc_status print_findings_json(const struct look *look, struct ibc_error *err) {
    json_t *files = json_array(), *findings = json_array();
    int missing = 0;
    for (size_t i = 0; i < look->project->file_count; i++) {
        missing |= json_array_append_new(files, path_json(look->project->files[i]));
    }
    for (size_t i = 0; i < look->report.count; i++) {
        missing |= json_array_append_new(findings, finding_json(&look->report.findings[i]));
    }
    /* An answer without one of them would be a wrong one. */
    if (missing != 0) {
        json_decref(files);
        json_decref(findings);
        return no_memory(err);
    }
    return print_json(json_pack("{s:o, s:o, s:I, s:I, s:I}", "files", files, "findings", findings,
                                "errors", (json_int_t)look->counts[IBC_SEVERITY_ERROR], "warnings",
                                (json_int_t)look->counts[IBC_SEVERITY_WARNING], "notes",
                                (json_int_t)look->counts[IBC_SEVERITY_NOTE]),
                      err);
}
