/*
 * vault.h - the sealed file of profiles (docs/vault-format.md).
 *
 * Opening authenticates the header, the slots and the whole directory; getting a profile reads
 * and authenticates its one record. A write checks the whole file first and replaces it
 * atomically under a lock.
 */
#ifndef IBCRED_VAULT_H
#define IBCRED_VAULT_H

#include <ibcred/identity.h>
#include <ibcred/profile.h>

#pragma GCC visibility push(default)

enum {
    IBC_VAULT_ID_BYTES = 16,
    IBC_SLOTS_MAX = 64,
    IBC_SLOT_LABEL_MAX = 64,      /* bytes */
    IBC_ACCOUNT_ID_BYTES = 16,    /* keyed hash of a username, however it is spelled */
    IBC_CREDENTIAL_ID_BYTES = 16, /* the same of a username and its password */
    IBC_AUDIT_KEY_BYTES = 32,
};

enum ibc_slot_type { IBC_SLOT_RECIPIENT = 1, IBC_SLOT_PASSPHRASE = 2 };

/* Cost of a passphrase slot (Argon2id); bounds in docs/vault-format.md. 0 means the default. */
struct ibc_argon2 {
    uint32_t passes;
    uint64_t memory_bytes;
};

/* A key slot to be made. */
struct ibc_slot_request {
    enum ibc_slot_type type;
    struct ibc_recipient recipient; /* IBC_SLOT_RECIPIENT */
    struct ibc_view passphrase;     /* IBC_SLOT_PASSPHRASE, not empty */
    struct ibc_argon2 argon2;       /* IBC_SLOT_PASSPHRASE */
    const char *label;              /* NULL or "" for none */
    int64_t expires_ms;             /* wall clock; 0 = never */
};

/*
 * Asked once, when no identity opens the vault and it has a passphrase slot. Fills `out`; any
 * status but IBC_OK ends the opening with it (with IBC_ERR_REFUSED where a key fits that expired).
 */
typedef enum ibc_status ibc_passphrase_ask(void *context, struct ibc_secret *out,
                                           struct ibc_error *err);

struct ibc_slot_info;

/* Ask for the passphrase of one slot, the vault's `number`th; otherwise as ibc_passphrase_ask. */
typedef enum ibc_status ibc_slot_passphrase_ask(void *context, const struct ibc_slot_info *slot,
                                                size_t number, struct ibc_secret *out,
                                                struct ibc_error *err);

/* What may open a vault. Everything is borrowed. */
struct ibc_keyring {
    const struct ibc_identities *identities; /* NULL for none */
    bool cached; /* look for the key that ibc_vault_cache_key() left, before `ask` is asked */
    ibc_passphrase_ask *ask;           /* NULL for none */
    ibc_slot_passphrase_ask *ask_slot; /* where what `ask` gave does not fit; NULL for none */
    void *context;                     /* handed to both */
};

struct ibc_vault;

/*
 * Write a new, empty vault at `path`, generation 1, mode 0600. At least one slot that never
 * expires. IBC_ERR_USAGE: a request that is malformed or would have expired at `now_ms`, or none
 * that stays. IBC_ERR_CREATE: something is there already, or it cannot be written; nothing is left
 * behind.
 */
IBC_CHECKED enum ibc_status ibc_vault_create(const char *path, const struct ibc_slot_request *slots,
                                             size_t count, int64_t now_ms, struct ibc_error *err);

/*
 * Open the vault at `path`. IBC_ERR_NOT_FOUND: no such file. IBC_ERR_REFUSED: others can write
 * it, no key fits, or every slot that one fits has expired by the wall clock. IBC_ERR_DATA:
 * damaged, or of a version this program does not know. The caller frees with ibc_vault_free().
 */
IBC_CHECKED enum ibc_status ibc_vault_open(const char *path, const struct ibc_keyring *keyring,
                                           struct ibc_vault **out, struct ibc_error *err);

void ibc_vault_free(struct ibc_vault **vault);
#define ibc_auto_vault IBC_CLEANUP(ibc_vault_free) struct ibc_vault

/* The path it was opened by; owned by the vault. */
const char *ibc_vault_path(const struct ibc_vault *vault);
const unsigned char *ibc_vault_id(const struct ibc_vault *vault); /* IBC_VAULT_ID_BYTES */
uint64_t ibc_vault_generation(const struct ibc_vault *vault);
uint64_t ibc_vault_profile_count(const struct ibc_vault *vault);

/* Is it still what its path names? False once somebody has written a later generation. */
bool ibc_vault_is_newest(const struct ibc_vault *vault);

/* One slot as the vault tells of it. */
struct ibc_slot_info {
    enum ibc_slot_type type;
    struct ibc_recipient recipient; /* IBC_SLOT_RECIPIENT */
    char label[IBC_SLOT_LABEL_MAX + 1];
    int64_t created_ms; /* wall clock */
    int64_t expires_ms; /* wall clock; 0 = never */
};

size_t ibc_vault_slot_count(const struct ibc_vault *vault);
const struct ibc_slot_info *ibc_vault_slot(const struct ibc_vault *vault, size_t index);

/* Has the slot expired at `now_ms` (wall clock)? It opens nothing then; no mathematics enforces it
 * before the next change of the data key leaves it out. */
IBC_CHECKED bool ibc_slot_expired(const struct ibc_slot_info *slot, int64_t now_ms);

/*
 * Keep the vault's data key in the kernel's keyring of this user for `seconds` (1 to 86400), where
 * `ibc_keyring.cached` finds it: a passphrase typed once. IBC_ERR_UNAVAILABLE: the kernel has no
 * keyring for us. IBC_ERR_REFUSED: the vault was opened by that key itself, which cannot prolong
 * itself. Where the slot that opened the vault expires earlier, so does the key. The key from
 * before a change of the data key fits nothing.
 */
IBC_CHECKED enum ibc_status ibc_vault_cache_key(const struct ibc_vault *vault, int64_t seconds,
                                                struct ibc_error *err);

/* Was the vault opened by that key? */
bool ibc_vault_from_cache(const struct ibc_vault *vault);

/* Take it out again; `*was_there` tells whether there was one. No key is needed for that. The vault
 * at `path` is read for its id only. Statuses as ibc_vault_open() and ibc_vault_cache_key(). */
IBC_CHECKED enum ibc_status ibc_vault_forget_key(const char *path, bool *was_there,
                                                 struct ibc_error *err);

/* Read one profile. IBC_ERR_NOT_FOUND: no profile of that name. */
IBC_CHECKED enum ibc_status ibc_vault_get(const struct ibc_vault *vault, const char *name,
                                          struct ibc_profile **out, struct ibc_error *err);

/*
 * Call `visit` for each profile in order of name, as the directory has it. Stops at, and returns,
 * the first status that is not IBC_OK.
 */
typedef enum ibc_status ibc_vault_visit(void *context, const char *name, enum ibc_kind kind,
                                        struct ibc_error *err);
IBC_CHECKED enum ibc_status ibc_vault_each(const struct ibc_vault *vault, ibc_vault_visit *visit,
                                           void *context, struct ibc_error *err);

/* Authenticate and decode every record. IBC_ERR_DATA names the profile that is damaged. */
IBC_CHECKED enum ibc_status ibc_vault_verify(const struct ibc_vault *vault, struct ibc_error *err);

/*
 * The id of the account behind `username`, and of the credential (username, password): keyed
 * hashes under a key that only this vault holds and that outlives key rotation.
 *
 * Both take the username as IBKR sees it: without the bytes up to 0x20 at its ends, which the
 * gateway trims (Java's String.trim()), and with A to Z in lower case. So no spelling of a name
 * gets a ledger of its own. The password counts byte for byte. docs/vault-format.md, section 9.
 */
void ibc_vault_account_id(const struct ibc_vault *vault, struct ibc_view username,
                          unsigned char out[static IBC_ACCOUNT_ID_BYTES]);
void ibc_vault_credential_id(const struct ibc_vault *vault, struct ibc_view username,
                             struct ibc_view password,
                             unsigned char out[static IBC_CREDENTIAL_ID_BYTES]);

/* Keys for the ledger's and the audit log's chains (IBC_AUDIT_KEY_BYTES); owned by the vault. */
const unsigned char *ibc_vault_audit_key(const struct ibc_vault *vault);
const unsigned char *ibc_vault_ledger_key(const struct ibc_vault *vault);

/* A change under way: the lock is held from begin to free. */
struct ibc_vault_edit;

/*
 * Lock the vault at `path` (waiting for other writers), open it and verify the whole file.
 * Statuses as ibc_vault_open(). The caller frees with ibc_vault_edit_free().
 */
IBC_CHECKED enum ibc_status ibc_vault_edit_begin(const char *path,
                                                 const struct ibc_keyring *keyring,
                                                 struct ibc_vault_edit **out,
                                                 struct ibc_error *err);

/* The vault as it was at begin; owned by the edit. */
const struct ibc_vault *ibc_vault_edit_vault(const struct ibc_vault_edit *edit);

/* Add the profile, or put it in place of the one of the same name. The profile is copied. */
IBC_CHECKED enum ibc_status ibc_vault_edit_put(struct ibc_vault_edit *edit,
                                               const struct ibc_profile *profile,
                                               struct ibc_error *err);

/* Take the profile out. IBC_ERR_NOT_FOUND: no profile of that name. */
IBC_CHECKED enum ibc_status ibc_vault_edit_remove(struct ibc_vault_edit *edit, const char *name,
                                                  struct ibc_error *err);

/*
 * Add a key slot, made at `now_ms` (wall clock); an expired one of the same recipient gives way.
 * IBC_ERR_USAGE: as ibc_vault_create(), a recipient that has a slot already, or more than
 * IBC_SLOTS_MAX.
 */
IBC_CHECKED enum ibc_status ibc_vault_edit_add_slot(struct ibc_vault_edit *edit,
                                                    const struct ibc_slot_request *request,
                                                    int64_t now_ms, struct ibc_error *err);

/*
 * Leave slot `index` of ibc_vault_edit_vault() out of the next generation. Its key still opens what
 * is written under the old data key, so the caller goes on with ibc_vault_edit_rotate_key().
 * IBC_ERR_USAGE: no such slot, or none would be left that never expires.
 */
IBC_CHECKED enum ibc_status ibc_vault_edit_remove_slot(struct ibc_vault_edit *edit, size_t index,
                                                       struct ibc_error *err);

/*
 * Give the next generation a new data key: every page and every record is sealed anew and every
 * slot wrapped anew, those that have expired at `now_ms` left out, all in the one atomic write of
 * the commit. A passphrase slot can be wrapped only with its passphrase: `keyring` is asked once,
 * and once more for each slot that the answer does not open; IBC_ERR_REFUSED names the first that
 * stays shut. IBC_ERR_USAGE: none would be
 * left that never expires. Call it last before the commit; after a failure the edit can only be
 * freed.
 */
IBC_CHECKED enum ibc_status ibc_vault_edit_rotate_key(struct ibc_vault_edit *edit,
                                                      const struct ibc_keyring *keyring,
                                                      int64_t now_ms, struct ibc_error *err);

/*
 * Write the next generation, durably, in place of the file. `*generation` is what was written.
 * On failure the old file is untouched.
 */
IBC_CHECKED enum ibc_status ibc_vault_edit_commit(struct ibc_vault_edit *edit, uint64_t *generation,
                                                  struct ibc_error *err);

/* Let go of the lock; what was not committed is dropped. */
void ibc_vault_edit_free(struct ibc_vault_edit **edit);
#define ibc_auto_vault_edit IBC_CLEANUP(ibc_vault_edit_free) struct ibc_vault_edit

/*
 * Rollback. `state_fd` is the state directory. IBC_ERR_DATA when `generation` is lower than the
 * highest one seen for this vault; otherwise it is remembered. With `accept_older` a lower one is
 * taken as the new floor (a restore on purpose).
 */
IBC_CHECKED enum ibc_status ibc_generation_check(int state_fd,
                                                 const unsigned char id[static IBC_VAULT_ID_BYTES],
                                                 uint64_t generation, bool accept_older,
                                                 struct ibc_error *err);

/*
 * For a writer after its commit: remember `generation` where it is higher than the highest one
 * seen. A lower one is no rollback here, for another writer may have gone further meanwhile; it
 * changes nothing, and the status is IBC_OK. IBC_ERR_DATA: what is remembered is damaged.
 */
IBC_CHECKED enum ibc_status ibc_generation_remember(
    int state_fd, const unsigned char id[static IBC_VAULT_ID_BYTES], uint64_t generation,
    struct ibc_error *err);

#pragma GCC visibility pop

#endif
