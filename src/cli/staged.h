/*
 * staged.h - versions that are staged in profiles which a command changes under the vault's lock.
 */
#ifndef IBCRED_CLI_STAGED_H
#define IBCRED_CLI_STAGED_H

#include "cli/cli.h"

struct staged_before {
    char profile[IBC_PROFILE_NAME_MAX + 1];
    struct ibc_settled settled;
};

/* What became of them. The zero value is empty. */
struct staged_list {
    size_t count, room;
    struct staged_before *items;
};

void staged_free(struct staged_list *list);
#define auto_staged IBC_CLEANUP(staged_free) struct staged_list

/* IBC_ERR_WAIT where a login with the staged version may be under way; IBC_OK otherwise. */
IBC_CHECKED enum ibc_status staged_refuse_tried(const char *profile,
                                                const struct ibc_settled *settled,
                                                struct ibc_error *err);

/*
 * Bring `profile`, of the vault that the session edits, up to what the ledger knows of its staged
 * version, and remember what that is; nothing where none is staged. IBC_ERR_WAIT: as above.
 */
IBC_CHECKED enum ibc_status staged_settle(const struct session *session,
                                          struct ibc_profile *profile, struct staged_list *list,
                                          struct ibc_error *err);

/*
 * session_commit(), while nobody can release what is dropped by it, and a line of audit for each
 * that was promoted or burned. IBC_ERR_WAIT: one was released meanwhile; nothing is written.
 */
IBC_CHECKED enum ibc_status staged_commit(struct session *session, const struct staged_list *list,
                                          const struct ibc_audit_event *event, uint64_t *generation,
                                          struct ibc_error *err);

/* Say of each what became of it, now that another version has taken its place. */
void staged_tell(const struct cli *cli, const struct staged_list *list);

#endif
