/* anchors.c - a table of names, so that a file full of aliases is read in its length. */
#include "compose/anchors.h"

struct anchor {
    const char *name;
    struct node *node;
    struct anchor *older;
};

static size_t bucket_of(const char *name) {
    size_t hash = 5381;
    for (; *name != '\0'; name++) {
        hash = hash * 33 + (unsigned char)*name;
    }
    return hash % ANCHOR_BUCKETS;
}

bool anchors_set(struct anchors *anchors, struct arena *arena, const char *name,
                 struct node *node) {
    struct anchor *anchor = arena_items(arena, 1, sizeof *anchor);
    if (!anchor) {
        return false;
    }
    struct anchor **bucket = &anchors->buckets[bucket_of(name)];
    *anchor = (struct anchor){.name = name, .node = node, .older = *bucket};
    *bucket = anchor;
    return true;
}

struct node *anchors_find(const struct anchors *anchors, const char *name) {
    struct anchor *anchor = anchors->buckets[bucket_of(name)];
    while (anchor && strcmp(anchor->name, name) != 0) {
        anchor = anchor->older;
    }
    return anchor ? anchor->node : NULL;
}
