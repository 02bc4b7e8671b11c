/* test_sink_consumer.c - values as the images of gateways must be given them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ibcred/dotenv.h>
#include <ibcred/sink.h>
#include <sodium.h>

#include "sink_values.h"

enum { LIMIT = 1 << 16 };

static enum ibc_status write(enum ibc_consumer consumer, struct ibc_view value,
                             struct ibc_secret_buffer *out, struct ibc_error *err) {
    const struct ibc_field field = {.name = ibc_view_of("IB_PASSWORD"), .value = value};
    ibc_secret_buffer_init(out, LIMIT);
    return ibc_consumer_write(consumer, &field, out, err);
}

static struct ibc_view written(const struct ibc_secret_buffer *out) {
    return (struct ibc_view){.bytes = out->storage.bytes, .size = out->used};
}

static void the_gnzsnz_image_is_given_what_java_gives_back(void **state) {
    (void)state;
    static const struct {
        const char *value;
        const char *given;
    } cases[] = {
        {"secret1", "secret1"},
        {"#!=:$&\"'", "#!=:$&\"'"},
        {"${HOME} $x", "${HOME} $x"},
        {"a  b", "a  b"},
        {"a\tb", "a\tb"},
        {"a\\b", "a\\\\b"},
        {"\\", "\\\\"},
        {"\\\\", "\\\\\\\\"},
        {"\\u0041\\n", "\\\\u0041\\\\n"},
        {"gr\xC3\xBC\xC3\x9F", "gr\\u00fc\\u00df"},
        {"\xE2\x82\xAC", "\\u20ac"},
        {"\xF0\x9F\x98\x80", "\\ud83d\\ude00"},
        {"\xC2\xA0", "\\u00a0"},
        {"a\nb\rc\\", "a\\nb\\rc\\\\"},
        {"\xC3\xA4\t\f\x01\x7F.", "\\u00e4\\t\\f\\u0001\\u007f."},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        ibc_auto_secret_buffer out;
        struct ibc_error err = {0};
        enum ibc_status status =
            write(IBC_CONSUMER_GNZSNZ, ibc_view_of(cases[i].value), &out, &err);
        assert_string_equal(err.text, "");
        assert_int_equal(status, IBC_OK);
        if (!ibc_view_is(written(&out), cases[i].given)) {
            print_error("expected %s, wrote %.*s\n", cases[i].given, (int)out.used,
                        out.storage.bytes);
            fail();
        }
    }
}

static void other_images_are_given_the_value_itself(void **state) {
    (void)state;
    static const char *const values[] = {"secret1", " a\\b ", "gr\xC3\xBC\xC3\x9F", "\t", "\xFF",
                                         "a\nb",    "\\"};
    static const enum ibc_consumer consumers[] = {IBC_CONSUMER_RAW, IBC_CONSUMER_IBG_CONTROLLER};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(values); i++) {
        for (size_t at = 0; at < IBC_ARRAY_SIZE(consumers); at++) {
            ibc_auto_secret_buffer out;
            struct ibc_error err;
            assert_int_equal(write(consumers[at], ibc_view_of(values[i]), &out, &err), IBC_OK);
            assert_true(ibc_view_is(written(&out), values[i]));
        }
    }
}

static void an_unknown_image_is_given_only_what_all_read_alike(void **state) {
    (void)state;
    static const char ask[] = ": say which image it is for, with --consumer or with "
                              "delivery.consumer in the policy, as raw, gnzsnz or ibg-controller";
    static const struct {
        const char *value;
        const char *why; /* NULL: it is given as it is */
    } cases[] = {
        {"secret1", NULL},
        {"#!=:$&\"' x", NULL},
        {"a\tb", NULL},
        {"a\\b", "a backslash, which the gnzsnz image needs doubled and others do not"},
        {"gr\xC3\xBC", "a character outside ASCII, which the gnzsnz image needs written as \\uXXXX "
                       "and others do not"},
        {" a", "a blank or control character at its beginning or end, which the gnzsnz image "
               "drops"},
        {"a\t", "a blank or control character at its beginning or end, which the gnzsnz image "
                "drops"},
        {"a\nb", "a control character, which the gnzsnz image needs written as an escape and "
                 "others do not"},
        {"\xFF", "bytes that are not UTF-8, which the gnzsnz image has no way to take"},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        ibc_auto_secret_buffer out;
        struct ibc_error err = {0};
        enum ibc_status status =
            write(IBC_CONSUMER_UNKNOWN, ibc_view_of(cases[i].value), &out, &err);
        char sentence[IBC_ERROR_TEXT_MAX] = "";
        if (cases[i].why) {
            snprintf(sentence, sizeof sentence, "IB_PASSWORD has %s%s", cases[i].why, ask);
        }
        assert_string_equal(err.text, sentence);
        assert_int_equal(status, cases[i].why ? IBC_ERR_MISMATCH : IBC_OK);
        assert_true(ibc_view_is(written(&out), cases[i].why ? "" : cases[i].value));
    }
}

static void what_the_gnzsnz_image_drops_is_refused(void **state) {
    (void)state;
    static const char *const values[] = {" ", " a", "a ", "\ta", "a\x1F", "\f", "a\n", "\xFF"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(values); i++) {
        ibc_auto_secret_buffer out;
        struct ibc_error err = {0};
        assert_int_equal(write(IBC_CONSUMER_GNZSNZ, ibc_view_of(values[i]), &out, &err),
                         IBC_ERR_MISMATCH);
        assert_int_equal(out.used, 0);
        assert_memory_equal(err.text, "IB_PASSWORD has ", sizeof "IB_PASSWORD has " - 1);
        assert_non_null(strstr(err.text, ": change it at IBKR and seal it again"));
    }
}

static void no_image_can_be_given_a_nul_byte(void **state) {
    (void)state;
    static const unsigned char value[] = {'a', '\0', 'b'};
    for (int consumer = IBC_CONSUMER_UNKNOWN; consumer <= IBC_CONSUMER_IBG_CONTROLLER; consumer++) {
        ibc_auto_secret_buffer out;
        struct ibc_error err = {0};
        const struct ibc_view view = {.bytes = value, .size = sizeof value};
        assert_int_equal(write((enum ibc_consumer)consumer, view, &out, &err), IBC_ERR_MISMATCH);
        assert_string_equal(err.text, "IB_PASSWORD has a NUL byte, which no environment can hold: "
                                      "change it at IBKR and seal it again");
    }
}

static void a_value_is_appended_to_what_is_there(void **state) {
    (void)state;
    ibc_auto_secret_buffer out;
    ibc_secret_buffer_init(&out, LIMIT);
    ibc_secret_buffer_append_text(&out, "before");
    const struct ibc_field good = {.name = ibc_view_of("A"), .value = ibc_view_of("a\\b")};
    const struct ibc_field bad = {.name = ibc_view_of("A"), .value = ibc_view_of(" ")};
    struct ibc_error err;
    assert_int_equal(ibc_consumer_write(IBC_CONSUMER_GNZSNZ, &good, &out, &err), IBC_OK);
    assert_int_equal(ibc_consumer_write(IBC_CONSUMER_GNZSNZ, &bad, &out, &err), IBC_ERR_MISMATCH);
    assert_true(ibc_view_is(written(&out), "beforea\\\\b"));
}

/* Read the template's line as Java does, but for trim(). */
static void require_read_by_java(struct ibc_view given, struct ibc_view value) {
    ibc_auto_secret_buffer file;
    ibc_secret_buffer_init(&file, LIMIT);
    ibc_secret_buffer_append_text(&file, "IbLoginId=trader\nIbPassword=");
    ibc_secret_buffer_append(&file, given.bytes, given.size);
    ibc_secret_buffer_append_text(&file, "\nTradingMode=paper\n");
    ibc_auto_dotenv *config = NULL;
    struct ibc_error err;
    assert_int_equal(
        ibc_dotenv_parse(IBC_READER_PROPERTIES, written(&file), "config.ini", &config, &err),
        IBC_OK);
    assert_int_equal(ibc_dotenv_count(config), 3);
    assert_true(ibc_view_is(ibc_dotenv_at(config, 2)->value, "paper"));
    assert_true(ibc_view_equal(ibc_dotenv_at(config, 1)->value, value));
}

static bool has_edge(struct ibc_view value) {
    return value.bytes[0] <= ' ' || value.bytes[value.size - 1] <= ' ';
}

/* What the image is given is carried whole, or refused, by every format that it can lie in. */
static void require_formats_to_carry(struct ibc_view given) {
    const struct ibc_field field = {.name = ibc_view_of("TWS_PASSWORD"), .value = given};
    for (int format = IBC_FORMAT_COMPOSE; format <= IBC_FORMAT_SECRET_FILE; format++) {
        ibc_auto_secret text = {0};
        struct ibc_error err = {0};
        const enum ibc_status status =
            ibc_sink_write((enum ibc_format)format, &field, 1, &text, &err);
        assert_true(status == IBC_OK || status == IBC_ERR_MISMATCH);
        assert_int_equal(status == IBC_OK, text.size > 0);
    }
}

/* True when the consumer could be given the value. */
static bool is_given(enum ibc_consumer consumer, struct ibc_view value) {
    const bool java = consumer == IBC_CONSUMER_GNZSNZ || consumer == IBC_CONSUMER_UNKNOWN;
    ibc_auto_secret_buffer out;
    struct ibc_error err;
    const enum ibc_status status = write(consumer, value, &out, &err);
    if (status != IBC_OK) {
        assert_int_equal(status, IBC_ERR_MISMATCH);
        assert_true(consumer == IBC_CONSUMER_UNKNOWN || (java && has_edge(value)));
        return false;
    }
    if (java) {
        assert_false(has_edge(value));
        require_read_by_java(written(&out), value);
    }
    if (consumer != IBC_CONSUMER_GNZSNZ) {
        assert_true(ibc_view_equal(written(&out), value));
    }
    require_formats_to_carry(written(&out));
    return true;
}

static void a_value_that_is_given_comes_out_whole(void **state) {
    (void)state;
    enum { ROUNDS = 2000, CONSUMERS = IBC_CONSUMER_IBG_CONTROLLER + 1 };
    struct values values;
    size_t given[CONSUMERS] = {0};
    values_begin(&values, "consumers");
    for (int round = 0; round < ROUNDS; round++) {
        const struct ibc_view value = values_next(&values);
        for (int consumer = 0; consumer < CONSUMERS; consumer++) {
            given[consumer] += is_given((enum ibc_consumer)consumer, value) ? 1 : 0;
        }
    }
    assert_int_equal(given[IBC_CONSUMER_RAW], ROUNDS);
    assert_int_equal(given[IBC_CONSUMER_IBG_CONTROLLER], ROUNDS);
    assert_in_range(given[IBC_CONSUMER_GNZSNZ], ROUNDS / 2, ROUNDS - 1);
    assert_in_range(given[IBC_CONSUMER_UNKNOWN], 100, given[IBC_CONSUMER_GNZSNZ] - 1);
}

static void consumers_have_names(void **state) {
    (void)state;
    static const char *const names[] = {"unknown", "raw", "gnzsnz", "ibg-controller"};
    for (int i = IBC_CONSUMER_RAW; i <= IBC_CONSUMER_IBG_CONTROLLER; i++) {
        enum ibc_consumer consumer;
        assert_string_equal(ibc_consumer_name((enum ibc_consumer)i), names[i]);
        assert_true(ibc_consumer_parse(names[i], &consumer));
        assert_int_equal(consumer, i);
    }
    enum ibc_consumer untouched = IBC_CONSUMER_RAW;
    assert_string_equal(ibc_consumer_name(IBC_CONSUMER_UNKNOWN), "unknown");
    assert_false(ibc_consumer_parse("unknown", &untouched));
    assert_false(ibc_consumer_parse("Raw", &untouched));
    assert_int_equal(untouched, IBC_CONSUMER_RAW);
    assert_string_equal(ibc_consumer_names(), "raw, gnzsnz or ibg-controller");
}

static int start_sodium(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gnzsnz_image_is_given_what_java_gives_back),
        cmocka_unit_test(other_images_are_given_the_value_itself),
        cmocka_unit_test(an_unknown_image_is_given_only_what_all_read_alike),
        cmocka_unit_test(what_the_gnzsnz_image_drops_is_refused),
        cmocka_unit_test(no_image_can_be_given_a_nul_byte),
        cmocka_unit_test(a_value_is_appended_to_what_is_there),
        cmocka_unit_test(a_value_that_is_given_comes_out_whole),
        cmocka_unit_test(consumers_have_names),
    };
    return cmocka_run_group_tests(tests, start_sodium, NULL);
}
