/* test_bech32.c - Bech32 against the vectors of BIP 173. */
#include "vault/bech32.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sodium.h>

enum { PAYLOAD_MAX = 64, TEXT_MAX = 256 };

/* From BIP 173, "Test vectors": those whose data part is a whole number of bytes. */
static const struct {
    const char *prefix;
    const char *text;
    const char *payload; /* hex */
} valid[] = {
    {"A", "A12UEL5L", ""},
    {"a", "a12uel5l", ""},
    {"an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio",
     "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
     ""},
    {"abcdef", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
     "00443214c74254b635cf84653a56d7c675be77df"},
    {"split", "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
     "c5f38b70305f519bf66d85fb6cf03058f3dde463ecd7918f2dc743918f2d"},
    {"?", "?1ezyfcl", ""},
};

static const struct {
    const char *fault;
    const char *prefix;
    const char *text;
    size_t payload_size;
} invalid[] = {
    {"wrong checksum", "a", "a12uel5m", 0},
    {"checksum of the other case's prefix", "A", "A1G7SGD8", 0},
    {"mixed case", "a", "a12uEl5l", 0},
    {"case of the prefix", "a", "A12UEL5L", 0},
    {"other prefix", "b", "a12uel5l", 0},
    {"no separator", "a", "aq2uel5l", 0},
    {"foreign character", "a", "a12uebbl", 0},
    {"too short a checksum", "a", "a12uel5", 0},
    {"one character too many", "a", "a12uel5ll", 0},
    {"empty", "a", "", 0},
    {"other length", "abcdef", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", 19},
};

static size_t payload_of(const char *hex, unsigned char *out) {
    size_t size = 0;
    assert_int_equal(sodium_hex2bin(out, PAYLOAD_MAX, hex, strlen(hex), NULL, &size, NULL), 0);
    return size;
}

static void bip_173_vectors_decode_and_encode(void **state) {
    (void)state;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(valid); i++) {
        unsigned char payload[PAYLOAD_MAX];
        unsigned char decoded[PAYLOAD_MAX];
        const size_t size = payload_of(valid[i].payload, payload);
        assert_true(bech32_decode(valid[i].prefix, ibc_view_of(valid[i].text), decoded, size));
        assert_memory_equal(decoded, payload, size);

        char text[TEXT_MAX] = {0};
        bech32_encode(valid[i].prefix, (struct ibc_view){.bytes = payload, .size = size}, text);
        assert_string_equal(text, valid[i].text);
        assert_int_equal(strlen(text), bech32_text_size(valid[i].prefix, size));
    }
}

static void malformed_text_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(invalid); i++) {
        unsigned char decoded[PAYLOAD_MAX];
        if (bech32_decode(invalid[i].prefix, ibc_view_of(invalid[i].text), decoded,
                          invalid[i].payload_size)) {
            fail_msg("accepted: %s", invalid[i].fault);
        }
    }
}

static void every_changed_character_is_refused_and_the_payload_wiped(void **state) {
    (void)state;
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l1bioB";
    static const unsigned char zero[32];
    unsigned char payload[32];
    char text[TEXT_MAX] = {0};
    randombytes_buf(payload, sizeof payload);
    bech32_encode("age", (struct ibc_view){.bytes = payload, .size = sizeof payload}, text);
    for (size_t at = 0; at < strlen(text); at++) {
        const char right = text[at];
        for (const char *wrong = alphabet; *wrong != '\0'; wrong++) {
            unsigned char decoded[32];
            text[at] = *wrong;
            const bool accepted = bech32_decode("age", ibc_view_of(text), decoded, sizeof decoded);
            assert_int_equal(accepted, *wrong == right);
            if (!accepted) {
                assert_memory_equal(decoded, zero, sizeof decoded);
            }
        }
        text[at] = right;
    }
}

static void padding_bits_must_be_zero(void **state) {
    (void)state;
    /* One byte takes two groups of five bits: the last two bits are padding. */
    unsigned char decoded[1];
    assert_true(bech32_decode("age", ibc_view_of("age1qqpexly5"), decoded, 1));
    assert_true(bech32_decode("age", ibc_view_of("age1luyvfgxs"), decoded, 1));
    assert_int_equal(decoded[0], 0xff);
    assert_false(bech32_decode("age", ibc_view_of("age1qpu0j2ex"), decoded, 1));
    assert_false(bech32_decode("age", ibc_view_of("age1qzju8uhe"), decoded, 1));
}

static void random_payloads_come_back(void **state) {
    (void)state;
    for (size_t size = 0; size <= PAYLOAD_MAX; size++) {
        unsigned char payload[PAYLOAD_MAX];
        unsigned char decoded[PAYLOAD_MAX];
        char text[TEXT_MAX] = {0};
        randombytes_buf(payload, sizeof payload);
        bech32_encode("AGE-SECRET-KEY-", (struct ibc_view){.bytes = payload, .size = size}, text);
        assert_true(bech32_decode("AGE-SECRET-KEY-", ibc_view_of(text), decoded, size));
        assert_memory_equal(payload, decoded, size);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bip_173_vectors_decode_and_encode),
        cmocka_unit_test(malformed_text_is_refused),
        cmocka_unit_test(every_changed_character_is_refused_and_the_payload_wiped),
        cmocka_unit_test(padding_bits_must_be_zero),
        cmocka_unit_test(random_payloads_come_back),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
