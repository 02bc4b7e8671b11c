/*
 * front.h - the part of a new file that stands before the pages: header, slots, root.
 */
#ifndef IBCRED_VAULT_FRONT_H
#define IBCRED_VAULT_FRONT_H

#include "vault/root.h"
#include "vault/seal.h"

size_t vault_front_size(const struct vault_header *header);

/*
 * Write vault_front_size() bytes to `out`: the header, `slots` as they are, and the root, sealed
 * under `root_key` and bound to both.
 */
IBC_CHECKED enum ibc_status vault_front_seal(const struct vault_header *header,
                                             struct ibc_view slots, const struct vault_root *root,
                                             const unsigned char *root_key, unsigned char *out,
                                             struct ibc_error *err);

#endif
