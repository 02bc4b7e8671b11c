/*
 * message.c - requests, heads and ends as JSON.
 *
 * jansson's own error texts quote the input and are never shown.
 */
#include "http/message.h"

#include <jansson.h>

static void release(json_t **json) {
    json_decref(*json);
    *json = NULL;
}
#define auto_json IBC_CLEANUP(release) json_t

/* The statuses that END may tell. */
static const struct {
    enum ibc_status status;
    const char *word;
} endings[] = {
    {IBC_OK, "done"},
    {IBC_ERR_USAGE, "usage"},
    {IBC_ERR_DATA, "data"},
    {IBC_ERR_UNAVAILABLE, "unavailable"},
    {IBC_ERR_REFUSED, "refused"},
    {IBC_ERR_INTERNAL, "internal"},
};

/* Text of `json` in a secret of its own; `json` may be NULL, for want of memory. */
static enum ibc_status dump(const json_t *json, struct ibc_secret *out, struct ibc_error *err) {
    *out = (struct ibc_secret){0};
    const size_t size = json ? json_dumpb(json, NULL, 0, JSON_COMPACT) : 0;
    if (size == 0) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a message to ibcred-http");
    }
    if (size > FRAME_JSON_MAX) {
        return ibc_fail(err, IBC_ERR_USAGE, "URL and headers of a request are larger than %d bytes",
                        FRAME_JSON_MAX);
    }
    enum ibc_status status = ibc_secret_alloc(out, size, err);
    if (status == IBC_OK) {
        json_dumpb(json, (char *)out->bytes, size, JSON_COMPACT);
    }
    return status;
}

static enum ibc_status malformed(const char *what, struct ibc_error *err) {
    return ibc_fail(err, IBC_ERR_DATA, "between ibcred and ibcred-http: a malformed %s", what);
}

/* --- what a request may be --- */

/* Characters of a token, RFC 9110 section 5.6.2. */
static bool is_token(const char *text, size_t size) {
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    return size > 0 && strspn(text, allowed) >= size;
}

/* What would end a line or hide from a reader. */
static bool has_control(const char *text) {
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) {
            return true;
        }
    }
    return false;
}

/* "Name: value". The size of the body and how it is framed are not the caller's to say. */
static bool is_header(const char *header) {
    static const char *const own[] = {"Content-Length", "Transfer-Encoding", "Expect"};
    const size_t name = strcspn(header, ":");
    const char *value = header + name + (header[name] == ':');
    for (size_t i = 0; i < IBC_ARRAY_SIZE(own); i++) {
        if (name == strlen(own[i]) && strncasecmp(header, own[i], name) == 0) {
            return false;
        }
    }
    return is_token(header, name) && value[strspn(value, " ")] != '\0' && !has_control(value);
}

static bool is_url(const char *url) {
    return (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0) &&
           !has_control(url) && !strchr(url, ' ');
}

static bool numbers_fit(const struct ibc_http_request *request) {
    /* libcurl counts milliseconds in a long, of which 32 bits are certain. */
    return request->connect_timeout_ms >= 0 && request->connect_timeout_ms <= INT32_MAX &&
           request->total_timeout_ms >= 0 && request->total_timeout_ms <= INT32_MAX &&
           request->response_max <= INT64_MAX && request->body.size <= IBC_HTTP_BODY_MAX;
}

enum ibc_status message_check_request(const struct ibc_http_request *request,
                                      struct ibc_error *err) {
    const char *method = request->method;
    if (!method || strlen(method) > 32 || !is_token(method, strlen(method))) {
        return ibc_fail(err, IBC_ERR_USAGE, "the method of a request must be a word such as GET");
    }
    if (!request->url || !is_url(request->url)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "the URL of a request must begin with http:// or https:// and have neither "
                        "white space nor control characters in it");
    }
    /* The header itself may be a secret: its number must do. */
    for (int i = 0; i < IBC_HTTP_HEADERS_MAX && request->headers[i]; i++) {
        if (!is_header(request->headers[i])) {
            return ibc_fail(err, IBC_ERR_USAGE,
                            "header %d of a request must be \"Name: value\", and none of "
                            "Content-Length, Transfer-Encoding and Expect",
                            i + 1);
        }
    }
    if (request->unix_socket && request->unix_socket[0] != '/') {
        return ibc_fail(err, IBC_ERR_USAGE, "the socket '%s' must be an absolute path",
                        request->unix_socket);
    }
    if (!request->client_certificate != !request->client_key) {
        return ibc_fail(err, IBC_ERR_USAGE, "a client certificate and its key go together");
    }
    if (!numbers_fit(request)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "a request's body is larger than %d bytes, or a time-out or limit is out "
                        "of range",
                        IBC_HTTP_BODY_MAX);
    }
    return IBC_OK;
}

/* --- requests --- */

static json_t *headers_of(const struct ibc_http_request *request) {
    json_t *headers = json_array();
    for (size_t i = 0; i < IBC_HTTP_HEADERS_MAX && request->headers[i]; i++) {
        if (json_array_append_new(headers, json_string(request->headers[i])) != 0) {
            json_decref(headers);
            return NULL;
        }
    }
    return headers;
}

enum ibc_status message_write_request(const struct ibc_http_request *request,
                                      struct ibc_secret *out, struct ibc_error *err) {
    auto_json *headers = headers_of(request);
    auto_json *json =
        json_pack("{s:s, s:s, s:O, s:I, s:I, s:I, s:I, s:s*, s:s*, s:s*, s:s*, s:o*}", "method",
                  request->method, "url", request->url, "headers", headers, "body",
                  (json_int_t)request->body.size, "connect_timeout_ms",
                  (json_int_t)request->connect_timeout_ms, "total_timeout_ms",
                  (json_int_t)request->total_timeout_ms, "response_max",
                  (json_int_t)request->response_max, "unix_socket", request->unix_socket, "ca_file",
                  request->ca_file, "client_certificate", request->client_certificate, "client_key",
                  request->client_key, "direct", request->direct ? json_true() : NULL);
    if (!json) {
        *out = (struct ibc_secret){0};
        return ibc_fail(err, IBC_ERR_USAGE, "a request's texts must be UTF-8");
    }
    return dump(json, out, err);
}

static bool take_headers(const json_t *headers, struct ibc_http_request *request) {
    const size_t count = json_array_size(headers);
    if (!json_is_array(headers) || count > IBC_HTTP_HEADERS_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        request->headers[i] = json_string_value(json_array_get(headers, i));
        if (!request->headers[i]) {
            return false;
        }
    }
    return true;
}

static bool take_request(json_t *json, struct message_request *out) {
    struct ibc_http_request *request = &out->request;
    const json_t *headers = NULL;
    json_int_t body = -1, connect = -1, total = -1, response_max = -1;
    int direct = 0;
    if (json_unpack_ex(json, NULL, JSON_STRICT,
                       "{s:s, s:s, s:o, s:I, s:I, s:I, s:I, s?:s, s?:s, s?:s, s?:s, s?:b}",
                       "method", &request->method, "url", &request->url, "headers", &headers,
                       "body", &body, "connect_timeout_ms", &connect, "total_timeout_ms", &total,
                       "response_max", &response_max, "unix_socket", &request->unix_socket,
                       "ca_file", &request->ca_file, "client_certificate",
                       &request->client_certificate, "client_key", &request->client_key, "direct",
                       &direct) != 0) {
        return false;
    }
    if (!take_headers(headers, request) || body < 0 || body > IBC_HTTP_BODY_MAX ||
        response_max < 0) {
        return false;
    }
    request->connect_timeout_ms = connect;
    request->total_timeout_ms = total;
    request->response_max = (uint64_t)response_max;
    request->direct = direct != 0;
    out->body_size = (size_t)body;
    return true;
}

/* Empty input is not given to jansson, which would look at its first byte. */
static json_t *load(struct ibc_view text) {
    return text.size == 0
               ? NULL
               : json_loadb((const char *)text.bytes, text.size, JSON_REJECT_DUPLICATES, NULL);
}

enum ibc_status message_read_request(struct ibc_view json, struct message_request *out,
                                     struct ibc_error *err) {
    *out = (struct message_request){.document = load(json)};
    if (!out->document || !take_request(out->document, out)) {
        return malformed("request", err);
    }
    return message_check_request(&out->request, err);
}

void message_request_free(struct message_request *request) {
    json_decref(request->document);
    *request = (struct message_request){0};
}

/* --- heads --- */

/* The text at `*at` of "Name\0value\0…", moving on to the next. */
static json_t *next_text(struct ibc_view headers, size_t *at) {
    const char *text = (const char *)headers.bytes + *at;
    const size_t size = strnlen(text, headers.size - *at);
    *at += size + 1;
    return json_stringn(text, size);
}

static json_t *header_list(struct ibc_view headers) {
    json_t *list = json_array();
    for (size_t at = 0; at < headers.size;) {
        auto_json *name = next_text(headers, &at);
        auto_json *value = at < headers.size ? next_text(headers, &at) : NULL;
        if (name && value && json_array_size(list) < 2 * (size_t)MESSAGE_HEADERS_MAX) {
            json_array_append(list, name);
            json_array_append(list, value);
        }
    }
    return list;
}

enum ibc_status message_write_head(int code, struct ibc_view headers, struct ibc_secret *out,
                                   struct ibc_error *err) {
    auto_json *json = json_pack("{s:i, s:o}", "code", code, "headers", header_list(headers));
    return dump(json, out, err);
}

/* An even number of strings, name and value in turn. */
static enum ibc_status join_headers(const json_t *list, struct ibc_secret *out,
                                    struct ibc_error *err) {
    ibc_auto_secret_buffer buffer;
    ibc_secret_buffer_init(&buffer, FRAME_JSON_MAX);
    const size_t count = json_array_size(list);
    if (!json_is_array(list) || count % 2 != 0 || count > 2 * (size_t)MESSAGE_HEADERS_MAX) {
        return malformed("head", err);
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text) {
            return malformed("head", err);
        }
        ibc_secret_buffer_append(&buffer, text, strlen(text) + 1);
    }
    return ibc_secret_buffer_finish(&buffer, "the head of a response", out, err);
}

enum ibc_status message_read_head(struct ibc_view json, int *code, struct ibc_secret *headers,
                                  struct ibc_error *err) {
    *headers = (struct ibc_secret){0};
    auto_json *document = load(json);
    json_t *list = NULL;
    json_int_t number = 0;
    if (!document || json_unpack_ex(document, NULL, JSON_STRICT, "{s:I, s:o}", "code", &number,
                                    "headers", &list) != 0) {
        return malformed("head", err);
    }
    if (number < 100 || number > 999) {
        return malformed("head", err);
    }
    *code = (int)number;
    return join_headers(list, headers, err);
}

/* --- ends --- */

enum ibc_status message_write_end(enum ibc_status ended, const char *text, struct ibc_secret *out,
                                  struct ibc_error *err) {
    const char *word = "internal";
    for (size_t i = 0; i < IBC_ARRAY_SIZE(endings); i++) {
        word = endings[i].status == ended ? endings[i].word : word;
    }
    auto_json *json = json_pack("{s:s, s:s}", "status", word, "text", text);
    return dump(json, out, err);
}

enum ibc_status message_read_end(struct ibc_view json, enum ibc_status *ended,
                                 char text[static IBC_HTTP_TEXT_MAX], struct ibc_error *err) {
    auto_json *document = load(json);
    const char *word = NULL, *sentence = NULL;
    if (!document || json_unpack_ex(document, NULL, JSON_STRICT, "{s:s, s:s}", "status", &word,
                                    "text", &sentence) != 0) {
        return malformed("end", err);
    }
    for (size_t i = 0; i < IBC_ARRAY_SIZE(endings); i++) {
        if (strcmp(word, endings[i].word) == 0) {
            *ended = endings[i].status;
            snprintf(text, IBC_HTTP_TEXT_MAX, "%s", sentence);
            return IBC_OK;
        }
    }
    return malformed("end", err);
}
