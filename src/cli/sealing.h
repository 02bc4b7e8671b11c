/*
 * sealing.h - what seal and import have in common: one set of fields into one profile.
 */
#ifndef IBCRED_CLI_SEALING_H
#define IBCRED_CLI_SEALING_H

#include "cli/staged.h"

struct sealing {
    const char *profile;
    enum ibc_kind kind;  /* 0: as the profile has it; a new one needs it */
    const char *account; /* NULL or "": as the profile has it */
    const struct ibc_field *fields;
    size_t field_count;
    bool force; /* though the username contradicts the kind */
};

/*
 * Check the fields and put them into the vault that `session` edits: a new profile, or a new active
 * version of the one that is there, which drops those that the policy does not keep, and one that
 * is staged, which is added to `staged`. `*version` is its number. Nothing is written yet.
 * IBC_ERR_WAIT: a login with a staged version may be under way.
 */
IBC_CHECKED enum ibc_status seal_fields(const struct session *session,
                                        const struct sealing *sealing, struct staged_list *staged,
                                        uint32_t *version, struct ibc_error *err);

/* One profile as it was sealed. */
struct sealed {
    uint32_t version;
    uint64_t generation; /* of the vault */
    struct staged_list staged;
};

void sealed_free(struct sealed *sealed);
#define auto_sealed IBC_CLEANUP(sealed_free) struct sealed

/* Seal one profile in a write of its own, which is `event` for the audit log. */
IBC_CHECKED enum ibc_status seal_profile(const struct cli *cli, const struct sealing *sealing,
                                         const char *event, struct sealed *out,
                                         struct ibc_error *err);

/* Answer that it is sealed, with warnings of the ways that could not carry a value. */
IBC_CHECKED enum ibc_status tell_sealed(const struct cli *cli, const struct sealing *sealing,
                                        const struct sealed *sealed, struct ibc_error *err);

#endif
