/* slots.c - reading key slots, wrapping a data key into a new one. */
#include "vault/slots.h"

#include "vault/passphrase.h"

#include <sodium.h>

enum {
    SLOT_HEAD_BYTES = 4,
    PASSPHRASE_BOUND_BYTES = SLOT_HEAD_BYTES + VAULT_SALT_BYTES + 4 + 8,
    RECIPIENT_BODY_BYTES = crypto_box_SEALBYTES + VAULT_KEY_BYTES,
    PASSPHRASE_BODY_BYTES = VAULT_SLOT_BYTES_MAX - SLOT_HEAD_BYTES,
};

_Static_assert(SLOT_HEAD_BYTES + RECIPIENT_BODY_BYTES == VAULT_SLOT_BYTES_MIN, "slot size");
_Static_assert(VAULT_SALT_BYTES == crypto_pwhash_SALTBYTES, "salt size");

static size_t body_size(enum ibc_slot_type type) {
    return type == IBC_SLOT_RECIPIENT ? RECIPIENT_BODY_BYTES : PASSPHRASE_BODY_BYTES;
}

size_t vault_slot_size(enum ibc_slot_type type) {
    return SLOT_HEAD_BYTES + body_size(type);
}

/* What is wrong with the cost of a passphrase slot, or NULL. */
static const char *argon2_fault(const struct ibc_argon2 *argon2) {
    if (argon2->passes < VAULT_PASSES_MIN || argon2->passes > VAULT_PASSES_MAX) {
        return "the Argon2 passes are not within 1 to 12";
    }
    if (argon2->memory_bytes < VAULT_MEMORY_MIN || argon2->memory_bytes > VAULT_MEMORY_MAX ||
        argon2->memory_bytes % 1024 != 0) {
        return "the Argon2 memory is not a multiple of 1 KiB within 8 MiB to 1 GiB";
    }
    return NULL;
}

static void decode_passphrase(struct reader *reader, struct vault_slot *slot) {
    slot->salt = read_bytes(reader, VAULT_SALT_BYTES);
    slot->argon2.passes = read_u32(reader);
    slot->argon2.memory_bytes = read_u64(reader);
    slot->nonce = read_bytes(reader, VAULT_NONCE_BYTES);
    slot->wrapped = read_bytes(reader, VAULT_KEY_BYTES + VAULT_TAG_BYTES);
}

/* Decode the next slot; what is wrong with it, or NULL. */
static const char *decode_slot(struct reader *reader, struct vault_slot *slot) {
    const unsigned char *start = reader->bytes + reader->at;
    const uint8_t type = read_u8(reader);
    const uint8_t reserved = read_u8(reader);
    const uint16_t size = read_u16(reader);
    if (reader->failed) {
        return "the slots end in it";
    }
    if (type != IBC_SLOT_RECIPIENT && type != IBC_SLOT_PASSPHRASE) {
        return "its type is unknown";
    }
    if (reserved != 0 || size != body_size(type)) {
        return "its head is malformed";
    }
    *slot = (struct vault_slot){.type = type};
    if (type == IBC_SLOT_RECIPIENT) {
        slot->wrapped = read_bytes(reader, RECIPIENT_BODY_BYTES);
    } else {
        decode_passphrase(reader, slot);
        slot->bound = (struct ibc_view){.bytes = start, .size = PASSPHRASE_BOUND_BYTES};
    }
    if (reader->failed) {
        return "the slots end in it";
    }
    return type == IBC_SLOT_PASSPHRASE ? argon2_fault(&slot->argon2) : NULL;
}

enum ibc_status vault_slots_decode(struct ibc_view bytes, size_t count,
                                   struct vault_slot out[static IBC_SLOTS_MAX],
                                   struct ibc_error *err) {
    struct reader reader = reader_of(bytes);
    for (size_t i = 0; i < count; i++) {
        const char *fault = decode_slot(&reader, &out[i]);
        if (fault) {
            return ibc_fail(err, IBC_ERR_DATA, "slot %zu: %s", i + 1, fault);
        }
    }
    if (!reader_done(&reader)) {
        return ibc_fail(err, IBC_ERR_DATA, "there are bytes after the last one");
    }
    return IBC_OK;
}

static enum ibc_status wrap_for_recipient(const struct ibc_recipient *recipient,
                                          const unsigned char *data_key, struct writer *writer,
                                          struct ibc_error *err) {
    unsigned char sealed[RECIPIENT_BODY_BYTES];
    if (crypto_box_seal(sealed, data_key, VAULT_KEY_BYTES, recipient->key) != 0) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "a recipient is not a usable X25519 key; make one with age-keygen");
    }
    write_bytes(writer, (struct ibc_view){.bytes = sealed, .size = sizeof sealed});
    return IBC_OK;
}

static struct ibc_argon2 with_defaults(struct ibc_argon2 argon2) {
    if (argon2.passes == 0) {
        argon2.passes = VAULT_PASSES_DEFAULT;
    }
    if (argon2.memory_bytes == 0) {
        argon2.memory_bytes = VAULT_MEMORY_DEFAULT;
    }
    return argon2;
}

static enum ibc_status wrap_for_passphrase(const struct ibc_slot_request *request,
                                           const unsigned char *vault_id,
                                           const unsigned char *data_key, struct writer *writer,
                                           struct ibc_error *err) {
    const struct ibc_argon2 argon2 = with_defaults(request->argon2);
    const char *fault = argon2_fault(&argon2);
    if (fault || request->passphrase.size == 0) {
        return ibc_fail(err, IBC_ERR_USAGE, "no passphrase slot can be made: %s",
                        fault ? fault : "the passphrase is empty");
    }
    unsigned char *start = writer->bytes + writer->at - SLOT_HEAD_BYTES;
    unsigned char salt[VAULT_SALT_BYTES];
    randombytes_buf(salt, sizeof salt);
    write_bytes(writer, (struct ibc_view){.bytes = salt, .size = sizeof salt});
    write_u32(writer, argon2.passes);
    write_u64(writer, argon2.memory_bytes);

    unsigned char nonce[VAULT_NONCE_BYTES];
    unsigned char wrapped[VAULT_KEY_BYTES + VAULT_TAG_BYTES];
    randombytes_buf(nonce, sizeof nonce);
    const struct vault_slot slot = {
        .type = IBC_SLOT_PASSPHRASE,
        .salt = {.bytes = salt, .size = sizeof salt},
        .argon2 = argon2,
        .bound = {.bytes = start, .size = PASSPHRASE_BOUND_BYTES},
        .nonce = {.bytes = nonce, .size = sizeof nonce},
    };
    enum ibc_status status =
        vault_passphrase_wrap(&slot, vault_id, request->passphrase, data_key, wrapped, err);
    write_bytes(writer, slot.nonce);
    write_bytes(writer, (struct ibc_view){.bytes = wrapped, .size = sizeof wrapped});
    return status;
}

enum ibc_status vault_slot_wrap(const struct ibc_slot_request *request,
                                const unsigned char *vault_id, const unsigned char *data_key,
                                struct writer *writer, struct ibc_error *err) {
    write_u8(writer, (uint8_t)request->type);
    write_u8(writer, 0);
    write_u16(writer, (uint16_t)body_size(request->type));
    if (request->type == IBC_SLOT_RECIPIENT) {
        return wrap_for_recipient(&request->recipient, data_key, writer, err);
    }
    return wrap_for_passphrase(request, vault_id, data_key, writer, err);
}
