/*
 * input.h - credentials on their way in: dotenv and JSON into fields.
 *
 * What is read lies in secret memory from the first byte, the JSON parser's strings included.
 */
#ifndef IBCRED_INPUT_H
#define IBCRED_INPUT_H

#include <ibcred/dotenv.h>
#include <ibcred/profile.h>

#pragma GCC visibility push(default)

enum {
    IBC_INPUT_MAX = 1 << 20, /* bytes of one document or one line */
    IBC_INPUT_FIELDS_MAX = 64,
};

/* Fields read from outside, and the guarded memory that their views point into. */
struct ibc_input {
    size_t count;
    struct ibc_field fields[IBC_INPUT_FIELDS_MAX];
    char profile[IBC_PROFILE_NAME_MAX + 1]; /* JSON lines only; "" otherwise */
    char account[IBC_ACCOUNT_MAX + 1];      /* JSON lines only; "" when absent */
    enum ibc_kind kind;                     /* JSON lines only; 0 otherwise */
    struct ibc_secret storage;              /* dotenv, and what another store printed */
    void *document; /* JSON: the jansson value whose strings are the fields */
};

/* The zero value may be freed. Wipes dotenv at once, JSON as ibc_json_use_secret_memory() says. */
void ibc_input_free(struct ibc_input *input);
#define ibc_auto_input IBC_CLEANUP(ibc_input_free) struct ibc_input

/* Which reader's word counts for a dotenv file; AGREED means that both must say the same. */
enum ibc_input_format { IBC_INPUT_AGREED, IBC_INPUT_COMPOSE_V1, IBC_INPUT_COMPOSE_V2 };

/*
 * Take the fields `names` (all of them) out of dotenv text. IBC_ERR_NOT_FOUND: one is not there.
 * IBC_ERR_MISMATCH, with name:line and the field: the value takes in a variable that only Compose's
 * environment could hold; or, with IBC_INPUT_AGREED, v1 and v2 would read different bytes: it asks
 * for --format. IBC_ERR_DATA, with name:line: as ibc_dotenv_parse(), or the value cannot be sealed.
 * `out` is overwritten, not freed, here and below; on failure it is empty.
 */
IBC_CHECKED enum ibc_status ibc_input_dotenv(struct ibc_view text, const char *name,
                                             enum ibc_input_format format, const char *const *names,
                                             size_t name_count, struct ibc_input *out,
                                             struct ibc_error *err);

/*
 * `text` without the lines that bind any of `names`; everything else byte for byte. With
 * IBC_INPUT_AGREED a line goes when either reader finds the binding there. IBC_ERR_DATA: as
 * ibc_dotenv_parse(), or such a line also binds another name.
 */
IBC_CHECKED enum ibc_status ibc_input_scrub(struct ibc_view text, const char *name,
                                            enum ibc_input_format format, const char *const *names,
                                            size_t name_count, struct ibc_secret *out,
                                            struct ibc_error *err);

/*
 * Take the fields `names` out of one JSON object {"IB_USERNAME": "…", …}. Strings only; further
 * keys are left alone. IBC_ERR_NOT_FOUND: one is not there. IBC_ERR_DATA: with name:line:column,
 * not JSON or a key twice; with the field's name, not a string or a value that cannot be sealed.
 */
IBC_CHECKED enum ibc_status ibc_input_json(struct ibc_view text, const char *name,
                                           const char *const *names, size_t name_count,
                                           struct ibc_input *out, struct ibc_error *err);

/*
 * Read one line of `ibcred import`:
 *   {"profile": "…", "kind": "paper"|"live", "account": "…"?, "fields": {"IB_USERNAME": "…", …}}
 * Exactly these keys. `line` is its number in the sentence. IBC_ERR_DATA, with name:line and the
 * column where there is one: anything else.
 */
IBC_CHECKED enum ibc_status ibc_input_json_line(struct ibc_view text, const char *name,
                                                uint64_t line, struct ibc_input *out,
                                                struct ibc_error *err);

/* What other stores print: one document that is to become one profile. */
enum ibc_store_format {
    IBC_STORE_BY_CONTENT = 0,
    IBC_STORE_JSON,        /* one object of strings: sops decrypt --output-type json */
    IBC_STORE_VAULT_KV,    /* vault kv get -format=json, KV version 2 and 1 */
    IBC_STORE_DOTENV,      /* an env file as both Docker Composes read it */
    IBC_STORE_COMPOSE_V1,  /* … as only v1 does */
    IBC_STORE_COMPOSE_V2,  /* … as only v2 does */
    IBC_STORE_SOPS_DOTENV, /* sops decrypt --output-type dotenv of what was no env file: NAME=value
                            * to the end of the line; quotes are part of the value */
};

/* "json", "vault-kv", "dotenv", "compose-v1", "compose-v2", "sops-dotenv" */
IBC_CHECKED bool ibc_store_format_parse(const char *text, enum ibc_store_format *out);

/* All of them, for a sentence: "json, vault-kv, … or sops-dotenv". */
const char *ibc_store_format_names(void);

/* One field to take, and what the store calls it. */
struct ibc_store_field {
    const char *name; /* as it is to be sealed */
    const char *key;  /* NULL: as `name`, and for username and password by any known spelling */
};

/*
 * Take `fields` (all of them) out of what a store printed. Known spellings are IB_USERNAME and
 * IB_PASSWORD, IB_USER and IB_PASS, username and password, TWS_USERID and TWS_PASSWORD; where no
 * key is given for either, both are taken from one such pair.
 *
 * With IBC_STORE_BY_CONTENT an object with an object "data" is Vault's, another one JSON, anything
 * else dotenv. sops writes dotenv without quotes and without escaping anything but LF
 * (getsops/sops, stores/dotenv/store.go), so a value counts then only where sops and both Composes
 * would have it read alike.
 *
 * IBC_ERR_NOT_FOUND: a field is not there. IBC_ERR_MISMATCH: two spellings of one field differ, or
 * username and password have names of different pairs: it names both and asks for a key; or readers
 * differ: it asks for a format. IBC_ERR_DATA: as ibc_input_json() and ibc_input_dotenv(), the
 * secret was deleted in Vault, or sops still has the value encrypted. IBC_ERR_USAGE: too many
 * fields.
 */
IBC_CHECKED enum ibc_status ibc_input_store(struct ibc_view text, const char *name,
                                            enum ibc_store_format format,
                                            const struct ibc_store_field *fields,
                                            size_t field_count, struct ibc_input *out,
                                            struct ibc_error *err);

/* True when `text` begins (after white space) with '{': JSON rather than dotenv. */
bool ibc_input_looks_like_json(struct ibc_view text);

/*
 * Make jansson allocate from secret memory that is wiped whenever its last block is freed.
 * Call once, before any use of jansson in the process, which then uses it from one thread only.
 * What json_dumps() returns comes from there too and must not reach free(): use json_dumpb().
 */
void ibc_json_use_secret_memory(void);

#pragma GCC visibility pop

#endif
