/*
 * profile_storage.h - the one guarded allocation that the views of a profile point into.
 */
#ifndef IBCRED_VAULT_PROFILE_STORAGE_H
#define IBCRED_VAULT_PROFILE_STORAGE_H

#include <ibcred/profile.h>

/*
 * Make room for `more` bytes. A storage that was too small is handed to `outgrown`, since what is
 * to be stored may point into it.
 */
IBC_CHECKED enum ibc_status profile_reserve(struct ibc_profile *profile, size_t more,
                                            struct ibc_secret *outgrown, struct ibc_error *err);

/* Put a copy of the bytes, for which room was made, into it. */
struct ibc_view profile_store(struct ibc_profile *profile, struct ibc_view view);

#endif
