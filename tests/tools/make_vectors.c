/*
 * make_vectors.c - writes tests/vectors/vault: vaults that are right, and vaults with one fault.
 *
 * Usage: make_vectors DIRECTORY. The output is the same every time: what libsodium takes for
 * random is derived from the name of the file being made.
 */
#include "draft.h" /* beside this file */

#include <fcntl.h>
#include <ibcred/file.h>

#define IDENTITY  "AGE-SECRET-KEY-1AHWRCRAF88SP3P49ZDJUG007HQYNL8DL2UETF6WR0LWPNTFNCM0SFVZ7E9"
#define RECIPIENT "age18ntwvpxkp208etda2x0d4nhpdxvllkmq43eyg0u52920vlzehcrs5csqj9"

#define PASSPHRASE "correct horse battery staple"

/* --- randomness that repeats ----------------------------------------------------------------- */

static unsigned char seed[randombytes_SEEDBYTES];

static void seed_with(const char *name) {
    crypto_generichash(seed, sizeof seed, (const unsigned char *)name, strlen(name), NULL, 0);
}

static const char *repeating_name(void) {
    return "repeating";
}

static void repeating_bytes(void *const out, const size_t size) {
    randombytes_buf_deterministic(out, size, seed);
    sodium_increment(seed, sizeof seed);
}

static uint32_t repeating_random(void) {
    uint32_t value;
    repeating_bytes(&value, sizeof value);
    return value;
}

static struct randombytes_implementation repeating = {
    .implementation_name = repeating_name,
    .random = repeating_random,
    .buf = repeating_bytes,
};

/* --- what vaults are made of ----------------------------------------------------------------- */

enum base {
    EMPTY,           /* one recipient slot, no profile */
    WITH_PASSPHRASE, /* one passphrase slot, no profile */
    MIXED,           /* recipient, passphrase, recipient; no profile */
    FULL_SLOTS,      /* 64 recipient slots, no profile */
    ONE,             /* profile "alpha" */
    THREE,           /* "alpha", "beta", "gamma" */
    TWO_PAGES,       /* so many profiles that they take two pages */
    LARGE,           /* one profile with the longest name, field and label */
};

static struct ibc_field field(const char *name, const char *value) {
    return (struct ibc_field){.name = ibc_view_of(name), .value = ibc_view_of(value)};
}

/* Every profile's password is "password of " and its name, as test_vectors.c expects. */
static struct ibc_profile *make_profile(const char *name) {
    struct ibc_error err;
    struct ibc_profile *profile = NULL;
    char password[sizeof "password of " + IBC_PROFILE_NAME_MAX];
    snprintf(password, sizeof password, "password of %s", name);
    const struct ibc_field fields[] = {field(IBC_FIELD_USERNAME, name),
                                       field(IBC_FIELD_PASSWORD, password)};
    require(ibc_profile_new(name, IBC_KIND_PAPER, "DU1", 1000, &profile, &err), &err);
    require(ibc_profile_add_version(profile, fields, 1, IBC_VERSION_RETIRED, 1000, &err), &err);
    require(ibc_profile_add_version(profile, fields, 2, IBC_VERSION_ACTIVE, 2000, &err), &err);
    return profile;
}

static void add_profiles(struct draft *draft, enum base base) {
    static const char *const names[] = {"alpha", "beta", "gamma"};
    const size_t count = base == ONE ? 1 : base == THREE ? 3 : 0;
    for (size_t i = 0; i < count; i++) {
        draft->profiles[draft->profile_count++] = make_profile(names[i]);
    }
    for (unsigned i = 0; base == TWO_PAGES && i <= VAULT_PAGE_ENTRIES_MIN; i++) {
        char name[IBC_PROFILE_NAME_MAX + 1];
        snprintf(name, sizeof name, "profile-with-quite-a-long-name-%033u", i);
        struct ibc_profile *profile = make_profile("alpha");
        struct ibc_version *active = &profile->versions[1];
        memcpy(profile->name, name, sizeof name);
        active->fields[0].value = ibc_view_of("p");
        draft->profiles[draft->profile_count++] = profile;
    }
}

static void add_large_profile(struct draft *draft) {
    static char value[IBC_FIELD_VALUE_MAX + 1];
    static char name[IBC_FIELD_NAME_MAX + 1];
    memset(value, 'v', sizeof value - 1);
    memset(name, 'N', sizeof name - 1);
    struct ibc_error err;
    char profile_name[IBC_PROFILE_NAME_MAX + 1] = {0};
    memset(profile_name, 'n', IBC_PROFILE_NAME_MAX);
    struct ibc_profile *profile = make_profile(profile_name);
    const struct ibc_field large = field(name, value);
    require(ibc_profile_add_version(profile, &large, 1, IBC_VERSION_ACTIVE, 3000, &err), &err);
    draft->profiles[draft->profile_count++] = profile;
}

static void add_slot(struct draft *draft, enum ibc_slot_type type) {
    static char label[IBC_SLOT_LABEL_MAX + 1];
    memset(label, 'l', sizeof label - 1);
    struct ibc_error err;
    struct ibc_slot_request *request = &draft->requests[draft->slot_count++];
    *request = (struct ibc_slot_request){
        .type = type,
        .label = draft->slot_count == 2 ? label : "label",
        .passphrase = ibc_view_of(PASSPHRASE),
        .argon2 = {.passes = VAULT_PASSES_MIN, .memory_bytes = VAULT_MEMORY_MIN},
    };
    if (type == IBC_SLOT_RECIPIENT) {
        require(ibc_recipient_parse(RECIPIENT, &request->recipient, &err), &err);
    }
}

static void fill(struct draft *draft, enum base base) {
    const size_t recipients = base == FULL_SLOTS ? IBC_SLOTS_MAX : base == WITH_PASSPHRASE ? 0 : 1;
    for (size_t i = 0; i < recipients; i++) {
        add_slot(draft, IBC_SLOT_RECIPIENT);
    }
    if (base == WITH_PASSPHRASE || base == MIXED) {
        add_slot(draft, IBC_SLOT_PASSPHRASE);
    }
    if (base == MIXED) {
        add_slot(draft, IBC_SLOT_RECIPIENT);
    }
    if (base == LARGE) {
        add_large_profile(draft);
    } else {
        add_profiles(draft, base);
    }
}

/* --- changes that are more than a few bytes -------------------------------------------------- */

static struct ibc_version *version(struct draft *draft, size_t index) {
    return &draft->profiles[0]->versions[index];
}

static void swap_bytes(unsigned char *a, unsigned char *b, size_t size) {
    for (size_t i = 0; i < size; i++) {
        const unsigned char kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

#define CHANGE(name, ...)                                                                          \
    static void name(struct draft *draft) {                                                        \
        __VA_ARGS__;                                                                               \
    }

CHANGE(unsorted_fields, struct ibc_field *fields = version(draft, 1)->fields;
       const struct ibc_field kept = fields[0]; fields[0] = fields[1]; fields[1] = kept)
CHANGE(same_field_twice, version(draft, 1)->fields[1].name = version(draft, 1)->fields[0].name)
CHANGE(no_field, version(draft, 1)->field_count = 0)
CHANGE(bad_field_name, version(draft, 1)->fields[0].name = ibc_view_of("IB-PASSWORD"))
CHANGE(empty_field_name, version(draft, 1)->fields[0].name.size = 0)
CHANGE(empty_value, version(draft, 1)->fields[0].value.size = 0)
CHANGE(long_value, static unsigned char value[IBC_FIELD_VALUE_MAX + 1];
       memset(value, 'v', sizeof value);
       version(draft, 1)->fields[0].value = (struct ibc_view){value, sizeof value})
CHANGE(value_not_utf8, version(draft, 1)->fields[0].value = ibc_view_of("pass\xffword"))
CHANGE(value_surrogate, version(draft, 1)->fields[0].value = ibc_view_of("pass\xed\xa0\x80"))
CHANGE(value_line_feed, version(draft, 1)->fields[0].value = ibc_view_of("pass\nword"))
CHANGE(value_carriage_return, version(draft, 1)->fields[0].value = ibc_view_of("pass\rword"))
CHANGE(value_nul,
       version(draft, 1)->fields[0].value = (struct ibc_view){(const unsigned char *)"a\0b", 3})
CHANGE(two_active, version(draft, 0)->state = IBC_VERSION_ACTIVE)
CHANGE(two_staged, version(draft, 0)->state = version(draft, 1)->state = IBC_VERSION_STAGED)
CHANGE(expires_before, version(draft, 0)->expires_ms = -1)
CHANGE(state_0, version(draft, 0)->state = 0)
CHANGE(state_5, version(draft, 0)->state = 5)
CHANGE(number_0, version(draft, 0)->number = 0)
CHANGE(number_twice, version(draft, 0)->number = 2)
CHANGE(numbers_descend, version(draft, 0)->number = 3)
CHANGE(version_time, version(draft, 0)->created_ms = -1)
CHANGE(state_time, version(draft, 0)->state_ms = -1)
CHANGE(proven_time, version(draft, 0)->proven_ms = -1)
CHANGE(proven_kind_3, version(draft, 0)->proven_ms = 1; version(draft, 0)->proven_kind = 3)
CHANGE(proven_never, version(draft, 0)->proven_kind = IBC_KIND_PAPER)
CHANGE(profile_time, draft->profiles[0]->created_ms = -1)
CHANGE(account_lower, memcpy(draft->profiles[0]->account, "du1", 4))
CHANGE(account_long, memcpy(draft->profiles[0]->account, "ABCDEFGHIJKLMNOPQ", 17))
CHANGE(other_kind, draft->entries[0].kind = IBC_KIND_LIVE)
CHANGE(one_unit_too_many, draft->extra_units = 1)

static void add_copies(struct draft *draft, const char *first, const char *second,
                       uint32_t number) {
    struct ibc_profile *profile = draft->profiles[0];
    profile->copies = calloc(2, sizeof *profile->copies);
    profile->copies[0] = (struct ibc_copy){.target = ibc_view_of(first), .version = 1};
    profile->copies[1] = (struct ibc_copy){.target = ibc_view_of(second), .version = number};
    profile->copy_count = 2;
}

CHANGE(good_copies, add_copies(draft, "github:a/b", "github:a/c", 2))
CHANGE(unsorted_copies, add_copies(draft, "github:a/c", "github:a/b", 2))
CHANGE(same_copy_twice, add_copies(draft, "github:a/b", "github:a/b", 2))
CHANGE(copy_of_none, add_copies(draft, "github:a/b", "github:a/c", 3))
CHANGE(copy_empty, add_copies(draft, "", "github:a/c", 2))
CHANGE(copy_control, add_copies(draft, "github:a\tb", "github:a/c", 2))

static void swap_profiles(struct draft *draft, size_t first) {
    struct ibc_profile *kept = draft->profiles[first];
    draft->profiles[first] = draft->profiles[first + 1];
    draft->profiles[first + 1] = kept;
}

CHANGE(unsorted_names, swap_profiles(draft, 0))
CHANGE(unsorted_over_pages, swap_profiles(draft, VAULT_PAGE_ENTRIES_MIN - 1))
CHANGE(same_name_twice, memcpy(draft->profiles[1]->name, "alpha", 6))
CHANGE(two_short_pages, draft->first_page = 2)
CHANGE(wrong_record_tag, draft->entries[0].tag[0] ^= 1)
CHANGE(units_beyond, draft->entries[0].units = 4)
CHANGE(too_many_profiles, draft->root.profile_count = 2)
CHANGE(no_profiles, draft->root.profile_count = 0)

static unsigned char *pages_in(struct draft *draft) {
    return draft->file + vault_front_size(&draft->header);
}

static unsigned char *records_in(struct draft *draft) {
    return pages_in(draft) + (size_t)draft->header.page_count * VAULT_PAGE_DISK_BYTES;
}

static unsigned char *root_in(struct draft *draft) {
    return draft->file + VAULT_HEADER_BYTES + draft->header.slots_size;
}

CHANGE(root_nonce, root_in(draft)[0] ^= 1)
CHANGE(root_ciphertext, root_in(draft)[VAULT_NONCE_BYTES] ^= 1)
CHANGE(root_tag, root_in(draft)[draft->header.root_size - 1] ^= 0x80)
CHANGE(page_nonce, pages_in(draft)[0] ^= 1)
CHANGE(page_ciphertext, pages_in(draft)[VAULT_PAGE_DISK_BYTES - 1] ^= 1)
CHANGE(record_nonce, records_in(draft)[0] ^= 1)
CHANGE(record_ciphertext, records_in(draft)[draft->record_sizes[0] - 1] ^= 1)
CHANGE(swapped_pages,
       swap_bytes(pages_in(draft), pages_in(draft) + VAULT_PAGE_DISK_BYTES, VAULT_PAGE_DISK_BYTES))
CHANGE(swapped_records, swap_bytes(records_in(draft), records_in(draft) + draft->record_sizes[0],
                                   draft->record_sizes[0]))
CHANGE(record_in_place_of_another,
       memcpy(records_in(draft), records_in(draft) + draft->record_sizes[0],
              draft->record_sizes[0]))
CHANGE(swapped_slots, unsigned char *slots = draft->file + VAULT_HEADER_BYTES;
       swap_bytes(slots, slots + VAULT_SLOT_BYTES_MIN, VAULT_SLOT_BYTES_MIN))
CHANGE(empty_file, draft->file_size = 0)
CHANGE(cut_in_magic, draft->file_size = VAULT_MAGIC_BYTES - 1)
CHANGE(cut_in_header, draft->file_size = VAULT_HEADER_BYTES - 1)
CHANGE(cut_after_header, draft->file_size = VAULT_HEADER_BYTES)
CHANGE(cut_after_slots, draft->file_size = VAULT_HEADER_BYTES + draft->header.slots_size)
CHANGE(cut_after_root, draft->file_size = vault_front_size(&draft->header))
CHANGE(cut_after_page, draft->file_size = vault_front_size(&draft->header) + VAULT_PAGE_DISK_BYTES)
CHANGE(cut_last_record, draft->file_size -= draft->record_sizes[0])
CHANGE(cut_last_byte, draft->file_size--)
CHANGE(one_byte_more, draft->file[draft->file_size++] = 0)
CHANGE(one_record_more, draft->file_size += VAULT_RECORD_UNIT)

/* Rewrite the header, as somebody without a key could, who makes the sizes fit. */
static void rewrite_header(struct draft *draft) {
    vault_header_encode(&draft->header, draft->file);
}

static void last_record_removed(struct draft *draft) {
    draft->file_size -= draft->record_sizes[0];
    draft->header.records_size -= draft->record_sizes[0];
    rewrite_header(draft);
}

static void slot_removed(struct draft *draft) {
    unsigned char *slots = draft->file + VAULT_HEADER_BYTES;
    const size_t rest = draft->file_size - VAULT_HEADER_BYTES - VAULT_SLOT_BYTES_MIN;
    memmove(slots, slots + VAULT_SLOT_BYTES_MIN, rest);
    draft->header.slot_count--;
    draft->header.slots_size -= VAULT_SLOT_BYTES_MIN;
    draft->header.root_size = vault_root_disk_size(draft->header.slot_count, 0);
    draft->file_size = (size_t)vault_file_size(&draft->header);
    rewrite_header(draft);
}

static void slot_added(struct draft *draft) {
    unsigned char *slots = draft->file + VAULT_HEADER_BYTES;
    memmove(slots + VAULT_SLOT_BYTES_MIN, slots, draft->file_size - VAULT_HEADER_BYTES);
    draft->header.slot_count++;
    draft->header.slots_size += VAULT_SLOT_BYTES_MIN;
    draft->header.root_size = vault_root_disk_size(draft->header.slot_count, 0);
    draft->file_size = (size_t)vault_file_size(&draft->header);
    rewrite_header(draft);
}

/* The header of the generation before, over the body of this one. */
static void older_header(struct draft *draft) {
    draft->header.generation--;
    rewrite_header(draft);
}

/* A record that was right in an older generation: another nonce, another password. */
static void older_record(struct draft *draft) {
    unsigned char buffer[VAULT_AAD_BYTES_MAX];
    unsigned char tag[VAULT_TAG_BYTES];
    version(draft, 1)->fields[0].value = ibc_view_of("an older password");
    record_encode(draft->profiles[0], draft->record_plain[0],
                  draft->record_sizes[0] - VAULT_NONCE_BYTES);
    vault_seal(
        draft->keys.record, vault_record_aad(draft->header.id, buffer),
        (struct ibc_view){draft->record_plain[0], draft->record_sizes[0] - VAULT_NONCE_BYTES},
        records_in(draft), tag);
}

/* --- the vectors ----------------------------------------------------------------------------- */

/* Offsets of header fields, of the first slot, of what is in the root and in the first page. */
enum {
    AT_MAGIC = 0,
    AT_VERSION = 8,
    AT_SLOT_COUNT = 10,
    AT_SLOTS_SIZE = 12,
    AT_GENERATION = 16,
    AT_ID = 24,
    AT_ROOT_SIZE = 40,
    AT_PAGE_COUNT = 44,
    AT_RECORDS_SIZE = 48,
    AT_SLOT = VAULT_HEADER_BYTES,
    AT_BODY = AT_SLOT + 4,
    AT_PASSES = AT_BODY + 16,
    AT_MEMORY = AT_PASSES + 4,
    AT_SLOT_NONCE = AT_MEMORY + 8,
    AT_WRAPPED = AT_SLOT_NONCE + 24,
    AT_ROOT_CREATED = 96,
    AT_INFO = 112,
    AT_INFO_RECIPIENT = AT_INFO + 1,
    AT_INFO_LABEL = AT_INFO_RECIPIENT + 32,
    AT_INFO_CREATED = AT_INFO_LABEL + 1 + 64,
    AT_INFO_EXPIRES = AT_INFO_CREATED + 8,
    AT_ENTRY_COUNT = 0,
    AT_FIRST_RECORD = 2,
    AT_ENTRY = 10, /* name size, "alpha", kind, units, tag */
    AT_ENTRY_KIND = AT_ENTRY + 6,
    AT_ENTRY_UNITS = AT_ENTRY_KIND + 1,
    AT_RECORD_NAME = 4, /* after the length: name size, "alpha", kind, account, created */
    AT_RECORD_ACCOUNT = AT_RECORD_NAME + 7,
    AT_VERSION_COUNT = AT_RECORD_ACCOUNT + 4 + 8,
};

#define PATCH(at_stage, at, with)                                                                  \
    { .stage = (at_stage), .offset = (at), .bytes = (with), .size = sizeof(with) - 1 }
#define BY(at_stage, function)                                                                     \
    { .stage = (at_stage), .change = (function) }
#define NOTHING                                                                                    \
    { .stage = STAGE_NONE }
#define OURS  "identity.txt"
#define OTHER "other-identity.txt"
#define WORDS "passphrase.txt"

static const struct vector {
    const char *name;
    enum base base;
    const char *key;
    const char *found;  /* "open" or "verify"; "-" where nothing is wrong */
    const char *status; /* "ok", "data" or "refused" */
    struct fault fault;
    const char *what;
} vectors[] = {
#include "vectors.inc"
};

static void write_vector(const char *directory, const struct vector *vector, FILE *index) {
    seed_with(vector->name);
    struct draft *draft = calloc(1, sizeof *draft);
    fill(draft, vector->base);
    draft_make(draft, 7, &vector->fault);

    struct ibc_error err;
    char path[512];
    snprintf(path, sizeof path, "%s/%s.vault", directory, vector->name);
    const struct ibc_view file = {.bytes = draft->file, .size = draft->file_size};
    require(ibc_file_replace(path, file, 0644, &err), &err);
    fprintf(index, "%s.vault\t%s\t%s\t%s\t%s\n", vector->name, vector->key, vector->found,
            vector->status, vector->what);
    for (size_t i = 0; i < draft->profile_count; i++) {
        ibc_profile_free(&draft->profiles[i]);
    }
    free(draft);
}

static void write_text(const char *directory, const char *name, const char *text) {
    struct ibc_error err;
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    require(ibc_file_replace(path, ibc_view_of(text), 0644, &err), &err);
}

/* A second identity, which opens none of the vaults. */
static void write_other_identity(const char *directory) {
    struct ibc_error err;
    struct ibc_identities *identities = NULL;
    struct ibc_secret text;
    seed_with("other identity");
    require(ibc_identities_generate(&identities, &err), &err);
    require(ibc_identities_format(identities, 1795334400000, &text, &err), &err);
    char path[512];
    snprintf(path, sizeof path, "%s/" OTHER, directory);
    require(ibc_file_replace(path, ibc_secret_view(&text), 0644, &err), &err);
    ibc_secret_free(&text);
    ibc_identities_free(&identities);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: make_vectors DIRECTORY\n");
        return 64;
    }
    if (randombytes_set_implementation(&repeating) != 0 || sodium_init() < 0) {
        return 70;
    }
    char path[512];
    snprintf(path, sizeof path, "%s/index.tsv", argv[1]);
    FILE *index = fopen(path, "w");
    if (!index) {
        perror(path);
        return 73;
    }
    fprintf(index, "# file\tkey\tfound by\tstatus\twhat is wrong\n");
    for (size_t i = 0; i < IBC_ARRAY_SIZE(vectors); i++) {
        write_vector(argv[1], &vectors[i], index);
    }
    write_text(argv[1], OURS, "# public key: " RECIPIENT "\n" IDENTITY "\n");
    write_text(argv[1], WORDS, PASSPHRASE);
    write_text(argv[1], "wrong-" WORDS, "Correct horse battery staple");
    write_other_identity(argv[1]);
    return fclose(index) == 0 ? 0 : 74;
}
