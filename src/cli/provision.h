/*
 * provision.h - what ibcred provision was asked for, and its four errands.
 */
#ifndef IBCRED_CLI_PROVISION_H
#define IBCRED_CLI_PROVISION_H

#include "cli/copies.h"

/* A field of the profile, and how its secret is called. */
struct provision_field {
    char name[IBC_FIELD_NAME_MAX + 1];
    const char *secret; /* NULL: as the field */
};

struct provision {
    const struct cli *cli;
    const char *profile; /* NULL: the only one */
    struct ibc_forge_place place;
    size_t field_count; /* 0: none is named */
    struct provision_field fields[OPTION_VALUES_MAX];
    struct copy_options copying;
    bool dry_run;
    const char *secret_name; /* of the CI identity; NULL: IBCRED_IDENTITY */
    int64_t expires_ms;      /* wall clock: when the CI identity does; 0: never */
};

/* Put the fields into the forge, and from now on keep them up to date. */
IBC_CHECKED enum ibc_status provision_fields(const struct provision *provision,
                                             struct ibc_error *err);

/*
 * Bring what is behind of the profile's copies at that forge, and where a place, a server or fields
 * are named, of those only.
 */
IBC_CHECKED enum ibc_status provision_resume(const struct provision *provision,
                                             struct ibc_error *err);

/* Take the copies out of the vault's list; which ones as with provision_resume(). */
IBC_CHECKED enum ibc_status provision_forget(const struct provision *provision,
                                             struct ibc_error *err);

/*
 * Make an identity for the place, give it a slot of the vault, and put it into the forge; then take
 * the older slots of that place away, with a new data key. The slot is there before the secret is,
 * and the older ones go after it, so that CI never holds a key that the vault does not know.
 */
IBC_CHECKED enum ibc_status provision_identity(const struct provision *provision,
                                               struct ibc_error *err);

/* --- what they share (provision.c) -------------------------------------------------------------*/

/* Open the session and the profile, whose name is written into `name`. */
IBC_CHECKED enum ibc_status open_profile(const struct provision *provision, struct session *session,
                                         char name[static IBC_PROFILE_NAME_MAX + 1],
                                         struct ibc_profile **out, struct ibc_error *err);

/* Clients for all targets, into `access`, which is zero: forge_access_init() and open_forges(). */
IBC_CHECKED enum ibc_status reach_forges(const struct provision *provision,
                                         const struct ibc_profile *profile,
                                         const struct copy_targets *targets,
                                         struct forge_access *access, struct ibc_error *err);

/* bring_targets(), and the answer. */
IBC_CHECKED enum ibc_status bring_and_answer(const struct provision *provision,
                                             struct session *session, const char *name,
                                             struct forge_access *access,
                                             const struct copy_targets *targets,
                                             struct ibc_error *err);

/*
 * Answer in JSON, where that is asked for; `results` is freed. `profile` may be NULL. An answer
 * that has begun to be one is given though `status` is a failure, which is returned.
 */
IBC_CHECKED enum ibc_status answer_provision(const struct provision *provision, const char *profile,
                                             json_t *results, const struct brought *brought,
                                             enum ibc_status status, struct ibc_error *err);

/* Say of each target what is planned or done, and answer. `profile` may be NULL. */
IBC_CHECKED enum ibc_status answer_plan(const struct provision *provision,
                                        const struct ibc_profile *profile,
                                        const struct copy_targets *targets, const char *result,
                                        struct ibc_error *err);

#endif
