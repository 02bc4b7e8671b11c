/* test_http_frame.c - frames and the messages in them, also from somebody who means harm. */
#include "http/message.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>

#include <cmocka.h>

static struct ibc_error err;

static void headers_survive_the_way(void **state) {
    (void)state;
    for (unsigned int type = FRAME_HELLO; type <= FRAME_END; type++) {
        const size_t sizes[] = {0, 1, 63, 64, frame_payload_max(type)};
        for (size_t i = 0; i < IBC_ARRAY_SIZE(sizes); i++) {
            unsigned char bytes[FRAME_HEADER_BYTES];
            struct frame_header header = {0};
            frame_write_header((enum frame_type)type, sizes[i], bytes);
            assert_true(frame_read_header(bytes, &header));
            assert_int_equal(header.type, type);
            assert_int_equal(header.size, sizes[i]);
        }
    }
}

static void a_size_is_little_endian(void **state) {
    (void)state;
    unsigned char bytes[FRAME_HEADER_BYTES];
    frame_write_header(FRAME_BODY, 0x010203, bytes);
    assert_memory_equal(bytes, "\x03\x02\x01\x00\x03", sizeof bytes);
}

static void unknown_types_and_sizes_beyond_are_no_frames(void **state) {
    (void)state;
    struct frame_header header;
    for (unsigned int type = 0; type <= UINT8_MAX; type++) {
        const size_t max = frame_payload_max(type);
        const bool known = type >= FRAME_HELLO && type <= FRAME_END;
        assert_int_equal(max > 0, known);
        unsigned char bytes[FRAME_HEADER_BYTES];
        frame_write_header((enum frame_type)type, max, bytes);
        assert_int_equal(frame_read_header(bytes, &header), known);
        frame_write_header((enum frame_type)type, max + 1, bytes);
        assert_false(frame_read_header(bytes, &header));
        frame_write_header((enum frame_type)type, UINT32_MAX, bytes);
        assert_false(frame_read_header(bytes, &header));
    }
}

static const struct ibc_http_request full = {
    .method = "POST",
    .url = "https://example.org:2379/v3/kv/txn?a=b",
    .headers = {"X-One: 1", "X-Two: zw\xc3\xb6lf \"quoted\""},
    .body = {.bytes = (const unsigned char *)"body", .size = 4},
    .unix_socket = "/run/docker.sock",
    .direct = true,
    .ca_file = "ca.pem",
    .client_certificate = "cert.pem",
    .client_key = "key.pem",
    .connect_timeout_ms = 1,
    .total_timeout_ms = INT32_MAX,
    .response_max = INT64_MAX,
};

static void write_request(const struct ibc_http_request *request, struct ibc_secret *out) {
    if (message_write_request(request, out, &err) != IBC_OK) {
        fail_msg("%s", err.text);
    }
}

static void a_request_survives_the_way(void **state) {
    (void)state;
    ibc_auto_secret json = {0};
    struct message_request read;
    write_request(&full, &json);
    assert_int_equal(message_read_request(ibc_secret_view(&json), &read, &err), IBC_OK);
    assert_string_equal(read.request.method, full.method);
    assert_string_equal(read.request.url, full.url);
    assert_string_equal(read.request.headers[0], full.headers[0]);
    assert_string_equal(read.request.headers[1], full.headers[1]);
    assert_null(read.request.headers[2]);
    assert_string_equal(read.request.unix_socket, full.unix_socket);
    assert_true(read.request.direct);
    assert_string_equal(read.request.ca_file, full.ca_file);
    assert_string_equal(read.request.client_certificate, full.client_certificate);
    assert_string_equal(read.request.client_key, full.client_key);
    assert_int_equal(read.request.connect_timeout_ms, 1);
    assert_int_equal(read.request.total_timeout_ms, INT32_MAX);
    assert_true(read.request.response_max == INT64_MAX);
    assert_int_equal(read.body_size, 4);
    message_request_free(&read);
}

static void what_a_request_leaves_out_stays_out(void **state) {
    (void)state;
    const struct ibc_http_request bare = {.method = "GET", .url = "http://h"};
    ibc_auto_secret json = {0};
    struct message_request read;
    write_request(&bare, &json);
    assert_int_equal(message_read_request(ibc_secret_view(&json), &read, &err), IBC_OK);
    assert_null(read.request.unix_socket);
    assert_false(read.request.direct);
    assert_null(read.request.ca_file);
    assert_null(read.request.client_certificate);
    assert_null(read.request.client_key);
    assert_null(read.request.headers[0]);
    assert_int_equal(read.body_size, 0);
    message_request_free(&read);
}

static void the_body_is_not_in_the_message(void **state) {
    (void)state;
    struct ibc_http_request request = full;
    request.body = ibc_view_of("xyzzy-the-secret");
    ibc_auto_secret json = {0};
    write_request(&request, &json);
    assert_null(memmem(json.bytes, json.size, "xyzzy", 5));
}

static void as_many_headers_as_fit_the_struct_survive(void **state) {
    (void)state;
    struct ibc_http_request request = full;
    for (size_t i = 0; i < IBC_HTTP_HEADERS_MAX; i++) {
        request.headers[i] = "A: b";
    }
    ibc_auto_secret json = {0};
    struct message_request read;
    write_request(&request, &json);
    assert_int_equal(message_read_request(ibc_secret_view(&json), &read, &err), IBC_OK);
    assert_string_equal(read.request.headers[IBC_HTTP_HEADERS_MAX - 1], "A: b");
    message_request_free(&read);
}

static void a_request_larger_than_a_frame_is_refused(void **state) {
    (void)state;
    char *url = malloc(FRAME_JSON_MAX + 1);
    assert_non_null(url);
    memset(url, 'u', FRAME_JSON_MAX);
    memcpy(url, "http://", 7);
    url[FRAME_JSON_MAX] = '\0';
    const struct ibc_http_request request = {.method = "GET", .url = url};
    ibc_auto_secret json = {0};
    assert_int_equal(message_write_request(&request, &json, &err), IBC_ERR_USAGE);
    assert_null(json.bytes);
    free(url);
}

#define NUMBERS "\"body\":0,\"connect_timeout_ms\":0,\"total_timeout_ms\":0,\"response_max\":0"

static void requests_that_are_none_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "null",
        "{}",
        "{\"method\":\"GET\",\"url\":\"http://h\",\"headers\":[]}",
        "{\"method\":\"GET\",\"url\":\"http://h\"," NUMBERS "}",
        "{\"method\":\"GET\",\"url\":\"http://h\",\"headers\":[]," NUMBERS ",\"more\":1}",
        "{\"method\":\"GET\",\"method\":\"PUT\",\"url\":\"http://h\",\"headers\":[]," NUMBERS "}",
        "{\"method\":1,\"url\":\"http://h\",\"headers\":[]," NUMBERS "}",
        "{\"method\":\"GET\",\"url\":null,\"headers\":[]," NUMBERS "}",
        "{\"method\":\"GET\",\"url\":\"http://h\",\"headers\":{}," NUMBERS "}",
        "{\"method\":\"GET\",\"url\":\"http://h\",\"headers\":[1]," NUMBERS "}",
        "{\"method\":\"GET\",\"url\":\"http://h\",\"headers\":[]," NUMBERS ",\"ca_file\":7}",
        "{\"method\":\"GET\",\"url\":\"http://h\\u0000\",\"headers\":[]," NUMBERS "}",
        "{\"method\":\"GET\",\"url\":\"http://h\",\"headers\":[],\"body\":-1,"
        "\"connect_timeout_ms\":0,\"total_timeout_ms\":0,\"response_max\":0}",
        "{\"method\":\"GET\",\"url\":\"http://h\",\"headers\":[],\"body\":8388609,"
        "\"connect_timeout_ms\":0,\"total_timeout_ms\":0,\"response_max\":0}",
        "{\"method\":\"GET\",\"url\":\"http://h\",\"headers\":[],\"body\":1.5,"
        "\"connect_timeout_ms\":0,\"total_timeout_ms\":0,\"response_max\":0}",
        "{\"method\":\"GET\",\"url\":\"http://h\",\"headers\":[],\"body\":0,"
        "\"connect_timeout_ms\":0,\"total_timeout_ms\":0,\"response_max\":-1}",
        "{\"method\":\"GET\",\"url\":\"http://h\",\"headers\":["
        "\"A: b\",\"A: b\",\"A: b\",\"A: b\",\"A: b\",\"A: b\",\"A: b\",\"A: b\",\"A: b\","
        "\"A: b\",\"A: b\",\"A: b\",\"A: b\",\"A: b\",\"A: b\",\"A: b\",\"A: b\",\"A: b\","
        "\"A: b\",\"A: b\",\"A: b\",\"A: b\",\"A: b\",\"A: b\",\"A: b\",\"A: b\",\"A: b\","
        "\"A: b\",\"A: b\",\"A: b\",\"A: b\",\"A: b\",\"A: b\"]," NUMBERS "}",
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(bad); i++) {
        struct message_request read;
        if (message_read_request(ibc_view_of(bad[i]), &read, &err) != IBC_ERR_DATA) {
            fail_msg("accepted: %s", bad[i]);
        }
        message_request_free(&read);
    }
}

static void the_reader_checks_what_the_writer_checks(void **state) {
    (void)state;
    struct message_request read;
    const char *json = "{\"method\":\"GET\",\"url\":\"ftp://h\",\"headers\":[]," NUMBERS "}";
    assert_int_equal(message_read_request(ibc_view_of(json), &read, &err), IBC_ERR_USAGE);
    message_request_free(&read);
}

struct changed {
    const char *words; /* of the sentence; NULL: it can be sent */
    struct ibc_http_request request;
};

static void only_what_stays_in_its_line_is_sent(void **state) {
    (void)state;
    static const struct changed table[] = {
        {NULL, {.method = "M-SEARCH", .url = "http://h/%20?a=\"b\""}},
        {NULL, {.method = "GET", .url = "https://h", .headers = {"A: \xc3\xa4", "Host: x"}}},
        {"method", {.url = "http://h"}},
        {"method", {.method = "", .url = "http://h"}},
        {"method", {.method = "GET /", .url = "http://h"}},
        {"method", {.method = "A123456789012345678901234567890123", .url = "http://h"}},
        {"URL", {.method = "GET"}},
        {"URL", {.method = "GET", .url = "HTTP:/h"}},
        {"URL", {.method = "GET", .url = "file:///etc/passwd"}},
        {"URL", {.method = "GET", .url = "http://h/\r\nX: y"}},
        {"URL", {.method = "GET", .url = "http://h/a b"}},
        {"header 1", {.method = "GET", .url = "http://h", .headers = {"no colon"}}},
        {"header 1", {.method = "GET", .url = "http://h", .headers = {": value"}}},
        {"header 1", {.method = "GET", .url = "http://h", .headers = {"Na me: value"}}},
        {"header 1", {.method = "GET", .url = "http://h", .headers = {"Name:  "}}},
        {"header 1", {.method = "GET", .url = "http://h", .headers = {"Name;"}}},
        {"header 2", {.method = "GET", .url = "http://h", .headers = {"A: b", "A: b\nC: d"}}},
        {"header 1", {.method = "GET", .url = "http://h", .headers = {"content-length: 1"}}},
        {"header 1", {.method = "GET", .url = "http://h", .headers = {"TRANSFER-ENCODING: x"}}},
        {"absolute", {.method = "GET", .url = "http://h", .unix_socket = "s"}},
        {"together", {.method = "GET", .url = "http://h", .client_certificate = "c"}},
        {"together", {.method = "GET", .url = "http://h", .client_key = "k"}},
        {"range", {.method = "GET", .url = "http://h", .connect_timeout_ms = -1}},
        {"range", {.method = "GET", .url = "http://h", .total_timeout_ms = 1LL << 31}},
        {"range", {.method = "GET", .url = "http://h", .response_max = 1ULL << 63}},
        {"range", {.method = "PUT", .url = "http://h", .body = {NULL, IBC_HTTP_BODY_MAX + 1}}},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(table); i++) {
        err = (struct ibc_error){0};
        const bool fine = message_check_request(&table[i].request, &err) == IBC_OK;
        if (fine != !table[i].words ||
            (!fine && (err.status != IBC_ERR_USAGE || !strstr(err.text, table[i].words)))) {
            fail_msg("row %zu: %s", i, err.text);
        }
    }
}

static void no_sentence_shows_a_header(void **state) {
    (void)state;
    const struct ibc_http_request request = {
        .method = "GET", .url = "http://h", .headers = {"Authorization: xyzzy\n"}};
    assert_int_equal(message_check_request(&request, &err), IBC_ERR_USAGE);
    assert_null(strstr(err.text, "xyzzy"));
}

static void a_head_survives_the_way(void **state) {
    (void)state;
    static const char headers[] = "A\0one\0B\0\0C\0\"\\";
    const struct ibc_view view = {(const unsigned char *)headers, sizeof headers};
    ibc_auto_secret json = {0}, read = {0};
    int code = 0;
    assert_int_equal(message_write_head(404, view, &json, &err), IBC_OK);
    assert_int_equal(message_read_head(ibc_secret_view(&json), &code, &read, &err), IBC_OK);
    assert_int_equal(code, 404);
    assert_int_equal(read.size, sizeof headers);
    assert_memory_equal(read.bytes, headers, sizeof headers);
}

static void headers_that_are_no_utf_8_or_too_many_are_left_out(void **state) {
    (void)state;
    unsigned char headers[4 * (MESSAGE_HEADERS_MAX + 2)];
    ibc_auto_secret json = {0}, read = {0};
    int code = 0;
    for (size_t i = 0; i < sizeof headers / 4; i++) {
        memcpy(headers + 4 * i, i == 1 ? "A\0\xff" : "A\0b", 4);
    }
    const struct ibc_view view = {headers, sizeof headers};
    assert_int_equal(message_write_head(200, view, &json, &err), IBC_OK);
    assert_int_equal(message_read_head(ibc_secret_view(&json), &code, &read, &err), IBC_OK);
    assert_int_equal(read.size, 4 * MESSAGE_HEADERS_MAX);
    assert_null(memchr(read.bytes, 0xff, read.size));
}

static void the_largest_head_fits_a_frame(void **state) {
    (void)state;
    unsigned char headers[MESSAGE_HEADERS_BYTES_MAX];
    ibc_auto_secret json = {0};
    memset(headers, 1, sizeof headers); /* six bytes of JSON each */
    headers[1] = headers[sizeof headers - 1] = '\0';
    assert_int_equal(
        message_write_head(200, (struct ibc_view){headers, sizeof headers}, &json, &err), IBC_OK);
    assert_true(json.size <= FRAME_JSON_MAX);
}

static void heads_that_are_none_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{\"code\":200}",
        "{\"code\":\"200\",\"headers\":[]}",
        "{\"code\":99,\"headers\":[]}",
        "{\"code\":1000,\"headers\":[]}",
        "{\"code\":4294967496,\"headers\":[]}",
        "{\"code\":200,\"headers\":{}}",
        "{\"code\":200,\"headers\":[\"A\"]}",
        "{\"code\":200,\"headers\":[\"A\",1]}",
        "{\"code\":200,\"headers\":[],\"more\":1}",
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(bad); i++) {
        ibc_auto_secret headers = {0};
        int code;
        if (message_read_head(ibc_view_of(bad[i]), &code, &headers, &err) != IBC_ERR_DATA) {
            fail_msg("accepted: %s", bad[i]);
        }
        assert_null(headers.bytes);
    }
}

static void an_end_survives_the_way(void **state) {
    (void)state;
    static const enum ibc_status statuses[] = {
        IBC_OK, IBC_ERR_USAGE, IBC_ERR_DATA, IBC_ERR_UNAVAILABLE, IBC_ERR_REFUSED, IBC_ERR_INTERNAL,
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(statuses); i++) {
        ibc_auto_secret json = {0};
        char text[IBC_HTTP_TEXT_MAX];
        enum ibc_status ended = IBC_ERR_IO;
        assert_int_equal(message_write_end(statuses[i], "why", &json, &err), IBC_OK);
        assert_int_equal(message_read_end(ibc_secret_view(&json), &ended, text, &err), IBC_OK);
        assert_int_equal(ended, statuses[i]);
        assert_string_equal(text, "why");
    }
}

static void ends_that_are_none_are_refused_and_long_ones_cut(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "{}",
        "{\"status\":\"done\"}",
        "{\"status\":\"fine\",\"text\":\"\"}",
        "{\"status\":0,\"text\":\"\"}",
        "{\"status\":\"done\",\"text\":\"\",\"more\":[]}",
    };
    enum ibc_status ended;
    char text[IBC_HTTP_TEXT_MAX];
    for (size_t i = 0; i < IBC_ARRAY_SIZE(bad); i++) {
        assert_int_equal(message_read_end(ibc_view_of(bad[i]), &ended, text, &err), IBC_ERR_DATA);
    }
    char long_text[2 * IBC_HTTP_TEXT_MAX];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    ibc_auto_secret json = {0};
    assert_int_equal(message_write_end(IBC_ERR_DATA, long_text, &json, &err), IBC_OK);
    assert_int_equal(message_read_end(ibc_secret_view(&json), &ended, text, &err), IBC_OK);
    assert_int_equal(strlen(text), IBC_HTTP_TEXT_MAX - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_survive_the_way),
        cmocka_unit_test(a_size_is_little_endian),
        cmocka_unit_test(unknown_types_and_sizes_beyond_are_no_frames),
        cmocka_unit_test(a_request_survives_the_way),
        cmocka_unit_test(what_a_request_leaves_out_stays_out),
        cmocka_unit_test(the_body_is_not_in_the_message),
        cmocka_unit_test(as_many_headers_as_fit_the_struct_survive),
        cmocka_unit_test(a_request_larger_than_a_frame_is_refused),
        cmocka_unit_test(requests_that_are_none_are_refused),
        cmocka_unit_test(the_reader_checks_what_the_writer_checks),
        cmocka_unit_test(only_what_stays_in_its_line_is_sent),
        cmocka_unit_test(no_sentence_shows_a_header),
        cmocka_unit_test(a_head_survives_the_way),
        cmocka_unit_test(headers_that_are_no_utf_8_or_too_many_are_left_out),
        cmocka_unit_test(the_largest_head_fits_a_frame),
        cmocka_unit_test(heads_that_are_none_are_refused),
        cmocka_unit_test(an_end_survives_the_way),
        cmocka_unit_test(ends_that_are_none_are_refused_and_long_ones_cut),
    };
    return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
