/* sink_values.h - values that are hard to carry, the same ones each time. */
#ifndef IBCRED_TESTS_SINK_VALUES_H
#define IBCRED_TESTS_SINK_VALUES_H

#include <ibcred/secret.h>

#include <sodium.h>

enum { VALUE_PIECES_MAX = 24, VALUE_PIECE_SIZE = 4 };

struct values {
    unsigned char seed[randombytes_SEEDBYTES];
    unsigned char bytes[VALUE_PIECES_MAX * VALUE_PIECE_SIZE];
};

/* `name` makes the row of values; another name makes another one. */
static void values_begin(struct values *values, const char *name) {
    crypto_generichash(values->seed, sizeof values->seed, (const unsigned char *)name, strlen(name),
                       NULL, 0);
}

/*
 * The next value: what can be sealed (UTF-8 without NUL, LF and CR), a third each of printable
 * ASCII, of UTF-8 too, and of control characters too. Good until the next one is asked for.
 */
static struct ibc_view values_next(struct values *values) {
    static const char heavy[] = "\\\\\\$\"'#!=&%{}:;- `~u0tn";
    static const char *const foreign[] = {"\xC3\xA4",     "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                                          "\xC2\x85",     "\xC2\xA0",     "\xE2\x80\xA8",
                                          "\xEF\xBB\xBF", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF"};
    static const char control[] = "\t\f\v\b\x01\x1B\x1F\x7F";
    unsigned char random[randombytes_SEEDBYTES + 2 + 2 * VALUE_PIECES_MAX];
    randombytes_buf_deterministic(random, sizeof random, values->seed);
    memcpy(values->seed, random, sizeof values->seed);
    const unsigned char *next = random + sizeof values->seed;
    const unsigned kinds = 2 + *next++ % 3;
    const size_t pieces = 1 + *next++ % VALUE_PIECES_MAX;
    size_t size = 0;
    for (size_t i = 0; i < pieces; i++, next += 2) {
        const unsigned kind = next[0] % (kinds * 2 - 1), pick = next[1];
        const char *piece = kind == 3 ? foreign[pick % IBC_ARRAY_SIZE(foreign)] : NULL;
        if (piece) {
            memcpy(values->bytes + size, piece, strlen(piece));
            size += strlen(piece);
        } else if (kind > 4) {
            values->bytes[size++] = (unsigned char)control[pick % (sizeof control - 1)];
        } else if (kind > 0) {
            values->bytes[size++] = (unsigned char)heavy[pick % (sizeof heavy - 1)];
        } else {
            values->bytes[size++] = (unsigned char)(' ' + pick % ('~' - ' ' + 1));
        }
    }
    return (struct ibc_view){.bytes = values->bytes, .size = size};
}

#endif
