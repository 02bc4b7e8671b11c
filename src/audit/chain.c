/* chain.c - see chain.h. */
#include "audit/chain.h"

#include <ibcred/number.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { MAC_BYTES = AUDIT_MAC_HEX / 2 };

#define LINE_START "{\"seq\":"
#define PREV_START ",\"prev\":\""
#define MAC_START  ",\"mac\":\""

typedef unsigned char domain_word[crypto_generichash_blake2b_PERSONALBYTES];
static const domain_word line_domain = "ibcred audit 1";
static const domain_word head_domain = "ibcred head 1";

struct audit_link audit_first_link(void) {
    struct audit_link link = {.sequence = 0};
    memset(link.mac, '0', AUDIT_MAC_HEX);
    return link;
}

static void keyed_hash(const struct audit_identity *identity, const domain_word domain,
                       struct ibc_view message, char hex[static AUDIT_MAC_HEX + 1]) {
    unsigned char mac[MAC_BYTES];
    crypto_generichash_blake2b_salt_personal(mac, sizeof mac, message.bytes, message.size,
                                             identity->key, IBC_AUDIT_KEY_BYTES, identity->vault_id,
                                             domain);
    sodium_bin2hex(hex, AUDIT_MAC_HEX + 1, mac, sizeof mac);
}

void audit_line_mac(const struct audit_identity *identity, struct ibc_view body,
                    char mac[static AUDIT_MAC_HEX + 1]) {
    keyed_hash(identity, line_domain, body, mac);
}

/* Take the fixed `text` off the front. */
static bool take(struct ibc_view *view, const char *text) {
    size_t size = strlen(text);
    if (view->size < size || memcmp(view->bytes, text, size) != 0) {
        return false;
    }
    *view = (struct ibc_view){view->bytes + size, view->size - size};
    return true;
}

/* Take a MAC in hexadecimal off the front; what it says is for the caller to compare. */
static bool take_mac(struct ibc_view *view, char mac[static AUDIT_MAC_HEX + 1]) {
    if (view->size < AUDIT_MAC_HEX) {
        return false;
    }
    memcpy(mac, view->bytes, AUDIT_MAC_HEX);
    mac[AUDIT_MAC_HEX] = '\0';
    *view = (struct ibc_view){view->bytes + AUDIT_MAC_HEX, view->size - AUDIT_MAC_HEX};
    return true;
}

static bool parse_sequence(struct ibc_view line, uint64_t *sequence) {
    if (!take(&line, LINE_START)) {
        return false;
    }
    const unsigned char *comma = memchr(line.bytes, ',', line.size);
    return comma && ibc_parse_number((const char *)line.bytes, (size_t)(comma - line.bytes),
                                     INT64_MAX, sequence);
}

static bool same_mac(const char *a, const char *b) {
    return sodium_memcmp(a, b, AUDIT_MAC_HEX) == 0;
}

bool audit_line_check(const struct audit_identity *identity, struct ibc_view line,
                      struct audit_link *link, char previous[static AUDIT_MAC_HEX + 1]) {
    const size_t prev_member = sizeof PREV_START - 1 + AUDIT_MAC_HEX + 1;
    const size_t tail_size = prev_member + AUDIT_MAC_MEMBER_SIZE;
    if (line.size < tail_size || !parse_sequence(line, &link->sequence)) {
        return false;
    }
    struct ibc_view tail = {line.bytes + line.size - tail_size, tail_size};
    struct ibc_view body = {line.bytes, line.size - AUDIT_MAC_MEMBER_SIZE};
    if (!take(&tail, PREV_START) || !take_mac(&tail, previous) || !take(&tail, "\"" MAC_START) ||
        !take_mac(&tail, link->mac) || !take(&tail, "\"}")) {
        return false;
    }
    char expected[AUDIT_MAC_HEX + 1];
    audit_line_mac(identity, body, expected);
    return same_mac(expected, link->mac);
}

static size_t format_head_start(const struct audit_link *link, char *out, size_t size) {
    return (size_t)snprintf(out, size, "%020llu %s", (unsigned long long)link->sequence, link->mac);
}

void audit_head_format(const struct audit_identity *identity, const struct audit_link *link,
                       char out[static AUDIT_HEAD_SIZE + 1]) {
    char check[AUDIT_MAC_HEX + 1];
    size_t used = format_head_start(link, out, AUDIT_HEAD_SIZE + 1);
    keyed_hash(identity, head_domain, (struct ibc_view){(const unsigned char *)out, used}, check);
    snprintf(out + used, AUDIT_HEAD_SIZE + 1 - used, " %s\n", check);
}

bool audit_head_parse(const struct audit_identity *identity, struct ibc_view text,
                      struct audit_link *link) {
    enum { DIGITS = 20 };
    if (text.size != AUDIT_HEAD_SIZE) {
        return false;
    }
    size_t zeros = 0;
    while (zeros < DIGITS - 1 && text.bytes[zeros] == '0') {
        zeros++;
    }
    struct ibc_view rest = {text.bytes + DIGITS, text.size - DIGITS};
    if (!ibc_parse_number((const char *)text.bytes + zeros, DIGITS - zeros, INT64_MAX,
                          &link->sequence) ||
        !take(&rest, " ") || !take_mac(&rest, link->mac)) {
        return false;
    }
    char expected[AUDIT_HEAD_SIZE + 1] = {0};
    audit_head_format(identity, link, expected);
    return sodium_memcmp(expected, text.bytes, AUDIT_HEAD_SIZE) == 0;
}
