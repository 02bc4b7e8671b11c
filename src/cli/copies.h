/*
 * copies.h - the copies of a profile's fields at forges, and bringing them up to date.
 *
 * A copy is brought in three steps: the field is read out of the vault, written to the forge, and
 * noted in the vault. The vault is closed and not locked while the forge is asked, so each step
 * finds what others have done meanwhile. Where another version has become active by the time of the
 * note, the copy is brought again: of two that bring different versions, the one that ends last
 * brings the newer.
 */
#ifndef IBCRED_CLI_COPIES_H
#define IBCRED_CLI_COPIES_H

#include "cli/forge_access.h"

/* Targets of copies, each in its one spelling (ibcred/forge.h). */
struct copy_targets {
    size_t count;
    char items[IBC_COPIES_MAX][IBC_COPY_TARGET_MAX + 1];
};

/* What bringing came to. */
struct brought {
    size_t done;   /* copies that were brought */
    size_t behind; /* copies of the profile that still are behind */
};

/*
 * Bring every copy of `profile` that is behind up to date, one by one, with `access`, which may
 * have served other profiles before; each is written into the vault as soon as it is there, so that
 * whoever comes next goes on from there. One that fails keeps none of the others from being tried,
 * unless all at that forge would fail alike (ibc_forge_would_fail_all()): those stay as they are,
 * for that is met once, and said once. `err` has the first failure then, with how many are done and
 * what finishes the rest, and its status is returned. The session is open, and is left at rest.
 */
IBC_CHECKED enum ibc_status session_bring_copies(struct session *session, const char *profile,
                                                 struct forge_access *access, struct brought *out,
                                                 struct ibc_error *err);

/* --- its parts, for provision ------------------------------------------------------------------*/

enum { TARGETS_TEXT_MAX = IBC_COPY_TARGET_MAX + 32 };

/* The first target, and how many there are beside it. */
void describe_targets(const struct copy_targets *targets, char out[static TARGETS_TEXT_MAX]);

/* The profile's copy of that target, or NULL. Owned by the profile. */
const struct ibc_copy *find_copy(const struct ibc_profile *profile, const char *target);

/* How many copies of the profile are behind. */
size_t copies_behind(const struct ibc_profile *profile);

/* Add a target. IBC_ERR_USAGE: there are IBC_COPIES_MAX. */
IBC_CHECKED enum ibc_status add_target(struct copy_targets *targets, struct ibc_view target,
                                       struct ibc_error *err);

/* Add all copies of the profile that are behind. Errors: as add_target(). */
IBC_CHECKED enum ibc_status add_behind(const struct ibc_profile *profile,
                                       struct copy_targets *targets, struct ibc_error *err);

/*
 * A client for every forge among the targets. What keeps one from being had is put down in `access`
 * and returned, if it is the first, and the others are had all the same. IBC_ERR_USAGE: targets at
 * two servers of one forge, for a token is meant for one. Else as forge_access_open().
 */
IBC_CHECKED enum ibc_status open_forges(struct forge_access *access,
                                        const struct ibc_profile *profile,
                                        const struct copy_targets *targets, struct ibc_error *err);

/*
 * Bring `targets`, whether they are behind or not, as session_bring_copies() does. The session is
 * at rest, and is left so. `results` (may be NULL) gets an object for each: name, field, target,
 * result, message.
 */
IBC_CHECKED enum ibc_status bring_targets(struct session *session, const char *profile,
                                          struct forge_access *access,
                                          const struct copy_targets *targets, json_t *results,
                                          struct brought *out, struct ibc_error *err);

/* Warn where the last ibc_forge_put() has opened the secret to more repositories. */
void warn_if_widened(const struct cli *cli, const struct ibc_forge_client *client,
                     const struct ibc_forge_secret *secret);

/* One entry of such a list; `field` and `message` may be NULL. */
json_t *copy_result_json(const char *name, const char *field, const char *target,
                         const char *result, const char *message);

#endif
