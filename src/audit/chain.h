/*
 * chain.h - what makes an audit line part of its chain. Pure.
 *
 * A line is one JSON object and begins and ends in a fixed way:
 *
 *     {"seq":N,…,"prev":"PREV","mac":"MAC"}
 *
 * MAC is BLAKE2b-256 in lower-case hexadecimal, with the audit key, "ibcred audit 1" as
 * personalization and the vault's id as salt, over the bytes before `,"mac"`; PREV, inside them,
 * is the MAC of the line before (zeros in the first line). So a line is checked without a JSON
 * parser.
 *
 * The head file remembers how far the log went, as "N MAC CHECK\n": the number of the newest line,
 * its MAC, and the same keyed hash, personalized "ibcred head 1", over "N MAC". N has 20 digits.
 */
#ifndef IBCRED_AUDIT_CHAIN_H
#define IBCRED_AUDIT_CHAIN_H

#include <ibcred/audit.h>

enum {
    AUDIT_MAC_HEX = 64,
    AUDIT_HEAD_SIZE = 20 + 1 + AUDIT_MAC_HEX + 1 + AUDIT_MAC_HEX + 1,
    AUDIT_MAC_MEMBER_SIZE = sizeof ",\"mac\":\"\"}" - 1 + AUDIT_MAC_HEX,
};

/* Whose chain it is. */
struct audit_identity {
    unsigned char vault_id[IBC_VAULT_ID_BYTES];
    const unsigned char *key; /* IBC_AUDIT_KEY_BYTES; borrowed */
};

/* A place in the chain: after line `sequence`. */
struct audit_link {
    uint64_t sequence;
    char mac[AUDIT_MAC_HEX + 1];
};

/* Before the first line. */
struct audit_link audit_first_link(void);

/* The MAC of a line whose bytes before `,"mac"` are `body`. */
void audit_line_mac(const struct audit_identity *identity, struct ibc_view body,
                    char mac[static AUDIT_MAC_HEX + 1]);

/*
 * Check one line, without its newline, by itself. Yields its own link and, in `previous`, the MAC
 * that it says the line before has.
 */
IBC_CHECKED bool audit_line_check(const struct audit_identity *identity, struct ibc_view line,
                                  struct audit_link *link, char previous[static AUDIT_MAC_HEX + 1]);

void audit_head_format(const struct audit_identity *identity, const struct audit_link *link,
                       char out[static AUDIT_HEAD_SIZE + 1]);
IBC_CHECKED bool audit_head_parse(const struct audit_identity *identity, struct ibc_view text,
                                  struct audit_link *link);

#endif
