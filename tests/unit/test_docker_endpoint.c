/* test_docker_endpoint.c - where the daemon listens, the version that is spoken, and what is put
 * into URLs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "docker/call.h"

struct good_case {
    struct endpoint_variables variables;
    const char *address, *base, *socket, *key;
};

static void addresses_are_understood_as_dockers_client_understands_them(void **state) {
    (void)state;
    static const struct good_case cases[] = {
        {{0}, DOCKER_DEFAULT_SOCKET, "http://docker", DOCKER_DEFAULT_SOCKET, ""},
        {{.host = ""}, DOCKER_DEFAULT_SOCKET, "http://docker", DOCKER_DEFAULT_SOCKET, ""},
        {{.host = "unix://"}, DOCKER_DEFAULT_SOCKET, "http://docker", DOCKER_DEFAULT_SOCKET, ""},
        {{.host = "unix:///a b"}, "/a b", "http://docker", "/a b", ""},
        /* A socket is never spoken to through TLS. */
        {{.host = "unix:///s", .tls_verify = "1", .cert_path = "/c"},
         "/s",
         "http://docker",
         "/s",
         ""},
        {{.host = "tcp://127.0.0.1"}, "tcp://127.0.0.1:2375", "http://127.0.0.1:2375", "", ""},
        {{.host = "tcp://h:1/"}, "tcp://h:1", "http://h:1", "", ""},
        {{.host = "tcp://[::1]:80"}, "tcp://[::1]:80", "http://[::1]:80", "", ""},
        {{.host = "tcp://[fe80::1]"}, "tcp://[fe80::1]:2375", "http://[fe80::1]:2375", "", ""},
        {{.host = "tcp://d.example:2376", .cert_path = "/c"},
         "tcp://d.example:2376",
         "https://d.example:2376",
         "",
         "/c/key.pem"},
        {{.host = "tcp://d", .tls_verify = "1", .config = "/f", .home = "/h"},
         "tcp://d:2376",
         "https://d:2376",
         "",
         "/f/key.pem"},
        {{.host = "tcp://d", .tls_verify = "0", .cert_path = "", .home = "/h"},
         "tcp://d:2376",
         "https://d:2376",
         "",
         "/h/.docker/key.pem"},
        {{.host = "tcp://d", .tls_verify = "", .home = "/h"},
         "tcp://d:2375",
         "http://d:2375",
         "",
         ""},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        struct endpoint endpoint;
        struct ibc_error err;
        assert_int_equal(endpoint_parse(&cases[i].variables, &endpoint, &err), IBC_OK);
        assert_string_equal(endpoint.address, cases[i].address);
        assert_string_equal(endpoint.base, cases[i].base);
        assert_string_equal(endpoint.socket, cases[i].socket);
        assert_string_equal(endpoint.key_file, cases[i].key);
        assert_int_equal(endpoint.tls, cases[i].key[0] != '\0');
    }
}

static void the_three_files_of_tls_lie_in_one_directory(void **state) {
    (void)state;
    const struct endpoint_variables variables = {.host = "tcp://d", .cert_path = "/c"};
    struct endpoint endpoint;
    struct ibc_error err;
    assert_int_equal(endpoint_parse(&variables, &endpoint, &err), IBC_OK);
    assert_string_equal(endpoint.ca_file, "/c/ca.pem");
    assert_string_equal(endpoint.certificate_file, "/c/cert.pem");
    assert_string_equal(endpoint.key_file, "/c/key.pem");
}

static void anything_else_is_refused_in_a_sentence_that_says_what_to_set(void **state) {
    (void)state;
    static const struct {
        const char *host, *sentence;
    } cases[] = {
        {"ssh://root@h", "DOCKER_HOST is 'ssh://root@h', and ibcred does not speak ssh; forward"},
        {"http://h:2375", "DOCKER_HOST is 'http://h:2375', which is neither unix:///PATH nor tcp"},
        {"npipe:////./pipe/docker", "DOCKER_HOST is 'npipe:"},
        {"/var/run/docker.sock", "DOCKER_HOST is '/var/run/docker.sock', which is neither"},
        {"unix://run/docker.sock", "DOCKER_HOST names the socket 'run/docker.sock' without the"},
        {"tcp://", "DOCKER_HOST 'tcp://' is not tcp://HOST:PORT"},
        {"tcp://:2375", "DOCKER_HOST 'tcp://:2375' is not"},
        {"tcp://h:0", "DOCKER_HOST 'tcp://h:0' is not"},
        {"tcp://h:65536", "DOCKER_HOST 'tcp://h:65536' is not"},
        {"tcp://h:", "DOCKER_HOST 'tcp://h:' is not"},
        {"tcp://h:1/path", "DOCKER_HOST 'tcp://h:1/path' is not"},
        {"tcp://user@h:1", "DOCKER_HOST 'tcp://user@h:1' is not"},
        {"tcp://h\r\nX: y", "DOCKER_HOST 'tcp://h??X: y' is not"},
        {"tcp://::1:80", "DOCKER_HOST 'tcp://::1:80' is not"},
        {"tcp://[::1", "DOCKER_HOST 'tcp://[::1' is not"},
        {"tcp://[]:1", "DOCKER_HOST 'tcp://[]:1' is not"},
        {"tcp://[::1]x:1", "DOCKER_HOST 'tcp://[::1]x:1' is not"},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        const struct endpoint_variables variables = {.host = cases[i].host};
        struct endpoint endpoint;
        struct ibc_error err;
        assert_int_equal(endpoint_parse(&variables, &endpoint, &err), IBC_ERR_USAGE);
        err.text[strlen(cases[i].sentence)] = '\0';
        assert_string_equal(err.text, cases[i].sentence);
    }
}

static void what_is_too_long_is_refused_and_the_longest_is_not(void **state) {
    (void)state;
    struct endpoint endpoint;
    struct ibc_error err;
    char host[512] = "unix://";
    struct endpoint_variables variables = {.host = host};
    memset(host + 7, '/', ENDPOINT_SOCKET_MAX);
    assert_int_equal(endpoint_parse(&variables, &endpoint, &err), IBC_OK);
    host[7 + ENDPOINT_SOCKET_MAX] = '/';
    assert_int_equal(endpoint_parse(&variables, &endpoint, &err), IBC_ERR_USAGE);

    memset(host, 0, sizeof host);
    memcpy(host, "tcp://", 6);
    memset(host + 6, 'h', ENDPOINT_HOST_MAX);
    memcpy(host + 6 + ENDPOINT_HOST_MAX, ":65535", 6);
    assert_int_equal(endpoint_parse(&variables, &endpoint, &err), IBC_OK);
    assert_string_equal(endpoint.address, host);
    host[6 + ENDPOINT_HOST_MAX] = 'h';
    assert_int_equal(endpoint_parse(&variables, &endpoint, &err), IBC_ERR_USAGE);
    memset(host + 6, 'h', sizeof host - 7);
    assert_int_equal(endpoint_parse(&variables, &endpoint, &err), IBC_ERR_USAGE);

    static char directory[8192];
    memset(directory, 'd', sizeof directory - 1);
    variables = (struct endpoint_variables){.host = "tcp://h", .cert_path = directory};
    assert_int_equal(endpoint_parse(&variables, &endpoint, &err), IBC_ERR_USAGE);
    variables = (struct endpoint_variables){.host = "tcp://h", .tls_verify = "1"};
    assert_int_equal(endpoint_parse(&variables, &endpoint, &err), IBC_ERR_USAGE);
}

static void the_version_spoken_is_one_that_both_know(void **state) {
    (void)state;
    static const struct {
        const char *daemon, *least, *spoken;
    } cases[] = {
        {"1.41", NULL, "1.41"},
        {IBC_DOCKER_API_MIN, NULL, IBC_DOCKER_API_MIN},
        {IBC_DOCKER_API_MAX, NULL, IBC_DOCKER_API_MAX},
        {"1.99", NULL, IBC_DOCKER_API_MAX},
        {"1.99", "1.24", IBC_DOCKER_API_MAX},
        {"1.99", IBC_DOCKER_API_MAX, IBC_DOCKER_API_MAX},
        {"1.99", "1.60", "1.60"},
        {"2.0", "1.60", "1.60"},
        {"1.99", "nonsense", IBC_DOCKER_API_MAX},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        char spoken[VERSION_MAX];
        struct ibc_error err;
        assert_int_equal(version_choose(cases[i].daemon, cases[i].least, spoken, &err), IBC_OK);
        assert_string_equal(spoken, cases[i].spoken);
    }
    static const char *const bad[] = {"1.23", "0.99",  "",        "1",    "1.",
                                      ".41",  "1.041", "1.41/..", "-1.41"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(bad); i++) {
        char spoken[VERSION_MAX];
        struct ibc_error err;
        assert_int_equal(version_choose(bad[i], NULL, spoken, &err), IBC_ERR_UNAVAILABLE);
    }
    assert_true(version_is_later("1.100"));
    assert_false(version_is_later(IBC_DOCKER_API_MAX));
    assert_false(version_is_later("x"));
}

static void only_names_that_docker_gives_come_into_a_url(void **state) {
    (void)state;
    char longest[IBC_DOCKER_NAME_MAX + 2] = {0}, what[CALL_WHAT_MAX];
    struct ibc_error err;
    memset(longest, 'a', IBC_DOCKER_NAME_MAX);
    const char *const good[] = {"a", "9", "spreadpilot_ib-gateway_1", "A.b-c_d", longest};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(good); i++) {
        assert_int_equal(docker_name("container", good[i], what, &err), IBC_OK);
        assert_memory_equal(what, "container ", 10);
        assert_string_equal(what + 10, good[i]);
    }
    const char *const bad[] = {"",    ".",    "..",  "-a",  "_a", "a/b",      "a?b",
                               "a#b", "a%2f", "a b", "a\n", "/a", "\xc3\xa4", "a\xc3\xa4"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(bad); i++) {
        assert_int_equal(docker_name("container", bad[i], what, &err), IBC_ERR_USAGE);
    }
    longest[IBC_DOCKER_NAME_MAX] = 'a';
    assert_int_equal(docker_name("container", longest, what, &err), IBC_ERR_USAGE);
}

static void values_of_queries_are_encoded_and_bounded(void **state) {
    (void)state;
    char out[64];
    static const char hostile[] = "a-._~Z9&=+ /?#%\"\n\x00\xff";
    const struct ibc_view text = {.bytes = (const unsigned char *)hostile,
                                  .size = sizeof hostile - 1};
    assert_true(docker_encode(text, out, sizeof out));
    assert_string_equal(out, "a-._~Z9%26%3D%2B%20%2F%3F%23%25%22%0A%00%FF");
    assert_true(docker_encode(text, out, strlen(out) + 1));
    for (size_t size = 1; size <= strlen("a-._~Z9") + 12 * strlen("%XX"); size++) {
        assert_false(docker_encode(text, out, size));
    }
    assert_true(docker_encode(text, out, sizeof out));
    assert_true(docker_filter("label", "k=\"v", out, sizeof out));
    assert_string_equal(out, "filters=%7B%22label%22%3A%5B%22k%3D%5C%22v%22%5D%7D");
    assert_false(docker_filter("label", "\xff", out, sizeof out));
    for (size_t size = 1; size < 52; size++) {
        char *exact = malloc(size);
        assert_non_null(exact);
        assert_false(docker_filter("label", "k=\"v", exact, size));
        free(exact);
    }
}

static enum ibc_status refusal(int code, const char *body, struct ibc_error *err) {
    const struct ibc_http_response answer = {
        .code = code, .body = {.bytes = (unsigned char *)(uintptr_t)body, .size = strlen(body)}};
    return docker_refused(&answer, "container gw", err);
}

static void refusals_become_sentences_with_the_daemons_own_words(void **state) {
    (void)state;
    struct ibc_error err;
    assert_int_equal(refusal(404, "{\"message\":\"No such container: gw\"}\n", &err),
                     IBC_ERR_NOT_FOUND);
    assert_string_equal(err.text,
                        "container gw: Docker knows no such thing: No such container: gw");
    assert_int_equal(refusal(403, "denied by the proxy\r\n", &err), IBC_ERR_REFUSED);
    assert_string_equal(err.text, "container gw: Docker will not do it (403): denied by the proxy");
    assert_int_equal(refusal(501, "{\"message\":\"x\"}", &err), IBC_ERR_REFUSED);
    assert_int_equal(refusal(500, "{\"message\":\"a\\u001b[2Jb\"}", &err), IBC_ERR_UNAVAILABLE);
    assert_string_equal(err.text, "container gw: Docker refuses (500): a?[2Jb");
    assert_int_equal(refusal(500, "", &err), IBC_ERR_UNAVAILABLE);
    assert_string_equal(err.text, "container gw: Docker refuses (500): nothing more");
    static char large[100000];
    memset(large, 'x', sizeof large - 1);
    assert_int_equal(refusal(500, large, &err), IBC_ERR_UNAVAILABLE);
    assert_true(strlen(err.text) < 600);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_understood_as_dockers_client_understands_them),
        cmocka_unit_test(the_three_files_of_tls_lie_in_one_directory),
        cmocka_unit_test(anything_else_is_refused_in_a_sentence_that_says_what_to_set),
        cmocka_unit_test(what_is_too_long_is_refused_and_the_longest_is_not),
        cmocka_unit_test(the_version_spoken_is_one_that_both_know),
        cmocka_unit_test(only_names_that_docker_gives_come_into_a_url),
        cmocka_unit_test(values_of_queries_are_encoded_and_bounded),
        cmocka_unit_test(refusals_become_sentences_with_the_daemons_own_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
