/*
 * arena.h - the memory of one project: handed out piece by piece, wiped and freed as a whole.
 *
 * Compose files may hold secrets, and nearly everything made of them is made to stay.
 */
#ifndef IBCRED_COMPOSE_ARENA_H
#define IBCRED_COMPOSE_ARENA_H

#include <ibcred/secret.h>

enum { ARENA_MAX = 512 << 20 /* bytes */ };

/* The zero value is an empty arena, and may be freed. */
struct arena {
    struct arena_chunk *newest;
    size_t total; /* bytes of all chunks */
    bool full;    /* ARENA_MAX was reached, rather than the machine's memory */
};

/* `count` zeroed items of `size` bytes, aligned for any type; NULL where there is no room. */
void *arena_items(struct arena *arena, size_t count, size_t size);

/* A NUL-terminated copy, or NULL. */
char *arena_text(struct arena *arena, struct ibc_view text);

/* Why the last one was NULL: IBC_ERR_DATA for a full arena, else IBC_ERR_INTERNAL. */
enum ibc_status arena_fail(const struct arena *arena, struct ibc_error *err);

void arena_free(struct arena *arena);

#endif
