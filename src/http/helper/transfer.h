/*
 * transfer.h - one request after another through libcurl.
 */
#ifndef IBCRED_HTTP_HELPER_TRANSFER_H
#define IBCRED_HTTP_HELPER_TRANSFER_H

#include "http/helper/response.h"

/* All that is kept between requests, connections among it. */
struct transfer {
    CURLM *multi;
    CURL *easy;
    struct response response;
    uint64_t small_pieces; /* of the body, that were passed on */
    int64_t last_piece_ms; /* when the last of them was */
    char libcurl_says[CURL_ERROR_SIZE];
};

/* False: no memory. It lives as long as the process. */
IBC_CHECKED bool transfer_start(struct transfer *transfer);

/*
 * Send the request and pass its response on to the parent, all but END. As ibc_http_next() tells of
 * failures; ends the process when the parent is gone meanwhile.
 */
IBC_CHECKED enum ibc_status transfer_run(struct transfer *transfer,
                                         const struct ibc_http_request *request,
                                         struct ibc_error *err);

#endif
