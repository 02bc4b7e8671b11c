/* secret_heap.c - malloc() and free() over guarded memory. */
#include "base/secret_heap.h"

#include <ibcred/secret.h>
#include <sodium.h>

/* Lies at the beginning of the memory that it tells of. */
struct chunk {
    _Alignas(SECRET_HEAP_ALIGNMENT) struct chunk *older;
    struct ibc_secret memory;
    size_t size; /* of bytes[] */
    size_t used;
    _Alignas(SECRET_HEAP_ALIGNMENT) unsigned char bytes[];
};

static struct {
    struct chunk *newest;
    size_t total; /* bytes of all chunks */
    size_t live;  /* blocks in use */
} heap;

static bool add_chunk(size_t block) {
    size_t size = heap.total > 0 ? heap.total : SECRET_HEAP_CHUNK;
    size = block > size ? block : size;
    if (size > SECRET_HEAP_MAX - heap.total) {
        return false;
    }
    /* A secret ends where a page ends: a multiple of the alignment makes it begin aligned. */
    struct ibc_secret memory;
    struct ibc_error ignored;
    if (ibc_secret_alloc(&memory, sizeof(struct chunk) + size, &ignored) != IBC_OK) {
        return false;
    }
    struct chunk *chunk = (struct chunk *)(void *)memory.bytes;
    chunk->memory = memory;
    chunk->older = heap.newest;
    chunk->size = size;
    chunk->used = 0;
    heap.newest = chunk;
    heap.total += size;
    return true;
}

void *secret_heap_alloc(size_t size) {
    if (size > SECRET_HEAP_MAX) {
        return NULL;
    }
    size_t block = (size + SECRET_HEAP_ALIGNMENT) / SECRET_HEAP_ALIGNMENT * SECRET_HEAP_ALIGNMENT;
    struct chunk *chunk = heap.newest;
    if (!chunk || block > chunk->size - chunk->used) {
        if (!add_chunk(block)) {
            return NULL;
        }
        chunk = heap.newest;
    }
    void *start = chunk->bytes + chunk->used;
    chunk->used += block;
    heap.live++;
    return start;
}

/* Wipe everything, and keep the oldest chunk for the next document. */
static void reset(void) {
    while (heap.newest->older) {
        struct chunk *chunk = heap.newest;
        heap.newest = chunk->older;
        heap.total -= chunk->size;
        struct ibc_secret memory = chunk->memory;
        ibc_secret_free(&memory);
    }
    sodium_memzero(heap.newest->bytes, heap.newest->used);
    heap.newest->used = 0;
}

void secret_heap_free(void *block) {
    if (block && --heap.live == 0) {
        reset();
    }
}

size_t secret_heap_live(void) {
    return heap.live;
}
