/*
 * age.h - a file that age opens.
 *
 * Encrypts to X25519 recipients in the format age-encryption.org/v1 (https://c2sp.org/age), so that
 * the stock `age -d -i KEY` opens what is written here, without ibcred: the way out when nothing
 * else works.
 */
#ifndef IBCRED_AGE_H
#define IBCRED_AGE_H

#include <ibcred/identity.h>

#pragma GCC visibility push(default)

enum {
    IBC_AGE_RECIPIENTS_MAX = 64,
    IBC_AGE_PLAIN_MAX = 1 << 20, /* bytes */
};

/*
 * Encrypt `plain`, which may be empty, to `count` recipients, any of whose identities opens it.
 * `*out` is the whole file, binary; it does not tell who the recipients are, but how many.
 * IBC_ERR_USAGE: no recipient or more than IBC_AGE_RECIPIENTS_MAX, one that is no usable X25519 key
 * (a point of low order), or more than IBC_AGE_PLAIN_MAX bytes. `*out` is empty then.
 */
IBC_CHECKED enum ibc_status ibc_age_encrypt(struct ibc_view plain,
                                            const struct ibc_recipient *recipients, size_t count,
                                            struct ibc_secret *out, struct ibc_error *err);

#pragma GCC visibility pop

#endif
