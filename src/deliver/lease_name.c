/* lease_name.c - names that say when a delivery ends. */
#include "deliver/lease_name.h"

#include <ibcred/number.h>
#include <sodium.h>

#define PREFIX "lease-"

enum {
    BOOT_DIGITS = 2 * BOOT_BYTES,
    RANDOM_BYTES = 8,
    RANDOM_DIGITS = 2 * RANDOM_BYTES,
};

static const char *const suffixes[] = {
    [IBC_LEASE_FILE] = ".env",
    [IBC_LEASE_DIRECTORY] = ".dir",
};

static void boot_digits(const struct ibc_instant *now, char out[static BOOT_DIGITS + 1]) {
    sodium_bin2hex(out, BOOT_DIGITS + 1, now->boot_id, BOOT_BYTES);
}

void ibc_lease_name(const struct ibc_instant *now, int64_t ttl, enum ibc_lease_kind kind,
                    char out[static IBC_LEASE_NAME_MAX]) {
    char boot[BOOT_DIGITS + 1];
    boot_digits(now, boot);
    unsigned char random[RANDOM_BYTES];
    randombytes_buf(random, sizeof random);
    char tail[RANDOM_DIGITS + 1];
    const int64_t end_ms = now->boot_ms + ttl * 1000;
    sodium_bin2hex(tail, sizeof tail, random, sizeof random);
    snprintf(out, IBC_LEASE_NAME_MAX, PREFIX "%s-%lld-%s%s", boot, (long long)end_ms, tail,
             suffixes[kind]);
}

static bool is_hex(const char *text, size_t size) {
    return strspn(text, "0123456789abcdef") >= size;
}

static bool parse_suffix(const char *text, enum ibc_lease_kind *out) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(suffixes); i++) {
        if (strcmp(text, suffixes[i]) == 0) {
            *out = (enum ibc_lease_kind)i;
            return true;
        }
    }
    return false;
}

bool lease_parse(const char *name, struct lease *out) {
    if (strncmp(name, PREFIX, strlen(PREFIX)) != 0) {
        return false;
    }
    const char *boot = name + strlen(PREFIX);
    if (!is_hex(boot, BOOT_DIGITS) || boot[BOOT_DIGITS] != '-') {
        return false;
    }
    const char *end = boot + BOOT_DIGITS + 1;
    size_t end_size = strspn(end, "0123456789");
    const char *tail = end + end_size;
    if (tail[0] != '-' || !is_hex(tail + 1, RANDOM_DIGITS) ||
        !parse_suffix(tail + 1 + RANDOM_DIGITS, &out->kind)) {
        return false;
    }
    uint64_t end_ms;
    if (!ibc_parse_number(end, end_size, INT64_MAX, &end_ms)) {
        return false;
    }
    memcpy(out->boot, boot, BOOT_DIGITS);
    out->boot[BOOT_DIGITS] = '\0';
    out->end_ms = (int64_t)end_ms;
    return true;
}

bool ibc_lease_is(const char *name, enum ibc_lease_kind kind) {
    struct lease lease;
    return lease_parse(name, &lease) && lease.kind == kind;
}

bool ibc_lease_overdue(const char *name, const struct ibc_instant *now) {
    struct lease lease;
    if (!lease_parse(name, &lease)) {
        return false;
    }
    char boot[BOOT_DIGITS + 1];
    boot_digits(now, boot);
    return strcmp(lease.boot, boot) != 0 || now->boot_ms >= lease.end_ms;
}
