/* response.c - libcurl's callbacks. */
#include "http/helper/response.h"

#include "http/helper/channel.h"

#include <sodium.h>

static int code_of(const struct response *response) {
    long code = 0;
    curl_easy_getinfo(response->easy, CURLINFO_RESPONSE_CODE, &code);
    return (int)code;
}

void response_finish(struct response *response) {
    if (response->head_sent) {
        return;
    }
    const struct ibc_view headers = {.bytes = response->headers, .size = response->headers_used};
    ibc_auto_secret json = {0};
    struct ibc_error ignored;
    if (message_write_head(code_of(response), headers, &json, &ignored) != IBC_OK) {
        channel_end();
    }
    channel_send(FRAME_HEAD, ibc_secret_view(&json));
    response->head_sent = true;
}

void response_flush(struct response *response) {
    if (response->piece_used > 0) {
        channel_send(FRAME_DATA, (struct ibc_view){response->piece, response->piece_used});
        response->piece_used = 0;
    }
}

/* "Name: value" without its end of line. One that does not fit is left out. */
static void keep_header(struct response *response, const char *line, size_t size) {
    const char *colon = memchr(line, ':', size);
    if (!colon || colon == line || memchr(line, '\0', size)) {
        return;
    }
    const char *value = colon + 1, *end = line + size;
    while (value < end && (*value == ' ' || *value == '\t')) {
        value++;
    }
    while (end > value && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    const size_t name_size = (size_t)(colon - line), value_size = (size_t)(end - value);
    if (name_size + value_size + 2 > sizeof response->headers - response->headers_used) {
        return;
    }
    unsigned char *at = response->headers + response->headers_used;
    memcpy(at, line, name_size);
    at[name_size] = '\0';
    memcpy(at + name_size + 1, value, value_size);
    at[name_size + 1 + value_size] = '\0';
    response->headers_used += name_size + value_size + 2;
}

/* One line of a head, or of what follows a chunked body, which is of no interest. */
static size_t on_header(char *line, size_t one, size_t size, void *self) {
    struct response *response = self;
    (void)one;
    response->head_seen += size;
    if (response->head_seen > RESPONSE_HEAD_MAX) {
        response->bad_head = true;
        return 0;
    }
    if (response->head_sent) {
        return size;
    }
    size_t text = size;
    while (text > 0 && (line[text - 1] == '\n' || line[text - 1] == '\r')) {
        text--;
    }
    if (size >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        response->headers_used = 0;
    } else if (text > 0) {
        keep_header(response, line, text);
    } else if (code_of(response) >= 200) { /* 1xx goes before another head */
        response_finish(response);
    }
    return size;
}

static size_t on_data(char *bytes, size_t one, size_t size, void *self) {
    struct response *response = self;
    (void)one;
    response->size += size;
    if (response->limit > 0 && response->size > response->limit) {
        response->too_large = true;
        return 0;
    }
    response_finish(response);
    for (size_t at = 0; at < size;) {
        const size_t left = size - at, room = sizeof response->piece - response->piece_used;
        const size_t step = left < room ? left : room;
        memcpy(response->piece + response->piece_used, bytes + at, step);
        response->piece_used += step;
        at += step;
        if (response->piece_used == sizeof response->piece) {
            response_flush(response);
        }
    }
    return size;
}

bool response_begin(struct response *response, CURL *easy, uint64_t limit) {
    sodium_memzero(response, sizeof *response);
    response->easy = easy;
    response->limit = limit;
    return curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, response) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, response) == CURLE_OK;
}
