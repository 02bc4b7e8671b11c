/* tree.c - libyaml's events into nodes. */
#include "compose/anchors.h"
#include "compose/position.h"

#include <yaml.h>

enum { FIRST_PENDING = 256 };

struct tree_reader {
    yaml_parser_t parser;
    yaml_event_t event;
    struct ibc_view text;
    const char *name;
    struct arena *arena;
    struct ibc_error *err;
    size_t nodes; /* so far, aliases as if written out */
    struct text_cursor cursor;
    struct entry *pending; /* of the collections that are open, the innermost last */
    size_t pending_count, pending_capacity;
    struct anchors anchors;
};

/* libyaml's own copy of a value is wiped; what its scanner left while growing it cannot be. */
static void drop_event(struct tree_reader *reader) {
    if (reader->event.type == YAML_SCALAR_EVENT) {
        explicit_bzero(reader->event.data.scalar.value, reader->event.data.scalar.length);
    }
    yaml_event_delete(&reader->event);
}

static enum ibc_status fail_at_mark(const struct tree_reader *reader, yaml_mark_t mark,
                                    const char *why) {
    const struct ibc_place place = {
        .file = reader->name,
        .line = (unsigned)mark.line + 1,
        .column = (unsigned)mark.column + 1,
    };
    return tree_fail(&place, reader->err, why);
}

static enum ibc_status fail_here(const struct tree_reader *reader, const char *why) {
    return fail_at_mark(reader, reader->event.start_mark, why);
}

static enum ibc_status fail_syntax(const struct tree_reader *reader) {
    const yaml_parser_t *parser = &reader->parser;
    if (parser->error == YAML_MEMORY_ERROR) {
        return ibc_fail(reader->err, IBC_ERR_INTERNAL, "no memory to read %s; free some, retry",
                        reader->name);
    }
    struct ibc_place place = {.line = (unsigned)parser->problem_mark.line + 1,
                              .column = (unsigned)parser->problem_mark.column + 1};
    if (parser->error == YAML_READER_ERROR) {
        /* There is no mark for bytes that libyaml cannot even decode, only their offset. */
        place = (struct ibc_place){.line = 1, .column = 1};
        step_to(reader->text, &place, parser->problem_offset);
    }
    return ibc_fail(reader->err, IBC_ERR_DATA,
                    "%s:%u:%u: this is not YAML: %s; correct it there or just before", reader->name,
                    place.line, place.column,
                    parser->problem ? parser->problem : "it cannot be read");
}

static enum ibc_status next_event(struct tree_reader *reader) {
    drop_event(reader);
    return yaml_parser_parse(&reader->parser, &reader->event) ? IBC_OK : fail_syntax(reader);
}

static struct ibc_place place_of(struct tree_reader *reader, yaml_mark_t start, yaml_mark_t end) {
    const size_t start_byte = cursor_byte(&reader->cursor, start.index);
    return (struct ibc_place){
        .file = reader->name,
        .line = (unsigned)start.line + 1,
        .column = (unsigned)start.column + 1,
        .start = start_byte,
        .end = cursor_byte(&reader->cursor, end.index),
    };
}

static enum node_tag tag_of(const unsigned char *tag) {
    if (tag && strcmp((const char *)tag, "!reset") == 0) {
        return TAG_RESET;
    }
    return tag && strcmp((const char *)tag, "!override") == 0 ? TAG_OVERRIDE : TAG_NONE;
}

/* From here on `name` is `node`, whatever it was before. */
static enum ibc_status set_anchor(struct tree_reader *reader, const char *name, struct node *node) {
    return anchors_set(&reader->anchors, reader->arena, name, node)
               ? IBC_OK
               : arena_fail(reader->arena, reader->err);
}

static enum ibc_status copy_name(struct tree_reader *reader, const unsigned char *name,
                                 const char **out) {
    *out = name ? arena_text(reader->arena, ibc_view_of((const char *)name)) : NULL;
    return name && !*out ? arena_fail(reader->arena, reader->err) : IBC_OK;
}

static enum ibc_status count_nodes(struct tree_reader *reader, size_t more) {
    reader->nodes += more;
    if (reader->nodes > IBC_COMPOSE_NODES_MAX) {
        return fail_here(reader, "with its aliases written out the file has too many values; "
                                 "use fewer aliases of aliases");
    }
    return IBC_OK;
}

static enum ibc_status new_node(struct tree_reader *reader, enum node_kind kind,
                                struct node **out) {
    *out = arena_items(reader->arena, 1, sizeof **out);
    if (!*out) {
        return arena_fail(reader->arena, reader->err);
    }
    (*out)->kind = kind;
    (*out)->height = 1;
    (*out)->weight = 1;
    (*out)->place = place_of(reader, reader->event.start_mark, reader->event.end_mark);
    return count_nodes(reader, 1);
}

/* The scalar at the event as text of the arena. */
static enum ibc_status take_text(struct tree_reader *reader, const char **out) {
    const yaml_event_t *event = &reader->event;
    const struct ibc_view text = {event->data.scalar.value, event->data.scalar.length};
    if (text.size > 0 && memchr(text.bytes, '\0', text.size)) {
        return fail_here(reader, "a NUL character, which nothing in a container can hold");
    }
    *out = arena_text(reader->arena, text);
    return *out ? IBC_OK : arena_fail(reader->arena, reader->err);
}

static enum ibc_status read_scalar(struct tree_reader *reader, struct node **out) {
    const char *anchor, *text;
    enum ibc_status status = new_node(reader, NODE_SCALAR, out);
    if (status == IBC_OK) {
        status = copy_name(reader, reader->event.data.scalar.anchor, &anchor);
    }
    if (status == IBC_OK) {
        status = take_text(reader, &text);
    }
    if (status != IBC_OK) {
        return status;
    }
    struct node *node = *out;
    node->tag = tag_of(reader->event.data.scalar.tag);
    node->plain = reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    skip_properties(reader->text, &node->place);
    node->text = (struct ibc_compose_text){
        .written = text, .value = text, .literal = true, .place = node->place};
    return anchor ? set_anchor(reader, anchor, node) : IBC_OK;
}

static enum ibc_status find_anchor(struct tree_reader *reader, struct node **out) {
    *out = anchors_find(&reader->anchors, (const char *)reader->event.data.alias.anchor);
    return *out ? IBC_OK
                : fail_here(reader, "an alias (*) of an anchor (&) that is not complete above it");
}

static enum ibc_status read_alias(struct tree_reader *reader, unsigned depth, struct node **out) {
    struct node *node, *copy;
    enum ibc_status status = find_anchor(reader, &node);
    if (status == IBC_OK && depth - 1 + node->height > IBC_COMPOSE_DEPTH_MAX) {
        return fail_here(reader, "nested too deeply; use fewer aliases of aliases");
    }
    if (status != IBC_OK || node->kind != NODE_SCALAR) {
        *out = status == IBC_OK ? node : NULL;
        return status == IBC_OK ? count_nodes(reader, node->weight) : status;
    }
    status = new_node(reader, NODE_SCALAR, &copy);
    if (status != IBC_OK) {
        return status;
    }
    const struct ibc_place place = copy->place;
    *copy = *node;
    copy->place = place;
    copy->text.place = place;
    *out = copy;
    return IBC_OK;
}

static enum ibc_status push(struct tree_reader *reader, const struct entry *entry) {
    if (reader->pending_count == reader->pending_capacity) {
        const size_t capacity =
            reader->pending_capacity > 0 ? reader->pending_capacity * 2 : FIRST_PENDING;
        struct entry *larger = calloc(capacity, sizeof *larger);
        if (!larger) {
            return ibc_fail(reader->err, IBC_ERR_INTERNAL, "no memory to read %s", reader->name);
        }
        if (reader->pending_count > 0) {
            memcpy(larger, reader->pending, reader->pending_count * sizeof *larger);
        }
        free(reader->pending);
        reader->pending = larger;
        reader->pending_capacity = capacity;
    }
    reader->pending[reader->pending_count++] = *entry;
    return IBC_OK;
}

static enum ibc_status read_node(struct tree_reader *reader, unsigned depth, struct node **out);

/* The key at the event, and go on to its value. */
static enum ibc_status read_key(struct tree_reader *reader, struct entry *entry) {
    struct node *node;
    if (reader->event.type == YAML_ALIAS_EVENT) {
        enum ibc_status status = find_anchor(reader, &node);
        if (status != IBC_OK) {
            return status;
        }
        if (node->kind != NODE_SCALAR) {
            return fail_here(reader, "a key that is not a word");
        }
        entry->key = node->text.written;
    } else if (reader->event.type == YAML_SCALAR_EVENT) {
        enum ibc_status status = read_scalar(reader, &node);
        if (status != IBC_OK) {
            return status;
        }
        entry->key = node->text.written;
    } else {
        return fail_here(reader, "a key that is not a word");
    }
    entry->key_place = place_of(reader, reader->event.start_mark, reader->event.end_mark);
    skip_properties(reader->text, &entry->key_place);
    return next_event(reader);
}

static enum ibc_status read_entry(struct tree_reader *reader, bool keyed, unsigned depth,
                                  unsigned *height, size_t *weight) {
    struct entry entry = {0};
    enum ibc_status status = keyed ? read_key(reader, &entry) : IBC_OK;
    if (status != IBC_OK) {
        return status;
    }
    entry.alias = reader->event.type == YAML_ALIAS_EVENT;
    const struct ibc_place own = place_of(reader, reader->event.start_mark, reader->event.end_mark);
    status = read_node(reader, depth, &entry.value);
    if (status != IBC_OK) {
        return status;
    }
    entry.place = entry.alias ? own : entry.value->place;
    if (keyed) {
        const size_t end = entry.place.end;
        entry.place = entry.key_place;
        entry.place.end = end;
    }
    *height = entry.value->height > *height ? entry.value->height : *height;
    *weight += entry.value->weight;
    return push(reader, &entry);
}

/* Make what is pending from `base` on the children of `node`. */
static enum ibc_status close_node(struct tree_reader *reader, struct node *node, size_t base) {
    const size_t count = reader->pending_count - base;
    const struct entry *entries = count > 0 ? reader->pending + base : NULL;
    if (node->kind == NODE_MAPPING) {
        enum ibc_status status =
            tree_finish_mapping(reader->arena, node, entries, count, reader->err);
        reader->pending_count = base;
        return status;
    }
    node->entries = arena_items(reader->arena, count, sizeof *entries);
    if (!node->entries) {
        return arena_fail(reader->arena, reader->err);
    }
    if (count > 0) {
        memcpy(node->entries, entries, count * sizeof *entries);
    }
    node->count = count;
    reader->pending_count = base;
    return IBC_OK;
}

static enum ibc_status read_children(struct tree_reader *reader, struct node *node,
                                     unsigned depth) {
    const bool keyed = node->kind == NODE_MAPPING;
    const yaml_event_type_t end = keyed ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    const size_t base = reader->pending_count;
    unsigned height = 0;
    for (;;) {
        enum ibc_status status = next_event(reader);
        if (status != IBC_OK) {
            return status;
        }
        if (reader->event.type == end) {
            break;
        }
        status = read_entry(reader, keyed, depth + 1, &height, &node->weight);
        if (status != IBC_OK) {
            return status;
        }
    }
    node->height = height;
    node->place.end = cursor_byte(&reader->cursor, reader->event.end_mark.index);
    enum ibc_status status = close_node(reader, node, base);
    node->height++;
    return status;
}

static enum ibc_status read_collection(struct tree_reader *reader, unsigned depth,
                                       struct node **out) {
    const yaml_event_t *event = &reader->event;
    const bool keyed = event->type == YAML_MAPPING_START_EVENT;
    const bool block = keyed ? event->data.mapping_start.style == YAML_BLOCK_MAPPING_STYLE
                             : event->data.sequence_start.style == YAML_BLOCK_SEQUENCE_STYLE;
    const enum node_tag tag =
        tag_of(keyed ? event->data.mapping_start.tag : event->data.sequence_start.tag);
    const char *anchor;
    struct node *node;
    enum ibc_status status = copy_name(
        reader, keyed ? event->data.mapping_start.anchor : event->data.sequence_start.anchor,
        &anchor);
    if (status == IBC_OK) {
        status = new_node(reader, keyed ? NODE_MAPPING : NODE_LIST, &node);
    }
    if (status != IBC_OK) {
        return status;
    }
    node->tag = tag;
    status = read_children(reader, node, depth);
    if (status != IBC_OK) {
        return status;
    }
    skip_properties(reader->text, &node->place);
    node->indent = block && keyed ? node->place.column - 1 : 0;
    *out = node;
    return anchor ? set_anchor(reader, anchor, node) : IBC_OK;
}

/* The node that begins at the event. */
static enum ibc_status read_node(struct tree_reader *reader, unsigned depth, struct node **out) {
    if (depth > IBC_COMPOSE_DEPTH_MAX) {
        return fail_here(reader, "nested too deeply for a compose file");
    }
    switch (reader->event.type) {
    case YAML_ALIAS_EVENT:
        return read_alias(reader, depth, out);
    case YAML_SCALAR_EVENT:
        return read_scalar(reader, out);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return read_collection(reader, depth, out);
    default:
        return fail_here(reader, "no value where there must be one");
    }
}

static enum ibc_status read_stream(struct tree_reader *reader, struct node **out) {
    struct node *root = NULL;
    enum ibc_status status = next_event(reader); /* the stream's start */
    if (status == IBC_OK) {
        status = next_event(reader);
    }
    if (status == IBC_OK && reader->event.type == YAML_DOCUMENT_START_EVENT) {
        status = next_event(reader);
        if (status == IBC_OK) {
            status = read_node(reader, 1, &root);
        }
        for (int i = 0; i < 2 && status == IBC_OK; i++) {
            status = next_event(reader); /* the document's end, and what follows */
        }
    }
    if (status == IBC_OK && reader->event.type != YAML_STREAM_END_EVENT) {
        return fail_here(reader, "a second document begins; take out the line ---");
    }
    if (status == IBC_OK && (!root || root->kind != NODE_MAPPING)) {
        return ibc_fail(reader->err, IBC_ERR_DATA,
                        "%s:1:1: a compose file is a mapping, with `services:` in it; is this one?",
                        reader->name);
    }
    *out = root;
    return status;
}

/* What libyaml holds of the text. */
static void free_parser(yaml_parser_t *parser) {
    const size_t raw = (size_t)(parser->raw_buffer.end - parser->raw_buffer.start);
    const size_t decoded = (size_t)(parser->buffer.end - parser->buffer.start);
    explicit_bzero(parser->raw_buffer.start, raw);
    explicit_bzero(parser->buffer.start, decoded);
    yaml_parser_delete(parser);
}

enum ibc_status tree_parse(struct arena *arena, const char *name, struct ibc_view text,
                           struct node **out, struct ibc_error *err) {
    *out = NULL;
    if (text.size > IBC_COMPOSE_FILE_MAX) {
        return ibc_fail(err, IBC_ERR_DATA, "%s is larger than the %d MiB of a compose file", name,
                        IBC_COMPOSE_FILE_MAX >> 20);
    }
    struct tree_reader *reader = arena_items(arena, 1, sizeof *reader);
    if (!reader) {
        return arena_fail(arena, err);
    }
    if (yaml_parser_initialize(&reader->parser) == 0) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory to read %s; free some, retry", name);
    }
    reader->text = text;
    reader->cursor.text = text;
    reader->name = name;
    reader->arena = arena;
    reader->err = err;
    yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader->parser,
                                 text.size > 0 ? text.bytes : (const unsigned char *)"", text.size);
    enum ibc_status status = read_stream(reader, out);
    drop_event(reader);
    free_parser(&reader->parser);
    free(reader->pending);
    return status;
}
