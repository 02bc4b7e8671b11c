/* log.c - opening an audit log, and its head. */
#include "audit/log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define ADVICE                                                                                     \
    "; keep both files of that log as evidence, and move them away together to begin a new one"

enum ibc_status audit_log_fail(const struct ibc_audit *log, uint64_t line, const char *what,
                               struct ibc_error *err) {
    if (line == 0) {
        return ibc_fail(err, IBC_ERR_DATA, "'%s' in the state directory %s" ADVICE, log->lines.name,
                        what);
    }
    return ibc_fail(err, IBC_ERR_DATA, "%s:%llu in the state directory %s" ADVICE, log->lines.name,
                    (unsigned long long)line, what);
}

enum ibc_status audit_log_fail_short(const struct ibc_audit *log, uint64_t last,
                                     struct ibc_error *err) {
    return ibc_fail(err, IBC_ERR_DATA,
                    "'%s' in the state directory ends after line %llu although %llu were written: "
                    "its end was cut off" ADVICE,
                    log->lines.name, (unsigned long long)last,
                    (unsigned long long)log->newest.sequence);
}

enum ibc_status audit_log_write_head(struct ibc_audit *log, const struct audit_link *link,
                                     struct ibc_error *err) {
    char text[AUDIT_HEAD_SIZE + 1];
    audit_head_format(&log->identity, link, text);
    ssize_t written;
    do {
        written = pwrite(log->head.fd, text, AUDIT_HEAD_SIZE, 0);
    } while (written < 0 && errno == EINTR);
    if (written != AUDIT_HEAD_SIZE) {
        return ibc_fail_errno(err, IBC_ERR_IO, written < 0 ? errno : ENOSPC,
                              "'%s' in the state directory cannot be written", log->head.name);
    }
    log->newest = *link;
    return IBC_OK;
}

/* A new log: its head is durable before its first line, so a line never lacks a head. */
static enum ibc_status write_first_head(struct ibc_audit *log, struct ibc_error *err) {
    struct audit_link first = audit_first_link();
    enum ibc_status status = audit_log_write_head(log, &first, err);
    if (status == IBC_OK && (fsync(log->head.fd) != 0 || fsync(log->head.state_fd) != 0)) {
        status = ibc_fail_errno(err, IBC_ERR_IO, errno,
                                "'%s' in the state directory cannot be written", log->head.name);
    }
    return status;
}

static enum ibc_status read_head(struct ibc_audit *log, struct ibc_error *err) {
    if (log->head.size == 0 && log->lines.size == 0) {
        return write_first_head(log, err);
    }
    if (log->head.size != AUDIT_HEAD_SIZE) {
        return audit_log_fail(log, 0, "has lost its head file, which says how long it is", err);
    }
    unsigned char text[AUDIT_HEAD_SIZE];
    enum ibc_status status = append_file_read(&log->head, 0, text, sizeof text, err);
    if (status != IBC_OK) {
        return status;
    }
    if (!audit_head_parse(&log->identity, (struct ibc_view){text, sizeof text}, &log->newest)) {
        return audit_log_fail(log, 0, "has a head file that was edited or is another vault's", err);
    }
    return IBC_OK;
}

enum ibc_status audit_log_open(int state_fd, const unsigned char id[static IBC_VAULT_ID_BYTES],
                               const unsigned char *key, struct ibc_audit *log,
                               struct ibc_error *err) {
    *log = AUDIT_LOG_CLOSED;
    log->identity.key = key;
    memcpy(log->identity.vault_id, id, IBC_VAULT_ID_BYTES);

    char name[APPEND_FILE_NAME_MAX];
    append_file_name(name, "audit", id, ".jsonl");
    enum ibc_status status = append_file_open(state_fd, name, &log->lines, err);
    if (status != IBC_OK) {
        return status;
    }
    append_file_name(name, "audit", id, ".head");
    status = append_file_open(state_fd, name, &log->head, err);
    return status == IBC_OK ? read_head(log, err) : status;
}

void audit_log_unlock(const struct ibc_audit *log) {
    append_file_unlock(&log->head);
    append_file_unlock(&log->lines);
}

void audit_log_close(struct ibc_audit *log) {
    append_file_close(&log->head);
    append_file_close(&log->lines);
}
