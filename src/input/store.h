/*
 * store.h - one document of another store, asked for its values by key.
 */
#ifndef IBCRED_INPUT_STORE_H
#define IBCRED_INPUT_STORE_H

#include "input/dotenv_file.h"
#include "input/parts.h"

#include <jansson.h>

/* One of `object`, `has_dotenv` and `as_sops` says how it is read; the last two may come together:
 * then they must agree. */
struct store {
    const char *name;
    const json_t *object; /* whose members are the values; lies in the input's document */
    bool has_dotenv;
    struct dotenv_file dotenv;
    bool as_sops;
    struct ibc_view text; /* as_sops */
};

/* What the store has under a key. `value.bytes` is NULL where there is nothing. */
struct store_value {
    const char *key;
    struct ibc_view value;
    uint64_t line; /* 0 when it is not known */
};

/* Read `text`. A JSON document becomes that of `input`. Statuses as ibc_input_store(). */
IBC_CHECKED enum ibc_status store_read(struct ibc_view text, const char *name,
                                       enum ibc_store_format format, struct ibc_input *input,
                                       struct store *out, struct ibc_error *err);

/*
 * The value under `key`; it lies in the store, the input's document or the text. IBC_ERR_DATA: it
 * is no string. IBC_ERR_MISMATCH: the readers differ.
 */
IBC_CHECKED enum ibc_status store_find(const struct store *store, const char *key,
                                       struct store_value *out, struct ibc_error *err);

/* The same of dotenv text, by the one or both readings of `store`. */
IBC_CHECKED enum ibc_status store_find_in_dotenv(const struct store *store, const char *key,
                                                 struct store_value *out, struct ibc_error *err);

void store_free(struct store *store);
#define auto_store IBC_CLEANUP(store_free) struct store

#endif
