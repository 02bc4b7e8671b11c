/*
 * http.h - HTTP through ibcred-http, the one program that links libcurl.
 *
 * A connection is one helper process, started when it is opened, spoken to over a socket pair, and
 * gone when the connection is freed or this process ends, however it ends. It serves one request at
 * a time and as many after each other as one likes; who follows a stream and wants to ask something
 * meanwhile opens a second connection. TLS 1.2 or later with verification, no redirects, proxies
 * from the usual variables. What the network sends is parsed by the helper, which holds no key of
 * a vault.
 */
#ifndef IBCRED_HTTP_H
#define IBCRED_HTTP_H

#include <ibcred/secret.h>

#pragma GCC visibility push(default)

enum {
    IBC_HTTP_HEADERS_MAX = 32,   /* a request */
    IBC_HTTP_BODY_MAX = 8 << 20, /* bytes, of a request */
    IBC_HTTP_TEXT_MAX = 512,     /* bytes of a failure's text, with its NUL */
    IBC_HTTP_CHUNK_MAX = 65536,  /* bytes of one part of a response's body */
};

/* Everything is borrowed for the call. NULL leaves a thing out. */
struct ibc_http_request {
    const char *method;
    const char *url;                           /* http:// or https:// */
    const char *headers[IBC_HTTP_HEADERS_MAX]; /* "Name: value", up to the first NULL; none of
                                                  Content-Length, Transfer-Encoding, Expect */
    struct ibc_view body;                      /* kept in secret memory on both sides */
    const char *unix_socket; /* absolute path; the URL's host is then only a name */
    const char *ca_file;     /* PEM; the only authorities that count, then */
    const char *client_certificate, *client_key; /* PEM, both or none */
    bool direct;                                 /* through no proxy, whatever the variables say */
    int64_t connect_timeout_ms;                  /* 0: 10 s */
    int64_t total_timeout_ms;                    /* 0: none, for streams */
    uint64_t response_max;                       /* bytes of body; more is an error; 0: no limit */
    bool (*give_up)(void *context); /* ibc_http_exchange() asks it all the while; true: wait no
                                       longer */
    void *context;
};

struct ibc_http;

/*
 * Start a helper. It is $IBCRED_HTTP where that is set, or ibcred-http beside this program, or in
 * the libexec directory that the library was built for. IBC_ERR_UNAVAILABLE: it is not there, or is
 * of another version. Of the environment it gets the proxy variables only (http_proxy, and
 * https_proxy, no_proxy and all_proxy in either case); of the descriptors none; and it is in a
 * session of its own, so that a Ctrl-C leaves it to its parent. It also ends with the thread that
 * called this.
 */
IBC_CHECKED enum ibc_status ibc_http_open(struct ibc_http **out, struct ibc_error *err);

/* Ends the helper, in the middle of a request too. */
void ibc_http_free(struct ibc_http **http);
#define ibc_auto_http IBC_CLEANUP(ibc_http_free) struct ibc_http

/*
 * Send a request. Its response comes with ibc_http_next(), up to its end, before the next request.
 * GET and HEAD may go over a connection that was kept from the request before, and are then sent
 * again where the server had closed it; every other method gets a new one and is sent once.
 * IBC_ERR_USAGE: it cannot be sent as it is, or the last response is not at its end.
 * IBC_ERR_UNAVAILABLE: the helper is gone.
 */
IBC_CHECKED enum ibc_status ibc_http_send(struct ibc_http *http,
                                          const struct ibc_http_request *request,
                                          struct ibc_error *err);

enum ibc_http_part {
    IBC_HTTP_HEAD = 1, /* `code` is the status; ibc_http_header() knows the headers */
    IBC_HTTP_DATA,     /* `data` is the next piece of the body, good until the next call */
    IBC_HTTP_END,      /* the response is complete */
};

struct ibc_http_event {
    enum ibc_http_part part;
    int code;
    struct ibc_view data;
};

/*
 * The next part of the response, waiting at most `timeout_ms` for it (-1: for ever). IBC_ERR_WAIT:
 * nothing came in that time, or a signal came; ask again. IBC_ERR_UNAVAILABLE: no connection, a
 * time-out, TLS refused, the stream cut, or the helper gone. IBC_ERR_REFUSED: a unix socket that
 * this user may not use. IBC_ERR_DATA: larger than `response_max`, or not HTTP. IBC_ERR_USAGE: a
 * URL that libcurl cannot take apart, or no response is under way. Sentences name the server's
 * address or the socket and never the rest of the URL, which may have a token in it. After a
 * failure only freeing is left where ibc_http_usable() says no.
 */
IBC_CHECKED enum ibc_status ibc_http_next(struct ibc_http *http, int64_t timeout_ms,
                                          struct ibc_http_event *out, struct ibc_error *err);

/* May another request be sent: is the last response at its end, and the helper alive? */
bool ibc_http_usable(const struct ibc_http *http);

/* The value of a header of the last response, its name in any letter case; NULL where it has none.
 * Owned by the connection, good until the next request. */
const char *ibc_http_header(const struct ibc_http *http, const char *name);

/* To be polled for reading beside other descriptors; becomes readable when a part may be there.
 * Parts that came together are taken in together: poll only after ibc_http_next() with a time-out
 * of 0 has said IBC_ERR_WAIT. */
int ibc_http_fd(const struct ibc_http *http);

/* A whole response. */
struct ibc_http_response {
    int code;
    struct ibc_secret body;
};
void ibc_http_response_free(struct ibc_http_response *response);
#define ibc_auto_http_response IBC_CLEANUP(ibc_http_response_free) struct ibc_http_response

/*
 * Send and take the whole response, through signals. Any HTTP status is IBC_OK here: the caller
 * looks at `code`. `request->response_max` must not be 0; `total_timeout_ms` bounds how long it
 * takes. IBC_ERR_WAIT: `give_up` said so; the request may have arrived, and only freeing is left.
 */
IBC_CHECKED enum ibc_status ibc_http_exchange(struct ibc_http *http,
                                              const struct ibc_http_request *request,
                                              struct ibc_http_response *out, struct ibc_error *err);

#pragma GCC visibility pop

#endif
