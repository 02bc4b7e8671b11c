/*
 * response.h - what libcurl hands over of a response, passed on to the parent.
 */
#ifndef IBCRED_HTTP_HELPER_RESPONSE_H
#define IBCRED_HTTP_HELPER_RESPONSE_H

#include "http/message.h"

#include <curl/curl.h>

enum {
    RESPONSE_HEAD_MAX = 1 << 18, /* bytes of header lines that a server may send */
    RESPONSE_PIECE = 16384,      /* bytes of body that are passed on in one frame */
};

struct response {
    CURL *easy;
    uint64_t limit, size; /* bytes of body; limit 0: none */
    bool head_sent;
    bool too_large; /* the body was larger than the limit: it was ended */
    bool bad_head;  /* the head was too large: likewise */
    size_t head_seen;
    size_t headers_used;
    unsigned char headers[MESSAGE_HEADERS_BYTES_MAX]; /* "Name\0value\0…" */
    size_t piece_used;
    unsigned char piece[RESPONSE_PIECE]; /* body that is not yet passed on */
};

/* Get ready for the response to what `easy` is about to send. False: libcurl does not want to. */
IBC_CHECKED bool response_begin(struct response *response, CURL *easy, uint64_t limit);

/* Pass on the body that has come; libcurl hands it over in smaller portions than it reads. */
void response_flush(struct response *response);

/* Pass on the head of a response that has ended, where that was not done before. */
void response_finish(struct response *response);

#endif
