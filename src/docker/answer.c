/* answer.c - names on their way out, answers on their way in. */
#include "docker/call.h"

#include "base/percent.h"

#include <ctype.h>

/* Letters, digits, '_', '.' and '-', not one of the last three at first: Docker's own rule. */
static bool name_valid(const char *name) {
    static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    size_t size = strlen(name);
    return size > 0 && size <= IBC_DOCKER_NAME_MAX && isalnum((unsigned char)name[0]) &&
           strspn(name, rest) == size;
}

enum ibc_status docker_name(const char *kind, const char *name, char what[static CALL_WHAT_MAX],
                            struct ibc_error *err) {
    if (!name_valid(name)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "'%.80s' is no name of a %s: letters, digits, '_', '.' and '-', beginning "
                        "with a letter or digit",
                        name, kind);
    }
    snprintf(what, CALL_WHAT_MAX, "%s %s", kind, name);
    return IBC_OK;
}

bool docker_encode(struct ibc_view text, char *out, size_t size) {
    return percent_encode(text, "", out, size);
}

bool docker_filter(const char *name, const char *value, char *out, size_t size) {
    enum { JSON_MAX = 1024 };
    char json[JSON_MAX];
    json_auto_t *filter = json_pack("{s:[s]}", name, value);
    size_t needed = filter ? json_dumpb(filter, json, sizeof json, JSON_COMPACT) : 0;
    if (needed == 0 || needed > sizeof json || size <= sizeof "filters=") {
        return false;
    }
    const size_t used = (size_t)snprintf(out, size, "filters=");
    const struct ibc_view text = {.bytes = (const unsigned char *)json, .size = needed};
    return docker_encode(text, out + used, size - used);
}

/* --- refusals --------------------------------------------------------------------------------- */

enum { WORDS_MAX = 400 /* bytes of what the daemon says of itself, with the NUL */ };

/* {"message": "…"}, or whatever it is that came. */
static void take_words(const struct ibc_http_response *answer, char out[static WORDS_MAX]) {
    json_error_t ignored;
    const struct ibc_secret *body = &answer->body;
    json_auto_t *json =
        body->size > 0 ? json_loadb((const char *)body->bytes, body->size, 0, &ignored) : NULL;
    if (docker_text(json, "message", out, WORDS_MAX) && out[0] != '\0') {
        return;
    }
    const size_t size = body->size < WORDS_MAX - 1 ? body->size : WORDS_MAX - 1;
    if (size > 0) {
        memcpy(out, body->bytes, size);
    }
    out[size] = '\0';
}

bool docker_says(const struct ibc_http_response *answer, const char *words) {
    char said[WORDS_MAX];
    take_words(answer, said);
    return strcasestr(said, words) != NULL;
}

enum ibc_status docker_refused(const struct ibc_http_response *answer, const char *what,
                               struct ibc_error *err) {
    char words[WORDS_MAX];
    take_words(answer, words);
    /* A newline at the end is common, and would become a question mark. */
    words[strcspn(words, "\r\n")] = '\0';
    const char *said = words[0] != '\0' ? words : "nothing more";
    switch (answer->code) {
    case CALL_CODE_NOT_FOUND:
        return ibc_fail(err, IBC_ERR_NOT_FOUND, "%s: Docker knows no such thing: %s", what, said);
    case CALL_CODE_UNAUTHORIZED:
    case CALL_CODE_FORBIDDEN:
    case CALL_CODE_NOT_IMPLEMENTED:
        return ibc_fail(err, IBC_ERR_REFUSED, "%s: Docker will not do it (%d): %s", what,
                        answer->code, said);
    default:
        return ibc_fail(err, IBC_ERR_UNAVAILABLE, "%s: Docker refuses (%d): %s", what, answer->code,
                        said);
    }
}

/* --- answers ---------------------------------------------------------------------------------- */

enum ibc_status docker_json(const struct ibc_http_response *answer, const char *what, json_t **out,
                            struct ibc_error *err) {
    json_error_t ignored;
    const struct ibc_secret *body = &answer->body;
    *out = body->size > 0
               ? json_loadb((const char *)body->bytes, body->size, JSON_ALLOW_NUL, &ignored)
               : NULL;
    if (!*out) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE, "%s: Docker's answer is no JSON", what);
    }
    return IBC_OK;
}

bool docker_text(const json_t *object, const char *key, char *out, size_t size) {
    const char *text = json_string_value(json_object_get(object, key));
    snprintf(out, size, "%s", text ? text : "");
    return text != NULL;
}

bool docker_id(const json_t *object, const char *key, char out[static IBC_DOCKER_ID_MAX + 1]) {
    const char *text = json_string_value(json_object_get(object, key));
    out[0] = '\0';
    if (!text || strlen(text) > IBC_DOCKER_ID_MAX || !name_valid(text)) {
        return false;
    }
    snprintf(out, IBC_DOCKER_ID_MAX + 1, "%s", text);
    return true;
}
