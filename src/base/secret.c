/* secret.c - guarded memory over sodium_malloc(). */
#include <ibcred/secret.h>

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/*
 * Guarded pages cost a dozen system calls. A small secret takes a block of one page, and lies at
 * the block's end, against the guard page; a block that is given back is wiped and kept for the
 * next one.
 */
enum {
    BLOCK_SIZE = 4080, /* one page, less the canary of sodium_malloc() */
    SPARE_BLOCKS = 8,
};

static unsigned char *spare_blocks[SPARE_BLOCKS];
static size_t spare_count;

enum ibc_status ibc_secret_init(struct ibc_error *err) {
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "core dumps cannot be switched off");
    }
    if (sodium_init() < 0) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "libsodium cannot be started");
    }
    return IBC_OK;
}

static unsigned char *take_small(size_t size) {
    unsigned char *block =
        spare_count > 0 ? spare_blocks[--spare_count] : sodium_malloc(BLOCK_SIZE);
    return block ? block + (BLOCK_SIZE - size) : NULL;
}

static void give_back_small(unsigned char *bytes, size_t size) {
    unsigned char *block = bytes - (BLOCK_SIZE - size);
    if (spare_count == SPARE_BLOCKS) {
        sodium_free(block);
        return;
    }
    sodium_memzero(bytes, size);
    spare_blocks[spare_count++] = block;
}

enum ibc_status ibc_secret_alloc(struct ibc_secret *out, size_t size, struct ibc_error *err) {
    *out = (struct ibc_secret){0};
    if (size == 0) {
        return IBC_OK;
    }
    unsigned char *bytes = size <= BLOCK_SIZE ? take_small(size) : sodium_malloc(size);
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
    if (secret->size > 0 && secret->size <= BLOCK_SIZE) {
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
    size_t capacity = buffer->storage.size ? buffer->storage.size : BLOCK_SIZE;
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

enum ibc_status ibc_secret_buffer_finish(struct ibc_secret_buffer *buffer, const char *what,
                                         struct ibc_secret *out, struct ibc_error *err) {
    *out = (struct ibc_secret){0};
    if (buffer->failed) {
        return ibc_fail(err, IBC_ERR_USAGE, "%s is larger than the %zu bytes that are allowed",
                        what, buffer->limit);
    }
    const struct ibc_view content = {.bytes = buffer->storage.bytes, .size = buffer->used};
    enum ibc_status status = ibc_secret_copy(out, content, err);
    ibc_secret_buffer_free(buffer);
    return status;
}
