/* test_tws_text.c - texts from outside: a gateway's words and time, and the addresses of users. */
#include "tws/message.h"
#include "tws/time.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void words_of_others_cannot_drive_a_terminal(void **state) {
    (void)state;
    char text[IBC_PROBE_TEXT_MAX], words[600];
    tws_copy_text(ibc_view_of("a\x1b[31m\r\n\x7f\xff\xc2\x9b\xc3\xa4"), text);
    assert_string_equal(text, "a?[31m?????\xc3\xa4");
    /* Cut between characters, never inside one. */
    for (size_t i = 0; i < sizeof words; i += 3) {
        memcpy(words + i, "\xe2\x82\xac", 3);
    }
    tws_copy_text((struct ibc_view){(const unsigned char *)words, sizeof words}, text);
    assert_int_equal(strlen(text), 255);
    assert_memory_equal(text + 252, "\xe2\x82\xac", 3);
}

static void times_are_read_in_their_own_zone(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t instant; /* -1: not known */
    } cases[] = {
        {"20261122 14:56:39 UTC", 1795359399},
        {"20261122 14:56:39 GMT", 1795359399},
        {"20261122 14:56:39 Z", 1795359399},
        {"20261122 14:56:39 America/New_York", 1795377399},
        {"20260722 14:56:39 America/New_York", 1784746599},
        {"20261122 14:56:39 EST", 1795377399},
        {"20261122 14:56:39 EST5EDT", 1795377399},
        {"20260722 14:56:39 EDT", 1784746599},
        {"20261122 14:56:39 CET", 1795355799},
        {"20261122 14:56:39 MST", 1795384599},
        {"20261122 14:56:39 HST", 1795395399},
        {"20261122 14:56:39 Central European Standard Time", 1795355799},
        {"20261122 14:56:39 Japan Standard Time", 1795326999},
        {"20240229 00:00:00 UTC", 1709164800},
        {"20261122 14:56:39", -1},
        {"20261122 14:56:39 ", -1},
        {"20261122 14:56:39  UTC", -1},
        {"20261122 14:56:39 Middle-earth/Shire", -1},
        {"20261122 14:56:39 ../UTC", -1},
        {"20261122 14:56:39 /UTC", -1},
        {"20261122-14:56:39 UTC", -1},
        {"2026112a 14:56:39 UTC", -1},
        {"20260230 14:56:39 UTC", -1},
        {"20261322 14:56:39 UTC", -1},
        {"20261122 24:56:39 UTC", -1},
        {"20261122 14:60:39 UTC", -1},
        {"20261122 1", -1},
        {"", -1},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        int64_t instant = -1;
        assert_int_equal(tws_time_parse(cases[i].text, 0, &instant), cases[i].instant >= 0);
        assert_int_equal(instant, cases[i].instant);
    }
}

static void an_hour_that_comes_twice_is_the_one_nearer_to_our_clock(void **state) {
    (void)state;
    int64_t instant;
    static const char text[] = "20261101 01:30:00 America/New_York";
    assert_true(tws_time_parse(text, 1793511000, &instant));
    assert_int_equal(instant, 1793511000);
    assert_true(tws_time_parse(text, 1793514600, &instant));
    assert_int_equal(instant, 1793514600);
}

static void addresses_are_taken_apart_strictly(void **state) {
    (void)state;
    static const struct {
        const char *text, *host; /* NULL: refused */
        uint16_t port;
    } cases[] = {
        {"gateway", "gateway", 1},
        {"gateway:4002", "gateway", 4002},
        {":65535", "before", 65535},
        {"127.0.0.1:4001", "127.0.0.1", 4001},
        {"[::1]:4001", "::1", 4001},
        {"[fe80::1%eth0]", "fe80::1%eth0", 1},
        {"", NULL, 0},
        {":", NULL, 0},
        {":0", NULL, 0},
        {":65536", NULL, 0},
        {":+1", NULL, 0},
        {":01", NULL, 0},
        {"gateway:", NULL, 0},
        {"gateway:1:2", NULL, 0},
        {"::1", NULL, 0},
        {"[::1", NULL, 0},
        {"[]:1", NULL, 0},
        {"[gateway]:1", NULL, 0},
        {"[::1]4001", NULL, 0},
        {"gate way", NULL, 0},
        {"gateway/x", NULL, 0},
        {"user@gateway", NULL, 0},
        {"gate%way", NULL, 0},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        char host[IBC_PROBE_HOST_MAX + 1] = "before";
        uint16_t port = 1;
        assert_int_equal(ibc_probe_address(cases[i].text, host, &port), cases[i].host != NULL);
        assert_string_equal(host, cases[i].host ? cases[i].host : "before");
        assert_int_equal(port, cases[i].host ? cases[i].port : 1);
    }
    char host[IBC_PROBE_HOST_MAX + 1], text[IBC_PROBE_HOST_MAX + 2];
    uint16_t port = 1;
    memset(text, 'h', sizeof text);
    text[IBC_PROBE_HOST_MAX + 1] = '\0';
    assert_false(ibc_probe_address(text, host, &port));
    assert_true(ibc_probe_address(text + 1, host, &port));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_others_cannot_drive_a_terminal),
        cmocka_unit_test(times_are_read_in_their_own_zone),
        cmocka_unit_test(an_hour_that_comes_twice_is_the_one_nearer_to_our_clock),
        cmocka_unit_test(addresses_are_taken_apart_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
