/* arena.c - chunks of guarded memory, each at least as large as all before it. */
#include "compose/arena.h"
#include "base/bytes.h"

enum { ALIGNMENT = 16, FIRST_CHUNK = 64 << 10, CHUNK_MAX = 16 << 20 };

/* Lies at the beginning of the memory that it tells of. */
struct arena_chunk {
    _Alignas(ALIGNMENT) struct arena_chunk *older;
    struct ibc_secret memory;
    size_t size; /* of bytes[] */
    size_t used;
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

static size_t size_of_next(const struct arena *arena, size_t block) {
    size_t size = arena->total > FIRST_CHUNK ? arena->total : FIRST_CHUNK;
    size = size < CHUNK_MAX ? size : CHUNK_MAX;
    return (block > size ? block : size) / ALIGNMENT * ALIGNMENT;
}

static bool add_chunk(struct arena *arena, size_t block) {
    const size_t size = size_of_next(arena, block);
    arena->full = size > ARENA_MAX - arena->total;
    struct ibc_secret memory;
    struct ibc_error ignored;
    /* A secret ends where a page ends: a multiple of the alignment makes it begin aligned. */
    if (arena->full ||
        ibc_secret_alloc(&memory, sizeof(struct arena_chunk) + size, &ignored) != IBC_OK) {
        return false;
    }
    struct arena_chunk *chunk = (struct arena_chunk *)(void *)memory.bytes;
    chunk->memory = memory;
    chunk->older = arena->newest;
    chunk->size = size;
    arena->newest = chunk;
    arena->total += size;
    return true;
}

void *arena_items(struct arena *arena, size_t count, size_t size) {
    size_t block;
    if (!size_multiply(count, size, &block) || block > ARENA_MAX) {
        arena->full = true;
        return NULL;
    }
    block = (block / ALIGNMENT + 1) * ALIGNMENT;
    if (!arena->newest || block > arena->newest->size - arena->newest->used) {
        if (!add_chunk(arena, block)) {
            return NULL;
        }
    }
    void *start = arena->newest->bytes + arena->newest->used;
    arena->newest->used += block;
    return start;
}

char *arena_text(struct arena *arena, struct ibc_view text) {
    char *copy = arena_items(arena, text.size + 1, 1);
    if (copy && text.size > 0) {
        memcpy(copy, text.bytes, text.size);
    }
    return copy;
}

enum ibc_status arena_fail(const struct arena *arena, struct ibc_error *err) {
    if (arena->full) {
        return ibc_fail(err, IBC_ERR_DATA,
                        "the compose files come to more than %d MiB once all is put in its place; "
                        "look for an alias, an `extends` or a variable that is used too often",
                        ARENA_MAX >> 20);
    }
    return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the compose files; free some, retry");
}

void arena_free(struct arena *arena) {
    while (arena->newest) {
        struct arena_chunk *chunk = arena->newest;
        arena->newest = chunk->older;
        struct ibc_secret memory = chunk->memory;
        ibc_secret_free(&memory);
    }
    *arena = (struct arena){0};
}
