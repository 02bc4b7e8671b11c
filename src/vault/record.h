/*
 * record.h - the plaintext of one profile's record. Pure.
 */
#ifndef IBCRED_VAULT_RECORD_H
#define IBCRED_VAULT_RECORD_H

#include "vault/format.h"

/*
 * How many units the record of `profile` takes on disk, nonce included.
 * IBC_ERR_USAGE: more than VAULT_RECORD_UNITS_MAX.
 */
IBC_CHECKED enum ibc_status record_units(const struct ibc_profile *profile, uint16_t *units,
                                         struct ibc_error *err);

/*
 * Write the record of `profile`, which keeps the rules of profile_check.h, with its padding: all
 * `size` bytes at `plain`, which are those of record_units() but for the nonce.
 */
void record_encode(const struct ibc_profile *profile, unsigned char *plain, size_t size);

/*
 * Decode a record. The profile's views point into `plain`, which the caller keeps or hands over
 * to the profile's storage.
 */
IBC_CHECKED enum ibc_status record_decode(struct ibc_view plain, struct ibc_profile **out,
                                          struct ibc_error *err);

#endif
