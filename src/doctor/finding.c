/* finding.c - writing down what was found. */
#include "doctor/examine.h"

#include <stdarg.h>

enum { FIRST_CAPACITY = 32 };

/* The sentence, with whatever could drive a terminal or break JSON replaced. */
IBC_PRINTF(1, 0) static char *sentence(const char *fmt, va_list args) {
    char text[IBC_ERROR_TEXT_MAX];
    vsnprintf(text, sizeof text, fmt, args);
    struct ibc_error printable;
    (void)ibc_fail(&printable, IBC_OK, "%s", text);
    return strdup(printable.text);
}

static bool make_room(struct ibc_doctor_report *report) {
    if (report->count < report->capacity) {
        return true;
    }
    const size_t capacity = report->capacity ? 2 * report->capacity : FIRST_CAPACITY;
    struct ibc_doctor_finding *larger = calloc(capacity, sizeof *larger);
    if (!larger) {
        return false;
    }
    if (report->count > 0) {
        memcpy(larger, report->findings, report->count * sizeof *larger);
    }
    free(report->findings);
    report->findings = larger;
    report->capacity = capacity;
    return true;
}

static bool same_file(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Services that share an anchor share its lines. */
static bool found_before(const struct examination *exam, const struct ibc_place *place) {
    for (size_t i = exam->rule_start; i < exam->report->count; i++) {
        const struct ibc_doctor_finding *finding = &exam->report->findings[i];
        if (finding->line == place->line && finding->column == place->column &&
            same_file(finding->file, place->file)) {
            return true;
        }
    }
    return false;
}

struct ibc_doctor_finding *found(struct examination *exam, const struct ibc_place *place,
                                 const char *what, ...) {
    if (found_before(exam, place)) {
        return NULL;
    }
    if (!make_room(exam->report)) {
        exam->no_memory = true;
        return NULL;
    }
    struct ibc_doctor_finding *finding = &exam->report->findings[exam->report->count++];
    va_list args;
    va_start(args, what);
    *finding = (struct ibc_doctor_finding){
        .rule = exam->rule,
        .file = place->file ? strdup(place->file) : NULL,
        .line = place->line,
        .column = place->column,
        .what = sentence(what, args),
    };
    va_end(args);
    exam->no_memory |= !finding->what || (place->file && !finding->file);
    return finding;
}

void instead(struct examination *exam, struct ibc_doctor_finding *finding, const char *fmt, ...) {
    if (!finding) {
        return;
    }
    va_list args;
    va_start(args, fmt);
    free(finding->instead);
    finding->instead = sentence(fmt, args);
    va_end(args);
    exam->no_memory |= !finding->instead;
}

struct ibc_place line_one(const char *file) {
    return (struct ibc_place){.file = file, .line = 1, .column = 1};
}

struct ibc_place whole_file(const char *file) {
    return (struct ibc_place){.file = file};
}

static int compare_files(const struct ibc_compose_project *project, const char *a, const char *b) {
    const size_t left = file_index(project, a), right = file_index(project, b);
    if (left != right) {
        return left < right ? -1 : 1;
    }
    if (!a || !b) {
        return (a == NULL) - (b == NULL);
    }
    return strcmp(a, b);
}

static int compare_findings(const void *a, const void *b, void *project) {
    const struct ibc_doctor_finding *left = a, *right = b;
    const int files = compare_files(project, left->file, right->file);
    if (files != 0) {
        return files;
    }
    if (left->line != right->line) {
        return left->line < right->line ? -1 : 1;
    }
    if (left->column != right->column) {
        return left->column < right->column ? -1 : 1;
    }
    return (left->rule > right->rule) - (left->rule < right->rule);
}

void sort_findings(struct examination *exam) {
    if (exam->report->count > 1) {
        qsort_r(exam->report->findings, exam->report->count, sizeof *exam->report->findings,
                compare_findings, (void *)exam->project);
    }
}

void ibc_doctor_report_free(struct ibc_doctor_report *report) {
    for (size_t i = 0; i < report->count; i++) {
        free(report->findings[i].file);
        free(report->findings[i].what);
        free(report->findings[i].instead);
        free(report->findings[i].edit.text);
    }
    free(report->findings);
    *report = (struct ibc_doctor_report){0};
}
