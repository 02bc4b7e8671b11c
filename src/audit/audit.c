/* audit.c - appending to the audit log. */
#include <ibcred/audit.h>

#include "audit/line.h"
#include "audit/log.h"
#include <ibcred/file.h>
#include <stdlib.h>
#include <string.h>

/* Enough to hold the last whole line and a torn one after it. */
enum { END_SIZE = 2 * IBC_AUDIT_LINE_MAX };

/* Split `end`, the last bytes of the file, into its last whole line and what is torn. */
static bool find_last_line(struct ibc_view end, struct ibc_view *line, size_t *torn) {
    const unsigned char *newline = end.size > 0 ? memrchr(end.bytes, '\n', end.size) : NULL;
    if (!newline) {
        *line = (struct ibc_view){0};
        *torn = end.size;
        return *torn < IBC_AUDIT_LINE_MAX;
    }
    size_t before = (size_t)(newline - end.bytes);
    const unsigned char *previous = before > 0 ? memrchr(end.bytes, '\n', before) : NULL;
    const unsigned char *start = previous ? previous + 1 : end.bytes;
    *line = (struct ibc_view){start, (size_t)(newline - start)};
    *torn = end.size - before - 1;
    return true;
}

/* Does the last line check, and is it as far on as the head says? */
static enum ibc_status check_newest(struct ibc_audit *audit, struct ibc_view line,
                                    struct ibc_error *err) {
    struct audit_link last = audit_first_link();
    char previous[AUDIT_MAC_HEX + 1];
    if (line.size > 0 && !audit_line_check(&audit->identity, line, &last, previous)) {
        return audit_log_fail(audit, 0, "has a last line that was edited", err);
    }
    if (last.sequence < audit->newest.sequence) {
        return audit_log_fail_short(audit, last.sequence, err);
    }
    if (last.sequence == audit->newest.sequence && strcmp(last.mac, audit->newest.mac) != 0) {
        return audit_log_fail(audit, last.sequence, "is not the line that was written there", err);
    }
    audit->newest = last;
    return IBC_OK;
}

static enum ibc_status read_end(struct ibc_audit *audit, struct ibc_error *err) {
    unsigned char bytes[END_SIZE];
    off_t size = audit->lines.size < END_SIZE ? audit->lines.size : END_SIZE;
    struct ibc_view end = {bytes, (size_t)size};
    enum ibc_status status =
        append_file_read(&audit->lines, audit->lines.size - size, bytes, end.size, err);
    if (status != IBC_OK) {
        return status;
    }
    struct ibc_view line;
    size_t torn;
    if (!find_last_line(end, &line, &torn)) {
        return audit_log_fail(audit, 0, "does not end in a line of this program", err);
    }
    audit->lines.size -= (off_t)torn;
    return check_newest(audit, line, err);
}

enum ibc_status ibc_audit_open(int state_fd, const unsigned char id[static IBC_VAULT_ID_BYTES],
                               const unsigned char *key, struct ibc_audit **out,
                               struct ibc_error *err) {
    *out = NULL;
    ibc_auto_audit *audit = malloc(sizeof *audit);
    if (!audit) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the audit log");
    }
    enum ibc_status status = audit_log_open(state_fd, id, key, audit, err);
    if (status == IBC_OK) {
        status = read_end(audit, err);
    }
    if (status == IBC_OK) {
        *out = ibc_steal(&audit);
    }
    return status;
}

enum ibc_status ibc_audit_append(struct ibc_audit *audit, const struct ibc_audit_event *event,
                                 const struct ibc_instant *now, struct ibc_error *err) {
    char line[IBC_AUDIT_LINE_MAX + 1];
    size_t size;
    struct audit_link link;
    enum ibc_status status =
        audit_line_format(&audit->identity, &audit->newest, event, now, line, &size, &link, err);
    if (status == IBC_OK) {
        status = append_file_append(&audit->lines,
                                    (struct ibc_view){(const unsigned char *)line, size}, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    audit->newest = link;
    return audit_log_write_head(audit, &link, err);
}

void ibc_audit_free(struct ibc_audit **audit) {
    if (*audit) {
        audit_log_close(*audit);
        free(*audit);
    }
    *audit = NULL;
}
