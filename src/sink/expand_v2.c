/*
 * expand_v2.c - the variables in an env file's value, as Docker Compose v2 puts them in.
 *
 * After compose-go v2, template/template.go: $$, $NAME, ${NAME}, and ${NAME op text} with the
 * operators - :- + :+ ? :?, whose text may hold variables again. A "$" before anything else is
 * itself.
 */
#include "sink/reading.h"

/* One variable in a template, from its "$" on. */
struct variable {
    struct ibc_view name;
    unsigned char operator; /* '-', '+', '?', or 0 */
    bool colon;             /* an empty value counts as none */
    struct ibc_view text;   /* behind the operator */
    size_t end;             /* offset in the template after all of it */
};

/*
 * The size of the character at `at` if it may stand in a name, else 0. compose-go matches names
 * without regard to case, and in Unicode's eyes U+017F is an "s" and U+212A a "k".
 */
static size_t name_rune(struct ibc_view template, size_t at, bool first) {
    if (at >= template.size) {
        return 0;
    }
    struct rune rune = rune_at(template, at);
    bool letter = (rune.code >= 'a' && rune.code <= 'z') ||
                  (rune.code >= 'A' && rune.code <= 'Z') || rune.code == '_' ||
                  rune.code == 0x17F || rune.code == 0x212A;
    bool digit = rune.code >= '0' && rune.code <= '9';
    return letter || (digit && !first) ? rune.size : 0;
}

static struct ibc_view name_at(struct ibc_view template, size_t start) {
    size_t end = start + name_rune(template, start, true);
    while (end > start) {
        size_t size = name_rune(template, end, false);
        if (size == 0) {
            break;
        }
        end += size;
    }
    return slice(template, start, end);
}

/*
 * The offset of the "}" that closes what opens at `start`, counting braces as compose-go does:
 * the byte after each "{" is passed over unseen. Where they do not balance, the last "}" of the
 * line closes. 0 when the line has none from `least` on.
 */
static size_t closing_brace(struct ibc_view template, size_t start, size_t least) {
    const unsigned char *newline = memchr(template.bytes + start, '\n', template.size - start);
    size_t end = newline ? (size_t)(newline - template.bytes) : template.size;
    int open = 0;
    for (size_t at = start; at < end; at++) {
        if (template.bytes[at] == '}' && --open == 0) {
            return at;
        }
        if (template.bytes[at] == '{') {
            open++;
            at++;
        }
    }
    const unsigned char *last =
        end > least ? memrchr(template.bytes + least, '}', end - least) : NULL;
    return last ? (size_t)(last - template.bytes) : 0;
}

/* Read the variable whose "${" is at `start`. False when it is none. */
static bool read_braced(struct ibc_view template, size_t start, struct variable *out) {
    *out = (struct variable){.name = name_at(template, start + 2)};
    size_t at = start + 2 + out->name.size;
    if (out->name.size == 0 || at >= template.size) {
        return false;
    }
    if (template.bytes[at] == '}') {
        out->end = at + 1;
        return true;
    }
    if (template.bytes[at] == ':') {
        out->colon = true;
        at++;
    }
    if (at >= template.size || !is_one_of(template.bytes[at], "-+?")) {
        return false;
    }
    out->operator= template.bytes[at++];
    size_t close = closing_brace(template, start, at);
    if (close == 0) {
        return false;
    }
    out->text = slice(template, at, close);
    out->end = close + 1;
    return true;
}

static void append_value(struct reading *reading, const struct binding *binding) {
    if (binding) {
        struct ibc_view value = reading_span(reading, binding->value);
        ibc_secret_buffer_append(&reading->expanded, value.bytes, value.size);
    }
}

/* Append the variable's value, or what its operator puts in place of it. */
static enum ibc_status append_variable(struct reading *reading, const struct variable *variable,
                                       unsigned depth) {
    const struct binding *binding = reading_find(reading, variable->name);
    bool counts = binding && !(variable->colon && binding->value.size == 0);
    reading_refer(reading, binding, variable->operator== '-');
    if (variable->operator== 0) {
        append_value(reading, binding);
        return IBC_OK;
    }
    if (depth == 0) {
        return reading_fail(reading, "variables nested too deeply");
    }

    /* The text is expanded even where it is not used, and an error in it counts. */
    size_t mark = reading->expanded.used;
    bool unbound = reading->open.unbound;
    enum ibc_status status = expand_compose_v2(reading, variable->text, depth - 1);
    if (status != IBC_OK) {
        return status;
    }
    if (variable->operator== '?' && !counts) {
        return reading_fail(reading, "a required variable that is not set");
    }
    bool text_used = (variable->operator== '+') == counts && variable->operator!= '?';
    if (!text_used) {
        reading->expanded.used = mark;
        reading->open.unbound = unbound;
        append_value(reading, binding);
    }
    return IBC_OK;
}

/* Append what the "$" at `*at` and the bytes after it come to, and move `*at` behind them. */
static enum ibc_status expand_dollar(struct reading *reading, struct ibc_view template, size_t *at,
                                     unsigned depth) {
    size_t next = *at + 1;
    struct variable variable = {.name = name_at(template, next)};
    if (variable.name.size > 0) {
        *at = next + variable.name.size;
        return append_variable(reading, &variable, depth);
    }
    if (next < template.size && template.bytes[next] == '{') {
        if (!read_braced(template, *at, &variable)) {
            return reading_fail(reading,
                                "\"${\" without a variable that Docker Compose v2 could put in");
        }
        *at = variable.end;
        return append_variable(reading, &variable, depth);
    }
    bool doubled = next < template.size && template.bytes[next] == '$';
    ibc_secret_buffer_append_byte(&reading->expanded, '$');
    *at = next + (doubled ? 1 : 0);
    return IBC_OK;
}

enum ibc_status expand_compose_v2(struct reading *reading, struct ibc_view value, unsigned depth) {
    enum ibc_status status = IBC_OK;
    size_t at = 0;
    while (status == IBC_OK && at < value.size) {
        const unsigned char *dollar = memchr(value.bytes + at, '$', value.size - at);
        size_t end = dollar ? (size_t)(dollar - value.bytes) : value.size;
        ibc_secret_buffer_append(&reading->expanded, value.bytes + at, end - at);
        at = end;
        if (dollar) {
            status = expand_dollar(reading, value, &at, depth);
        }
    }
    return status;
}
