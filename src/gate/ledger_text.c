/* ledger_text.c - strict reading and canonical writing of ledger lines. */
#include "gate/ledger_text.h"

#include "base/append_file.h"
#include <assert.h>
#include <ibcred/file.h>
#include <ibcred/number.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_WORD "v1"

enum { HASH_HEX = 2 * LEDGER_HASH_BYTES };

static const unsigned char domain[crypto_generichash_blake2b_PERSONALBYTES] = "ibcred ledger 1";

static const char *const event_names[] = {
    [IBC_LEDGER_CHARGE] = "charge",   [IBC_LEDGER_UNDELIVERED] = "undelivered",
    [IBC_LEDGER_OUTCOME] = "outcome", [IBC_LEDGER_CLEAR] = "clear",
    [IBC_LEDGER_ATTEMPT] = "attempt",
};

/* --- the chain --- */

static_assert((int)LEDGER_HASH_BYTES == (int)IBC_ACCOUNT_ID_BYTES &&
                  (int)LEDGER_HASH_BYTES == crypto_generichash_blake2b_SALTBYTES,
              "the account and every hash serve as a salt");

struct ledger_chain ledger_chain_start(const unsigned char account[static IBC_ACCOUNT_ID_BYTES],
                                       const unsigned char *key) {
    struct ledger_chain chain = {.key = key};
    memcpy(chain.account, account, sizeof chain.account);
    memcpy(chain.previous, account, sizeof chain.previous);
    return chain;
}

void ledger_chain_advance(struct ledger_chain *chain, struct ibc_view body) {
    unsigned char hash[LEDGER_HASH_BYTES];
    crypto_generichash_blake2b_salt_personal(hash, sizeof hash, body.bytes, body.size, chain->key,
                                             IBC_AUDIT_KEY_BYTES, chain->previous, domain);
    memcpy(chain->previous, hash, sizeof hash);
}

/* --- writing --- */

static bool outcome_fits(const struct ibc_ledger_entry *entry) {
    if (entry->event != IBC_LEDGER_OUTCOME) {
        return entry->outcome == 0 && entry->wait == 0;
    }
    if (entry->outcome < IBC_OUTCOME_SUCCESS || entry->outcome > IBC_OUTCOME_UNKNOWN) {
        return false;
    }
    int64_t longest = entry->outcome == IBC_OUTCOME_THROTTLED ? LEDGER_WAIT_MAX : 0;
    return entry->wait >= 0 && entry->wait <= longest;
}

static bool seen_fits(const struct ibc_ledger_entry *entry) {
    if (entry->event == IBC_LEDGER_ATTEMPT) {
        return entry->seen_ns > 0;
    }
    return entry->event == IBC_LEDGER_OUTCOME ? entry->seen_ns >= 0 : entry->seen_ns == 0;
}

bool ledger_entry_fits(const struct ibc_ledger_entry *entry) {
    return entry->event >= IBC_LEDGER_CHARGE && entry->event <= IBC_LEDGER_ATTEMPT &&
           outcome_fits(entry) && seen_fits(entry) && entry->at.wall_ms >= 0 &&
           entry->at.wall_ms <= LEDGER_WALL_MS_MAX && entry->at.boot_ms >= 0 &&
           entry->at.boot_ms <= LEDGER_BOOT_MS_MAX;
}

size_t ledger_format_line(struct ledger_chain *chain, const struct ibc_ledger_entry *entry,
                          char out[static LEDGER_LINE_MAX]) {
    char boot_id[2 * IBC_BOOT_ID_BYTES + 1];
    char credential[2 * IBC_CREDENTIAL_ID_BYTES + 1];
    char hash[HASH_HEX + 1];
    sodium_bin2hex(boot_id, sizeof boot_id, entry->at.boot_id, IBC_BOOT_ID_BYTES);
    sodium_bin2hex(credential, sizeof credential, entry->credential, IBC_CREDENTIAL_ID_BYTES);

    bool outcome = entry->event == IBC_LEDGER_OUTCOME;
    int body = snprintf(out, LEDGER_LINE_MAX, VERSION_WORD " %llu %s %s %lld %lld %lld %lld %s %s",
                        (unsigned long long)entry->sequence, event_names[entry->event],
                        outcome ? ibc_outcome_name(entry->outcome) : "-", (long long)entry->wait,
                        (long long)entry->seen_ns, (long long)entry->at.wall_ms,
                        (long long)entry->at.boot_ms, boot_id, credential);
    ledger_chain_advance(chain, (struct ibc_view){(const unsigned char *)out, (size_t)body});
    sodium_bin2hex(hash, sizeof hash, chain->previous, LEDGER_HASH_BYTES);
    int end = snprintf(out + body, LEDGER_LINE_MAX - (size_t)body, " %s\n", hash);
    return (size_t)body + (size_t)end;
}

/* --- reading --- */

/* Fields of a line, one after the other; `failed` sticks. */
struct fields {
    struct ibc_view rest;
    bool failed;
};

static struct ibc_view next_field(struct fields *fields) {
    const unsigned char *start = fields->rest.bytes;
    const unsigned char *space =
        fields->rest.size > 0 ? memchr(start, ' ', fields->rest.size) : NULL;
    if (!space) {
        fields->failed = true;
        return ibc_view_of("");
    }
    size_t size = (size_t)(space - start);
    fields->rest = (struct ibc_view){space + 1, fields->rest.size - size - 1};
    return (struct ibc_view){start, size};
}

static int64_t next_number(struct fields *fields, int64_t max) {
    struct ibc_view text = next_field(fields);
    uint64_t value = 0;
    if (!ibc_parse_number((const char *)text.bytes, text.size, (uint64_t)max, &value)) {
        fields->failed = true;
    }
    return (int64_t)value;
}

/* One more than the value of each lower-case hexadecimal digit; 0 for every other byte. */
static const unsigned char hex_values[256] = {
    ['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

/* Read exactly `size` bytes of hexadecimal. */
static bool parse_hex(struct ibc_view text, unsigned char *out, size_t size) {
    if (text.size != 2 * size) {
        return false;
    }
    bool valid = true;
    for (size_t i = 0; i < size; i++) {
        unsigned high = hex_values[text.bytes[2 * i]];
        unsigned low = hex_values[text.bytes[2 * i + 1]];
        valid &= high != 0 && low != 0;
        out[i] = (unsigned char)((high - 1) << 4 | (low - 1));
    }
    return valid;
}

static void next_id(struct fields *fields, unsigned char *out, size_t size) {
    if (!parse_hex(next_field(fields), out, size)) {
        fields->failed = true;
    }
}

/* None of the words is a secret, and a ledger has many. */
static bool is_word(struct ibc_view field, const char *word) {
    return field.size == strlen(word) && memcmp(field.bytes, word, field.size) == 0;
}

static enum ibc_ledger_event next_event(struct fields *fields) {
    struct ibc_view word = next_field(fields);
    for (size_t i = IBC_LEDGER_CHARGE; i < IBC_ARRAY_SIZE(event_names); i++) {
        if (is_word(word, event_names[i])) {
            return (enum ibc_ledger_event)i;
        }
    }
    fields->failed = true;
    return IBC_LEDGER_CHARGE;
}

static enum ibc_outcome next_outcome(struct fields *fields) {
    struct ibc_view word = next_field(fields);
    if (is_word(word, "-")) {
        return 0;
    }
    for (int i = IBC_OUTCOME_SUCCESS; i <= IBC_OUTCOME_UNKNOWN; i++) {
        if (is_word(word, ibc_outcome_name((enum ibc_outcome)i))) {
            return (enum ibc_outcome)i;
        }
    }
    fields->failed = true;
    return 0;
}

/* Read a line without its newline. Yields the text that the hash covers, and the hash. */
static bool parse_line(struct ibc_view line, struct ibc_ledger_entry *entry, struct ibc_view *body,
                       unsigned char hash[static LEDGER_HASH_BYTES]) {
    struct fields fields = {.rest = line};
    struct ibc_view version = next_field(&fields);
    entry->sequence = (uint64_t)next_number(&fields, INT64_MAX);
    entry->event = next_event(&fields);
    entry->outcome = next_outcome(&fields);
    entry->wait = next_number(&fields, LEDGER_WAIT_MAX);
    entry->seen_ns = next_number(&fields, INT64_MAX);
    entry->at.wall_ms = next_number(&fields, LEDGER_WALL_MS_MAX);
    entry->at.boot_ms = next_number(&fields, LEDGER_BOOT_MS_MAX);
    next_id(&fields, entry->at.boot_id, IBC_BOOT_ID_BYTES);
    next_id(&fields, entry->credential, IBC_CREDENTIAL_ID_BYTES);
    if (fields.failed || !is_word(version, VERSION_WORD) ||
        !parse_hex(fields.rest, hash, LEDGER_HASH_BYTES)) {
        return false;
    }
    *body = (struct ibc_view){line.bytes, line.size - HASH_HEX - 1};
    return ledger_entry_fits(entry);
}

static bool follows(struct ledger_chain *chain, struct ibc_view body,
                    const unsigned char hash[static LEDGER_HASH_BYTES]) {
    ledger_chain_advance(chain, body);
    return sodium_memcmp(chain->previous, hash, LEDGER_HASH_BYTES) == 0;
}

static enum ibc_status fail_line(const struct ledger_chain *chain, size_t line, const char *what,
                                 struct ibc_error *err) {
    char name[APPEND_FILE_NAME_MAX];
    append_file_name(name, "ledger", chain->account, ".log");
    return ibc_fail(err, IBC_ERR_DATA,
                    "%s:%zu in the state directory %s, so nothing is released for this account; "
                    "put back a good copy, or move the file away once you are sure that the "
                    "account is not near IBKR's limit of failed logins",
                    name, line, what);
}

static size_t count_lines(struct ibc_view text, size_t *valid_size) {
    size_t count = 0;
    *valid_size = 0;
    const unsigned char *newline;
    while (*valid_size < text.size &&
           (newline = memchr(text.bytes + *valid_size, '\n', text.size - *valid_size)) != NULL) {
        count++;
        *valid_size = (size_t)(newline - text.bytes) + 1;
    }
    return count;
}

/* Read `count` whole lines of `text` into `entries`. */
static enum ibc_status parse_lines(struct ibc_view text, struct ledger_chain *chain,
                                   struct ibc_ledger_entry *entries, size_t count,
                                   struct ibc_error *err) {
    for (size_t i = 0; i < count; i++) {
        const unsigned char *newline = memchr(text.bytes, '\n', text.size);
        struct ibc_view line = {text.bytes, (size_t)(newline - text.bytes)};
        struct ibc_view body;
        unsigned char hash[LEDGER_HASH_BYTES];
        if (!parse_line(line, &entries[i], &body, hash)) {
            return fail_line(chain, i + 1, "is not a ledger line that this program knows", err);
        }
        if (entries[i].sequence != i + 1) {
            return fail_line(chain, i + 1, "is out of sequence", err);
        }
        if (!follows(chain, body, hash)) {
            return fail_line(chain, i + 1, "was edited, or does not follow the line before", err);
        }
        text = (struct ibc_view){newline + 1, text.size - line.size - 1};
    }
    return IBC_OK;
}

enum ibc_status ledger_parse(struct ibc_view text, struct ledger_chain *chain,
                             struct ibc_ledger_entry **entries, size_t *count, size_t *valid_size,
                             struct ibc_error *err) {
    *entries = NULL;
    *count = 0;
    size_t valid;
    size_t lines = count_lines(text, &valid);
    ibc_auto_free struct ibc_ledger_entry *parsed = calloc(lines + 1, sizeof *parsed);
    if (!parsed) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a ledger of %zu lines", lines);
    }
    enum ibc_status status = parse_lines(text, chain, parsed, lines, err);
    if (status != IBC_OK) {
        return status;
    }
    *entries = ibc_steal(&parsed);
    *count = lines;
    *valid_size = valid;
    return IBC_OK;
}

enum ibc_status ibc_ledger_parse(struct ibc_view text,
                                 const unsigned char account[static IBC_ACCOUNT_ID_BYTES],
                                 const unsigned char *key, struct ibc_ledger_entry **entries,
                                 size_t *count, size_t *valid_size, struct ibc_error *err) {
    struct ledger_chain chain = ledger_chain_start(account, key);
    return ledger_parse(text, &chain, entries, count, valid_size, err);
}
