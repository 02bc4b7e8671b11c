/*
 * fuzz_forge_answer.c - any bytes as a forge's answer: up to the first NUL Retry-After, up to the
 * second Date, the rest its body.
 */
#include "base/utf8.h"
#include "ci/answer.h"
#include "ci/retry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void check_json(struct ibc_view body) {
    static const struct ibc_forge_secret secret = {.forge = IBC_FORGE_GITLAB, .url = "https://h"};
    struct answer_key key;
    struct answer_variable variable;
    enum answer_visibility visibility;
    struct answer_page page;
    struct ibc_error err = {0};
    json_auto_t *json = answer_load(body);
    if (answer_read_key(json, &key)) {
        require(key.id[0] != '\0' && utf8_printable(ibc_view_of(key.id)));
    }
    if (answer_read_variable(json, "X", &variable)) {
        require(utf8_printable(ibc_view_of(variable.scope)) && variable.scope[0] != '\0');
    }
    if (answer_read_visibility(json, "X", &visibility)) {
        require(visibility_name(visibility)[0] != '\0');
    }
    if (answer_read_page(json, &page)) {
        require(page.count <= ANSWER_PAGE_MAX && page.total < UINT64_C(1) << 53);
        for (size_t i = 0; i < page.count; i++) {
            require(page.ids[i] > 0 && page.ids[i] < UINT64_C(1) << 53);
        }
    }
    require(!answer_says(json, "x") || answer_says(json, ""));
    require(answer_refused(&secret, 400, json, &err) == IBC_ERR_REFUSED);
    require(strncmp(err.text, "https://h: ", 11) == 0);
}

/* The text at `*body`, of which it is cut off; NULL where none ends there. */
static const char *take_text(struct ibc_view *body) {
    const unsigned char *end = body->size > 0 ? memchr(body->bytes, '\0', body->size) : NULL;
    if (!end) {
        return NULL;
    }
    const char *text = (const char *)body->bytes;
    body->size -= (size_t)(end + 1 - body->bytes);
    body->bytes = end + 1;
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct ibc_view body = {data, size};
    const char *retry_after = take_text(&body), *date = take_text(&body);
    const struct retry_facts facts = {.forge = IBC_FORGE_GITHUB,
                                      .code = 403,
                                      .retry_after = retry_after,
                                      .date = date,
                                      .remaining = "0",
                                      .reset = date};
    require(retry_passes(&facts));
    const int64_t delay = retry_delay(&facts, 2, 1700000000);
    require(delay >= 1 && delay <= 7 * 24 * 3600);
    check_json(body);
    return 0;
}
