/* test_http.c - the client against a helper that is none: it dies, lies, dawdles and floods. */
#include "http/connection.h"
#include "http/message.h"

#include <ibcred/file.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD_JSON "{\"code\":200,\"headers\":[\"Content-Type\",\"text/plain\",\"X\",\"\"]}"
#define DONE_JSON "{\"status\":\"done\",\"text\":\"\"}"

static const struct ibc_http_request get = {
    .method = "GET", .url = "http://h/", .response_max = 1000};

static struct ibc_error err;
static struct ibc_http *http;
static struct ibc_http_event event;
static int helper = -1; /* the other side */

static int connect_both(void **state) {
    (void)state;
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
        return -1;
    }
    helper = sockets[1];
    if (connection_adopt(sockets[0], 0, &http, &err) != IBC_OK) {
        return -1;
    }
    http->stage = STAGE_IDLE;
    return 0;
}

static int part(void **state) {
    (void)state;
    ibc_close(&helper);
    ibc_http_free(&http);
    return 0;
}

static void say_bytes(const void *bytes, size_t size) {
    assert_true(ibc_file_write_all(helper, (struct ibc_view){bytes, size}));
}

static void say(enum frame_type type, const char *payload) {
    unsigned char header[FRAME_HEADER_BYTES];
    frame_write_header(type, strlen(payload), header);
    say_bytes(header, sizeof header);
    say_bytes(payload, strlen(payload));
}

static void ask(const struct ibc_http_request *request) {
    assert_int_equal(ibc_http_send(http, request, &err), IBC_OK);
}

static enum ibc_status next(int64_t timeout_ms) {
    return ibc_http_next(http, timeout_ms, &event, &err);
}

static void a_response_comes_in_its_parts(void **state) {
    (void)state;
    ask(&get);
    assert_false(ibc_http_usable(http));
    say(FRAME_HEAD, HEAD_JSON);
    say(FRAME_DATA, "one");
    say(FRAME_DATA, "two");
    say(FRAME_END, DONE_JSON);
    assert_int_equal(next(-1), IBC_OK);
    assert_int_equal(event.part, IBC_HTTP_HEAD);
    assert_int_equal(event.code, 200);
    assert_string_equal(ibc_http_header(http, "CONTENT-type"), "text/plain");
    assert_string_equal(ibc_http_header(http, "x"), "");
    assert_null(ibc_http_header(http, "text/plain"));
    assert_int_equal(next(0), IBC_OK);
    assert_true(ibc_view_is(event.data, "one"));
    assert_int_equal(next(1000), IBC_OK);
    assert_true(ibc_view_is(event.data, "two"));
    assert_int_equal(next(-1), IBC_OK);
    assert_int_equal(event.part, IBC_HTTP_END);
    assert_true(ibc_http_usable(http));
}

static void bytes_one_at_a_time_are_the_same_response(void **state) {
    (void)state;
    static const char all[] = "\x3b\0\0\0\4" HEAD_JSON "\1\0\0\0\5x"
                              "\x1b\0\0\0\6" DONE_JSON;
    int parts[4] = {0};
    assert_int_equal(strlen(HEAD_JSON), 0x3b);
    assert_int_equal(strlen(DONE_JSON), 0x1b);
    ask(&get);
    for (size_t i = 0; i < sizeof all - 1; i++) {
        assert_int_equal(next(0), IBC_ERR_WAIT);
        say_bytes(all + i, 1);
        const bool whole = i == 4 + 0x3b || i == 4 + 0x3b + 6 || i == sizeof all - 2;
        if (whole) {
            assert_int_equal(next(0), IBC_OK);
            parts[event.part]++;
        }
    }
    assert_int_equal(parts[IBC_HTTP_HEAD] + parts[IBC_HTTP_DATA] + parts[IBC_HTTP_END], 3);
}

static void the_largest_piece_fits_wherever_it_begins(void **state) {
    (void)state;
    static char piece[IBC_HTTP_CHUNK_MAX + 1];
    memset(piece, 'p', IBC_HTTP_CHUNK_MAX);
    struct ibc_http_request request = get;
    request.response_max = 0;
    ask(&request);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        say(FRAME_HEAD, HEAD_JSON);
        for (size_t size = 1; size <= IBC_HTTP_CHUNK_MAX; size *= 2) {
            say(FRAME_DATA, piece + IBC_HTTP_CHUNK_MAX - size);
        }
        say(FRAME_END, DONE_JSON);
        _exit(0);
    }
    size_t sum = 0;
    do {
        assert_int_equal(next(5000), IBC_OK);
        sum += event.part == IBC_HTTP_DATA ? event.data.size : 0;
    } while (event.part != IBC_HTTP_END);
    assert_int_equal(sum, 2 * IBC_HTTP_CHUNK_MAX - 1);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void a_failure_is_told_and_leaves_the_connection(void **state) {
    (void)state;
    ask(&get);
    say(FRAME_END, "{\"status\":\"refused\",\"text\":\"the socket\\u001b is not yours\"}");
    assert_int_equal(next(-1), IBC_ERR_REFUSED);
    assert_string_equal(err.text, "the socket? is not yours");
    assert_true(ibc_http_usable(http));
    ask(&get);
    say(FRAME_HEAD, HEAD_JSON);
    say(FRAME_END, "{\"status\":\"unavailable\",\"text\":\"cut\"}");
    assert_int_equal(next(-1), IBC_OK);
    assert_int_equal(next(-1), IBC_ERR_UNAVAILABLE);
    assert_true(ibc_http_usable(http));
}

static void waiting_ends_in_time(void **state) {
    (void)state;
    ask(&get);
    const int64_t start = connection_now_ms();
    assert_int_equal(next(50), IBC_ERR_WAIT);
    assert_true(connection_now_ms() - start >= 50);
    assert_true(connection_now_ms() - start < 5000);
    say_bytes("\1\0", 2); /* half of a frame changes nothing */
    assert_int_equal(next(20), IBC_ERR_WAIT);
    assert_false(ibc_http_usable(http));
}

static void on_alarm(int signal) {
    (void)signal;
}

static void a_signal_ends_the_waiting(void **state) {
    (void)state;
    const struct sigaction action = {.sa_handler = on_alarm};
    const struct itimerval soon = {.it_value = {.tv_usec = 50000}};
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    ask(&get);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    assert_int_equal(next(-1), IBC_ERR_WAIT);
    say(FRAME_HEAD, HEAD_JSON);
    assert_int_equal(next(-1), IBC_OK);
}

static void a_helper_that_dies_is_no_signal(void **state) {
    (void)state;
    ask(&get);
    say(FRAME_HEAD, HEAD_JSON);
    say_bytes("\x05\0\0\0\5hal", 8);
    ibc_close(&helper);
    assert_int_equal(next(-1), IBC_OK);
    assert_int_equal(next(-1), IBC_ERR_UNAVAILABLE);
    assert_false(ibc_http_usable(http));
    assert_int_equal(next(-1), IBC_ERR_UNAVAILABLE);
    assert_int_equal(ibc_http_send(http, &get, &err), IBC_ERR_UNAVAILABLE);
}

static void sending_to_a_dead_helper_is_no_signal(void **state) {
    (void)state;
    ibc_close(&helper);
    assert_int_equal(ibc_http_send(http, &get, &err), IBC_ERR_UNAVAILABLE);
    assert_false(ibc_http_usable(http));
}

static void a_helper_that_dies_while_it_is_sent_a_body_is_no_signal(void **state) {
    (void)state;
    static unsigned char body[IBC_HTTP_BODY_MAX];
    struct ibc_http_request request = get;
    request.body = (struct ibc_view){body, sizeof body};
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        unsigned char some[4096];
        ssize_t got = read(helper, some, sizeof some);
        _exit(got > 0 ? 0 : 1);
    }
    ibc_close(&helper);
    assert_int_equal(ibc_http_send(http, &request, &err), IBC_ERR_UNAVAILABLE);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void the_body_follows_its_request_raw(void **state) {
    (void)state;
    struct ibc_http_request request = get;
    request.body = ibc_view_of("the\nbody");
    ask(&request);
    unsigned char seen[4096];
    const ssize_t size = read(helper, seen, sizeof seen);
    assert_true(size > 5 + 8);
    assert_int_equal(seen[4], FRAME_REQUEST);
    const size_t json = (size_t)size - 5 - 5 - 8;
    assert_int_equal(seen[0] | seen[1] << 8, json);
    assert_memory_equal(seen + 5 + json, "\x08\0\0\0\3the\nbody", 13);
}

/* A first frame after a request, and what must not follow. */
struct lie {
    enum frame_type type;
    const char *payload;
};

static void what_is_out_of_order_breaks_the_connection(void **state) {
    static const struct lie before_head[] = {
        {FRAME_HELLO, FRAME_PROTOCOL},
        {FRAME_REQUEST, "{}"},
        {FRAME_BODY, "x"},
        {FRAME_DATA, "x"},
        {FRAME_END, DONE_JSON},
        {FRAME_END, "{}"},
        {FRAME_HEAD, "{}"},
        {FRAME_HEAD, ""},
        {FRAME_END, ""},
    };
    static const struct lie after_head[] = {
        {FRAME_HEAD, HEAD_JSON}, {FRAME_HELLO, FRAME_PROTOCOL},
        {FRAME_REQUEST, "{}"},   {FRAME_BODY, "x"},
        {FRAME_DATA, ""},        {FRAME_END, "[]"},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(before_head) + IBC_ARRAY_SIZE(after_head); i++) {
        const bool after = i >= IBC_ARRAY_SIZE(before_head);
        const struct lie *lie =
            after ? &after_head[i - IBC_ARRAY_SIZE(before_head)] : &before_head[i];
        part(state);
        assert_int_equal(connect_both(state), 0);
        ask(&get);
        if (after) {
            say(FRAME_HEAD, HEAD_JSON);
            assert_int_equal(next(-1), IBC_OK);
        }
        say(lie->type, lie->payload);
        say(FRAME_END, DONE_JSON);
        if (next(-1) != IBC_ERR_DATA || http->stage != STAGE_BROKEN) {
            fail_msg("row %zu was believed", i);
        }
        assert_int_equal(next(-1), IBC_ERR_UNAVAILABLE);
    }
}

static void what_is_no_frame_breaks_the_connection(void **state) {
    static const char *const bad[] = {"\xff\xff\xff\xff\5", "\x01\0\1\0\5",    "HTTP/1.1 200 OK",
                                      "\x01\0\0\0\0x",      "\x01\0\0\0\x07x", "\0\0\x80\0\3"};
    static const size_t sizes[] = {5, 5, 15, 6, 6, 5};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(bad); i++) {
        part(state);
        assert_int_equal(connect_both(state), 0);
        ask(&get);
        say_bytes(bad[i], sizes[i]);
        assert_int_equal(next(1000), IBC_ERR_DATA);
        assert_int_equal(http->stage, STAGE_BROKEN);
    }
}

static void more_than_was_allowed_is_not_believed(void **state) {
    (void)state;
    struct ibc_http_request request = get;
    request.response_max = 6;
    ask(&request);
    say(FRAME_HEAD, HEAD_JSON);
    say(FRAME_DATA, "one");
    say(FRAME_DATA, "two");
    say(FRAME_DATA, "3");
    assert_int_equal(next(-1), IBC_OK);
    assert_int_equal(next(-1), IBC_OK);
    assert_int_equal(next(-1), IBC_OK);
    assert_int_equal(next(-1), IBC_ERR_DATA);
    assert_false(ibc_http_usable(http));
}

static void calls_out_of_order_are_refused(void **state) {
    (void)state;
    assert_int_equal(next(-1), IBC_ERR_USAGE);
    ask(&get);
    assert_int_equal(ibc_http_send(http, &get, &err), IBC_ERR_USAGE);
    say(FRAME_HEAD, HEAD_JSON);
    assert_int_equal(next(-1), IBC_OK);
    assert_int_equal(ibc_http_send(http, &get, &err), IBC_ERR_USAGE);
    say(FRAME_END, DONE_JSON);
    assert_int_equal(next(-1), IBC_OK);
    const struct ibc_http_request bad = {.method = "GET", .url = "gopher://h"};
    assert_int_equal(ibc_http_send(http, &bad, &err), IBC_ERR_USAGE);
    assert_true(ibc_http_usable(http));
}

static void an_exchange_is_the_whole_response(void **state) {
    (void)state;
    ibc_auto_http_response response = {0};
    say(FRAME_HEAD, HEAD_JSON);
    say(FRAME_DATA, "one");
    say(FRAME_DATA, "two");
    say(FRAME_END, DONE_JSON);
    assert_int_equal(ibc_http_exchange(http, &get, &response, &err), IBC_OK);
    assert_int_equal(response.code, 200);
    assert_true(ibc_view_is(ibc_secret_view(&response.body), "onetwo"));
    assert_true(ibc_http_usable(http));
}

static void half_an_exchange_is_nothing(void **state) {
    (void)state;
    struct ibc_http_response response = {.code = 1};
    say(FRAME_HEAD, HEAD_JSON);
    say(FRAME_DATA, "one");
    say(FRAME_END, "{\"status\":\"data\",\"text\":\"cut\"}");
    assert_int_equal(ibc_http_exchange(http, &get, &response, &err), IBC_ERR_DATA);
    assert_int_equal(response.code, 0);
    assert_null(response.body.bytes);
    struct ibc_http_request endless = get;
    endless.response_max = 0;
    assert_int_equal(ibc_http_exchange(http, &endless, &response, &err), IBC_ERR_USAGE);
}

static bool third_time(void *context) {
    int *asked = context;
    return ++*asked == 3;
}

static void an_exchange_is_given_up_while_nothing_comes(void **state) {
    (void)state;
    int asked = 0;
    struct ibc_http_request request = get;
    request.give_up = third_time;
    request.context = &asked;
    struct ibc_http_response response = {.code = 1};
    assert_int_equal(ibc_http_exchange(http, &request, &response, &err), IBC_ERR_WAIT);
    assert_int_equal(asked, 3);
    assert_int_equal(response.code, 0);
    assert_false(ibc_http_usable(http));
}

static void an_answer_that_came_is_not_given_up(void **state) {
    (void)state;
    int asked = 2;
    struct ibc_http_request request = get;
    request.give_up = third_time;
    request.context = &asked;
    ibc_auto_http_response response = {0};
    say(FRAME_HEAD, HEAD_JSON);
    say(FRAME_END, DONE_JSON);
    assert_int_equal(ibc_http_exchange(http, &request, &response, &err), IBC_OK);
    assert_int_equal(asked, 2);
}

static void a_connection_that_could_not_be_made_may_be_freed(void **state) {
    (void)state;
    setenv("IBCRED_HTTP", "/nonexistent/ibcred-http", 1);
    struct ibc_http *none = http;
    assert_int_equal(ibc_http_open(&none, &err), IBC_ERR_UNAVAILABLE);
    assert_non_null(strstr(err.text, "/nonexistent/ibcred-http"));
    assert_null(none);
    ibc_http_free(&none);
    unsetenv("IBCRED_HTTP");
}

static size_t open_descriptors(void) {
    size_t count = 0;
    for (int fd = 0; fd < 256; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

static void a_helper_that_ends_at_once_leaves_nothing_behind(void **state) {
    (void)state;
    const size_t before = open_descriptors();
    setenv("IBCRED_HTTP", "/bin/true", 1);
    struct ibc_http *none = NULL;
    assert_int_equal(ibc_http_open(&none, &err), IBC_ERR_UNAVAILABLE);
    assert_null(none);
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    unsetenv("IBCRED_HTTP");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, connect_both, part)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_response_comes_in_its_parts),
        TEST(bytes_one_at_a_time_are_the_same_response),
        TEST(the_largest_piece_fits_wherever_it_begins),
        TEST(a_failure_is_told_and_leaves_the_connection),
        TEST(waiting_ends_in_time),
        TEST(a_signal_ends_the_waiting),
        TEST(a_helper_that_dies_is_no_signal),
        TEST(sending_to_a_dead_helper_is_no_signal),
        TEST(a_helper_that_dies_while_it_is_sent_a_body_is_no_signal),
        TEST(the_body_follows_its_request_raw),
        TEST(what_is_out_of_order_breaks_the_connection),
        TEST(what_is_no_frame_breaks_the_connection),
        TEST(more_than_was_allowed_is_not_believed),
        TEST(calls_out_of_order_are_refused),
        TEST(an_exchange_is_the_whole_response),
        TEST(half_an_exchange_is_nothing),
        TEST(an_exchange_is_given_up_while_nothing_comes),
        TEST(an_answer_that_came_is_not_given_up),
        TEST(a_connection_that_could_not_be_made_may_be_freed),
        TEST(a_helper_that_ends_at_once_leaves_nothing_behind),
    };
    return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
