/* finding.c - writing down what was found. */
#include "doctor/examine.h"

#include <search.h>
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

/* Where a rule found something. */
struct spot {
    size_t rule;
    unsigned line, column;
    const char *file;
};

static int compare_spots(const void *a, const void *b) {
    const struct spot *left = a, *right = b;
    const size_t numbers[][2] = {{left->rule, right->rule},
                                 {left->line, right->line},
                                 {left->column, right->column},
                                 {left->file != NULL, right->file != NULL}};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(numbers); i++) {
        if (numbers[i][0] != numbers[i][1]) {
            return numbers[i][0] < numbers[i][1] ? -1 : 1;
        }
    }
    return left->file ? strcmp(left->file, right->file) : 0;
}

/* Services that share an anchor share its lines. */
static bool found_before(struct examination *exam, const struct ibc_place *place) {
    struct spot *spot = malloc(sizeof *spot);
    if (!spot) {
        exam->no_memory = true;
        return true;
    }
    *spot = (struct spot){exam->rule, place->line, place->column, place->file};
    struct spot *const *first = tsearch(spot, &exam->places, compare_spots);
    if (first && *first == spot) {
        return false;
    }
    exam->no_memory |= !first;
    free(spot);
    return true;
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

static bool is_plain(const char *text) {
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@%+=,-";
    return text[0] != '\0' && text[strspn(text, plain)] == '\0';
}

const char *quoted(const char *text, char out[static QUOTED_MAX]) {
    static const char apostrophe[] = "'\\''";
    const bool quotes = !is_plain(text);
    /* No command takes a path for an option. */
    const char *prefix = text[0] == '-' ? "./" : "";
    size_t used = (size_t)snprintf(out, QUOTED_MAX, "%s%s", quotes ? "'" : "", prefix);
    for (; *text != '\0'; text++) {
        const char letter[] = {*text, '\0'};
        const char *piece = *text == '\'' ? apostrophe : letter;
        if ((unsigned char)*text < ' ' || *text == 127 || used + strlen(piece) + 2 > QUOTED_MAX) {
            snprintf(out, QUOTED_MAX, "FILE");
            return out;
        }
        used += (size_t)snprintf(out + used, QUOTED_MAX - used, "%s", piece);
    }
    snprintf(out + used, QUOTED_MAX - used, "%s", quotes ? "'" : "");
    return out;
}

const char *shown(const struct ibc_compose_text *text, char out[static SHOWN_MAX]) {
    const char *words = text->interpolated ? text->written : text->value;
    snprintf(out, SHOWN_MAX, "%s", words ? words : "");
    return out;
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
    tdestroy(exam->places, free);
    exam->places = NULL;
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
