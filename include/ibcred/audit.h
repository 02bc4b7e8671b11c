/*
 * audit.h - who asked for what, and what was said: one JSON object a line, chained.
 *
 * Each line holds a keyed hash over itself and the hash before it; the newest hash is also kept
 * in a head file, so that edits, gaps and truncation are found. The key lies in the vault.
 */
#ifndef IBCRED_AUDIT_H
#define IBCRED_AUDIT_H

#include <ibcred/clock.h>
#include <ibcred/vault.h>

#pragma GCC visibility push(default)

enum { IBC_AUDIT_LINE_MAX = 4096 /* bytes, with the newline */ };

/*
 * One event; NULL and 0 leave a key out. None of the text may hold a secret. Text that is not UTF-8
 * keeps its ASCII, and `why` is cut where the line would become too long. The keys of a line are,
 * in this order: seq, time, event, profile, version, mode, delivery, verdict, why, uid, pid, host,
 * prev, mac.
 */
struct ibc_audit_event {
    const char *event;   /* "release", "report", "seal", "remove", "clear", … */
    const char *profile; /* its name */
    uint32_t version;
    const char *mode;     /* "paper" | "live" | "both" */
    const char *verdict;  /* "allowed" | "refused" | "wait" | "held" | "done" | "failed" | … */
    const char *why;      /* a sentence */
    const char *delivery; /* "env-file" | "exec" | … */
};

struct ibc_audit;

/*
 * Open the audit log of the vault `id` in the state directory, creating it when missing, locked
 * until it is freed. `key` has IBC_AUDIT_KEY_BYTES and, like `state_fd`, is borrowed until then.
 * IBC_ERR_DATA: its last line does not check, it is shorter than its head says, or the head is
 * gone. IBC_ERR_REFUSED: a link, somebody else's, or others can write it.
 */
IBC_CHECKED enum ibc_status ibc_audit_open(int state_fd,
                                           const unsigned char id[static IBC_VAULT_ID_BYTES],
                                           const unsigned char *key, struct ibc_audit **out,
                                           struct ibc_error *err);

/* Append one event, durably, with time, sequence, user and process ids, host and the chain. */
IBC_CHECKED enum ibc_status ibc_audit_append(struct ibc_audit *audit,
                                             const struct ibc_audit_event *event,
                                             const struct ibc_instant *now, struct ibc_error *err);

/*
 * Check the whole chain. `*lines` is how many there are. IBC_ERR_DATA names the first line that
 * is edited, missing or out of order, or says that the end was cut off. Waits for the lock, so not
 * while this process has the log open.
 */
IBC_CHECKED enum ibc_status ibc_audit_verify(int state_fd,
                                             const unsigned char id[static IBC_VAULT_ID_BYTES],
                                             const unsigned char *key, uint64_t *lines,
                                             struct ibc_error *err);

/*
 * Check the whole chain as ibc_audit_verify() does, then call `visit` with each line (without its
 * newline), oldest first. The lock is held while checking only, so a slow visitor keeps nobody
 * waiting, and may append itself; what is appended meanwhile is not visited. Each line is checked
 * once more before its visit: IBC_ERR_DATA, after some visits, where it was changed in between.
 * Stops at, and returns, the first status that is not IBC_OK.
 */
typedef enum ibc_status ibc_audit_visit(void *context, struct ibc_view line, struct ibc_error *err);
IBC_CHECKED enum ibc_status ibc_audit_each(int state_fd,
                                           const unsigned char id[static IBC_VAULT_ID_BYTES],
                                           const unsigned char *key, ibc_audit_visit *visit,
                                           void *context, struct ibc_error *err);

void ibc_audit_free(struct ibc_audit **audit);
#define ibc_auto_audit IBC_CLEANUP(ibc_audit_free) struct ibc_audit

#pragma GCC visibility pop

#endif
