/*
 * log.h - the two files of an audit log, opened together under the log's lock.
 */
#ifndef IBCRED_AUDIT_LOG_H
#define IBCRED_AUDIT_LOG_H

#include "audit/chain.h"
#include "base/append_file.h"

struct ibc_audit {
    struct append_file lines;
    struct append_file head;
    struct audit_identity identity;
    struct audit_link newest; /* what the head says; after ibc_audit_open() the last line's */
};

#define AUDIT_LOG_CLOSED                                                                           \
    ((struct ibc_audit){.lines = APPEND_FILE_CLOSED, .head = APPEND_FILE_CLOSED})

/*
 * Open both files, creating them where neither is there, and read the head. IBC_ERR_DATA: one of
 * them is missing, or the head does not check.
 */
IBC_CHECKED enum ibc_status audit_log_open(int state_fd,
                                           const unsigned char id[static IBC_VAULT_ID_BYTES],
                                           const unsigned char *key, struct ibc_audit *log,
                                           struct ibc_error *err);

/* Let others append: from here on the lines may only be read, up to `lines.size`. */
void audit_log_unlock(const struct ibc_audit *log);

void audit_log_close(struct ibc_audit *log);
#define auto_audit_log IBC_CLEANUP(audit_log_close) struct ibc_audit

/* IBC_ERR_DATA with a sentence that `what` is wrong with the line numbered `line` (0: the end). */
enum ibc_status audit_log_fail(const struct ibc_audit *log, uint64_t line, const char *what,
                               struct ibc_error *err);

/* The same for the end, which does not reach as far as the head says. */
enum ibc_status audit_log_fail_short(const struct ibc_audit *log, uint64_t last,
                                     struct ibc_error *err);

/* Remember `link` as the newest, without waiting for the disk. */
IBC_CHECKED enum ibc_status audit_log_write_head(struct ibc_audit *log,
                                                 const struct audit_link *link,
                                                 struct ibc_error *err);

#endif
