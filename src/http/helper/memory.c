/* memory.c - malloc() and the like for libcurl; what is freed is wiped first. */
#include "http/helper/memory.h"

#include <curl/curl.h>
#include <link.h>
#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

/* Lies before what libcurl sees. */
struct block {
    _Alignas(max_align_t) size_t size;
    _Alignas(max_align_t) unsigned char bytes[];
};

static struct block *block_of(void *bytes) {
    return (struct block *)(void *)((unsigned char *)bytes - offsetof(struct block, bytes));
}

static void *take(size_t size) {
    if (size > SIZE_MAX - sizeof(struct block)) {
        return NULL;
    }
    struct block *block = malloc(sizeof *block + size);
    if (!block) {
        return NULL;
    }
    block->size = size;
    return block->bytes;
}

static void *take_zeroed(size_t count, size_t size) {
    size_t all;
    void *bytes = __builtin_mul_overflow(count, size, &all) ? NULL : take(all);
    if (bytes) {
        memset(bytes, 0, all);
    }
    return bytes;
}

static char *copy_text(const char *text) {
    const size_t size = strlen(text) + 1;
    char *copy = take(size);
    if (copy) {
        memcpy(copy, text, size);
    }
    return copy;
}

static void wipe_and_free(void *bytes) {
    if (bytes) {
        struct block *block = block_of(bytes);
        sodium_memzero(block->bytes, block->size);
        free(block);
    }
}

static void *resize(void *bytes, size_t size) {
    void *other = take(size);
    if (bytes && other) {
        const size_t before = block_of(bytes)->size;
        memcpy(other, bytes, before < size ? before : size);
        wipe_and_free(bytes);
    }
    return other;
}

bool memory_start_curl(void) {
    return curl_global_init_mem(CURL_GLOBAL_DEFAULT, take, wipe_and_free, resize, copy_text,
                                take_zeroed) == CURLE_OK;
}

/* Segments that cannot be written are as they are in their files, and so can be read again. */
static int let_go(struct dl_phdr_info *object, size_t size, void *unused) {
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)size;
    (void)unused;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W)) {
            const uintptr_t start = (object->dlpi_addr + segment->p_vaddr) / page * page;
            const uintptr_t end = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;
            (void)madvise((void *)start, end - start, MADV_DONTNEED); // NOLINT
        }
    }
    return 0;
}

void memory_let_go_of_code(void) {
    dl_iterate_phdr(let_go, NULL);
}
