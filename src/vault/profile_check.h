/*
 * profile_check.h - the rules that every profile in a vault keeps. Pure.
 *
 * One set of rules for both ways: a profile that breaks one is neither written nor read.
 */
#ifndef IBCRED_VAULT_PROFILE_CHECK_H
#define IBCRED_VAULT_PROFILE_CHECK_H

#include <ibcred/profile.h>

/* Order of names and targets: bytewise, a prefix first. Less than, equal to or greater than 0. */
int view_compare(struct ibc_view a, struct ibc_view b);

/*
 * Check the name, kind, account and time that a profile begins with, and then everything that
 * hangs on it. IBC_ERR_USAGE, with a clause that names the field but shows no value.
 */
IBC_CHECKED enum ibc_status profile_check_head(const char *name, enum ibc_kind kind,
                                               const char *account, int64_t created_ms,
                                               struct ibc_error *err);
IBC_CHECKED enum ibc_status profile_check_copy(const struct ibc_profile *profile,
                                               const struct ibc_copy *copy, struct ibc_error *err);
IBC_CHECKED enum ibc_status profile_check(const struct ibc_profile *profile, struct ibc_error *err);

#endif
