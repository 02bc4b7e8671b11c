/*
 * key_cache.h - the data key in the kernel's keyring of this user.
 *
 * A key of type "user" in the user keyring (user-keyring(7)), named by the vault's id, readable to
 * this user only. The public half of it is in ibcred/vault.h.
 */
#ifndef IBCRED_VAULT_KEY_CACHE_H
#define IBCRED_VAULT_KEY_CACHE_H

#include "vault/format.h"

/*
 * Fetch what is there for the vault of that id into `data_key` (VAULT_KEY_BYTES), which must be
 * secret memory. False where there is nothing, or something of another size. Whether it fits is
 * the caller's to find out.
 */
IBC_CHECKED bool vault_cached_key(const unsigned char *vault_id, unsigned char *data_key);

#endif
