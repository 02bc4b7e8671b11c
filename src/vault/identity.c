/* identity.c - X25519 identities and recipients in age's text form. */
#include <ibcred/identity.h>

#include "vault/bech32.h"

#include <errno.h>
#include <ibcred/clock.h>
#include <ibcred/file.h>
#include <sodium.h>

#define IDENTITY_PREFIX  "AGE-SECRET-KEY-"
#define RECIPIENT_PREFIX "age"

_Static_assert(IBC_KEY_BYTES == crypto_scalarmult_SCALARBYTES, "an identity is an X25519 key");
_Static_assert(IBC_KEY_BYTES == crypto_scalarmult_BYTES, "so is a recipient");

struct ibc_identities {
    struct ibc_secret keys; /* IBC_IDENTITIES_MAX keys, one after the other */
    size_t count;
    struct ibc_recipient recipients[IBC_IDENTITIES_MAX];
};

static unsigned char *key_at(const struct ibc_identities *identities, size_t index) {
    return identities->keys.bytes + index * IBC_KEY_BYTES;
}

static enum ibc_status make_room(struct ibc_identities **out, struct ibc_error *err) {
    ibc_auto_identities *identities = calloc(1, sizeof *identities);
    if (!identities) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for identities");
    }
    enum ibc_status status =
        ibc_secret_alloc(&identities->keys, (size_t)IBC_IDENTITIES_MAX * IBC_KEY_BYTES, err);
    if (status != IBC_OK) {
        return status;
    }
    *out = ibc_steal(&identities);
    return IBC_OK;
}

/* Count in the key that stands behind the last one. */
static void adopt_key(struct ibc_identities *identities) {
    size_t index = identities->count++;
    crypto_scalarmult_base(identities->recipients[index].key, key_at(identities, index));
}

enum ibc_status ibc_identities_generate(struct ibc_identities **out, struct ibc_error *err) {
    *out = NULL;
    ibc_auto_identities *identities = NULL;
    enum ibc_status status = make_room(&identities, err);
    if (status != IBC_OK) {
        return status;
    }
    randombytes_buf(key_at(identities, 0), IBC_KEY_BYTES);
    adopt_key(identities);
    *out = ibc_steal(&identities);
    return IBC_OK;
}

/* Cut the next line off the front of `text`, without its LF or CR LF, as age reads lines. */
static struct ibc_view next_line(struct ibc_view *text) {
    const unsigned char *end = memchr(text->bytes, '\n', text->size);
    struct ibc_view line = {.bytes = text->bytes,
                            .size = end ? (size_t)(end - text->bytes) : text->size};
    size_t consumed = line.size + (end ? 1 : 0);
    text->bytes += consumed;
    text->size -= consumed;
    if (line.size > 0 && line.bytes[line.size - 1] == '\r') {
        line.size--;
    }
    return line;
}

static enum ibc_status parse_line(struct ibc_identities *identities, struct ibc_view line,
                                  const char *name, unsigned number, struct ibc_error *err) {
    if (line.size == 0 || line.bytes[0] == '#') {
        return IBC_OK;
    }
    if (identities->count == IBC_IDENTITIES_MAX) {
        return ibc_fail(err, IBC_ERR_DATA,
                        "%s:%u: more than %d identities; keep those this vault needs", name, number,
                        IBC_IDENTITIES_MAX);
    }
    if (!bech32_decode(IDENTITY_PREFIX, line, key_at(identities, identities->count),
                       IBC_KEY_BYTES)) {
        return ibc_fail(err, IBC_ERR_DATA,
                        "%s:%u: not an X25519 identity (" IDENTITY_PREFIX
                        "1 and 58 characters); write it as age-keygen does, one a line",
                        name, number);
    }
    adopt_key(identities);
    return IBC_OK;
}

enum ibc_status ibc_identities_parse(struct ibc_view text, const char *name,
                                     struct ibc_identities **out, struct ibc_error *err) {
    *out = NULL;
    ibc_auto_identities *identities = NULL;
    enum ibc_status status = make_room(&identities, err);
    for (unsigned number = 1; status == IBC_OK && text.size > 0; number++) {
        status = parse_line(identities, next_line(&text), name, number, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    if (identities->count == 0) {
        return ibc_fail(
            err, IBC_ERR_DATA,
            "%s holds no identity; it needs a line that begins with " IDENTITY_PREFIX "1", name);
    }
    *out = ibc_steal(&identities);
    return IBC_OK;
}

enum ibc_status ibc_identities_load(const char *path, struct ibc_identities **out,
                                    struct ibc_error *err) {
    *out = NULL;
    ibc_auto_fd fd = -1;
    enum ibc_status status = ibc_file_open_trusted(path, "identity file", &fd, err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_secret text = {0};
    status = ibc_file_read_all(fd, path, IBC_IDENTITY_FILE_MAX, &text, err);
    if (status != IBC_OK) {
        return status;
    }
    return ibc_identities_parse(ibc_secret_view(&text), path, out, err);
}

size_t ibc_identities_count(const struct ibc_identities *identities) {
    return identities->count;
}

struct ibc_recipient ibc_identities_recipient(const struct ibc_identities *identities,
                                              size_t index) {
    return identities->recipients[index];
}

const unsigned char *ibc_identities_key(const struct ibc_identities *identities, size_t index) {
    return key_at(identities, index);
}

/* The two lines of one identity: the comment with its recipient, and itself. */
static enum ibc_status append_identity(struct ibc_secret_buffer *buffer,
                                       const struct ibc_identities *identities, size_t index,
                                       struct ibc_error *err) {
    char recipient[IBC_RECIPIENT_TEXT_MAX];
    ibc_recipient_format(&identities->recipients[index], recipient);
    ibc_secret_buffer_append_text(buffer, "# public key: ");
    ibc_secret_buffer_append_text(buffer, recipient);

    ibc_auto_secret text = {0};
    enum ibc_status status =
        ibc_secret_alloc(&text, bech32_text_size(IDENTITY_PREFIX, IBC_KEY_BYTES), err);
    if (status != IBC_OK) {
        return status;
    }
    const struct ibc_view key = {.bytes = key_at(identities, index), .size = IBC_KEY_BYTES};
    bech32_encode(IDENTITY_PREFIX, key, (char *)text.bytes);
    ibc_secret_buffer_append_text(buffer, "\n");
    ibc_secret_buffer_append(buffer, text.bytes, text.size);
    ibc_secret_buffer_append_text(buffer, "\n");
    return IBC_OK;
}

enum ibc_status ibc_identities_format(const struct ibc_identities *identities, int64_t now_ms,
                                      struct ibc_secret *out, struct ibc_error *err) {
    *out = (struct ibc_secret){0};
    char created[IBC_TIMESTAMP_MAX];
    ibc_format_timestamp(now_ms, created);

    ibc_auto_secret_buffer buffer;
    ibc_secret_buffer_init(&buffer, IBC_IDENTITY_FILE_MAX);
    ibc_secret_buffer_append_text(&buffer, "# created: ");
    ibc_secret_buffer_append_text(&buffer, created);
    ibc_secret_buffer_append_text(&buffer, "\n");
    for (size_t i = 0; i < identities->count; i++) {
        enum ibc_status status = append_identity(&buffer, identities, i, err);
        if (status != IBC_OK) {
            return status;
        }
    }
    return ibc_secret_buffer_finish(&buffer, "the identity file", out, err);
}

void ibc_identities_free(struct ibc_identities **identities) {
    if (*identities) {
        ibc_secret_free(&(*identities)->keys);
        free(*identities);
        *identities = NULL;
    }
}

enum ibc_status ibc_recipient_parse(const char *text, struct ibc_recipient *out,
                                    struct ibc_error *err) {
    struct ibc_recipient recipient = {0};
    if (strncasecmp(text, IDENTITY_PREFIX, strlen(IDENTITY_PREFIX)) == 0) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "this is not a recipient but an identity, a secret; give its recipient "
                        "(age-keygen -y)");
    }
    if (!bech32_decode(RECIPIENT_PREFIX, ibc_view_of(text), recipient.key, sizeof recipient.key)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "this is not a recipient: it must be age1 and 58 lower-case characters, "
                        "as age-keygen prints it");
    }
    *out = recipient;
    return IBC_OK;
}

void ibc_recipient_format(const struct ibc_recipient *recipient,
                          char out[static IBC_RECIPIENT_TEXT_MAX]) {
    const struct ibc_view key = {.bytes = recipient->key, .size = sizeof recipient->key};
    bech32_encode(RECIPIENT_PREFIX, key, out);
    out[bech32_text_size(RECIPIENT_PREFIX, sizeof recipient->key)] = '\0';
}
