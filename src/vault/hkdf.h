/*
 * hkdf.h - HKDF-SHA-256 (RFC 5869), which the libsodium of Debian 12 does not have.
 */
#ifndef IBCRED_VAULT_HKDF_H
#define IBCRED_VAULT_HKDF_H

#include <ibcred/secret.h>

enum { HKDF_HASH_BYTES = 32, HKDF_SIZE_MAX = 255 * HKDF_HASH_BYTES };

/*
 * Derive `size` bytes (at most HKDF_SIZE_MAX) from `key`: extract with `salt`, expand with `info`,
 * both of which may be empty. What comes up on the way stays in secret memory. IBC_ERR_INTERNAL: no
 * memory.
 */
IBC_CHECKED enum ibc_status hkdf_derive(struct ibc_view key, struct ibc_view salt,
                                        struct ibc_view info, unsigned char *out, size_t size,
                                        struct ibc_error *err);

#endif
