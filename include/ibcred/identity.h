/*
 * identity.h - X25519 keys in age's text form.
 *
 * An identity is the private key ("AGE-SECRET-KEY-1…"), a recipient its public half ("age1…"),
 * both Bech32 (BIP 173) as age writes them (C2SP age-encryption.org/v1, "X25519 recipient
 * stanza"), so that keys of age-keygen work here and the other way round.
 */
#ifndef IBCRED_IDENTITY_H
#define IBCRED_IDENTITY_H

#include <ibcred/secret.h>

#pragma GCC visibility push(default)

enum {
    IBC_KEY_BYTES = 32,
    IBC_RECIPIENT_TEXT_MAX = 64,   /* "age1" and 58 characters, and a NUL */
    IBC_IDENTITIES_MAX = 32,       /* in one file */
    IBC_IDENTITY_FILE_MAX = 65536, /* bytes */
};

struct ibc_recipient {
    unsigned char key[IBC_KEY_BYTES];
};

/* All identities of one file, environment variable or generation. Opaque; in secret memory. */
struct ibc_identities;

/* Generate one identity. The caller frees with ibc_identities_free(). */
IBC_CHECKED enum ibc_status ibc_identities_generate(struct ibc_identities **out,
                                                    struct ibc_error *err);

/*
 * Parse identity text as age reads it: one identity a line; blank lines and lines beginning with
 * '#' are skipped. `name` is the file or variable in the sentence, with the line number.
 * IBC_ERR_DATA: a malformed line, none at all, or too many. The sentence never shows the text.
 */
IBC_CHECKED enum ibc_status ibc_identities_parse(struct ibc_view text, const char *name,
                                                 struct ibc_identities **out,
                                                 struct ibc_error *err);

/* Read and parse the trusted file at `path` (ibc_file_open_trusted()). */
IBC_CHECKED enum ibc_status ibc_identities_load(const char *path, struct ibc_identities **out,
                                                struct ibc_error *err);

size_t ibc_identities_count(const struct ibc_identities *identities);

/* The public half of identity `index`. */
struct ibc_recipient ibc_identities_recipient(const struct ibc_identities *identities,
                                              size_t index);

/* The private key (IBC_KEY_BYTES) of identity `index`; owned by `identities`. */
const unsigned char *ibc_identities_key(const struct ibc_identities *identities, size_t index);

/*
 * The text of an identity file as age-keygen writes it: a comment with the creation time
 * (`now_ms`, wall clock), one with the recipient, the identity; each on a line.
 */
IBC_CHECKED enum ibc_status ibc_identities_format(const struct ibc_identities *identities,
                                                  int64_t now_ms, struct ibc_secret *out,
                                                  struct ibc_error *err);

void ibc_identities_free(struct ibc_identities **identities);
#define ibc_auto_identities IBC_CLEANUP(ibc_identities_free) struct ibc_identities

/* "age1…" to key and back. IBC_ERR_USAGE: not a valid recipient. */
IBC_CHECKED enum ibc_status ibc_recipient_parse(const char *text, struct ibc_recipient *out,
                                                struct ibc_error *err);
void ibc_recipient_format(const struct ibc_recipient *recipient,
                          char out[static IBC_RECIPIENT_TEXT_MAX]);

#pragma GCC visibility pop

#endif
