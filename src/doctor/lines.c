/* lines.c - cutting a file into lines, and telling which of them must not be shown. */
#include "doctor/lines.h"

#include <strings.h>

size_t file_index(const struct ibc_compose_project *project, const char *name) {
    size_t i = 0;
    while (i < project->file_count && (!name || strcmp(project->files[i], name) != 0)) {
        i++;
    }
    return i < project->file_count ? i : IBC_COMPOSE_FILES_MAX;
}

/* Words in the names of what is not to be seen. Rather one too many: a line is only left out. */
static const char *const words[] = {"pass", "pwd", "secret", "token", "twofactor", "key", "cred"};

static bool name_is_secret(const char *name) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(words); i++) {
        if (strcasestr(name, words[i])) {
            return true;
        }
    }
    return false;
}

/*
 * Is there, behind such a word and the ':' or '=' after it, something that is not just a variable?
 * Words before the same ':' have the same behind it, so each byte is looked at once.
 */
static bool has_value(const char *line, const char *word) {
    for (const char *at = strcasestr(line, word); at; at = strcasestr(at, word)) {
        at = strpbrk(at, ":= ");
        if (!at) {
            return false;
        }
        at += strspn(at, ":= \t\r\"'");
        if (*at != '\0' && *at != '#' && *at != '$') {
            return true;
        }
    }
    return false;
}

static bool text_is_secret(const char *line) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(words); i++) {
        if (has_value(line, words[i])) {
            return true;
        }
    }
    const char *scheme = strstr(line, "://");
    return scheme && strchr(scheme, '@');
}

static void mark(struct line_table *lines, const struct ibc_place *place) {
    const size_t last = line_of(lines, place->end > place->start ? place->end - 1 : place->start);
    for (size_t line = line_of(lines, place->start); line <= last; line++) {
        lines->secret[line] = true;
    }
}

static void mark_variables(const struct ibc_compose_project *project, const char *file,
                           struct line_table *lines) {
    for (size_t i = 0; i < project->service_count; i++) {
        const struct ibc_compose_service *service = &project->services[i];
        for (size_t j = 0; j < service->variable_count; j++) {
            const struct ibc_compose_variable *variable = &service->variables[j];
            const struct ibc_place *place = &variable->text.place;
            if (variable->text.literal && name_is_secret(variable->name) && place->file &&
                strcmp(place->file, file) == 0) {
                mark(lines, place);
            }
        }
    }
}

static size_t count_lines(struct ibc_view text) {
    size_t count = text.size > 0 && text.bytes[text.size - 1] != '\n';
    for (size_t at = 0; at < text.size; at++) {
        count += text.bytes[at] == '\n';
    }
    return count;
}

/* A NUL in a line hides nothing: YAML has none. */
static bool line_is_secret(struct ibc_view text, size_t start, size_t end) {
    char *line = strndup((const char *)text.bytes + start, end - start);
    const bool secret = !line || text_is_secret(line);
    if (line) {
        explicit_bzero(line, end - start);
    }
    free(line);
    return secret;
}

static void fill(struct ibc_view text, struct line_table *lines) {
    size_t start = 0;
    for (size_t i = 0; i < lines->count; i++) {
        const unsigned char *newline = memchr(text.bytes + start, '\n', text.size - start);
        const size_t end = newline ? (size_t)(newline - text.bytes) + 1 : text.size;
        lines->starts[i] = start;
        lines->secret[i] = line_is_secret(text, start, end);
        start = end;
    }
    lines->starts[lines->count] = text.size;
}

bool lines_make(const struct ibc_compose_project *project, size_t file, struct line_table *out) {
    const struct ibc_view text = project->texts[file];
    *out = (struct line_table){.count = count_lines(text)};
    out->starts = calloc(out->count + 1, sizeof *out->starts);
    out->secret = calloc(out->count + 1, sizeof *out->secret);
    if (!out->starts || !out->secret) {
        lines_clear(out);
        return false;
    }
    fill(text, out);
    if (out->count > 0) {
        mark_variables(project, project->files[file], out);
    }
    return true;
}

void lines_clear(struct line_table *lines) {
    free(lines->starts);
    free(lines->secret);
    *lines = (struct line_table){0};
}

size_t line_of(const struct line_table *lines, size_t at) {
    size_t low = 0, high = lines->count;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (lines->starts[middle] <= at) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

bool lines_secret(const struct line_table *lines, size_t start, size_t end) {
    if (lines->count == 0) {
        return false;
    }
    const size_t last = line_of(lines, end > start ? end - 1 : start);
    for (size_t line = line_of(lines, start); line <= last; line++) {
        if (lines->secret[line]) {
            return true;
        }
    }
    return false;
}
