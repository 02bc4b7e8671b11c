/*
 * fuzz_ledger.c - ledger text from anywhere, and the gate's decision over whatever it holds.
 *
 * The first byte says how the rest is read: as a ledger file as it is, as the bodies of lines that
 * are then given the right hashes (so that hostile fields reach the parser behind the chain), or
 * as raw entries (so that the decision sees what no parser would let through).
 */
#include "gate/ledger_text.h"
#include <ibcred/gate.h>

#include <sodium.h>

enum { TEXT_MAX = 1 << 16, ENTRIES_MAX = 256 };

static const unsigned char account[IBC_ACCOUNT_ID_BYTES] = "fuzzed account";
static const unsigned char key[IBC_AUDIT_KEY_BYTES] = "a key that everybody knows here";

static const struct ibc_gate_rules rules = {
    .max_failures = 3,
    .max_attempts = 8,
    .window = 86400,
    .attempt_timeout = 300,
    .rejected_wait = 60,
    .throttled_wait = 59,
    .throttled_margin = 3,
    .throttled_cap = 3600,
    .second_factor_wait = 60,
    .session_conflict_wait = 300,
    .silent_drop_wait = 60,
    .silent_drop_cap = 600,
    .persistent_drop_wait = 1200,
    .persistent_drop_growth = 150,
    .persistent_drop_cap = 3600,
    .unknown_wait = 60,
};

static void require(bool truth) {
    if (!truth) {
        abort();
    }
}

static void check_verdict(const struct ibc_gate_verdict *verdict) {
    require((verdict->decision == IBC_GATE_WAIT) == (verdict->wait_ms > 0));
    require((verdict->decision == IBC_GATE_ALLOW) == (verdict->reason == IBC_REASON_NONE));
    require(verdict->failures >= 0 && verdict->attempts >= 0 && verdict->budget_ms >= 0);
    struct ibc_error err;
    enum ibc_status status = ibc_gate_explain(verdict, &rules, "fuzz", &err);
    require((status == IBC_OK) == (verdict->decision == IBC_GATE_ALLOW));
}

/* Decide right after the last entry, a wait later, and in another boot. */
static void decide(const struct ibc_ledger_entry *entries, size_t count) {
    static const unsigned char nobody[IBC_CREDENTIAL_ID_BYTES];
    const struct ibc_ledger_entry *last = count > 0 ? &entries[count - 1] : NULL;
    struct ibc_instant now = last ? last->at : (struct ibc_instant){0};
    const unsigned char *credential = last ? last->credential : nobody;

    struct ibc_gate_verdict verdict = ibc_gate_decide(entries, count, &rules, credential, &now, 0);
    check_verdict(&verdict);
    if (last && (last->event == IBC_LEDGER_CHARGE || last->event == IBC_LEDGER_ATTEMPT)) {
        require(verdict.decision != IBC_GATE_ALLOW);
    }
    if (verdict.decision == IBC_GATE_WAIT && now.boot_ms <= LEDGER_BOOT_MS_MAX - verdict.wait_ms) {
        now.boot_ms += verdict.wait_ms;
        verdict = ibc_gate_decide(entries, count, &rules, credential, &now, 0);
        check_verdict(&verdict);
    }
    now.boot_id[0] ^= 1;
    verdict = ibc_gate_decide(entries, count, &rules, credential, &now, 1);
    check_verdict(&verdict);
    require(verdict.decision != IBC_GATE_ALLOW);
}

/* What was accepted is exactly what would be written. */
static void write_again(const struct ibc_ledger_entry *entries, size_t count,
                        struct ibc_view text) {
    struct ledger_chain chain = ledger_chain_start(account, key);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        char line[LEDGER_LINE_MAX];
        require(ledger_entry_fits(&entries[i]));
        size_t size = ledger_format_line(&chain, &entries[i], line);
        require(size <= text.size - at && memcmp(line, text.bytes + at, size) == 0);
        at += size;
    }
    require(at == text.size);
}

static void parse(struct ibc_view text) {
    struct ibc_ledger_entry *entries;
    size_t count, valid_size = 0;
    struct ibc_error err;
    if (ibc_ledger_parse(text, account, key, &entries, &count, &valid_size, &err) == IBC_OK) {
        write_again(entries, count, (struct ibc_view){text.bytes, valid_size});
        decide(entries, count);
    } else {
        require(entries == NULL && err.status == IBC_ERR_DATA);
    }
    free(entries);
}

/* Give each line of `bodies` the hash that it would have. */
static void parse_with_hashes(struct ibc_view bodies) {
    static char text[TEXT_MAX];
    struct ledger_chain chain = ledger_chain_start(account, key);
    size_t used = 0;
    while (bodies.size > 0) {
        const unsigned char *newline = memchr(bodies.bytes, '\n', bodies.size);
        size_t size = newline ? (size_t)(newline - bodies.bytes) : bodies.size;
        if (used + size + 2 * LEDGER_HASH_BYTES + 3 > sizeof text) {
            break;
        }
        char hash[2 * LEDGER_HASH_BYTES + 1];
        ledger_chain_advance(&chain, (struct ibc_view){bodies.bytes, size});
        sodium_bin2hex(hash, sizeof hash, chain.previous, LEDGER_HASH_BYTES);
        memcpy(text + used, bodies.bytes, size);
        used += size;
        used += (size_t)snprintf(text + used, sizeof text - used, " %s\n", hash);
        size += newline ? 1 : 0;
        bodies = (struct ibc_view){bodies.bytes + size, bodies.size - size};
    }
    parse((struct ibc_view){(const unsigned char *)text, used});
}

/* Entries from a few bytes each: what, which credential and boot, and a time of any size. */
static void decide_raw(struct ibc_view bytes) {
    static struct ibc_ledger_entry entries[ENTRIES_MAX];
    enum { ENTRY_SIZE = 5 };
    size_t count = 0;
    int64_t boot_ms = 0;
    for (; count < ENTRIES_MAX && bytes.size >= ENTRY_SIZE; count++) {
        const unsigned char *from = bytes.bytes;
        int64_t shifted = (int64_t)((uint64_t)from[2] << (from[3] & 63));
        boot_ms = (from[3] & 0x80) ? shifted : boot_ms / 2 + shifted / 2;
        entries[count] = (struct ibc_ledger_entry){
            .event = (enum ibc_ledger_event)(from[0] & 7),
            .outcome = (enum ibc_outcome)(from[0] >> 3 & 15),
            .wait = (int8_t)from[4] * INT64_C(1000),
            .at = {.boot_ms = boot_ms, .boot_id = {from[1] & 3}},
            .credential = {from[1] >> 6},
        };
        bytes = (struct ibc_view){bytes.bytes + ENTRY_SIZE, bytes.size - ENTRY_SIZE};
    }
    decide(entries, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || sodium_init() < 0) {
        return 0;
    }
    struct ibc_view rest = {data + 1, size - 1};
    switch (data[0]) {
    case 'h':
        parse_with_hashes(rest);
        break;
    case 'e':
        decide_raw(rest);
        break;
    default:
        parse(rest);
        break;
    }
    return 0;
}
