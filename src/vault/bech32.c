/* bech32.c - the encoding of BIP 173, streaming, over secret memory. */
#include "vault/bech32.h"

#include <sodium.h>

enum { ALPHABET_SIZE = 32, NOT_IN_ALPHABET = 0xff };

static const char lower_alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
static const char upper_alphabet[] = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";

static const char *alphabet_of(const char *prefix) {
    for (; *prefix != '\0'; prefix++) {
        if (*prefix >= 'A' && *prefix <= 'Z') {
            return upper_alphabet;
        }
    }
    return lower_alphabet;
}

/* All bits set when a == b, none otherwise; both below 256. */
static uint32_t equal_mask(uint32_t a, uint32_t b) {
    return 0u - ((((a ^ b) - 1) >> 8) & 1);
}

static char character_of(const char *alphabet, uint32_t value) {
    uint32_t character = 0;
    for (uint32_t i = 0; i < ALPHABET_SIZE; i++) {
        character |= (unsigned char)alphabet[i] & equal_mask(i, value);
    }
    return (char)character;
}

static uint32_t value_of(const char *alphabet, unsigned char character) {
    uint32_t value = 0;
    uint32_t found = 0;
    for (uint32_t i = 0; i < ALPHABET_SIZE; i++) {
        uint32_t mask = equal_mask((unsigned char)alphabet[i], character);
        value |= i & mask;
        found |= mask;
    }
    return found ? value : NOT_IN_ALPHABET;
}

/* Take the next five bits into the checksum: the BCH code of BIP 173. */
static uint32_t checksum_add(uint32_t checksum, uint32_t value) {
    static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                         0x2a1462b3};
    uint32_t top = checksum >> 25;
    checksum = ((checksum & 0x1ffffff) << 5) ^ value;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(generator); i++) {
        checksum ^= generator[i] & (0u - ((top >> i) & 1));
    }
    return checksum;
}

static uint32_t lower(char character) {
    return (unsigned char)(character >= 'A' && character <= 'Z' ? character | 0x20 : character);
}

/* The checksum so far after the prefix, which counts in lower case. */
static uint32_t checksum_of_prefix(const char *prefix) {
    uint32_t checksum = 1;
    for (const char *at = prefix; *at != '\0'; at++) {
        checksum = checksum_add(checksum, lower(*at) >> 5);
    }
    checksum = checksum_add(checksum, 0);
    for (const char *at = prefix; *at != '\0'; at++) {
        checksum = checksum_add(checksum, lower(*at) & 31);
    }
    return checksum;
}

static size_t group_count(size_t payload_size) {
    return (payload_size * 8 + 4) / 5;
}

size_t bech32_text_size(const char *prefix, size_t payload_size) {
    return strlen(prefix) + 1 + group_count(payload_size) + BECH32_CHECKSUM_CHARACTERS;
}

/* The five bits of group `index`, padded with zero bits at the end. */
static uint32_t group_at(struct ibc_view payload, size_t index) {
    size_t bit = index * 5;
    uint32_t pair = (uint32_t)payload.bytes[bit / 8] << 8;
    if (bit / 8 + 1 < payload.size) {
        pair |= payload.bytes[bit / 8 + 1];
    }
    return (pair >> (11 - bit % 8)) & 31;
}

void bech32_encode(const char *prefix, struct ibc_view payload, char *out) {
    const char *alphabet = alphabet_of(prefix);
    size_t prefix_size = strlen(prefix);
    memcpy(out, prefix, prefix_size); /* NOLINT(bugprone-not-null-terminated-result): goes on */
    out += prefix_size;
    *out++ = '1';

    uint32_t checksum = checksum_of_prefix(prefix);
    for (size_t i = 0; i < group_count(payload.size); i++) {
        uint32_t value = group_at(payload, i);
        checksum = checksum_add(checksum, value);
        *out++ = character_of(alphabet, value);
    }
    for (size_t i = 0; i < BECH32_CHECKSUM_CHARACTERS; i++) {
        checksum = checksum_add(checksum, 0);
    }
    checksum ^= 1;
    for (size_t i = 0; i < BECH32_CHECKSUM_CHARACTERS; i++) {
        *out++ = character_of(alphabet, (checksum >> (5 * (5 - i))) & 31);
    }
}

/* Decode the characters after the separator; `text` has the length that the payload asks for. */
static bool decode_groups(const char *prefix, struct ibc_view text, unsigned char *payload,
                          size_t payload_size) {
    const char *alphabet = alphabet_of(prefix);
    size_t groups = text.size - BECH32_CHECKSUM_CHARACTERS;
    uint32_t checksum = checksum_of_prefix(prefix);
    uint32_t bits = 0;
    unsigned bit_count = 0;
    bool foreign = false;
    size_t written = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint32_t value = value_of(alphabet, text.bytes[i]);
        foreign |= value == NOT_IN_ALPHABET;
        checksum = checksum_add(checksum, value & 31);
        if (i >= groups) {
            continue;
        }
        bits = (bits << 5 | (value & 31)) & 0xfff;
        bit_count += 5;
        if (bit_count >= 8 && written < payload_size) {
            bit_count -= 8;
            payload[written++] = (unsigned char)(bits >> bit_count);
        }
    }
    uint32_t padding = bits & ((1u << bit_count) - 1);
    return !foreign && checksum == 1 && padding == 0;
}

bool bech32_decode(const char *prefix, struct ibc_view text, unsigned char *payload,
                   size_t payload_size) {
    size_t prefix_size = strlen(prefix);
    bool valid = text.size == bech32_text_size(prefix, payload_size) &&
                 memcmp(text.bytes, prefix, prefix_size) == 0 && text.bytes[prefix_size] == '1';
    if (valid) {
        const struct ibc_view groups = {.bytes = text.bytes + prefix_size + 1,
                                        .size = text.size - prefix_size - 1};
        valid = decode_groups(prefix, groups, payload, payload_size);
    }
    if (!valid) {
        sodium_memzero(payload, payload_size);
    }
    return valid;
}
