/*
 * bech32.h - Bech32 (BIP 173) as age uses it: no length limit, one case, given by the prefix.
 *
 * Works on secrets: it keeps nothing aside but single characters, and takes no branch and looks
 * up no memory that depends on the payload.
 */
#ifndef IBCRED_VAULT_BECH32_H
#define IBCRED_VAULT_BECH32_H

#include <ibcred/secret.h>

enum { BECH32_CHECKSUM_CHARACTERS = 6 };

/* The length of the text of a payload of `payload_size` bytes, without a NUL. */
size_t bech32_text_size(const char *prefix, size_t payload_size);

/*
 * Write the text of `payload` (bech32_text_size() characters, no NUL) to `out`. A prefix in upper
 * case gives a text in upper case.
 */
void bech32_encode(const char *prefix, struct ibc_view payload, char *out);

/*
 * Read `text` into exactly `payload_size` bytes at `payload`. False, with the payload wiped, when
 * it has another prefix (its case counts), another length, a foreign or mixed-case character,
 * padding bits that are not zero or a wrong checksum.
 */
IBC_CHECKED bool bech32_decode(const char *prefix, struct ibc_view text, unsigned char *payload,
                               size_t payload_size);

#endif
