/*
 * file.h - files that are read strictly and replaced whole.
 *
 * Every check is made on the opened descriptor, never on the path.
 */
#ifndef IBCRED_FILE_H
#define IBCRED_FILE_H

#include <ibcred/secret.h>
#include <sys/types.h>

#pragma GCC visibility push(default)

/* Closes the descriptor unless it is negative, and makes it -1. */
void ibc_close(int *fd);
#define ibc_auto_fd IBC_CLEANUP(ibc_close) int

/* Frees a malloc()ed pointer and makes it NULL; for `IBC_CLEANUP(ibc_free)`. */
void ibc_free(void *pointer_to_pointer);
#define ibc_auto_free IBC_CLEANUP(ibc_free)

/*
 * Open the regular file `path` read-only. `what` names it in the sentence ("vault", "policy", …).
 * IBC_ERR_NOT_FOUND: no such file. IBC_ERR_IO: anything else. On failure `*fd` is -1.
 */
IBC_CHECKED enum ibc_status ibc_file_open(const char *path, const char *what, int *fd,
                                          struct ibc_error *err);

/*
 * As ibc_file_open(), for a file that nobody but its owner can write and whose owner is the
 * caller or root. IBC_ERR_REFUSED: others can write it, or it belongs to somebody else.
 */
IBC_CHECKED enum ibc_status ibc_file_open_trusted(const char *path, const char *what, int *fd,
                                                  struct ibc_error *err);

/*
 * Read everything from `fd` into `out`, at most `limit` bytes. `name` stands for the file in the
 * sentence. IBC_ERR_DATA: longer than `limit`. IBC_ERR_IO: reading failed.
 */
IBC_CHECKED enum ibc_status ibc_file_read_all(int fd, const char *name, size_t limit,
                                              struct ibc_secret *out, struct ibc_error *err);

/* Write all of `view` to `fd`, resuming after interruptions. Returns false with errno set. */
IBC_CHECKED bool ibc_file_write_all(int fd, struct ibc_view view);

/*
 * Replace the file at `path` by `view`, atomically and durably: a temporary beside it, fsync,
 * rename, fsync of the directory. Keeps owner and permission bits of a file that is there, else
 * `mode`.
 * A symbolic link is followed: its target is replaced. IBC_ERR_CREATE or IBC_ERR_IO, with the old
 * file untouched.
 */
IBC_CHECKED enum ibc_status ibc_file_replace(const char *path, struct ibc_view view, mode_t mode,
                                             struct ibc_error *err);

/*
 * As ibc_file_replace(), but what is at `path` already stays: IBC_ERR_CREATE. The new file has
 * exactly `mode`.
 */
IBC_CHECKED enum ibc_status ibc_file_create(const char *path, struct ibc_view view, mode_t mode,
                                            struct ibc_error *err);

/*
 * Give the file `from` the name `to` where nothing has that name. Returns false with errno set,
 * EEXIST where something has.
 */
IBC_CHECKED bool ibc_file_rename_new(const char *from, const char *to);

/* fsync the directory that holds `path`, so that a created or renamed name is durable. */
IBC_CHECKED enum ibc_status ibc_file_sync_parent(const char *path, struct ibc_error *err);

/*
 * Make sure that `path` is a directory of the caller with mode 0700, creating it and its parents
 * (0700) where they are missing, and open it. `what` names it. IBC_ERR_REFUSED: it belongs to
 * somebody else or others can write it. IBC_ERR_CREATE: it cannot be made. `*fd` is -1 then.
 */
IBC_CHECKED enum ibc_status ibc_directory_open_private(const char *path, const char *what, int *fd,
                                                       struct ibc_error *err);

#pragma GCC visibility pop

#endif
