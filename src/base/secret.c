/* secret.c - guarded memory over sodium_malloc(). */
#include <ibcred/secret.h>

#include <sodium.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * Guarded pages cost a dozen system calls. Small secrets therefore take blocks of two pages each,
 * several of which come from one sodium_malloc(), with an inaccessible page after each. A secret
 * lies at the end of its block, against that page. A block that is given back is wiped and kept.
 */
enum { SLAB_BLOCKS = 5, BLOCK_PAGES = 2, FIRST_CAPACITY = 2048 };

/* Begins a block that is not in use; no secret is so large that it would lie over this. */
struct spare {
    struct spare *next;
};

static struct spare *spares;

/* What RLIMIT_CORE was before. */
static struct rlimit core_limit;

enum ibc_status ibc_secret_init(struct ibc_error *err) {
    if (getrlimit(RLIMIT_CORE, &core_limit) != 0) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "the limit on core dumps cannot be read");
    }
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = core_limit.rlim_max};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "core dumps cannot be switched off");
    }
    if (sodium_init() < 0) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "libsodium cannot be started");
    }
    return IBC_OK;
}

void ibc_secret_core_limit(bool as_before) {
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = core_limit.rlim_max};
    (void)setrlimit(RLIMIT_CORE, as_before ? &core_limit : &none);
}

static size_t page_size(void) {
    static size_t size;
    if (size == 0) {
        size = (size_t)sysconf(_SC_PAGESIZE);
    }
    return size;
}

static size_t block_size(void) {
    return BLOCK_PAGES * page_size();
}

static bool is_small(size_t size) {
    return size <= block_size() - sizeof(struct spare);
}

static void keep_block(unsigned char *block) {
    struct spare *spare = (struct spare *)(void *)block;
    spare->next = spares;
    spares = spare;
}

/* Blocks and the pages between them; the last block has libsodium's own guard page behind it. */
static bool add_slab(void) {
    const size_t guard = page_size(), step = block_size() + guard;
    unsigned char *slab = sodium_malloc(SLAB_BLOCKS * step - guard);
    if (!slab) {
        return false;
    }
    for (size_t i = 0; i < SLAB_BLOCKS; i++) {
        unsigned char *block = slab + i * step;
        if (i + 1 < SLAB_BLOCKS && mprotect(block + block_size(), guard, PROT_NONE) != 0) {
            return false;
        }
        keep_block(block);
    }
    return true;
}

static unsigned char *take_small(size_t size) {
    if (!spares && !add_slab()) {
        return NULL;
    }
    struct spare *spare = spares;
    spares = spare->next;
    return (unsigned char *)spare + (block_size() - size);
}

static void give_back_small(unsigned char *bytes, size_t size) {
    sodium_memzero(bytes, size);
    keep_block(bytes - (block_size() - size));
}

enum ibc_status ibc_secret_alloc(struct ibc_secret *out, size_t size, struct ibc_error *err) {
    *out = (struct ibc_secret){0};
    if (size == 0) {
        return IBC_OK;
    }
    unsigned char *bytes = is_small(size) ? take_small(size) : sodium_malloc(size);
    if (!bytes) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a secret of %zu bytes", size);
    }
    memset(bytes, 0, size);
    *out = (struct ibc_secret){.bytes = bytes, .size = size};
    return IBC_OK;
}

enum ibc_status ibc_secret_copy(struct ibc_secret *out, struct ibc_view view,
                                struct ibc_error *err) {
    enum ibc_status status = ibc_secret_alloc(out, view.size, err);
    if (status == IBC_OK && view.size > 0) {
        memcpy(out->bytes, view.bytes, view.size);
    }
    return status;
}

void ibc_secret_free(struct ibc_secret *secret) {
    if (secret->size > 0 && is_small(secret->size)) {
        give_back_small(secret->bytes, secret->size);
    } else {
        sodium_free(secret->bytes);
    }
    *secret = (struct ibc_secret){0};
}

struct ibc_secret ibc_secret_steal(struct ibc_secret *secret) {
    struct ibc_secret stolen = *secret;
    *secret = (struct ibc_secret){0};
    return stolen;
}

bool ibc_view_equal(struct ibc_view a, struct ibc_view b) {
    if (a.size != b.size) {
        return false;
    }
    return a.size == 0 || sodium_memcmp(a.bytes, b.bytes, a.size) == 0;
}

bool ibc_view_is(struct ibc_view view, const char *text) {
    return ibc_view_equal(view, ibc_view_of(text));
}

struct ibc_view ibc_secret_view(const struct ibc_secret *secret) {
    return (struct ibc_view){.bytes = secret->bytes, .size = secret->size};
}

struct ibc_view ibc_view_of(const char *text) {
    return (struct ibc_view){.bytes = (const unsigned char *)text, .size = strlen(text)};
}

void ibc_secret_buffer_init(struct ibc_secret_buffer *buffer, size_t limit) {
    *buffer = (struct ibc_secret_buffer){.limit = limit};
}

/* Make room for `size` more bytes: a larger copy, the old one wiped. */
static bool grow(struct ibc_secret_buffer *buffer, size_t size) {
    if (size > buffer->limit - buffer->used) {
        return false;
    }
    size_t needed = buffer->used + size;
    size_t capacity = buffer->storage.size ? buffer->storage.size : FIRST_CAPACITY;
    while (capacity < needed) {
        capacity *= 2;
    }

    ibc_auto_secret larger = {0};
    struct ibc_error ignored;
    if (ibc_secret_alloc(&larger, capacity, &ignored) != IBC_OK) {
        return false;
    }
    if (buffer->used > 0) {
        memcpy(larger.bytes, buffer->storage.bytes, buffer->used);
    }
    ibc_secret_free(&buffer->storage);
    buffer->storage = ibc_secret_steal(&larger);
    return true;
}

void ibc_secret_buffer_append(struct ibc_secret_buffer *buffer, const void *bytes, size_t size) {
    if (buffer->failed || size == 0) {
        return;
    }
    if (size > buffer->limit - buffer->used ||
        (size > buffer->storage.size - buffer->used && !grow(buffer, size))) {
        buffer->failed = true;
        return;
    }
    memcpy(buffer->storage.bytes + buffer->used, bytes, size);
    buffer->used += size;
}

void ibc_secret_buffer_append_text(struct ibc_secret_buffer *buffer, const char *text) {
    ibc_secret_buffer_append(buffer, text, strlen(text));
}

void ibc_secret_buffer_append_byte(struct ibc_secret_buffer *buffer, unsigned char byte) {
    ibc_secret_buffer_append(buffer, &byte, 1);
}

void ibc_secret_buffer_free(struct ibc_secret_buffer *buffer) {
    ibc_secret_free(&buffer->storage);
    ibc_secret_buffer_init(buffer, buffer->limit);
}

/* The first `size` bytes of a small secret as a secret of their own, in the same block. */
static struct ibc_secret move_to_end(struct ibc_secret *storage, size_t size) {
    const size_t spare = storage->size - size;
    memmove(storage->bytes + spare, storage->bytes, size);
    sodium_memzero(storage->bytes, spare);
    const struct ibc_secret moved = {.bytes = storage->bytes + spare, .size = size};
    *storage = (struct ibc_secret){0};
    return moved;
}

enum ibc_status ibc_secret_buffer_finish(struct ibc_secret_buffer *buffer, const char *what,
                                         struct ibc_secret *out, struct ibc_error *err) {
    *out = (struct ibc_secret){0};
    if (buffer->failed) {
        return ibc_fail(err, IBC_ERR_USAGE, "%s is larger than the %zu bytes that are allowed",
                        what, buffer->limit);
    }
    if (buffer->used > 0 && is_small(buffer->storage.size)) {
        *out = move_to_end(&buffer->storage, buffer->used);
        ibc_secret_buffer_free(buffer);
        return IBC_OK;
    }
    const struct ibc_view content = {.bytes = buffer->storage.bytes, .size = buffer->used};
    enum ibc_status status = ibc_secret_copy(out, content, err);
    ibc_secret_buffer_free(buffer);
    return status;
}
