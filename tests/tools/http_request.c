/*
 * http_request.c - a thin command over ibc_http_*, for the tests of ibcred-http.
 *
 *   http_request [OPTION…] METHOD URL…
 *
 * Sends the method to each URL in turn over one connection and prints the status, the header that
 * --show names, and the body. Exits as ibcred would; the sentence goes to stderr.
 */
#include <ibcred/file.h>
#include <ibcred/http.h>
#include <ibcred/input.h>

#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <unistd.h>

static const struct option options[] = {
    {"header", required_argument, NULL, 'H'},
    {"body", required_argument, NULL, 'b'}, /* a file */
    {"unix-socket", required_argument, NULL, 'u'},
    {"ca", required_argument, NULL, 'a'},
    {"certificate", required_argument, NULL, 'c'},
    {"key", required_argument, NULL, 'k'},
    {"connect-timeout", required_argument, NULL, 'C'}, /* milliseconds */
    {"timeout", required_argument, NULL, 't'},         /* milliseconds */
    {"max", required_argument, NULL, 'm'},
    {"show", required_argument, NULL, 's'},
    {"stream", no_argument, NULL, 'S'}, /* parts as they come, not a whole response */
    {"slow", no_argument, NULL, 'w'},   /* with --stream: take nothing after the head */
    {NULL, 0, NULL, 0},
};

struct wishes {
    struct ibc_http_request request;
    const char *body_file, *show;
    bool stream, slow;
};

static int64_t number(const char *text) {
    return strtoll(text, NULL, 10);
}

static bool take_option(int option, struct wishes *wishes, size_t *header_count) {
    struct ibc_http_request *request = &wishes->request;
    switch (option) {
    case 'H':
        request->headers[(*header_count)++ % IBC_HTTP_HEADERS_MAX] = optarg;
        return true;
    case 'b':
        wishes->body_file = optarg;
        return true;
    case 'u':
        request->unix_socket = optarg;
        return true;
    case 'a':
        request->ca_file = optarg;
        return true;
    case 'c':
        request->client_certificate = optarg;
        return true;
    case 'k':
        request->client_key = optarg;
        return true;
    case 'C':
        request->connect_timeout_ms = number(optarg);
        return true;
    case 't':
        request->total_timeout_ms = number(optarg);
        return true;
    case 'm':
        request->response_max = (uint64_t)number(optarg);
        return true;
    case 's':
        wishes->show = optarg;
        return true;
    case 'S':
        wishes->stream = true;
        return true;
    case 'w':
        wishes->slow = true;
        return true;
    default:
        return false;
    }
}

static void print_head(const struct ibc_http *http, const struct wishes *wishes, int code) {
    printf("%d\n", code);
    if (wishes->show) {
        const char *value = ibc_http_header(http, wishes->show);
        printf("%s\n", value ? value : "(none)");
    }
    fflush(stdout);
}

static enum ibc_status stream(struct ibc_http *http, const struct wishes *wishes,
                              struct ibc_error *err) {
    enum ibc_status status = ibc_http_send(http, &wishes->request, err);
    while (status == IBC_OK) {
        struct ibc_http_event event;
        struct pollfd poll_fd = {.fd = ibc_http_fd(http), .events = POLLIN};
        while ((status = ibc_http_next(http, 0, &event, err)) == IBC_ERR_WAIT) {
            poll(&poll_fd, 1, -1);
        }
        if (status != IBC_OK || event.part == IBC_HTTP_END) {
            return status;
        }
        if (event.part == IBC_HTTP_HEAD) {
            print_head(http, wishes, event.code);
        } else {
            (void)!write(STDOUT_FILENO, event.data.bytes, event.data.size);
        }
        while (wishes->slow) {
            pause();
        }
    }
    return status;
}

static enum ibc_status exchange(struct ibc_http *http, const struct wishes *wishes,
                                struct ibc_error *err) {
    ibc_auto_http_response response = {0};
    enum ibc_status status = ibc_http_exchange(http, &wishes->request, &response, err);
    if (status == IBC_OK) {
        print_head(http, wishes, response.code);
        (void)!write(STDOUT_FILENO, response.body.bytes, response.body.size);
    }
    return status;
}

static enum ibc_status read_body(const char *file, struct ibc_secret *out, struct ibc_error *err) {
    ibc_auto_fd fd = -1;
    enum ibc_status status = ibc_file_open(file, "body", &fd, err);
    return status == IBC_OK ? ibc_file_read_all(fd, file, IBC_HTTP_BODY_MAX + 1, out, err) : status;
}

static enum ibc_status run(struct wishes *wishes, char **urls, struct ibc_error *err) {
    ibc_auto_secret body = {0};
    ibc_auto_http *http = NULL;
    enum ibc_status status = ibc_http_open(&http, err);
    if (status == IBC_OK && wishes->body_file) {
        status = read_body(wishes->body_file, &body, err);
        wishes->request.body = ibc_secret_view(&body);
    }
    for (; *urls && status == IBC_OK; urls++) {
        wishes->request.url = *urls;
        status = wishes->stream ? stream(http, wishes, err) : exchange(http, wishes, err);
        /* A failed request is told of, and the next one sent: the connection may have survived. */
        if (status != IBC_OK && urls[1] && ibc_http_usable(http)) {
            fprintf(stderr, "%s\n", err->text);
            status = IBC_OK;
        }
    }
    return status;
}

int main(int argc, char **argv) {
    struct wishes wishes = {.request = {.response_max = 1 << 20}};
    size_t header_count = 0;
    for (int option; (option = getopt_long(argc, argv, "+", options, NULL)) != -1;) {
        if (!take_option(option, &wishes, &header_count)) {
            return 64;
        }
    }
    if (argc - optind < 2) {
        return 64;
    }
    wishes.request.method = argv[optind];
    struct ibc_error err = {0};
    enum ibc_status status = ibc_secret_init(&err);
    ibc_json_use_secret_memory();
    if (status == IBC_OK) {
        status = run(&wishes, argv + optind + 1, &err);
    }
    if (status != IBC_OK) {
        fprintf(stderr, "%s\n", err.text);
    }
    return ibc_status_exit_code(status);
}
