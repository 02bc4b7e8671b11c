/*
 * message.h - the JSON inside REQUEST, HEAD and END frames, written by one side, read by the other.
 *
 * Reading is strict: an unknown key, a missing one or a wrong type is IBC_ERR_DATA. No jansson
 * value outlives a call but a request's, so that its memory is wiped between messages. Pure: no
 * I/O.
 *
 *   REQUEST {"method", "url", "headers": ["Name: value", …], "body": bytes, "connect_timeout_ms",
 *            "total_timeout_ms", "response_max", "unix_socket"?, "ca_file"?, "client_certificate"?,
 *            "client_key"?, "direct"?: true}
 *   HEAD    {"code": 200, "headers": ["Name", "value", "Name", "value", …]}
 *   END     {"status": "done" | "usage" | "data" | "unavailable" | "refused" | "internal", "text"}
 */
#ifndef IBCRED_HTTP_MESSAGE_H
#define IBCRED_HTTP_MESSAGE_H

#include "http/frame.h"

enum {
    MESSAGE_HEADERS_MAX = 64,         /* of a response; more are not passed on */
    MESSAGE_HEADERS_BYTES_MAX = 8192, /* all of them, each with two NULs; JSON at most sextuples */
};

/*
 * Can the request be sent? IBC_ERR_USAGE: a method that is no word, a URL that is not http(s) or
 * has white space or control characters, a header that is not "Name: value" or would break out of
 * its line, a socket that is no absolute path, a certificate without its key or the other way
 * round, a number out of range.
 */
IBC_CHECKED enum ibc_status message_check_request(const struct ibc_http_request *request,
                                                  struct ibc_error *err);

/* The request without its body, of which only the size is told. IBC_ERR_USAGE: too large. */
IBC_CHECKED enum ibc_status message_write_request(const struct ibc_http_request *request,
                                                  struct ibc_secret *out, struct ibc_error *err);

/* A request as it was read: its strings are the document's, its body is not here yet. */
struct message_request {
    struct ibc_http_request request;
    size_t body_size; /* bytes; at most IBC_HTTP_BODY_MAX */
    void *document;   /* owned: a jansson value */
};

/* Also checks it as message_check_request() does; the caller frees, on failure too. */
IBC_CHECKED enum ibc_status message_read_request(struct ibc_view json, struct message_request *out,
                                                 struct ibc_error *err);
void message_request_free(struct message_request *request);

/* `headers` is "Name\0value\0…". Those that are not UTF-8 are left out. */
IBC_CHECKED enum ibc_status message_write_head(int code, struct ibc_view headers,
                                               struct ibc_secret *out, struct ibc_error *err);

/* `headers` becomes "Name\0value\0…"; it is overwritten, not freed. */
IBC_CHECKED enum ibc_status message_read_head(struct ibc_view json, int *code,
                                              struct ibc_secret *headers, struct ibc_error *err);

/* How a response ended: `ended` is IBC_OK or says what failed, with its sentence in `text`. */
IBC_CHECKED enum ibc_status message_write_end(enum ibc_status ended, const char *text,
                                              struct ibc_secret *out, struct ibc_error *err);

/* `text` gets the sentence, cut to fit; "" for IBC_OK. */
IBC_CHECKED enum ibc_status message_read_end(struct ibc_view json, enum ibc_status *ended,
                                             char text[static IBC_HTTP_TEXT_MAX],
                                             struct ibc_error *err);

#endif
