/* interpolate.c - templates into values. */
#include "compose/interpolate.h"

enum { NESTING_MAX = 32, VALUE_MAX = 1 << 20 /* bytes */ };

static const char not_understood[] = "a `$` that begins no variable; write `$$` for a dollar sign";

/* One template being expanded. */
struct template {
    const char *text;
    size_t size;
    unsigned depth; /* of templates around it */
};

/* What became of a value so far, besides its bytes. */
struct progress {
    bool variables; /* it has one */
    bool literal;   /* some bytes are the template's own */
    bool stopped;   /* a required variable is not set */
    const char *invalid;
};

/* A variable of a template, from its "$" on. */
struct variable {
    const char *name;
    size_t name_size;
    char operator; /* '-', '+', '?', or 0 */
    bool colon;    /* an empty value counts as none */
    struct template text;
    size_t end; /* offset after all of it */
};

static bool may_begin_name(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

static size_t name_size(const struct template *template, size_t at) {
    size_t end = at;
    while (end < template->size &&
           (may_begin_name(template->text[end]) ||
            (end > at && template->text[end] >= '0' && template->text[end] <= '9'))) {
        end++;
    }
    return end - at;
}

/*
 * The offset of the brace that closes the one at `open`, on the same line; 0 for none. Compose
 * counts braces and does not look at the byte behind an opening one. Where they do not balance, it
 * takes the line's last one.
 */
static size_t closing_brace(const struct template *template, size_t open) {
    const char *line = template->text + open;
    const size_t room = template->size - open;
    const char *newline = memchr(line, '\n', room);
    const size_t size = newline ? (size_t)(newline - line) : room;
    int level = 0;
    for (size_t at = 0; at < size; at++) {
        if (line[at] == '}' && --level == 0) {
            return open + at;
        }
        if (line[at] == '{') {
            level++;
            at++;
        }
    }
    const char *last = memrchr(line, '}', size);
    return last ? open + (size_t)(last - line) : 0;
}

/* Read what is between the braces of the variable whose "{" is at `open`. */
static bool read_braces(const struct template *template, size_t open, struct variable *out) {
    size_t at = open + 1;
    out->name = template->text + at;
    out->name_size = name_size(template, at);
    at += out->name_size;
    if (out->name_size == 0 || at >= template->size) {
        return false;
    }
    if (template->text[at] == '}') {
        out->end = at + 1;
        return true;
    }
    out->colon = template->text[at] == ':';
    at += out->colon ? 1 : 0;
    if (at >= template->size || !strchr("-+?", template->text[at]) || template->text[at] == '\0') {
        return false;
    }
    out->operator= template->text[at++];
    const size_t close = closing_brace(template, open);
    if (close < at) {
        return false;
    }
    out->text = (struct template){template->text + at, close - at, template->depth + 1};
    out->end = close + 1;
    return true;
}

static void expand(struct interpolation *interpolation, const struct template *template,
                   struct progress *progress);

static void append_variable(struct interpolation *interpolation, const struct variable *variable,
                            struct progress *progress) {
    const char *value = lookup_find(interpolation->lookup, variable->name, variable->name_size);
    const bool counts = value && !(variable->colon && value[0] == '\0');
    progress->variables = true;
    if (variable->operator!= 0) {
        /* The text is read even where it is not used, and a fault in it counts. */
        const size_t mark = interpolation->value.used;
        const bool literal = progress->literal;
        expand(interpolation, &variable->text, progress);
        if (variable->operator!= '?' &&(variable->operator== '+') == counts) {
            return;
        }
        interpolation->value.used = mark;
        progress->literal = literal;
        progress->stopped |= variable->operator== '?' && !counts;
    }
    if (value && variable->operator!= '+') {
        ibc_secret_buffer_append_text(&interpolation->value, value);
    }
}

/* Expand the "$" at `at`; the offset of what follows. */
static size_t expand_dollar(struct interpolation *interpolation, const struct template *template,
                            size_t at, struct progress *progress) {
    const size_t next = at + 1;
    if (next < template->size && template->text[next] == '$') {
        ibc_secret_buffer_append_byte(&interpolation->value, '$');
        progress->literal = true;
        return next + 1;
    }
    struct variable variable = {.name = template->text + next,
                                .name_size = name_size(template, next),
                                .end = next + name_size(template, next)};
    if (variable.name_size == 0 && !(next < template->size && template->text[next] == '{' &&
                                     read_braces(template, next, &variable))) {
        progress->invalid = not_understood;
        return template->size;
    }
    append_variable(interpolation, &variable, progress);
    return variable.end;
}

static void expand(struct interpolation *interpolation, const struct template *template,
                   struct progress *progress) {
    if (template->depth > NESTING_MAX) {
        progress->invalid = "variables nested too deeply";
        return;
    }
    for (size_t at = 0; at < template->size && !progress->invalid;) {
        const char *dollar = memchr(template->text + at, '$', template->size - at);
        const size_t end = dollar ? (size_t)(dollar - template->text) : template->size;
        if (end > at) {
            ibc_secret_buffer_append(&interpolation->value, template->text + at, end - at);
            progress->literal = true;
        }
        at = dollar ? expand_dollar(interpolation, template, end, progress) : end;
    }
}

void interpolation_init(struct interpolation *interpolation, struct arena *arena,
                        const struct lookup *lookup, struct ibc_error *err) {
    *interpolation = (struct interpolation){.arena = arena, .lookup = lookup, .err = err};
    ibc_secret_buffer_init(&interpolation->value, VALUE_MAX);
}

void interpolation_free(struct interpolation *interpolation) {
    ibc_secret_buffer_free(&interpolation->value);
}

enum ibc_status interpolate(struct interpolation *interpolation, struct ibc_compose_text *text) {
    text->value = text->written;
    text->interpolated = false;
    text->literal = true;
    if (!strchr(text->written, '$')) {
        return IBC_OK;
    }
    struct progress progress = {0};
    const struct template template = {text->written, strlen(text->written), 0};
    interpolation->value.used = 0;
    expand(interpolation, &template, &progress);
    if (interpolation->value.failed) {
        interpolation->value.failed = false;
        progress.invalid = "with its variables put in, a value that is too long";
    }
    if (progress.invalid) {
        return tree_fail(&text->place, interpolation->err, progress.invalid);
    }
    text->interpolated = progress.variables;
    text->literal = progress.literal || !progress.variables;
    text->value = NULL;
    if (!progress.stopped) {
        const struct ibc_view value = {interpolation->value.storage.bytes,
                                       interpolation->value.used};
        text->value = arena_text(interpolation->arena, value);
        return text->value ? IBC_OK : arena_fail(interpolation->arena, interpolation->err);
    }
    return IBC_OK;
}

enum ibc_status interpolate_tree(struct interpolation *interpolation, struct node *node) {
    if (node->seen) {
        return IBC_OK;
    }
    node->seen = true;
    if (node->kind == NODE_SCALAR) {
        return interpolate(interpolation, &node->text);
    }
    for (size_t i = 0; i < node->count; i++) {
        enum ibc_status status = interpolate_tree(interpolation, node->entries[i].value);
        if (status != IBC_OK) {
            return status;
        }
    }
    return IBC_OK;
}
