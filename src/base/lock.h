/*
 * lock.h - flock(2) on files that may be replaced or moved.
 *
 * Such a lock counts only while the name still belongs to the file that is locked.
 */
#ifndef IBCRED_BASE_LOCK_H
#define IBCRED_BASE_LOCK_H

#include <ibcred/common.h>

/* Wait for the lock on an open file; false, with errno, where it cannot be had. */
IBC_CHECKED bool lock_file(int fd);

/* True while `name`, seen from the directory `directory_fd`, is the file that `fd` has open. */
IBC_CHECKED bool lock_still_named(int directory_fd, const char *name, int fd);

#endif
