/*
 * new_file.h - a file that waits for its secret.
 */
#ifndef IBCRED_DELIVER_NEW_FILE_H
#define IBCRED_DELIVER_NEW_FILE_H

#include <ibcred/common.h>

/*
 * Create the file `name` in `directory` (0600), `size` bytes of zeros, so that a full tmpfs is
 * found out before the secret is let out. Returns 0, or an errno value: `*fd` is -1 then, but the
 * file may be there.
 */
IBC_CHECKED int new_file(int directory, const char *name, size_t size, int *fd);

#endif
