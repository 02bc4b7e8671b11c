/*
 * doctor_sarif.c - findings as SARIF 2.1.0 (OASIS standard, 27 March 2020), for code hosts.
 *
 * Section numbers below are the standard's.
 */
#include "cli/doctor.h"

#define SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"

/* A URI reference (3.4.3): a path with whatever may not stand in one percent-encoded. */
static json_t *uri_of(const char *path) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._~/";
    static const char absolute[] = "file://";
    char *text = malloc(sizeof absolute + 3 * strlen(path));
    if (!text) {
        return NULL;
    }
    path += strncmp(path, "./", 2) == 0 ? 2 : 0;
    int size = snprintf(text, sizeof absolute, "%s", path[0] == '/' ? absolute : "");
    for (; *path != '\0'; path++) {
        size +=
            snprintf(text + size, 4, strchr(plain, *path) ? "%c" : "%%%02X", (unsigned char)*path);
    }
    json_t *uri = json_string(text);
    free(text);
    return uri;
}

static json_t *location(const struct ibc_doctor_finding *finding) {
    json_t *physical = json_pack("{s:{s:o}}", "artifactLocation", "uri", uri_of(finding->file));
    if (finding->line > 0) {
        json_object_set_new(physical, "region",
                            json_pack("{s:i, s:i}", "startLine", (int)finding->line, "startColumn",
                                      finding->column > 0 ? (int)finding->column : 1));
    }
    return json_pack("{s:o}", "physicalLocation", physical);
}

/* Where a byte of a file stands; columns in code points, as the run's columnKind says (3.14.17). */
struct position {
    size_t file, at;
    int line, column;
};

/* Go on to byte `at` of the file, from its beginning where that lies behind. */
static struct position go_on(const struct ibc_compose_project *project, struct position position,
                             size_t file, size_t at) {
    if (position.line == 0 || position.file != file || position.at > at) {
        position = (struct position){.file = file, .line = 1, .column = 1};
    }
    for (const unsigned char *bytes = project->texts[file].bytes; position.at < at; position.at++) {
        if (bytes[position.at] == '\n') {
            position.line++;
            position.column = 1;
        } else {
            position.column += (bytes[position.at] & 0xc0) != 0x80;
        }
    }
    return position;
}

/* An object with one change of one file (3.55). `last` is where the change before it began. */
static json_t *fix(const struct ibc_compose_project *project,
                   const struct ibc_doctor_finding *finding, struct position *last) {
    const struct ibc_doctor_edit *edit = &finding->edit;
    const struct position start = go_on(project, *last, edit->file, edit->start);
    const struct position end = go_on(project, start, edit->file, edit->end);
    *last = start;
    return json_pack("{s:{s:s}, s:[{s:{s:o}, s:[{s:{s:i, s:i, s:i, s:i}, s:{s:s}}]}]}",
                     "description", "text", finding->instead, "artifactChanges", "artifactLocation",
                     "uri", uri_of(project->files[edit->file]), "replacements", "deletedRegion",
                     "startLine", start.line, "startColumn", start.column, "endLine", end.line,
                     "endColumn", end.column, "insertedContent", "text", edit->text);
}

static json_t *result(const struct ibc_compose_project *project,
                      const struct ibc_doctor_finding *finding, struct position *last) {
    const struct ibc_doctor_rule *rule = ibc_doctor_rule(finding->rule);
    char message[(size_t)2 * IBC_ERROR_TEXT_MAX + sizeof ". Instead: "];
    snprintf(message, sizeof message, "%s. Instead: %s", finding->what, finding->instead);
    json_t *object =
        json_pack("{s:s, s:I, s:s, s:{s:s}, s:[]}", "ruleId", rule->id, "ruleIndex",
                  (json_int_t)finding->rule, "level", ibc_severity_name(rule->severity), "message",
                  "text", message, "locations");
    int missing = 0;
    if (finding->file) {
        missing |= json_array_append_new(json_object_get(object, "locations"), location(finding));
    }
    if (finding->edit.text) {
        missing |=
            json_object_set_new(object, "fixes", json_pack("[o]", fix(project, finding, last)));
    }
    if (missing != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *rules(void) {
    json_t *list = json_array();
    for (size_t i = 0; i < ibc_doctor_rule_count(); i++) {
        const struct ibc_doctor_rule *rule = ibc_doctor_rule(i);
        json_array_append_new(list, json_pack("{s:s, s:{s:s}, s:{s:s}, s:{s:s}}", "id", rule->id,
                                              "shortDescription", "text", rule->summary, "help",
                                              "text", rule->why, "defaultConfiguration", "level",
                                              ibc_severity_name(rule->severity)));
    }
    return list;
}

enum ibc_status print_sarif(const struct look *look, struct ibc_error *err) {
    json_t *results = json_array();
    struct position last = {0};
    int missing = 0;
    for (size_t i = 0; i < look->report.count; i++) {
        missing |=
            json_array_append_new(results, result(look->project, &look->report.findings[i], &last));
    }
    /* An answer without one of them would be a wrong one. */
    if (missing != 0) {
        json_decref(results);
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the answer; free some, retry");
    }
    return print_json(json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:s, s:o}]}", "$schema",
                                SCHEMA, "version", "2.1.0", "runs", "tool", "driver", "name",
                                "ibcred", "version", program_version(), "rules", rules(),
                                "columnKind", "unicodeCodePoints", "results", results),
                      err);
}
