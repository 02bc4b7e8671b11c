/*
 * bytes.h - a bounded cursor for reading and one for writing binary data, little-endian.
 *
 * Both are sticky: the first access out of bounds marks the cursor, every later one does nothing
 * (reads yield 0 or the empty view), and the caller asks once, at the end.
 */
#ifndef IBCRED_BASE_BYTES_H
#define IBCRED_BASE_BYTES_H

#include <ibcred/secret.h>

struct reader {
    const unsigned char *bytes;
    size_t size;
    size_t at;
    bool failed;
};

struct reader reader_of(struct ibc_view view);
size_t reader_left(const struct reader *reader);
/* True when everything was read, exactly, without going out of bounds. */
bool reader_done(const struct reader *reader);
uint8_t read_u8(struct reader *reader);
uint16_t read_u16(struct reader *reader);
uint32_t read_u32(struct reader *reader);
uint64_t read_u64(struct reader *reader);
/* The next `size` bytes, in place. */
struct ibc_view read_bytes(struct reader *reader, size_t size);

struct writer {
    unsigned char *bytes;
    size_t size; /* capacity */
    size_t at;
    bool failed;
};

struct writer writer_to(unsigned char *bytes, size_t size);
void write_u8(struct writer *writer, uint8_t value);
void write_u16(struct writer *writer, uint16_t value);
void write_u32(struct writer *writer, uint32_t value);
void write_u64(struct writer *writer, uint64_t value);
void write_bytes(struct writer *writer, struct ibc_view view);

/* sum and product of sizes; false on overflow */
IBC_CHECKED bool size_add(size_t a, size_t b, size_t *out);
IBC_CHECKED bool size_multiply(size_t a, size_t b, size_t *out);

#endif
