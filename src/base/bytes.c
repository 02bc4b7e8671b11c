/* bytes.c - the bounded cursors. */
#include "base/bytes.h"

struct reader reader_of(struct ibc_view view) {
    return (struct reader){.bytes = view.bytes, .size = view.size};
}

size_t reader_left(const struct reader *reader) {
    return reader->failed ? 0 : reader->size - reader->at;
}

bool reader_done(const struct reader *reader) {
    return !reader->failed && reader->at == reader->size;
}

struct ibc_view read_bytes(struct reader *reader, size_t size) {
    if (reader->failed || size > reader->size - reader->at) {
        reader->failed = true;
        return (struct ibc_view){0};
    }
    struct ibc_view view = {.bytes = reader->bytes + reader->at, .size = size};
    reader->at += size;
    return view;
}

static uint64_t read_little_endian(struct reader *reader, size_t size) {
    struct ibc_view view = read_bytes(reader, size);
    uint64_t value = 0;
    for (size_t i = view.size; i > 0; i--) {
        value = value << 8 | view.bytes[i - 1];
    }
    return value;
}

uint8_t read_u8(struct reader *reader) {
    return (uint8_t)read_little_endian(reader, 1);
}

uint16_t read_u16(struct reader *reader) {
    return (uint16_t)read_little_endian(reader, 2);
}

uint32_t read_u32(struct reader *reader) {
    return (uint32_t)read_little_endian(reader, 4);
}

uint64_t read_u64(struct reader *reader) {
    return read_little_endian(reader, 8);
}

struct writer writer_to(unsigned char *bytes, size_t size) {
    return (struct writer){.bytes = bytes, .size = size};
}

void write_bytes(struct writer *writer, struct ibc_view view) {
    if (writer->failed || view.size > writer->size - writer->at) {
        writer->failed = true;
        return;
    }
    if (view.size > 0) {
        memcpy(writer->bytes + writer->at, view.bytes, view.size);
    }
    writer->at += view.size;
}

static void write_little_endian(struct writer *writer, uint64_t value, size_t size) {
    unsigned char bytes[8];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)(value >> (8 * i));
    }
    write_bytes(writer, (struct ibc_view){.bytes = bytes, .size = size});
}

void write_u8(struct writer *writer, uint8_t value) {
    write_little_endian(writer, value, 1);
}

void write_u16(struct writer *writer, uint16_t value) {
    write_little_endian(writer, value, 2);
}

void write_u32(struct writer *writer, uint32_t value) {
    write_little_endian(writer, value, 4);
}

void write_u64(struct writer *writer, uint64_t value) {
    write_little_endian(writer, value, 8);
}

bool size_add(size_t a, size_t b, size_t *out) {
    return !__builtin_add_overflow(a, b, out);
}

bool size_multiply(size_t a, size_t b, size_t *out) {
    return !__builtin_mul_overflow(a, b, out);
}
