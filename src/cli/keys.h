/*
 * keys.h - the keys of a vault, as ibcred key numbers, names and describes them.
 */
#ifndef IBCRED_CLI_KEYS_H
#define IBCRED_CLI_KEYS_H

#include "cli/cli.h"

enum { KEY_TEXT_MAX = IBC_RECIPIENT_TEXT_MAX + IBC_SLOT_LABEL_MAX + 32 };

/* "recipient age1… 'label'" or "passphrase 'label'", fit for a terminal. */
void describe_key(const struct ibc_slot_info *slot, char out[static KEY_TEXT_MAX]);

/* What --json tells of a key. */
json_t *key_json(const struct ibc_slot_info *slot, int64_t now_ms);

/*
 * The key that `text` means: its number, its recipient or its label. IBC_ERR_NOT_FOUND: none.
 * IBC_ERR_USAGE: several have that label, or the text is an identity, which is never repeated.
 */
IBC_CHECKED enum ibc_status find_key(const struct ibc_vault *vault, const char *text, size_t *index,
                                     struct ibc_error *err);

/* After a new data key was committed: the kernel may keep the old one, which fits old copies only.
 */
void forget_old_data_key(const struct session *session);

/*
 * When a key shall expire: a duration from `now_ms` on ("90d"), a day ("2027-01-31": from its
 * beginning in UTC on), or a time ("2027-01-31T18:00:00Z"). NULL: never, 0.
 */
IBC_CHECKED enum ibc_status parse_expiry(const char *text, int64_t now_ms, int64_t *expires_ms,
                                         struct ibc_error *err);

/* --- key_change.c: the commands that write ---------------------------------------------------- */

IBC_CHECKED enum ibc_status key_add(struct cli *cli, int argc, char **argv, struct ibc_error *err);
IBC_CHECKED enum ibc_status key_remove(struct cli *cli, int argc, char **argv,
                                       struct ibc_error *err);
IBC_CHECKED enum ibc_status key_rotate(struct cli *cli, int argc, char **argv,
                                       struct ibc_error *err);

#endif
