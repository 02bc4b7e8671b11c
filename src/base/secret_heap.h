/*
 * secret_heap.h - malloc() and free() over guarded memory, for a library that insists on its own.
 *
 * Blocks are cut off one after another and come back all at once: when the last one is freed,
 * everything is wiped and used again. That suits a parser, whose document is built, looked at and
 * dropped. Not for several threads.
 */
#ifndef IBCRED_BASE_SECRET_HEAP_H
#define IBCRED_BASE_SECRET_HEAP_H

#include <ibcred/common.h>

enum {
    SECRET_HEAP_ALIGNMENT = 16,
    SECRET_HEAP_CHUNK = 7168,  /* bytes of the first chunk; each further one doubles the whole */
    SECRET_HEAP_MAX = 1 << 28, /* bytes of all chunks */
};

/* NULL where there is no memory or the bound is reached. */
void *secret_heap_alloc(size_t size);

/* Accepts NULL. */
void secret_heap_free(void *block);

/* How many blocks are in use. */
size_t secret_heap_live(void);

#endif
