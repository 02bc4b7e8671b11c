/*
 * fuzz_vault.c - every decoder of a vault file; what one accepts encodes to the same bytes.
 *
 * The first byte chooses the decoder, since no fuzzer gets past the authentication of a file.
 */
#include "vault/directory.h"
#include "vault/record.h"
#include "vault/root.h"
#include "vault/slots.h"

#include <ibcred/file.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum target { HEADER, SLOTS, ROOT, PAGE, RECORD, RECORD_PADDED, WHOLE_FILE, TARGET_COUNT };

static struct ibc_error error;

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void fuzz_header(struct ibc_view input) {
    struct reader reader = reader_of(input);
    const uint64_t file_size = read_u64(&reader);
    const struct ibc_view bytes = read_bytes(&reader, reader_left(&reader));
    struct vault_header header;
    unsigned char encoded[VAULT_HEADER_BYTES];
    if (vault_magic_check(bytes, "input", &error) == IBC_OK &&
        vault_header_decode(bytes, file_size, &header, &error) == IBC_OK) {
        vault_header_encode(&header, encoded);
        require(memcmp(encoded, bytes.bytes, sizeof encoded) == 0);
    }
}

static void fuzz_slots(struct ibc_view input) {
    struct reader reader = reader_of(input);
    const size_t count = read_u8(&reader) % (IBC_SLOTS_MAX + 1);
    struct vault_slot slots[IBC_SLOTS_MAX];
    if (vault_slots_decode(read_bytes(&reader, reader_left(&reader)), count, slots, &error) ==
        IBC_OK) {
        for (size_t i = 0; i < count; i++) {
            require(slots[i].wrapped.size >= VAULT_KEY_BYTES + VAULT_TAG_BYTES);
        }
    }
}

/* One slot of the type that the first byte tells, and as many pages as the rest has tags. */
static void fuzz_root(struct ibc_view input) {
    struct reader reader = reader_of(input);
    const struct vault_slot slot = {.type = read_u8(&reader) % 2 ? IBC_SLOT_RECIPIENT
                                                                 : IBC_SLOT_PASSPHRASE};
    const struct ibc_view plain = read_bytes(&reader, reader_left(&reader));
    const struct vault_header header = {.slot_count = 1, .page_count = 2};
    struct vault_root root = {0};
    unsigned char encoded[1024];
    const size_t size = vault_root_size(1, 2);
    require(size <= sizeof encoded);
    if (vault_root_decode(plain, &header, &slot, &root, &error) == IBC_OK) {
        require(plain.size == size);
        vault_root_encode(&root, 1, 2, encoded);
        require(memcmp(encoded, plain.bytes, size) == 0);
    }
}

static void fuzz_page(struct ibc_view input) {
    static struct vault_page page;
    unsigned char plain[VAULT_PAGE_BYTES] = {0};
    unsigned char encoded[VAULT_PAGE_BYTES];
    memcpy(plain, input.bytes, input.size < sizeof plain ? input.size : sizeof plain);
    if (vault_page_decode(plain, &page, &error) != IBC_OK) {
        return;
    }
    struct vault_page_writer writer;
    vault_page_begin(&writer, encoded, page.start);
    for (size_t i = 0; i < page.count; i++) {
        require(vault_page_add(&writer, &page.entries[i]));
        require(vault_page_find(&page, page.entries[i].name) == &page.entries[i]);
    }
    vault_page_finish(&writer);
    require(memcmp(plain, encoded, sizeof plain) == 0);
}

static void fuzz_record(struct ibc_view plain) {
    ibc_auto_profile *profile = NULL;
    if (record_decode(plain, &profile, &error) != IBC_OK) {
        return;
    }
    uint16_t units = 0;
    if ((plain.size + VAULT_NONCE_BYTES) % VAULT_RECORD_UNIT != 0) {
        return; /* no record on disk has this size */
    }
    require(record_units(profile, &units, &error) == IBC_OK);
    require((size_t)units * VAULT_RECORD_UNIT == plain.size + VAULT_NONCE_BYTES);
    ibc_auto_free unsigned char *encoded = malloc(plain.size);
    require(encoded != NULL);
    record_encode(profile, encoded, plain.size);
    require(memcmp(encoded, plain.bytes, plain.size) == 0);
}

/* The input as a record's content: its length before it, the padding after it. */
static void fuzz_padded_record(struct ibc_view content) {
    const size_t needed = VAULT_NONCE_BYTES + 4 + content.size;
    const size_t units = (needed + VAULT_RECORD_UNIT - 1) / VAULT_RECORD_UNIT;
    const size_t size = units * VAULT_RECORD_UNIT - VAULT_NONCE_BYTES;
    ibc_auto_free unsigned char *plain = calloc(1, size);
    require(plain != NULL);
    struct writer writer = writer_to(plain, size);
    write_u32(&writer, (uint32_t)content.size);
    write_bytes(&writer, content);
    fuzz_record((struct ibc_view){.bytes = plain, .size = size});
}

static void fuzz_file(struct ibc_view content) {
    static const char identity[] =
        "AGE-SECRET-KEY-1AHWRCRAF88SP3P49ZDJUG007HQYNL8DL2UETF6WR0LWPNTFNCM0SFVZ7E9";
    static struct ibc_identities *identities;
    if (!identities) {
        require(ibc_identities_parse(ibc_view_of(identity), "key", &identities, &error) == IBC_OK);
    }
    ibc_auto_fd fd = memfd_create("vault", MFD_CLOEXEC);
    require(fd >= 0 && fchmod(fd, 0600) == 0 && ibc_file_write_all(fd, content));
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const struct ibc_keyring keyring = {.identities = identities};
    ibc_auto_vault *vault = NULL;
    if (ibc_vault_open(path, &keyring, &vault, &error) == IBC_OK) {
        const enum ibc_status status = ibc_vault_verify(vault, &error);
        require(status == IBC_OK || status == IBC_ERR_DATA);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const targets[TARGET_COUNT])(struct ibc_view) = {
        [HEADER] = fuzz_header,   [SLOTS] = fuzz_slots,   [ROOT] = fuzz_root,
        [PAGE] = fuzz_page,       [RECORD] = fuzz_record, [RECORD_PADDED] = fuzz_padded_record,
        [WHOLE_FILE] = fuzz_file,
    };
    require(sodium_init() >= 0);
    if (size > 0) {
        targets[data[0] % TARGET_COUNT]((struct ibc_view){.bytes = data + 1, .size = size - 1});
    }
    return 0;
}
