/*
 * passphrase.h - the data key under a passphrase: Argon2id, then XChaCha20-Poly1305.
 *
 * The cost in `slot` has been checked against its bounds before.
 */
#ifndef IBCRED_VAULT_PASSPHRASE_H
#define IBCRED_VAULT_PASSPHRASE_H

#include "vault/slots.h"

/* Seal `data_key` to `wrapped` (key and tag). IBC_ERR_INTERNAL: not enough memory for Argon2. */
IBC_CHECKED enum ibc_status vault_passphrase_wrap(const struct vault_slot *slot,
                                                  const unsigned char *vault_id,
                                                  struct ibc_view passphrase,
                                                  const unsigned char *data_key,
                                                  unsigned char *wrapped, struct ibc_error *err);

/* `*opened` tells whether the passphrase fits; `data_key` is filled only then. */
IBC_CHECKED enum ibc_status vault_passphrase_unwrap(const struct vault_slot *slot,
                                                    const unsigned char *vault_id,
                                                    struct ibc_view passphrase,
                                                    unsigned char *data_key, bool *opened,
                                                    struct ibc_error *err);

#endif
