/* yaml.c - the strict reader: events in, mappings and lists by table. */
#include "yaml/yaml.h"

#include <stdarg.h>

enum { SENTENCE_MAX = 512, KEY_LIST_MAX = 320, KEY_SHOWN_MAX = 40 };

enum ibc_status ibc_yaml_fail(struct ibc_yaml *yaml, const char *fmt, ...) {
    char sentence[SENTENCE_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(sentence, sizeof sentence, fmt, args);
    va_end(args);
    return ibc_fail(yaml->err, IBC_ERR_MISMATCH, "%s:%zu:%zu: %s %s", yaml->name,
                    yaml->mark.line + 1, yaml->mark.column + 1,
                    yaml->path[0] != '\0' ? yaml->path : "the file", sentence);
}

/* libyaml gives no line for bytes that it cannot even decode, only their offset. */
static yaml_mark_t mark_of_offset(struct ibc_view text, size_t offset) {
    yaml_mark_t mark = {.index = offset, .line = 0, .column = 0};
    for (size_t i = 0; i < offset && i < text.size; i++) {
        if (text.bytes[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else {
            mark.column++;
        }
    }
    return mark;
}

static enum ibc_status fail_syntax(struct ibc_yaml *yaml) {
    const yaml_parser_t *parser = &yaml->parser;
    if (parser->error == YAML_MEMORY_ERROR) {
        return ibc_fail(yaml->err, IBC_ERR_INTERNAL, "no memory to read %s; free some, then retry",
                        yaml->name);
    }
    yaml->mark = parser->error == YAML_READER_ERROR
                     ? mark_of_offset(yaml->text, parser->problem_offset)
                     : parser->problem_mark;
    yaml->path[0] = '\0';
    return ibc_yaml_fail(yaml, "is not YAML: %s; correct it there or just before",
                         parser->problem != NULL ? parser->problem : "it cannot be read");
}

/* True for what lets one place of a file stand for another, or changes a value's type. */
static bool has_anchor_or_tag(const yaml_event_t *event) {
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return true;
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor != NULL || event->data.sequence_start.tag != NULL;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor != NULL || event->data.mapping_start.tag != NULL;
    default:
        return false;
    }
}

static enum ibc_status next_event(struct ibc_yaml *yaml) {
    yaml_event_delete(&yaml->event);
    if (yaml_parser_parse(&yaml->parser, &yaml->event) == 0) {
        return fail_syntax(yaml);
    }
    yaml->mark = yaml->event.start_mark;
    if (has_anchor_or_tag(&yaml->event)) {
        return ibc_yaml_fail(yaml, "uses an anchor, alias or tag (& * !), which is not allowed; "
                                   "write the value out, in quotes where it begins like that");
    }
    return IBC_OK;
}

/* Lengthen the path that sentences begin with; the result is its old length. */
static size_t path_enter_key(struct ibc_yaml *yaml, const char *key) {
    size_t length = strlen(yaml->path);
    (void)snprintf(yaml->path + length, sizeof yaml->path - length, "%s%s", length > 0 ? "." : "",
                   key);
    return length;
}

static size_t path_enter_item(struct ibc_yaml *yaml, size_t index) {
    size_t length = strlen(yaml->path);
    (void)snprintf(yaml->path + length, sizeof yaml->path - length, "[%zu]", index);
    return length;
}

/* On failure the sentence is written already; on success the path goes back. */
static void path_leave(struct ibc_yaml *yaml, size_t length) {
    yaml->path[length] = '\0';
}

static void list_keys(const struct ibc_yaml_table *table, char out[static KEY_LIST_MAX]) {
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < table->count && used < KEY_LIST_MAX; i++) {
        used += (size_t)snprintf(out + used, KEY_LIST_MAX - used, "%s%s", i > 0 ? ", " : "",
                                 table->fields[i].key);
    }
}

/*
 * Only what looks like a key is repeated in a sentence: a secret may have slipped in, and those
 * of IBKR hold a digit.
 */
static bool may_be_shown(const char *key) {
    size_t length = strspn(key, "abcdefghijklmnopqrstuvwxyz_");
    return length > 0 && length <= KEY_SHOWN_MAX && key[length] == '\0';
}

static enum ibc_status fail_unknown_key(struct ibc_yaml *yaml, const struct ibc_yaml_table *table,
                                        const char *key) {
    char keys[KEY_LIST_MAX];
    list_keys(table, keys);
    if (key == NULL) {
        return ibc_yaml_fail(yaml, "has a key that is not a word; allowed are %s", keys);
    }
    if (!may_be_shown(key)) {
        return ibc_yaml_fail(yaml, "has an unknown key; allowed are %s", keys);
    }
    return ibc_yaml_fail(yaml, "has an unknown key, %s; allowed are %s", key, keys);
}

static bool find_field(const struct ibc_yaml_table *table, const char *key, size_t *index) {
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->fields[i].key, key) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

/* Read the key at yaml->event and its value. `*seen` has a bit for each field met so far. */
static enum ibc_status read_entry(struct ibc_yaml *yaml, const struct ibc_yaml_table *table,
                                  unsigned char *target, uint32_t *seen) {
    const char *key = ibc_yaml_scalar(yaml);
    size_t index;
    if (key == NULL || !find_field(table, key, &index)) {
        return fail_unknown_key(yaml, table, key);
    }
    const struct ibc_yaml_field *field = &table->fields[index];
    size_t outside = path_enter_key(yaml, field->key);
    if ((*seen & UINT32_C(1) << index) != 0) {
        return ibc_yaml_fail(yaml, "is given twice; keep one of them");
    }
    *seen |= UINT32_C(1) << index;

    enum ibc_status status = next_event(yaml);
    if (status == IBC_OK) {
        status = field->read(yaml, field, target + field->offset);
    }
    path_leave(yaml, outside);
    return status;
}

static enum ibc_status check_required(struct ibc_yaml *yaml, const struct ibc_yaml_table *table,
                                      uint32_t seen) {
    for (size_t i = 0; i < table->count; i++) {
        if (table->fields[i].required && (seen & UINT32_C(1) << i) == 0) {
            return ibc_yaml_fail(yaml, "lacks the key %s; add it", table->fields[i].key);
        }
    }
    return IBC_OK;
}

static enum ibc_status read_mapping(struct ibc_yaml *yaml, const struct ibc_yaml_table *table,
                                    void *target) {
    if (yaml->event.type != YAML_MAPPING_START_EVENT) {
        char keys[KEY_LIST_MAX];
        list_keys(table, keys);
        return ibc_yaml_fail(yaml, "must be a mapping of these keys: %s", keys);
    }
    yaml_mark_t start = yaml->mark;
    uint32_t seen = 0;
    for (;;) {
        enum ibc_status status = next_event(yaml);
        if (status != IBC_OK) {
            return status;
        }
        if (yaml->event.type == YAML_MAPPING_END_EVENT) {
            break;
        }
        status = read_entry(yaml, table, target, &seen);
        if (status != IBC_OK) {
            return status;
        }
    }
    yaml->mark = start;
    enum ibc_status status = check_required(yaml, table, seen);
    if (status == IBC_OK && table->check != NULL) {
        status = table->check(yaml, target);
    }
    return status;
}

enum ibc_status ibc_yaml_mapping(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                 void *target) {
    return read_mapping(yaml, field->table, target);
}

static enum ibc_status check_least(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                   size_t count) {
    if (count < (size_t)field->min) {
        return ibc_yaml_fail(yaml, "has too few items; the least is %zu", (size_t)field->min);
    }
    return IBC_OK;
}

enum ibc_status ibc_yaml_list(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                              ibc_yaml_item *item, void *target) {
    if (yaml->event.type != YAML_SEQUENCE_START_EVENT) {
        return ibc_yaml_fail(yaml, "must be a list");
    }
    yaml_mark_t start = yaml->mark;
    for (size_t index = 0;; index++) {
        enum ibc_status status = next_event(yaml);
        if (status != IBC_OK) {
            return status;
        }
        if (yaml->event.type == YAML_SEQUENCE_END_EVENT) {
            yaml->mark = start;
            return check_least(yaml, field, index);
        }
        if (index == (size_t)field->max) {
            return ibc_yaml_fail(yaml, "has too many items; the most is %zu", index);
        }
        size_t outside = path_enter_item(yaml, index);
        status = item(yaml, field, index, target);
        if (status != IBC_OK) {
            return status;
        }
        path_leave(yaml, outside);
    }
}

/* The root: a mapping, or nothing at all behind an optional `---`. */
static enum ibc_status read_document(struct ibc_yaml *yaml, const struct ibc_yaml_table *table,
                                     void *target) {
    enum ibc_status status = next_event(yaml);
    if (status != IBC_OK) {
        return status;
    }
    bool empty = yaml->event.type == YAML_SCALAR_EVENT && yaml->event.data.scalar.length == 0 &&
                 yaml->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (!empty) {
        status = read_mapping(yaml, table, target);
    }
    return status == IBC_OK ? next_event(yaml) : status; /* the document's end */
}

static enum ibc_status read_stream(struct ibc_yaml *yaml, const struct ibc_yaml_table *table,
                                   void *target) {
    enum ibc_status status = next_event(yaml); /* the stream's start */
    if (status == IBC_OK) {
        status = next_event(yaml);
    }
    if (status == IBC_OK && yaml->event.type == YAML_DOCUMENT_START_EVENT) {
        status = read_document(yaml, table, target);
        if (status == IBC_OK) {
            status = next_event(yaml);
        }
    }
    if (status == IBC_OK && yaml->event.type != YAML_STREAM_END_EVENT) {
        return ibc_yaml_fail(yaml, "holds a second document; take out the line ---");
    }
    return status;
}

enum ibc_status ibc_yaml_parse(struct ibc_view text, const char *name,
                               const struct ibc_yaml_table *table, void *target,
                               struct ibc_error *err) {
    struct ibc_yaml yaml = {.text = text, .name = name, .err = err};
    if (yaml_parser_initialize(&yaml.parser) == 0) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory to read %s; free some, then retry", name);
    }
    const unsigned char *bytes = text.size > 0 ? text.bytes : (const unsigned char *)"";
    yaml_parser_set_encoding(&yaml.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&yaml.parser, bytes, text.size);

    enum ibc_status status = read_stream(&yaml, table, target);
    yaml_event_delete(&yaml.event);
    yaml_parser_delete(&yaml.parser);
    return status;
}
