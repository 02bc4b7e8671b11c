/*
 * answer.h - what forges answer: their JSON, and the sentence that a refusal becomes. Pure.
 *
 * Nothing of what a forge says comes into a sentence: it may quote the value or the token. Its
 * words are only looked at for what they mean.
 */
#ifndef IBCRED_CI_ANSWER_H
#define IBCRED_CI_ANSWER_H

#include <ibcred/forge.h>
#include <jansson.h>
#include <sodium.h>

enum {
    ANSWER_KEY_ID_MAX = 128, /* bytes of the name that GitHub gives a public key */
    ANSWER_WORDS_MAX = 4096, /* bytes of a refusal's words that are looked at */
    ANSWER_PAGE_MAX = 50,    /* repositories on a page: each is 6 KB, with long names 10 */
};

/* GitHub's key for the secrets of one place. */
struct answer_key {
    char id[ANSWER_KEY_ID_MAX + 1];
    unsigned char key[crypto_box_PUBLICKEYBYTES];
};

/* What GitLab says of a variable; its value is not looked at. */
struct answer_variable {
    char scope[IBC_COPY_TARGET_MAX + 1]; /* "*" where none is said */
    bool masked, is_protected, raw;
};

/* Which repositories of an organisation may read its secret at GitHub, the fewer first. */
enum answer_visibility { VISIBILITY_SELECTED, VISIBILITY_PRIVATE, VISIBILITY_ALL };

/* "selected", "private", "all". */
const char *visibility_name(enum answer_visibility visibility);
IBC_CHECKED bool visibility_parse(const char *text, enum answer_visibility *out);

/* A part of GitHub's list of the repositories that are selected to read a secret. */
struct answer_page {
    uint64_t total; /* in the whole list */
    uint64_t ids[ANSWER_PAGE_MAX];
    size_t count;
};

/* The object or array in an answer's body; the caller owns it. NULL: it is no JSON. */
json_t *answer_load(struct ibc_view body);

/* {"key_id", "key"}. False: it is something else, or the key is not 32 bytes in base64. */
IBC_CHECKED bool answer_read_key(const json_t *json, struct answer_key *out);

/* The variable of that name. False: it is something else. */
IBC_CHECKED bool answer_read_variable(const json_t *json, const char *name,
                                      struct answer_variable *out);

/* {"name", "visibility"} of an organisation's secret of that name. False: it is something else. */
IBC_CHECKED bool answer_read_visibility(const json_t *json, const char *name,
                                        enum answer_visibility *out);

/* {"total_count", "repositories": [{"id"}]}. False: it is something else, has more than a page
 * holds, or an id is none that a JSON number can tell from others, 1 to 2^53 - 1. */
IBC_CHECKED bool answer_read_page(const json_t *json, struct answer_page *out);

/* Are these words in what the forge says of its refusal ("message" or "error", whatever is in it)?
 * In any letter case. */
bool answer_says(const json_t *json, const char *words);

/*
 * What an answer means that is not the hoped-for one and will not pass: 3xx and 4xx are
 * IBC_ERR_REFUSED, the others IBC_ERR_UNAVAILABLE. `json` may be NULL.
 */
enum ibc_status answer_refused(const struct ibc_forge_secret *secret, int code, const json_t *json,
                               struct ibc_error *err);

/* The same for one that retry_passes() knows: IBC_ERR_UNAVAILABLE. */
enum ibc_status answer_passing(const struct ibc_forge_secret *secret, int code,
                               struct ibc_error *err);

/* The answer has the right code and is not what the forge's API answers there. */
enum ibc_status answer_foreign(const struct ibc_forge_secret *secret, struct ibc_error *err);

#endif
