/* request.c - a request as libcurl's options. */
#include "http/helper/request.h"

#include <strings.h>

enum { CONNECT_TIMEOUT_MS = 10000 };

/* The first option that libcurl refuses stays; the rest is then left alone. */
struct options {
    CURL *easy;
    CURLcode refused;
};

#define SET(options, option, value)                                                                \
    do {                                                                                           \
        if ((options)->refused == CURLE_OK) {                                                      \
            (options)->refused = curl_easy_setopt((options)->easy, option, value);                 \
        }                                                                                          \
    } while (0)

/* http and https, no redirects, nothing stored, HTTP/1.1: its streams need no window updates. */
static void set_rules(struct options *options) {
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(options, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    SET(options, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    SET(options, CURLOPT_FOLLOWLOCATION, 0L);
    SET(options, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(options, CURLOPT_HTTP09_ALLOWED, 0L);
    SET(options, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(options, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(options, CURLOPT_NOSIGNAL, 1L);
    SET(options, CURLOPT_NOPROGRESS, 1L);
    SET(options, CURLOPT_USERAGENT, "ibcred");
}

/* A CA that is named is the only one: without CURLOPT_CAPATH the system's would count as well. */
static void set_tls(struct options *options, const struct ibc_http_request *request) {
    SET(options, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(options, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(options, CURLOPT_SSL_VERIFYHOST, 2L);
    if (request->ca_file) {
        SET(options, CURLOPT_CAINFO, request->ca_file);
        SET(options, CURLOPT_CAPATH, NULL);
        SET(options, CURLOPT_PROXY_CAINFO, request->ca_file);
        SET(options, CURLOPT_PROXY_CAPATH, NULL);
    }
    if (request->client_certificate) {
        SET(options, CURLOPT_SSLCERT, request->client_certificate);
        SET(options, CURLOPT_SSLKEY, request->client_key);
    }
}

static bool is_method(const struct ibc_http_request *request, const char *method) {
    return strcmp(request->method, method) == 0;
}

/*
 * libcurl sends a request again when a connection that was kept turns out to be dead, and cannot
 * know whether the server had taken it. So only what asks may go over one that was kept.
 */
static void set_method(struct options *options, const struct ibc_http_request *request) {
    const bool sends = is_method(request, "POST") || is_method(request, "PUT") ||
                       is_method(request, "PATCH") || request->body.size > 0;
    if (is_method(request, "HEAD")) {
        SET(options, CURLOPT_NOBODY, 1L);
    } else if (sends) {
        SET(options, CURLOPT_POST, 1L);
        SET(options, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
        /* Not copied. */
        SET(options, CURLOPT_POSTFIELDS,
            request->body.size > 0 ? (const char *)request->body.bytes : "");
    } else {
        SET(options, CURLOPT_HTTPGET, 1L);
    }
    SET(options, CURLOPT_CUSTOMREQUEST, request->method);
    if (!is_method(request, "GET") && !is_method(request, "HEAD")) {
        SET(options, CURLOPT_FRESH_CONNECT, 1L);
    }
}

static void set_limits(struct options *options, const struct ibc_http_request *request) {
    const int64_t connect =
        request->connect_timeout_ms > 0 ? request->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    SET(options, CURLOPT_CONNECTTIMEOUT_MS, (long)connect);
    SET(options, CURLOPT_TIMEOUT_MS, (long)request->total_timeout_ms);
    SET(options, CURLOPT_TCP_KEEPALIVE, 1L); /* a peer that is gone for good ends a stream */
}

static void set_address(struct options *options, const struct ibc_http_request *request) {
    SET(options, CURLOPT_URL, request->url);
    if (request->unix_socket) {
        SET(options, CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
    }
    if (request->unix_socket || request->direct) {
        SET(options, CURLOPT_PROXY, "");
    }
}

static bool has_header(const struct ibc_http_request *request, const char *name) {
    const size_t size = strlen(name);
    for (size_t i = 0; i < IBC_HTTP_HEADERS_MAX && request->headers[i]; i++) {
        if (strncasecmp(request->headers[i], name, size) == 0 && request->headers[i][size] == ':') {
            return true;
        }
    }
    return false;
}

static bool add_header(struct curl_slist **headers, const char *header) {
    struct curl_slist *longer = curl_slist_append(*headers, header);
    *headers = longer ? longer : *headers;
    return longer != NULL;
}

/* "Name:" keeps libcurl from sending one of its own. */
static bool collect_headers(struct curl_slist **headers, const struct ibc_http_request *request) {
    bool added = add_header(headers, "Expect:");
    if (!has_header(request, "Content-Type")) {
        added = added && add_header(headers, "Content-Type:");
    }
    for (size_t i = 0; i < IBC_HTTP_HEADERS_MAX && request->headers[i]; i++) {
        added = added && add_header(headers, request->headers[i]);
    }
    return added;
}

enum ibc_status request_prepare(CURL *easy, const struct ibc_http_request *request,
                                struct curl_slist **headers, struct ibc_error *err) {
    struct options options = {.easy = easy, .refused = CURLE_OK};
    *headers = NULL;
    if (!collect_headers(headers, request)) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a request's headers");
    }
    set_rules(&options);
    set_tls(&options, request);
    set_method(&options, request);
    set_limits(&options, request);
    set_address(&options, request);
    SET(&options, CURLOPT_HTTPHEADER, *headers);
    if (options.refused != CURLE_OK) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                        "the libcurl of ibcred-http cannot send this request: %s",
                        curl_easy_strerror(options.refused));
    }
    return IBC_OK;
}
