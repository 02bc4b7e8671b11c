/* test_age.c - HKDF against its RFC, and the shape of an encrypted file. age itself opens them in
 * tests/cli/export.bats. */
#include <ibcred/age.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sodium.h>

#include "vault/hkdf.h"

static struct ibc_error error;

/* --- HKDF ------------------------------------------------------------------------------------ */

struct hkdf_case {
    const char *key, *salt, *info, *out; /* hexadecimal */
};

/* RFC 5869, appendix A.1 to A.3. */
static const struct hkdf_case hkdf_cases[] = {
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
     "f0f1f2f3f4f5f6f7f8f9",
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2"
     "e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
     "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8"
     "e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
     "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcddd"
     "edfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590"
     "e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
};

enum { HEX_MAX = 128 };

static struct ibc_view from_hex(const char *text, unsigned char out[static HEX_MAX]) {
    struct ibc_view view = {.bytes = out};
    assert_int_equal(sodium_hex2bin(out, HEX_MAX, text, strlen(text), NULL, &view.size, NULL), 0);
    return view;
}

static void hkdf_gives_the_keys_of_its_rfc(void **state) {
    (void)state;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(hkdf_cases); i++) {
        unsigned char key[HEX_MAX], salt[HEX_MAX], info[HEX_MAX], expected[HEX_MAX];
        const struct ibc_view want = from_hex(hkdf_cases[i].out, expected);
        unsigned char out[HEX_MAX] = {0};
        assert_int_equal(hkdf_derive(from_hex(hkdf_cases[i].key, key),
                                     from_hex(hkdf_cases[i].salt, salt),
                                     from_hex(hkdf_cases[i].info, info), out, want.size, &error),
                         IBC_OK);
        assert_memory_equal(out, expected, want.size);
        assert_int_equal(out[want.size], 0);
    }
}

/* --- the file -------------------------------------------------------------------------------- */

static struct ibc_recipient some_recipient(void) {
    ibc_auto_identities *identities = NULL;
    assert_int_equal(ibc_identities_generate(&identities, &error), IBC_OK);
    return ibc_identities_recipient(identities, 0);
}

/* Cut a line off and require what it begins with and how long it is, without its LF. */
static void require_line(struct ibc_view *text, const char *start, size_t size) {
    assert_true(text->size > size);
    assert_memory_equal(text->bytes, start, strlen(start));
    assert_int_equal(text->bytes[size], '\n');
    assert_null(memchr(text->bytes, '\n', size));
    text->bytes += size + 1;
    text->size -= size + 1;
}

static void a_file_has_a_stanza_for_each_recipient_and_a_payload_in_chunks(void **state) {
    (void)state;
    enum { NONCE = 16, TAG = 16, CHUNK = 65536 };
    static const struct {
        size_t plain, chunks;
    } cases[] = {{0, 1},         {1, 1},         {CHUNK - 1, 1},         {CHUNK, 1},
                 {CHUNK + 1, 2}, {2 * CHUNK, 2}, {IBC_AGE_PLAIN_MAX, 16}};
    static unsigned char plain[IBC_AGE_PLAIN_MAX];
    struct ibc_recipient recipients[IBC_AGE_RECIPIENTS_MAX];
    for (size_t i = 0; i < IBC_AGE_RECIPIENTS_MAX; i++) {
        recipients[i] = some_recipient();
    }
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        const size_t count = i % 2 == 0 ? IBC_AGE_RECIPIENTS_MAX : i;
        ibc_auto_secret file = {0};
        assert_int_equal(ibc_age_encrypt((struct ibc_view){plain, cases[i].plain}, recipients,
                                         count, &file, &error),
                         IBC_OK);
        struct ibc_view rest = ibc_secret_view(&file);
        require_line(&rest, "age-encryption.org/v1", 21);
        for (size_t stanza = 0; stanza < count; stanza++) {
            require_line(&rest, "-> X25519 ", 10 + 43);
            require_line(&rest, "", 43);
        }
        require_line(&rest, "--- ", 4 + 43);
        assert_int_equal(rest.size, NONCE + cases[i].plain + cases[i].chunks * TAG);
    }
}

static void no_two_files_have_a_byte_of_randomness_in_common(void **state) {
    (void)state;
    const struct ibc_recipient recipient = some_recipient();
    const struct ibc_recipient twice[] = {recipient, recipient};
    ibc_auto_secret one = {0};
    ibc_auto_secret other = {0};
    assert_int_equal(ibc_age_encrypt(ibc_view_of("plain"), twice, 2, &one, &error), IBC_OK);
    assert_int_equal(ibc_age_encrypt(ibc_view_of("plain"), twice, 2, &other, &error), IBC_OK);
    assert_int_equal(one.size, other.size);
    const size_t share = 22 + 10, stanza = 10 + 2 * 44, mac = 22 + 2 * stanza + 4;
    const size_t nonce = mac + 44, body = nonce + 16;
    assert_memory_not_equal(one.bytes + share, one.bytes + share + stanza, 43);
    assert_memory_not_equal(one.bytes + share, other.bytes + share, 43);
    assert_memory_not_equal(one.bytes + share + 44, other.bytes + share + 44, 43);
    assert_memory_not_equal(one.bytes + mac, other.bytes + mac, 43);
    assert_memory_not_equal(one.bytes + nonce, other.bytes + nonce, 16);
    assert_memory_not_equal(one.bytes + body, other.bytes + body, 5);
}

static void require_refused(struct ibc_view plain, const struct ibc_recipient *recipients,
                            size_t count, const char *words) {
    struct ibc_secret file;
    assert_int_equal(ibc_age_encrypt(plain, recipients, count, &file, &error), IBC_ERR_USAGE);
    assert_non_null(strstr(error.text, words));
    assert_null(file.bytes);
}

/* Points whose multiples are all zeros, so that anybody could tell the shared secret. */
static void recipients_of_low_order_are_refused(void **state) {
    (void)state;
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(points); i++) {
        unsigned char key[HEX_MAX];
        struct ibc_recipient recipients[2] = {some_recipient()};
        memcpy(recipients[1].key, from_hex(points[i], key).bytes, IBC_KEY_BYTES);
        require_refused(ibc_view_of("plain"), recipients, 2, "not a usable X25519 key");
    }
}

static void sizes_out_of_bounds_are_refused(void **state) {
    (void)state;
    static unsigned char plain[IBC_AGE_PLAIN_MAX + 1];
    struct ibc_recipient recipients[IBC_AGE_RECIPIENTS_MAX + 1];
    for (size_t i = 0; i < IBC_ARRAY_SIZE(recipients); i++) {
        recipients[i] = some_recipient();
    }
    require_refused(ibc_view_of("plain"), recipients, 0, "1 to 64 recipients");
    require_refused(ibc_view_of("plain"), recipients, IBC_AGE_RECIPIENTS_MAX + 1,
                    "1 to 64 recipients");
    require_refused((struct ibc_view){plain, sizeof plain}, recipients, 1, "1048577 bytes");
}

static int start(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hkdf_gives_the_keys_of_its_rfc),
        cmocka_unit_test(a_file_has_a_stanza_for_each_recipient_and_a_payload_in_chunks),
        cmocka_unit_test(no_two_files_have_a_byte_of_randomness_in_common),
        cmocka_unit_test(recipients_of_low_order_are_refused),
        cmocka_unit_test(sizes_out_of_bounds_are_refused),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
