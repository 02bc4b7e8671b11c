/*
 * tree.h - a YAML file as nodes that know where they stand. Pure.
 *
 * Scalars are text as written, whatever YAML 1.1 or 1.2 would take them for: `22:22` and `no` stay
 * what they are. Aliases share the node of their anchor, but for scalars, which stand where the
 * alias does. Merge keys (`<<`) are put in: explicit keys win, then the first of a list.
 */
#ifndef IBCRED_COMPOSE_TREE_H
#define IBCRED_COMPOSE_TREE_H

#include "compose/arena.h"

#include <ibcred/compose.h>

enum node_kind { NODE_SCALAR = 1, NODE_LIST, NODE_MAPPING };

/* What Docker Compose v2 means by a tag; others say nothing here. */
enum node_tag { TAG_NONE = 0, TAG_RESET, TAG_OVERRIDE };

struct node;

struct entry {
    const char *key; /* NULL in a list */
    struct ibc_place
        place; /* from the key to the value's end; where a merge key brought it, there */
    struct ibc_place key_place;
    struct node *value;
    bool alias; /* the value stands elsewhere */
};

struct node {
    enum node_kind kind;
    enum node_tag tag;
    bool plain;      /* a scalar without quotes */
    bool seen;       /* variables were put in already */
    unsigned height; /* levels below it, itself included */
    size_t weight;   /* nodes below it, itself included, aliases as if written out */
    size_t indent;   /* columns before the keys of a mapping in block style; else 0 */
    size_t count;
    struct entry *entries;        /* in the order of the file, those of merge keys last */
    struct entry **sorted;        /* of a mapping: the same by key */
    struct ibc_compose_text text; /* a scalar's; interpolated by interpolate_tree() */
    struct ibc_place place;       /* without anchor and tag; a block mapping's begins at its key */
};

/*
 * Read one document. `name` must outlive the arena's users; `text` need not. `*out` is the root,
 * a mapping. IBC_ERR_DATA as ibc_compose_load() says.
 */
IBC_CHECKED enum ibc_status tree_parse(struct arena *arena, const char *name, struct ibc_view text,
                                       struct node **out, struct ibc_error *err);

/* The entry of that key, or NULL, also where `mapping` is NULL or no mapping. */
const struct entry *tree_entry(const struct node *mapping, const char *key);

/* Its value, or NULL. */
struct node *tree_find(const struct node *mapping, const char *key);

/* True where nothing is said: no node, or a scalar that YAML takes for null. */
bool tree_is_null(const struct node *node);

/* IBC_ERR_DATA with the place. The sentence follows "file:line:column: ". */
enum ibc_status tree_fail(const struct ibc_place *place, struct ibc_error *err, const char *why);

/*
 * Finish a mapping of `count` entries that are written in it: refuse duplicates, put in what its
 * merge key names, sort. In mapping.c.
 */
IBC_CHECKED enum ibc_status tree_finish_mapping(struct arena *arena, struct node *mapping,
                                                const struct entry *entries, size_t count,
                                                struct ibc_error *err);

#endif
