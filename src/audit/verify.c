/* verify.c - walking the whole audit log, a block at a time, and checking every link. */
#include <ibcred/audit.h>

#include "audit/log.h"
#include <ibcred/file.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 16 * IBC_AUDIT_LINE_MAX };

struct walk {
    struct ibc_audit *log;
    struct audit_link last;
    ibc_audit_visit *visit; /* NULL: only check */
    void *context;
};

static enum ibc_status check_line(struct walk *walk, struct ibc_view line, struct ibc_error *err) {
    struct audit_link link;
    char previous[AUDIT_MAC_HEX + 1];
    uint64_t expected = walk->last.sequence + 1;
    if (!audit_line_check(&walk->log->identity, line, &link, previous)) {
        return audit_log_fail(walk->log, expected, "was edited", err);
    }
    if (link.sequence != expected) {
        return audit_log_fail(walk->log, expected, "is missing, repeated or out of order", err);
    }
    if (strcmp(previous, walk->last.mac) != 0) {
        return audit_log_fail(walk->log, expected, "does not follow the line before it", err);
    }
    const struct audit_link *newest = &walk->log->newest;
    if (link.sequence == newest->sequence && strcmp(link.mac, newest->mac) != 0) {
        return audit_log_fail(walk->log, expected, "is not the line that was written there", err);
    }
    walk->last = link;
    return walk->visit ? walk->visit(walk->context, line, err) : IBC_OK;
}

/* Check the whole lines of `block`; yields what is left of it. */
static enum ibc_status check_block(struct walk *walk, struct ibc_view *block,
                                   struct ibc_error *err) {
    const unsigned char *newline;
    while (block->size > 0 && (newline = memchr(block->bytes, '\n', block->size)) != NULL) {
        struct ibc_view line = {block->bytes, (size_t)(newline - block->bytes)};
        enum ibc_status status = check_line(walk, line, err);
        if (status != IBC_OK) {
            return status;
        }
        *block = (struct ibc_view){newline + 1, block->size - line.size - 1};
    }
    if (block->size >= IBC_AUDIT_LINE_MAX) {
        return audit_log_fail(walk->log, walk->last.sequence + 1, "is longer than a line can be",
                              err);
    }
    return IBC_OK;
}

static enum ibc_status walk_blocks(struct walk *walk, unsigned char *block, struct ibc_error *err) {
    struct append_file *file = &walk->log->lines;
    size_t kept = 0;
    for (off_t at = 0; at < file->size;) {
        size_t size = BLOCK_SIZE - kept;
        if ((off_t)size > file->size - at) {
            size = (size_t)(file->size - at);
        }
        enum ibc_status status = append_file_read(file, at, block + kept, size, err);
        struct ibc_view rest = {block, kept + size};
        if (status == IBC_OK) {
            status = check_block(walk, &rest, err);
        }
        if (status != IBC_OK) {
            return status;
        }
        at += (off_t)size;
        kept = rest.size;
        memmove(block, rest.bytes, kept);
    }
    /* What is left now is torn: an append that was never confirmed, and that the next one cuts. */
    file->size -= (off_t)kept;
    return IBC_OK;
}

static enum ibc_status walk_log(struct walk *walk, struct ibc_error *err) {
    ibc_auto_free unsigned char *block = malloc(BLOCK_SIZE);
    if (!block) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory to read the audit log");
    }
    walk->last = audit_first_link();
    enum ibc_status status = walk_blocks(walk, block, err);
    if (status == IBC_OK && walk->last.sequence < walk->log->newest.sequence) {
        status = audit_log_fail_short(walk->log, walk->last.sequence, err);
    }
    return status;
}

enum ibc_status ibc_audit_verify(int state_fd, const unsigned char id[static IBC_VAULT_ID_BYTES],
                                 const unsigned char *key, uint64_t *lines, struct ibc_error *err) {
    *lines = 0;
    auto_audit_log log = AUDIT_LOG_CLOSED;
    enum ibc_status status = audit_log_open(state_fd, id, key, &log, err);
    struct walk walk = {.log = &log};
    if (status == IBC_OK) {
        status = walk_log(&walk, err);
    }
    if (status == IBC_OK) {
        *lines = walk.last.sequence;
    }
    return status;
}

enum ibc_status ibc_audit_each(int state_fd, const unsigned char id[static IBC_VAULT_ID_BYTES],
                               const unsigned char *key, ibc_audit_visit *visit, void *context,
                               struct ibc_error *err) {
    auto_audit_log log = AUDIT_LOG_CLOSED;
    enum ibc_status status = audit_log_open(state_fd, id, key, &log, err);
    struct walk checking = {.log = &log};
    if (status == IBC_OK) {
        status = walk_log(&checking, err);
    }
    if (status == IBC_OK) {
        audit_log_unlock(&log);
    }
    struct walk visiting = {.log = &log, .visit = visit, .context = context};
    if (status == IBC_OK) {
        status = walk_log(&visiting, err);
    }
    return status;
}
