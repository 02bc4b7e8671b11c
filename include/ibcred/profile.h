/*
 * profile.h - one set of credentials and its history.
 *
 * A profile is a plain value whose secret bytes lie in one guarded allocation: field values are
 * views into it. Versions are never edited: sealing again adds one. Each version holds all fields.
 */
#ifndef IBCRED_PROFILE_H
#define IBCRED_PROFILE_H

#include <ibcred/kind.h>
#include <ibcred/secret.h>

#pragma GCC visibility push(default)

enum {
    IBC_PROFILE_NAME_MAX = 64,  /* bytes */
    IBC_FIELD_NAME_MAX = 64,    /* bytes */
    IBC_FIELD_VALUE_MAX = 4096, /* bytes */
    IBC_FIELDS_MAX = 64,        /* a version */
    IBC_VERSIONS_MAX = 1024,    /* a profile */
    IBC_COPIES_MAX = 256,       /* a profile */
    IBC_COPY_TARGET_MAX = 255,  /* bytes */
    IBC_ACCOUNT_MAX = IBC_ACCOUNT_ID_MAX,
};

/* The names that IBKR credentials go by; every other field is the user's own. */
#define IBC_FIELD_USERNAME "IB_USERNAME"
#define IBC_FIELD_PASSWORD "IB_PASSWORD"

enum ibc_version_state {
    IBC_VERSION_STAGED = 1,  /* sealed, waiting for its first login; at most one a profile */
    IBC_VERSION_ACTIVE = 2,  /* the one a release hands out; at most one a profile */
    IBC_VERSION_BURNED = 3,  /* rejected by IBKR: never released again */
    IBC_VERSION_RETIRED = 4, /* replaced by a later one */
};

const char *ibc_version_state_name(enum ibc_version_state state);

struct ibc_field {
    struct ibc_view name;  /* [A-Za-z_][A-Za-z0-9_]* */
    struct ibc_view value; /* UTF-8 without NUL, LF or CR */
};

struct ibc_version {
    uint32_t number; /* 1, 2, 3, … */
    enum ibc_version_state state;
    int64_t created_ms;        /* wall clock */
    int64_t state_ms;          /* wall clock: when it came into this state */
    int64_t proven_ms;         /* wall clock of the last login that proved it, or of one in the day
                                * before that; 0 = never */
    enum ibc_kind proven_kind; /* kind of the accounts seen last; 0 = never seen */
    int64_t expires_ms;        /* wall clock: when IBKR ends the password, as a log told; 0: none
                                * did */
    size_t field_count;
    struct ibc_field *fields; /* sorted by name, no name twice */
};

/* Where a copy of a field goes, e.g. a CI secret (ibcred/forge.h). */
struct ibc_copy {
    struct ibc_view target;
    uint32_t version;  /* the one that lies there, or is to be brought there */
    int64_t copied_ms; /* wall clock; 0: it is to be brought there and was not yet */
};

struct ibc_profile {
    char name[IBC_PROFILE_NAME_MAX + 1];
    enum ibc_kind kind;
    char account[IBC_ACCOUNT_MAX + 1]; /* "" when not known */
    int64_t created_ms;
    size_t version_count;
    struct ibc_version *versions; /* by ascending number */
    size_t copy_count;
    struct ibc_copy *copies;   /* sorted by target, no target twice */
    struct ibc_secret storage; /* what all views point into */
    size_t storage_used;       /* bytes of it that are taken */
};

/* True for a legal profile name: 1…64 of [a-z0-9._-], beginning with a letter or digit. */
bool ibc_profile_name_valid(const char *name);

/*
 * Check one field for sealing. IBC_ERR_USAGE names the field and never shows the value: a bad or
 * overlong name; a value that is empty, too long, not UTF-8, or holds NUL, LF or CR.
 */
IBC_CHECKED enum ibc_status ibc_field_check(const struct ibc_field *field, struct ibc_error *err);

/*
 * Begin a profile without versions. The caller frees it with ibc_profile_free().
 * IBC_ERR_USAGE: illegal name or account.
 */
IBC_CHECKED enum ibc_status ibc_profile_new(const char *name, enum ibc_kind kind,
                                            const char *account, int64_t now_ms,
                                            struct ibc_profile **out, struct ibc_error *err);

/*
 * Add a version with state `state`. Fields that the current version (ibc_profile_current()) has and
 * `fields` lacks are carried over; `fields` may come in any order, and every one is checked. A new
 * staged version retires the one staged before, a new active one also the one active before.
 * IBC_ERR_USAGE: a bad field, a name twice, none at all, or too many fields or versions. On failure
 * the profile is unchanged.
 */
IBC_CHECKED enum ibc_status ibc_profile_add_version(struct ibc_profile *profile,
                                                    const struct ibc_field *fields, size_t count,
                                                    enum ibc_version_state state, int64_t now_ms,
                                                    struct ibc_error *err);

/* Make the staged version the active one, which is retired. False: none is staged. */
bool ibc_profile_promote(struct ibc_profile *profile, int64_t now_ms);

/* Retire the staged version, which never logged in. False: none is staged. */
bool ibc_profile_unstage(struct ibc_profile *profile, int64_t now_ms);

/* Which retired versions are kept. */
struct ibc_retention {
    int64_t versions; /* the so many that were retired last */
    int64_t age;      /* seconds: and those that were retired less long ago */
};

/*
 * Drop the retired versions that `retention` does not keep and that no copy is of. True: there were
 * some.
 */
bool ibc_profile_prune(struct ibc_profile *profile, const struct ibc_retention *retention,
                       int64_t now_ms);

/* The active version, or NULL. Owned by the profile. */
const struct ibc_version *ibc_profile_active(const struct ibc_profile *profile);

/* The staged version, or NULL. Owned by the profile. */
const struct ibc_version *ibc_profile_staged(const struct ibc_profile *profile);

/* The active version; where none is, the newest burned one, which a person may clear; else the
 * newest. NULL without versions. */
const struct ibc_version *ibc_profile_current(const struct ibc_profile *profile);

/*
 * Write into `version` that a login at `now_ms` proved it, and, where `kind` is not 0, by accounts
 * of that kind. False: nothing changed, for it was proven less than a day ago by the same kind. So
 * a vault that is kept in git is not rewritten at each login.
 */
bool ibc_version_prove(struct ibc_version *version, enum ibc_kind kind, int64_t now_ms);

/*
 * Write into `version` that IBKR ends its password at `expires_ms`. Notices come at every login and
 * tell whole days, so only one that is more than a day earlier than what stands there counts.
 * False: nothing changed.
 */
bool ibc_version_expire(struct ibc_version *version, int64_t expires_ms);

/* Was the version proven by a live account, though the profile is a paper user's? Such a user can
 * never see one, so the profile was sealed under the wrong kind. */
bool ibc_version_contradicts(const struct ibc_profile *profile, const struct ibc_version *version);

/*
 * Write down a copy: one of that target is replaced. `copied_ms` 0 means that it is wanted and not
 * there yet. IBC_ERR_USAGE: a target that is empty, too long or not printable, no version of that
 * number, or more than IBC_COPIES_MAX copies. On failure the profile is unchanged.
 */
IBC_CHECKED enum ibc_status ibc_profile_note_copy(struct ibc_profile *profile,
                                                  struct ibc_view target, uint32_t version,
                                                  int64_t copied_ms, struct ibc_error *err);

/* Forget the copy of that target. False: there is none. */
bool ibc_profile_forget_copy(struct ibc_profile *profile, struct ibc_view target);

/* Is the copy not there yet, or one of another version than the active one? False where none is
 * active. */
bool ibc_copy_is_behind(const struct ibc_profile *profile, const struct ibc_copy *copy);

/* The field of that name, or NULL. Owned by the version's profile. */
const struct ibc_field *ibc_version_field(const struct ibc_version *version, const char *name);

/* Wipes and frees; accepts NULL; `*profile` becomes NULL. */
void ibc_profile_free(struct ibc_profile **profile);
#define ibc_auto_profile IBC_CLEANUP(ibc_profile_free) struct ibc_profile

#pragma GCC visibility pop

#endif
