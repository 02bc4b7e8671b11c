/* doctor_print.c - findings for people and for programs. */
#include "cli/doctor.h"

static void print_place(const struct ibc_doctor_finding *finding) {
    if (!finding->file) {
        fputs("this machine: ", stdout);
    } else if (finding->line == 0) {
        printf("%s: ", finding->file);
    } else {
        printf("%s:%u: ", finding->file, finding->line);
    }
}

static const char *plural(size_t count) {
    return count == 1 ? "" : "s";
}

enum ibc_status print_findings(const struct cli *cli, const struct look *look,
                               struct ibc_error *err) {
    for (size_t i = 0; i < look->report.count; i++) {
        const struct ibc_doctor_finding *finding = &look->report.findings[i];
        const struct ibc_doctor_rule *rule = ibc_doctor_rule(finding->rule);
        print_place(finding);
        printf("%s: %s [%s]\n    %s\n    instead: %s%s\n", ibc_severity_name(rule->severity),
               finding->what, rule->id, rule->why, finding->instead,
               finding->edit.text ? " (--fix)" : "");
    }
    enum ibc_status status = flush_output(err);
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

static json_t *finding_json(const struct ibc_doctor_finding *finding) {
    const struct ibc_doctor_rule *rule = ibc_doctor_rule(finding->rule);
    return json_pack("{s:s, s:s, s:s?, s:o, s:o, s:s, s:s, s:s, s:b}", "rule", rule->id, "severity",
                     ibc_severity_name(rule->severity), "file", finding->file, "line",
                     number_or_null(finding->line), "column", number_or_null(finding->column),
                     "message", finding->what, "why", rule->why, "instead", finding->instead,
                     "fixable", finding->edit.text != NULL);
}

enum ibc_status print_findings_json(const struct look *look, struct ibc_error *err) {
    json_t *files = json_array(), *findings = json_array();
    for (size_t i = 0; i < look->project->file_count; i++) {
        json_array_append_new(files, json_string(look->project->files[i]));
    }
    for (size_t i = 0; i < look->report.count; i++) {
        json_array_append_new(findings, finding_json(&look->report.findings[i]));
    }
    return print_json(json_pack("{s:o, s:o, s:I, s:I, s:I}", "files", files, "findings", findings,
                                "errors", (json_int_t)look->counts[IBC_SEVERITY_ERROR], "warnings",
                                (json_int_t)look->counts[IBC_SEVERITY_WARNING], "notes",
                                (json_int_t)look->counts[IBC_SEVERITY_NOTE]),
                      err);
}
