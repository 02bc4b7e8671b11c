/*
 * ledger_text.h - ledger entries as lines of text, and the chain that binds them. Pure.
 *
 * A line is eleven fields with one space between them, and a newline:
 *
 *     v1 SEQUENCE EVENT OUTCOME WAIT SEEN_NS WALL_MS BOOT_MS BOOT_ID CREDENTIAL HASH
 *
 * Numbers are decimal without leading zeros, ids and the hash lower-case hexadecimal, OUTCOME is
 * "-" but for outcomes. HASH is BLAKE2b-128 with the ledger's key, "ibcred ledger 1" as
 * personalization and the hash of the line before as salt (the account in the first line), over
 * the line up to the space before HASH. There is one line for one entry.
 */
#ifndef IBCRED_GATE_LEDGER_TEXT_H
#define IBCRED_GATE_LEDGER_TEXT_H

#include "gate/proven_clock.h"
#include <ibcred/ledger.h>

enum {
    LEDGER_HASH_BYTES = 16,
    LEDGER_LINE_MAX = 256,   /* bytes; the longest line is shorter */
    LEDGER_WAIT_MAX = 86400, /* seconds */
};

/* The latest times a line can hold: the end of the year 9999, and the longest boot. */
#define LEDGER_WALL_MS_MAX INT64_C(253402300799999)
#define LEDGER_BOOT_MS_MAX PROVEN_BOOT_MS_MAX

/* What the next line is bound to. */
struct ledger_chain {
    const unsigned char *key; /* IBC_AUDIT_KEY_BYTES; borrowed */
    unsigned char account[IBC_ACCOUNT_ID_BYTES];
    unsigned char previous[LEDGER_HASH_BYTES]; /* hash of the line before */
};

/* The chain before the first line. */
struct ledger_chain ledger_chain_start(const unsigned char account[static IBC_ACCOUNT_ID_BYTES],
                                       const unsigned char *key);

/* Make `chain` follow a line whose text before the space and the hash is `body`. */
void ledger_chain_advance(struct ledger_chain *chain, struct ibc_view body);

/* Can a line hold this entry? Its sequence aside. */
bool ledger_entry_fits(const struct ibc_ledger_entry *entry);

/* Write the entry, which must fit, as the line after `chain`, and advance it. Yields its size. */
size_t ledger_format_line(struct ledger_chain *chain, const struct ibc_ledger_entry *entry,
                          char out[static LEDGER_LINE_MAX]);

/* As ibc_ledger_parse(); `*chain` comes to stand after the last whole line. */
IBC_CHECKED enum ibc_status ledger_parse(struct ibc_view text, struct ledger_chain *chain,
                                         struct ibc_ledger_entry **entries, size_t *count,
                                         size_t *valid_size, struct ibc_error *err);

#endif
