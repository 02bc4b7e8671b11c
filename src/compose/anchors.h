/*
 * anchors.h - the nodes of a YAML file that aliases may name. Pure.
 */
#ifndef IBCRED_COMPOSE_ANCHORS_H
#define IBCRED_COMPOSE_ANCHORS_H

#include "compose/tree.h"

enum { ANCHOR_BUCKETS = 512 };

/* The zero value has none. */
struct anchors {
    struct anchor *buckets[ANCHOR_BUCKETS];
};

/* From here on `name`, which is borrowed, is `node`. False where the arena has no room. */
IBC_CHECKED bool anchors_set(struct anchors *anchors, struct arena *arena, const char *name,
                             struct node *node);

/* The node that had the name last, or NULL. */
struct node *anchors_find(const struct anchors *anchors, const char *name);

#endif
