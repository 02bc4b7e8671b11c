/*
 * ledger.h - what was released and what came of it, an append-only file an account.
 *
 * A release is a login attempt: its charge is on disk before the secret leaves. Each line carries
 * a keyed hash over itself and the line before, so that edits, gaps and foreign lines are found.
 * A torn last line (a crash while appending) is a charge that was never confirmed, whose secret
 * never left: it is dropped. Everything else that does not check is IBC_ERR_DATA.
 */
#ifndef IBCRED_LEDGER_H
#define IBCRED_LEDGER_H

#include <ibcred/clock.h>
#include <ibcred/vault.h>

#pragma GCC visibility push(default)

enum ibc_outcome {
    IBC_OUTCOME_SUCCESS = 1,
    IBC_OUTCOME_REJECTED,
    IBC_OUTCOME_THROTTLED, /* with the wait that the gateway printed, or none */
    IBC_OUTCOME_SECOND_FACTOR_TIMEOUT,
    IBC_OUTCOME_SESSION_CONFLICT,
    IBC_OUTCOME_SILENT_DROP,
    IBC_OUTCOME_FAILED,       /* a failed login that says nothing against the password */
    IBC_OUTCOME_CONTRADICTED, /* a login to an account of another kind than was asked for */
    IBC_OUTCOME_UNKNOWN,
};

/* "success", "rejected", "throttled", "2fa-timeout", "session-conflict", "silent-drop", "failed",
 * "contradicted", "unknown" */
const char *ibc_outcome_name(enum ibc_outcome outcome);

/*
 * Parse an outcome as the command line writes it; "throttled=SECONDS" (1…86400) sets `*wait`,
 * everything else sets it to 0. False for anything else.
 */
IBC_CHECKED bool ibc_outcome_parse(const char *text, enum ibc_outcome *outcome, int64_t *wait);

enum ibc_ledger_event {
    IBC_LEDGER_CHARGE = 1,  /* a secret is about to leave: a login attempt */
    IBC_LEDGER_UNDELIVERED, /* the entry just before, a charge: its secret did not leave */
    IBC_LEDGER_OUTCOME,     /* what came of the attempt */
    IBC_LEDGER_CLEAR,       /* a person wiped the slate for this credential and account */
    IBC_LEDGER_ATTEMPT,     /* the gateway was seen to log in: the charge in flight is this login's,
                             * and where none is, or it was seen already, this is one more */
};

struct ibc_ledger_entry {
    uint64_t sequence; /* 1, 2, 3, … */
    enum ibc_ledger_event event;
    enum ibc_outcome outcome; /* IBC_LEDGER_OUTCOME; 0 otherwise */
    int64_t wait;             /* seconds, with IBC_OUTCOME_THROTTLED; 0 = none printed */
    int64_t
        seen_ns; /* of an attempt or an outcome: the log's time of the line that told of it, since
                  * 1970, so that a log read twice is written down once; 0 = no log told it */
    struct ibc_instant at;
    unsigned char credential[IBC_CREDENTIAL_ID_BYTES];
};

enum { IBC_LEDGER_FILE_MAX = 64 << 20 /* bytes */ };

struct ibc_ledger;

/*
 * Open the ledger of `account` in the state directory `state_fd`, locked against every other
 * process until it is freed, and read it whole. It need not be there yet. `key` has
 * IBC_AUDIT_KEY_BYTES and, like `state_fd`, is borrowed until then. IBC_ERR_DATA: damaged.
 * IBC_ERR_REFUSED: a link, somebody else's, or others can write it.
 */
IBC_CHECKED enum ibc_status ibc_ledger_open(
    int state_fd, const unsigned char account[static IBC_ACCOUNT_ID_BYTES],
    const unsigned char *key, struct ibc_ledger **out, struct ibc_error *err);

/*
 * Parse ledger text without touching a file: the fuzzer's and the tests' way in.
 * `*valid_size` is the length of the text without a torn last line.
 */
IBC_CHECKED enum ibc_status ibc_ledger_parse(
    struct ibc_view text, const unsigned char account[static IBC_ACCOUNT_ID_BYTES],
    const unsigned char *key, struct ibc_ledger_entry **entries, size_t *count, size_t *valid_size,
    struct ibc_error *err);

/* All entries, oldest first; owned by the ledger, good until the next append. */
const struct ibc_ledger_entry *ibc_ledger_entries(const struct ibc_ledger *ledger, size_t *count);

/* Was entry `index` taken back: is an "undelivered" right behind it? */
bool ibc_ledger_taken_back(const struct ibc_ledger_entry *entries, size_t count, size_t index);

/*
 * Append one entry and make it durable before returning. The sequence is filled in.
 * IBC_ERR_USAGE: no line can hold it (an outcome without its event, a time before 1970, …).
 * IBC_ERR_IO: it may or may not be there; nothing may be released.
 */
IBC_CHECKED enum ibc_status ibc_ledger_append(struct ibc_ledger *ledger,
                                              struct ibc_ledger_entry *entry,
                                              struct ibc_error *err);

/*
 * The entry of that event about the log line of that time, or NULL; owned by the ledger, good until
 * the next append.
 */
const struct ibc_ledger_entry *ibc_ledger_find_seen(const struct ibc_ledger *ledger,
                                                    enum ibc_ledger_event event, int64_t seen_ns);

void ibc_ledger_free(struct ibc_ledger **ledger);
#define ibc_auto_ledger IBC_CLEANUP(ibc_ledger_free) struct ibc_ledger

#pragma GCC visibility pop

#endif
