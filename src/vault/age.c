/* age.c - encryption in the format age-encryption.org/v1 (https://c2sp.org/age). */
#include <ibcred/age.h>

#include "vault/hkdf.h"

#include <sodium.h>

#define VERSION_LINE "age-encryption.org/v1\n"
#define STANZA_START "-> X25519 "
#define MAC_START    "---"
#define WRAP_INFO    "age-encryption.org/v1/X25519"

enum {
    FILE_KEY_BYTES = 16,
    KEY_BYTES = crypto_aead_chacha20poly1305_ietf_KEYBYTES,
    TAG_BYTES = crypto_aead_chacha20poly1305_ietf_ABYTES,
    NONCE_BYTES = crypto_aead_chacha20poly1305_ietf_NPUBBYTES,
    PAYLOAD_NONCE_BYTES = 16,
    CHUNK_BYTES = 65536,
    CHUNKS_MAX = IBC_AGE_PLAIN_MAX / CHUNK_BYTES + 1,
    /* 32 bytes in Base64 without padding: a share, a wrapped file key, a MAC. */
    BASE64_VARIANT = sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
    BASE64_CHARACTERS = 43,
    STANZA_MAX = (int)sizeof STANZA_START + 2 * (BASE64_CHARACTERS + 1),
    HEADER_MAX = (int)(sizeof VERSION_LINE + sizeof MAC_START) + BASE64_CHARACTERS + 2,
    FILE_MAX = HEADER_MAX + IBC_AGE_RECIPIENTS_MAX * STANZA_MAX + PAYLOAD_NONCE_BYTES +
               IBC_AGE_PLAIN_MAX + CHUNKS_MAX * TAG_BYTES,
};

_Static_assert(FILE_KEY_BYTES + TAG_BYTES == 32, "a wrapped file key is 43 characters");
_Static_assert(crypto_auth_hmacsha256_BYTES == 32, "so is a MAC");
_Static_assert(BASE64_CHARACTERS < 64, "a stanza's body is one line, and its last");

/* The keys of one file; only ever in secret memory. */
struct keys {
    unsigned char file[FILE_KEY_BYTES];
    unsigned char ephemeral[crypto_scalarmult_SCALARBYTES];
    unsigned char shared[crypto_scalarmult_BYTES];
    unsigned char derived[KEY_BYTES]; /* for a wrap, the header's MAC, the payload: in turn */
};

static struct ibc_view view_of(const unsigned char *bytes, size_t size) {
    return (struct ibc_view){.bytes = bytes, .size = size};
}

static void append_base64(struct ibc_secret_buffer *out, const unsigned char bytes[static 32]) {
    char text[BASE64_CHARACTERS + 1];
    sodium_bin2base64(text, sizeof text, bytes, 32, BASE64_VARIANT);
    ibc_secret_buffer_append_text(out, text);
    ibc_secret_buffer_append_byte(out, '\n');
}

/* The key that wraps the file key: of a secret shared with the recipient, for this stanza alone. */
static enum ibc_status derive_wrap_key(struct keys *keys, const struct ibc_recipient *recipient,
                                       const unsigned char *share, struct ibc_error *err) {
    /* libsodium refuses a result of all zeros, which a point of low order would give to all. */
    if (crypto_scalarmult(keys->shared, keys->ephemeral, recipient->key) != 0) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "a recipient is not a usable X25519 key; make one with age-keygen");
    }
    unsigned char salt[crypto_scalarmult_BYTES + IBC_KEY_BYTES];
    memcpy(salt, share, crypto_scalarmult_BYTES);
    memcpy(salt + crypto_scalarmult_BYTES, recipient->key, IBC_KEY_BYTES);
    return hkdf_derive(view_of(keys->shared, sizeof keys->shared), view_of(salt, sizeof salt),
                       ibc_view_of(WRAP_INFO), keys->derived, sizeof keys->derived, err);
}

static enum ibc_status append_stanza(struct ibc_secret_buffer *out, struct keys *keys,
                                     const struct ibc_recipient *recipient, struct ibc_error *err) {
    static const unsigned char zero_nonce[NONCE_BYTES];
    unsigned char share[crypto_scalarmult_BYTES];
    unsigned char wrapped[FILE_KEY_BYTES + TAG_BYTES];

    randombytes_buf(keys->ephemeral, sizeof keys->ephemeral);
    crypto_scalarmult_base(share, keys->ephemeral);
    enum ibc_status status = derive_wrap_key(keys, recipient, share, err);
    if (status != IBC_OK) {
        return status;
    }
    crypto_aead_chacha20poly1305_ietf_encrypt(wrapped, NULL, keys->file, sizeof keys->file, NULL, 0,
                                              NULL, zero_nonce, keys->derived);
    ibc_secret_buffer_append_text(out, STANZA_START);
    append_base64(out, share);
    append_base64(out, wrapped);
    return IBC_OK;
}

/* Over the header from its first byte to the "---" before the MAC. */
static enum ibc_status append_mac(struct ibc_secret_buffer *out, struct keys *keys,
                                  struct ibc_error *err) {
    ibc_secret_buffer_append_text(out, MAC_START);
    enum ibc_status status =
        hkdf_derive(view_of(keys->file, sizeof keys->file), (struct ibc_view){0},
                    ibc_view_of("header"), keys->derived, sizeof keys->derived, err);
    if (status != IBC_OK || out->failed) {
        return status;
    }
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256(mac, out->storage.bytes, out->used, keys->derived);
    ibc_secret_buffer_append_byte(out, ' ');
    append_base64(out, mac);
    return IBC_OK;
}

static void append_chunk(struct ibc_secret_buffer *out, struct ibc_secret *sealed,
                         struct ibc_view chunk, uint32_t number, bool last,
                         const unsigned char *key) {
    unsigned char nonce[NONCE_BYTES] = {0}; /* a big-endian counter of 11 bytes, and a flag */
    for (size_t i = 0; i < sizeof number; i++) {
        nonce[NONCE_BYTES - 2 - i] = (unsigned char)(number >> (8 * i));
    }
    nonce[NONCE_BYTES - 1] = last ? 1 : 0;
    crypto_aead_chacha20poly1305_ietf_encrypt(sealed->bytes, NULL, chunk.bytes, chunk.size, NULL, 0,
                                              NULL, nonce, key);
    ibc_secret_buffer_append(out, sealed->bytes, chunk.size + TAG_BYTES);
}

/* Chunks of 64 KiB. The last one may be shorter; it is empty only where all of it is. */
static enum ibc_status append_payload(struct ibc_secret_buffer *out, struct keys *keys,
                                      struct ibc_view plain, struct ibc_error *err) {
    unsigned char nonce[PAYLOAD_NONCE_BYTES];
    randombytes_buf(nonce, sizeof nonce);
    ibc_secret_buffer_append(out, nonce, sizeof nonce);
    enum ibc_status status =
        hkdf_derive(view_of(keys->file, sizeof keys->file), view_of(nonce, sizeof nonce),
                    ibc_view_of("payload"), keys->derived, sizeof keys->derived, err);
    ibc_auto_secret sealed = {0};
    if (status == IBC_OK) {
        status = ibc_secret_alloc(&sealed, CHUNK_BYTES + TAG_BYTES, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    for (uint32_t number = 0;; number++) {
        const bool last = plain.size <= CHUNK_BYTES;
        const size_t size = last ? plain.size : CHUNK_BYTES;
        append_chunk(out, &sealed, view_of(plain.bytes, size), number, last, keys->derived);
        if (last) {
            return IBC_OK;
        }
        plain = view_of(plain.bytes + size, plain.size - size);
    }
}

static enum ibc_status check_sizes(struct ibc_view plain, size_t count, struct ibc_error *err) {
    if (count == 0 || count > IBC_AGE_RECIPIENTS_MAX) {
        return ibc_fail(err, IBC_ERR_USAGE, "a file is encrypted to 1 to %d recipients, not to %zu",
                        IBC_AGE_RECIPIENTS_MAX, count);
    }
    if (plain.size > IBC_AGE_PLAIN_MAX) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "%zu bytes are more than the %d that are encrypted into one file",
                        plain.size, IBC_AGE_PLAIN_MAX);
    }
    return IBC_OK;
}

enum ibc_status ibc_age_encrypt(struct ibc_view plain, const struct ibc_recipient *recipients,
                                size_t count, struct ibc_secret *out, struct ibc_error *err) {
    *out = (struct ibc_secret){0};
    ibc_auto_secret memory = {0};
    enum ibc_status status = check_sizes(plain, count, err);
    if (status == IBC_OK) {
        status = ibc_secret_alloc(&memory, sizeof(struct keys), err);
    }
    if (status != IBC_OK) {
        return status;
    }
    struct keys *keys = (struct keys *)(void *)memory.bytes;
    randombytes_buf(keys->file, sizeof keys->file);

    ibc_auto_secret_buffer buffer;
    ibc_secret_buffer_init(&buffer, FILE_MAX);
    ibc_secret_buffer_append_text(&buffer, VERSION_LINE);
    for (size_t i = 0; status == IBC_OK && i < count; i++) {
        status = append_stanza(&buffer, keys, &recipients[i], err);
    }
    if (status == IBC_OK) {
        status = append_mac(&buffer, keys, err);
    }
    if (status == IBC_OK) {
        status = append_payload(&buffer, keys, plain, err);
    }
    return status == IBC_OK ? ibc_secret_buffer_finish(&buffer, "the encrypted file", out, err)
                            : status;
}
