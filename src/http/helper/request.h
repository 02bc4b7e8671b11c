/*
 * request.h - a request as libcurl's options.
 */
#ifndef IBCRED_HTTP_HELPER_REQUEST_H
#define IBCRED_HTTP_HELPER_REQUEST_H

#include <curl/curl.h>
#include <ibcred/http.h>

/*
 * Set all of `easy`, which was reset, for the request. `*headers` is what it sends: the caller
 * frees it, on failure too, after `easy` was used. The body must stay where it is until then.
 * IBC_ERR_UNAVAILABLE: this libcurl cannot do one of these things.
 */
IBC_CHECKED enum ibc_status request_prepare(CURL *easy, const struct ibc_http_request *request,
                                            struct curl_slist **headers, struct ibc_error *err);

#endif
