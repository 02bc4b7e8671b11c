/*
 * test_tws_probe.c - the probe over real sockets, with a gateway that the test itself plays, step
 * by step. Names are resolved by the test, so that a host has the addresses that it is to have.
 */
#include "tws/address.h"
#include "tws/dialogue.h"

#include <ibcred/file.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, LISTENERS_MAX = 2 };

static struct ibc_error err;
static struct ibc_probe *probe;
static int listeners[LISTENERS_MAX];
static uint16_t ports[LISTENERS_MAX];
static int gateway; /* the connection, seen from the other side */

/* The addresses of the host "many": one for each port here. */
static uint16_t many[TWS_ADDRESSES_MAX];
static size_t many_count;

static void add_address(struct tws_addresses *out, uint16_t port) {
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    memcpy(&out->items[out->count].socket, &address, sizeof address);
    out->items[out->count++].size = sizeof address;
}

/* In place of the library's. */
const char *tws_addresses_find(const char *host, uint16_t port, struct tws_addresses *out) {
    out->count = 0;
    if (strcmp(host, "nobody") == 0) {
        return "there is no host of that name";
    }
    if (strcmp(host, "many") != 0) {
        add_address(out, port);
    }
    for (size_t i = 0; strcmp(host, "many") == 0 && i < many_count; i++) {
        add_address(out, many[i]);
    }
    return NULL;
}

static int open_listener(bool listening, uint16_t *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 ||
        (listening && listen(fd, 0) != 0) ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

/* The first one listens; the second only keeps its port from others. */
static int set_up(void **state) {
    (void)state;
    gateway = -1;
    for (size_t i = 0; i < LISTENERS_MAX; i++) {
        listeners[i] = open_listener(i == 0, &ports[i]);
        if (listeners[i] < 0) {
            return -1;
        }
    }
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    ibc_probe_free(&probe);
    ibc_close(&gateway);
    for (size_t i = 0; i < LISTENERS_MAX; i++) {
        ibc_close(&listeners[i]);
    }
    return 0;
}

static struct ibc_probe_request request_to(const char *host, uint16_t port, int64_t timeout_ms) {
    return (struct ibc_probe_request){
        .host = host, .port = port, .client_id = 7, .timeout_ms = timeout_ms};
}

/* The other side's end of the connection; a test that waits in vain is to fail, not to hang. */
static void take_connection(int listener) {
    const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    gateway = accept(listener, NULL, NULL);
    assert_true(gateway >= 0);
    assert_int_equal(setsockopt(gateway, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
}

static void start(const char *host, uint16_t port, int64_t timeout_ms) {
    const struct ibc_probe_request request = request_to(host, port, timeout_ms);
    assert_int_equal(ibc_probe_start(&request, &probe, &err), IBC_OK);
}

/* Go on until the other side has something to read, or the probe is over. */
static void step_until_heard(void) {
    struct pollfd heard = {.fd = gateway, .events = POLLIN};
    for (int i = 0; i < PATIENCE_MS && !ibc_probe_step(probe) && poll(&heard, 1, 1) == 0; i++) {
    }
}

static void expect_bytes(const void *bytes, size_t size) {
    unsigned char heard[64];
    step_until_heard();
    assert_int_equal(recv(gateway, heard, size, MSG_WAITALL), size);
    assert_memory_equal(heard, bytes, size);
}

static void say(const void *bytes, size_t size) {
    assert_int_equal(send(gateway, bytes, size, MSG_NOSIGNAL), size);
}

/* Connected, and greeted by the probe. */
static void begin(int64_t timeout_ms) {
    start("127.0.0.1", ports[0], timeout_ms);
    take_connection(listeners[0]);
    expect_bytes("API\0\0\0\0\x09v100..176", TWS_GREETING_BYTES);
}

static const char hello[] = "\0\0\0\x1a"
                            "176\0"
                            "20261122 14:56:39 UTC";
static const char login[] = "\0\0\0\x0f"
                            "15\0001\0DU1234567\0"
                            "\0\0\0\6"
                            "9\0001\0001";

static void greet(int64_t timeout_ms) {
    begin(timeout_ms);
    say(hello, sizeof hello);
    expect_bytes("\0\0\0\x08"
                 "71\0002\0007\0",
                 12);
}

static const struct ibc_probe_result *finish(void) {
    for (int i = 0; i < PATIENCE_MS && !ibc_probe_step(probe); i++) {
        struct pollfd wait = {0};
        wait.fd = ibc_probe_fd(probe, &wait.events);
        assert_true(wait.fd >= 0 && wait.events != 0);
        const int64_t left = ibc_probe_left_ms(probe);
        assert_true(left >= 0);
        (void)poll(&wait, 1, (int)left);
    }
    assert_true(ibc_probe_step(probe));
    const struct ibc_probe_result *result = ibc_probe_result(probe);
    short events = 1;
    assert_int_equal(ibc_probe_fd(probe, &events), -1);
    assert_int_equal(events, 0);
    assert_int_equal(ibc_probe_left_ms(probe), 0);
    assert_true(result->why[0] != '\0');
    return result;
}

static void assert_found(enum ibc_probe_state state, const char *words) {
    const struct ibc_probe_result *result = finish();
    assert_string_equal(ibc_probe_state_name(result->state), ibc_probe_state_name(state));
    if (!strstr(result->why, words)) {
        fail_msg("'%s' is not in: %s", words, result->why);
    }
}

static void ready_is_found_with_all_that_was_told(void **state) {
    (void)state;
    greet(PATIENCE_MS);
    say(login, sizeof login);
    assert_found(IBC_PROBE_READY, "logged in to 1 account, paper");
    const struct ibc_probe_result *result = ibc_probe_result(probe);
    assert_int_equal(result->server_version, 176);
    assert_string_equal(result->server_time, "20261122 14:56:39 UTC");
    assert_string_equal(result->accounts[0], "DU1234567");
    assert_int_equal(result->proof, IBC_PROOF_PAPER);
    assert_true(result->has_offset);
    const int64_t clock_then = time(NULL) + result->offset_ms / 1000;
    /* However long this process was kept waiting between the two looks at the clock. */
    assert_true(clock_then >= 1795359399 && clock_then <= 1795359399 + 600);
    assert_true(result->connect_us >= 0 && result->ready_us >= result->connect_us);
}

static void the_connection_is_closed_in_good_order(void **state) {
    (void)state;
    char byte;
    /* Said and not needed any more, and more than is read at once: no reason for a reset. */
    static char more[IBC_PROBE_FRAME_MAX + 8192];
    greet(PATIENCE_MS);
    say(login, sizeof login);
    say(more, sizeof more);
    assert_found(IBC_PROBE_READY, "");
    assert_int_equal(recv(gateway, &byte, 1, 0), 0);
    int reset = -1; /* one that came after the end is told here only */
    socklen_t size = sizeof reset;
    assert_int_equal(getsockopt(gateway, SOL_SOCKET, SO_ERROR, &reset, &size), 0);
    assert_int_equal(reset, 0);
}

static void a_probe_that_is_given_up_is_closed_too(void **state) {
    (void)state;
    char byte;
    greet(PATIENCE_MS);
    ibc_probe_free(&probe);
    assert_null(probe);
    assert_int_equal(recv(gateway, &byte, 1, 0), 0);
}

static void an_answer_byte_by_byte_is_the_same_answer(void **state) {
    (void)state;
    begin(PATIENCE_MS);
    for (size_t i = 0; i < sizeof hello; i++) {
        assert_false(ibc_probe_step(probe));
        say(hello + i, 1);
    }
    expect_bytes("\0\0\0\x08"
                 "71\0002\0007\0",
                 12);
    for (size_t i = 0; i < sizeof login; i++) {
        assert_false(ibc_probe_step(probe));
        say(login + i, 1);
    }
    assert_found(IBC_PROBE_READY, "paper");
}

static void a_step_waits_for_nothing(void **state) {
    (void)state;
    short events;
    start("127.0.0.1", ports[0], PATIENCE_MS);
    assert_true(ibc_probe_fd(probe, &events) >= 0);
    assert_int_equal(events, POLLOUT);
    assert_true(ibc_probe_left_ms(probe) > 0 && ibc_probe_left_ms(probe) <= PATIENCE_MS);
    for (int i = 0; i < 3; i++) {
        assert_false(ibc_probe_step(probe)); /* or it would be over, after the time-out */
    }
    (void)ibc_probe_fd(probe, &events);
    assert_int_equal(events, POLLIN);
}

static void refused_is_a_port_that_nothing_listens_on(void **state) {
    (void)state;
    start("127.0.0.1", ports[1], PATIENCE_MS);
    assert_found(IBC_PROBE_REFUSED, "nothing listens on 127.0.0.1:");
    assert_int_equal(ibc_probe_result(probe)->connect_us, -1);
    assert_int_equal(ibc_probe_result(probe)->ready_us, -1);
}

static void a_name_that_nobody_has_is_not_listening(void **state) {
    (void)state;
    start("nobody", 4002, PATIENCE_MS);
    assert_found(IBC_PROBE_NOT_LISTENING, "nobody:4002 cannot be reached: there is no host");
}

/* Fill the queue of the listener, so that further connections are dropped. */
static void fill_queue(int clients[static 3]) {
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(ports[0]),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < 3; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        struct pollfd connected = {.fd = clients[i], .events = POLLOUT};
        (void)connect(clients[i], (const struct sockaddr *)&address, sizeof address);
        (void)poll(&connected, 1, 100);
    }
}

static void empty_queue(int clients[static 3]) {
    for (int i = 0; i < 3; i++) {
        ibc_close(&clients[i]);
    }
}

static void one_that_drops_everything_is_not_listening(void **state) {
    (void)state;
    int clients[3];
    fill_queue(clients);
    start("127.0.0.1", ports[0], 300);
    assert_found(IBC_PROBE_NOT_LISTENING, "cannot be reached");
    empty_queue(clients);
}

static void every_address_is_tried_in_turn(void **state) {
    (void)state;
    int clients[3];
    uint16_t port;
    const int good = open_listener(true, &port);
    fill_queue(clients); /* the second address drops everything */
    memcpy(many, ((uint16_t[]){ports[1], ports[0], port}), 3 * sizeof port);
    many_count = 3;
    start("many", 1, 3000);
    struct pollfd knocks = {.fd = good, .events = POLLIN};
    for (int i = 0; i < PATIENCE_MS && !ibc_probe_step(probe) && poll(&knocks, 1, 1) == 0; i++) {
    }
    take_connection(good);
    assert_false(ibc_probe_step(probe)); /* there is time left for it */
    say("HTTP", 4);
    assert_found(IBC_PROBE_FOREIGN, "does not speak the TWS API");
    close(good);
    empty_queue(clients);
}

static void refused_by_one_address_is_refused(void **state) {
    (void)state;
    int clients[3];
    fill_queue(clients);
    memcpy(many, ((uint16_t[]){ports[1], ports[0]}), 2 * sizeof *many);
    many_count = 2;
    start("many", 1, 300);
    assert_found(IBC_PROBE_REFUSED, "nothing listens on many:1");
    empty_queue(clients);
}

static void closed_is_one_that_hangs_up(void **state) {
    (void)state;
    begin(PATIENCE_MS);
    ibc_close(&gateway);
    assert_found(IBC_PROBE_CLOSED, "TrustedIPs");
}

static void closed_is_one_that_resets(void **state) {
    (void)state;
    begin(PATIENCE_MS);
    const struct linger at_once = {.l_onoff = 1};
    assert_int_equal(setsockopt(gateway, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    ibc_close(&gateway);
    assert_found(IBC_PROBE_CLOSED, "TrustedIPs");
}

static void closed_is_one_that_greets_and_hangs_up(void **state) {
    (void)state;
    greet(PATIENCE_MS);
    ibc_close(&gateway);
    assert_found(IBC_PROBE_CLOSED, "greets and hangs up");
    assert_int_equal(ibc_probe_result(probe)->server_version, 176);
}

static void what_was_said_before_hanging_up_counts(void **state) {
    (void)state;
    static const char in_use[] = "\0\0\0\x0c"
                                 "4\0002\0-1\000326\0";
    greet(PATIENCE_MS);
    say(in_use, sizeof in_use);
    ibc_close(&gateway);
    assert_found(IBC_PROBE_CLOSED, "with client id 7");
    assert_int_equal(ibc_probe_result(probe)->error_code, 326);
}

static void silent_is_one_that_says_nothing(void **state) {
    (void)state;
    begin(1000);
    assert_found(IBC_PROBE_SILENT, "says nothing");
}

static void silent_is_one_that_names_no_account(void **state) {
    (void)state;
    greet(1500);
    assert_found(IBC_PROBE_SILENT, "greets but names no account");
}

static void silent_is_one_that_does_not_end_its_answer(void **state) {
    (void)state;
    begin(1500);
    for (size_t i = 0; i < 6 && !ibc_probe_step(probe); i++) {
        say(hello + i, 1);
    }
    assert_found(IBC_PROBE_SILENT, "does not end what it began to say");
}

static void foreign_is_another_protocol(void **state) {
    (void)state;
    begin(PATIENCE_MS);
    say("SSH-2.0-x\r\n", 11);
    assert_found(IBC_PROBE_FOREIGN, "does not speak the TWS API");
}

static void foreign_is_half_a_greeting(void **state) {
    (void)state;
    begin(PATIENCE_MS);
    say(hello, 9);
    ibc_close(&gateway);
    assert_found(IBC_PROBE_FOREIGN, "in the middle of its first message");
}

static void what_cannot_be_asked_is_refused(void **state) {
    (void)state;
    static char long_host[IBC_PROBE_HOST_MAX + 2];
    memset(long_host, 'h', IBC_PROBE_HOST_MAX + 1);
    const struct ibc_probe_request good = request_to("127.0.0.1", ports[1], 1000);
    struct ibc_probe_request bad[7] = {good, good, good, good, good, good, good};
    bad[0].host = "";
    bad[1].host = long_host;
    bad[2].port = 0;
    bad[3].client_id = -1;
    bad[4].timeout_ms = 0;
    bad[5].timeout_ms = -1;
    bad[6].timeout_ms = IBC_PROBE_TIMEOUT_MAX_MS + 1;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(bad); i++) {
        assert_int_equal(ibc_probe_start(&bad[i], &probe, &err), IBC_ERR_USAGE);
        assert_null(probe);
    }
}

static void no_descriptor_is_our_own_trouble(void **state) {
    (void)state;
    struct rlimit limit, none;
    const struct ibc_probe_request request = request_to("127.0.0.1", ports[0], 1000);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    const enum ibc_status status = ibc_probe_start(&request, &probe, &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(status, IBC_ERR_INTERNAL);
    assert_non_null(strstr(err.text, "no descriptor"));
}

static void run_is_all_of_it(void **state) {
    (void)state;
    struct ibc_probe_result result;
    const struct ibc_probe_request silent = request_to("127.0.0.1", ports[0], 100);
    assert_int_equal(ibc_probe_run(&silent, &result, &err), IBC_OK);
    assert_int_equal(result.state, IBC_PROBE_SILENT);
    const struct ibc_probe_request refused = request_to("127.0.0.1", ports[1], 100);
    assert_int_equal(ibc_probe_run(&refused, &result, &err), IBC_OK);
    assert_int_equal(result.state, IBC_PROBE_REFUSED);
}

#define ON_SOCKETS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        ON_SOCKETS(ready_is_found_with_all_that_was_told),
        ON_SOCKETS(the_connection_is_closed_in_good_order),
        ON_SOCKETS(a_probe_that_is_given_up_is_closed_too),
        ON_SOCKETS(an_answer_byte_by_byte_is_the_same_answer),
        ON_SOCKETS(a_step_waits_for_nothing),
        ON_SOCKETS(refused_is_a_port_that_nothing_listens_on),
        ON_SOCKETS(a_name_that_nobody_has_is_not_listening),
        ON_SOCKETS(one_that_drops_everything_is_not_listening),
        ON_SOCKETS(every_address_is_tried_in_turn),
        ON_SOCKETS(refused_by_one_address_is_refused),
        ON_SOCKETS(closed_is_one_that_hangs_up),
        ON_SOCKETS(closed_is_one_that_resets),
        ON_SOCKETS(closed_is_one_that_greets_and_hangs_up),
        ON_SOCKETS(what_was_said_before_hanging_up_counts),
        ON_SOCKETS(silent_is_one_that_says_nothing),
        ON_SOCKETS(silent_is_one_that_names_no_account),
        ON_SOCKETS(silent_is_one_that_does_not_end_its_answer),
        ON_SOCKETS(foreign_is_another_protocol),
        ON_SOCKETS(foreign_is_half_a_greeting),
        ON_SOCKETS(what_cannot_be_asked_is_refused),
        ON_SOCKETS(no_descriptor_is_our_own_trouble),
        ON_SOCKETS(run_is_all_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
