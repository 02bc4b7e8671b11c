/* edits.c - which bytes to change, where it is certain which those are. */
#include "doctor/examine.h"

/*
 * Keep the edit, whose text may be NULL for want of memory, unless it is on a line that may not be
 * shown, or in a file that is not this project's alone: others may extend it too.
 */
static void take_edit(struct examination *exam, struct ibc_doctor_finding *finding,
                      struct ibc_doctor_edit edit) {
    if (!edit.text) {
        exam->no_memory = true;
        return;
    }
    if (edit.file >= exam->project->own_file_count ||
        (edit.end > edit.start && lines_secret(&exam->lines[edit.file], edit.start, edit.end))) {
        free(edit.text);
        return;
    }
    free(finding->edit.text);
    finding->edit = edit;
}

/* The bytes of the place, or none where it is not in one of the project's files. */
static struct ibc_view bytes_at(const struct ibc_compose_project *project,
                                const struct ibc_place *place, size_t *file) {
    *file = file_index(project, place->file);
    if (*file == IBC_COMPOSE_FILES_MAX || place->start >= place->end ||
        place->end > project->texts[*file].size) {
        return (struct ibc_view){0};
    }
    return (struct ibc_view){project->texts[*file].bytes + place->start, place->end - place->start};
}

/*
 * The quotes around the scalar, "" for none. False where the bytes are not simply what it says:
 * escapes, several lines, a tag or an anchor before it.
 */
static bool is_simple(struct ibc_view bytes, const char *written, const char **quotes) {
    const size_t size = strlen(written);
    *quotes = "";
    if (bytes.size == size + 2 && (bytes.bytes[0] == '"' || bytes.bytes[0] == '\'')) {
        *quotes = bytes.bytes[0] == '"' ? "\"" : "'";
        if (bytes.bytes[bytes.size - 1] != bytes.bytes[0]) {
            return false;
        }
        bytes = (struct ibc_view){bytes.bytes + 1, size};
    }
    return bytes.size == size && size > 0 && memcmp(bytes.bytes, written, size) == 0;
}

void replace_scalar(struct examination *exam, struct ibc_doctor_finding *finding,
                    const struct ibc_compose_text *scalar, const char *text, bool quoted) {
    size_t file;
    const char *quotes;
    if (!finding || !scalar->written) {
        return;
    }
    const struct ibc_view bytes = bytes_at(exam->project, &scalar->place, &file);
    if (bytes.size == 0 || !is_simple(bytes, scalar->written, &quotes)) {
        return;
    }
    if (quoted && quotes[0] == '\0') {
        quotes = "\"";
    }
    char *edited = NULL;
    if (asprintf(&edited, "%s%s%s", quotes, text, quotes) < 0) {
        edited = NULL;
    }
    take_edit(
        exam, finding,
        (struct ibc_doctor_edit){
            .file = file, .start = scalar->place.start, .end = scalar->place.end, .text = edited});
}

static bool only_spaces(const unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != ' ') {
            return false;
        }
    }
    return true;
}

/* Does the mapping begin on a line of its own, after `indent` spaces, behind the service's name? */
static bool is_block(const struct ibc_compose_service *service, struct ibc_view text,
                     const struct line_table *lines) {
    const struct ibc_place *body = &service->body;
    if (service->indent == 0 || !body->file || strcmp(body->file, service->place.file) != 0 ||
        body->start < service->place.end || body->start >= text.size) {
        return false;
    }
    const size_t start = lines->starts[line_of(lines, body->start)];
    return start > service->place.start && body->start - start == service->indent &&
           only_spaces(text.bytes + start, service->indent);
}

/* YAML 1.1 (5.4) breaks lines at more than a newline; what looks at bytes must not meet those. */
static bool has_odd_break(const unsigned char *bytes, size_t size) {
    static const char *const breaks[] = {"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(breaks); i++) {
        if (memmem(bytes, size, breaks[i], strlen(breaks[i]))) {
            return true;
        }
    }
    const unsigned char *carriage = memchr(bytes, '\r', size);
    return carriage && carriage + 2 != bytes + size;
}

/* Is there nothing more than a comment on the line from `at` to `end`? */
static bool only_comment(const unsigned char *bytes, size_t at, size_t end) {
    while (at < end && (bytes[at] == ' ' || bytes[at] == '\t')) {
        at++;
    }
    return at == end || strchr("#\r\n", bytes[at]) != NULL;
}

/* The line after that of a scalar of the mapping, which is a good neighbour for a new key. */
static size_t line_after(const struct ibc_compose_service *service,
                         const struct ibc_compose_text *scalar, struct ibc_view text,
                         const struct line_table *lines) {
    const struct ibc_place *place = &scalar->place, *body = &service->body;
    if (!place->file || strcmp(place->file, body->file) != 0 || place->start < body->start ||
        place->end > body->end) {
        return 0;
    }
    const size_t line = line_of(lines, place->start), start = lines->starts[line];
    const bool own_key = start + service->indent < place->start &&
                         only_spaces(text.bytes + start, service->indent) &&
                         text.bytes[start + service->indent] != ' ';
    const size_t next = lines->starts[line + 1];
    const bool one_line = line + 1 < lines->count && place->end < next &&
                          only_comment(text.bytes, place->end, next) &&
                          !has_odd_break(text.bytes + start, next - start);
    return own_key && one_line ? next : 0;
}

/* After `restart:` or `image:`, else before the first key. */
static size_t good_place(const struct ibc_compose_service *service, struct ibc_view text,
                         const struct line_table *lines) {
    size_t at = line_after(service, &service->restart, text, lines);
    if (at == 0) {
        at = line_after(service, &service->image, text, lines);
    }
    return at != 0 ? at : lines->starts[line_of(lines, service->body.start)];
}

/* A key without a value counts as absent, and must not be there twice. */
static bool names_key(const struct ibc_compose_service *service, struct ibc_view text,
                      const char *line) {
    const struct ibc_place *body = &service->body;
    return body->start < body->end && body->end <= text.size &&
           memmem(text.bytes + body->start, body->end - body->start, line, strcspn(line, ":"));
}

void add_line(struct examination *exam, struct ibc_doctor_finding *finding,
              const struct ibc_compose_service *service, const char *line) {
    const size_t file = file_index(exam->project, service->place.file);
    if (!finding || file == IBC_COMPOSE_FILES_MAX) {
        return;
    }
    const struct ibc_view text = exam->project->texts[file];
    const struct line_table *lines = &exam->lines[file];
    if (!is_block(service, text, lines) || names_key(service, text, line)) {
        return;
    }
    const size_t at = good_place(service, text, lines);
    const bool crlf = at >= 2 && text.bytes[at - 2] == '\r';
    char *edited = NULL;
    if (asprintf(&edited, "%*s%s%s", (int)service->indent, "", line, crlf ? "\r\n" : "\n") < 0) {
        edited = NULL;
    }
    take_edit(exam, finding,
              (struct ibc_doctor_edit){.file = file, .start = at, .end = at, .text = edited});
}
