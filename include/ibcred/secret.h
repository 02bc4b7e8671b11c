/*
 * secret.h - memory for what must never leak.
 *
 * A secret lives in pages of its own from sodium_malloc(): locked into RAM where the limit
 * allows, between guard pages, left out of core dumps, wiped when freed. Keys, plaintext records,
 * passwords and everything built from them stay in this type.
 *
 * The library is for one thread at a time: freed pages are wiped and kept for the next secret.
 */
#ifndef IBCRED_SECRET_H
#define IBCRED_SECRET_H

#include <ibcred/error.h>

#pragma GCC visibility push(default)

/* The zero value is the empty secret, and may be freed. */
struct ibc_secret {
    unsigned char *bytes; /* NULL when size is 0 */
    size_t size;          /* bytes */
};

/* A run of bytes that somebody else owns; the empty view may have a NULL pointer. */
struct ibc_view {
    const unsigned char *bytes;
    size_t size;
};

/*
 * Start libsodium and forbid core dumps and debuggers (RLIMIT_CORE 0, PR_SET_DUMPABLE 0).
 * Call once, before anything else of this library. Returns IBC_ERR_INTERNAL where that fails.
 */
IBC_CHECKED enum ibc_status ibc_secret_init(struct ibc_error *err);

/*
 * The limit on core dumps as it was before ibc_secret_init(), for a process that is about to
 * become another program; or none again.
 */
void ibc_secret_core_limit(bool as_before);

/*
 * Make `out` a secret of `size` bytes, zeroed. `out` is overwritten, not freed. On failure `out`
 * is empty and the status is IBC_ERR_INTERNAL (no memory).
 */
IBC_CHECKED enum ibc_status ibc_secret_alloc(struct ibc_secret *out, size_t size,
                                             struct ibc_error *err);

/* As ibc_secret_alloc(), filled with a copy of `view`. */
IBC_CHECKED enum ibc_status ibc_secret_copy(struct ibc_secret *out, struct ibc_view view,
                                            struct ibc_error *err);

/* Wipe and free; leaves the empty secret. Accepts the empty secret. */
void ibc_secret_free(struct ibc_secret *secret);

/* Hand over: return the secret and leave the empty one behind. */
struct ibc_secret ibc_secret_steal(struct ibc_secret *secret);

/* True when both hold the same bytes; takes the same time wherever they first differ. */
bool ibc_view_equal(struct ibc_view a, struct ibc_view b);

/* True when `view` is exactly the bytes of the NUL-terminated `text`. */
bool ibc_view_is(struct ibc_view view, const char *text);

/* Views of a whole secret, and of a NUL-terminated string without its NUL. */
struct ibc_view ibc_secret_view(const struct ibc_secret *secret);
struct ibc_view ibc_view_of(const char *text);

/* A secret that is freed when it goes out of scope. */
#define ibc_auto_secret IBC_CLEANUP(ibc_secret_free) struct ibc_secret

/*
 * A secret that grows by appending. Growing allocates, copies and wipes the old pages; it never
 * reallocates. `limit` bounds it; the first append that fails makes every later one fail too, so
 * a writer checks once, at ibc_secret_buffer_finish().
 */
struct ibc_secret_buffer {
    struct ibc_secret storage; /* capacity */
    size_t used;               /* bytes appended so far */
    size_t limit;              /* most bytes it may come to hold */
    bool failed;
};

void ibc_secret_buffer_init(struct ibc_secret_buffer *buffer, size_t limit);
void ibc_secret_buffer_append(struct ibc_secret_buffer *buffer, const void *bytes, size_t size);
void ibc_secret_buffer_append_text(struct ibc_secret_buffer *buffer, const char *text);
void ibc_secret_buffer_append_byte(struct ibc_secret_buffer *buffer, unsigned char byte);
void ibc_secret_buffer_free(struct ibc_secret_buffer *buffer);

/*
 * Move the content into `out` (exactly `used` bytes) and empty the buffer. Where an append had
 * failed: IBC_ERR_USAGE when `limit` was passed, and `out` is empty; `what` names the content in
 * the sentence.
 */
IBC_CHECKED enum ibc_status ibc_secret_buffer_finish(struct ibc_secret_buffer *buffer,
                                                     const char *what, struct ibc_secret *out,
                                                     struct ibc_error *err);

#define ibc_auto_secret_buffer IBC_CLEANUP(ibc_secret_buffer_free) struct ibc_secret_buffer

#pragma GCC visibility pop

#endif
