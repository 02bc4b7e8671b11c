/*
 * append_file.h - a file of the state directory that only ever grows, a line at a time.
 *
 * Locked against every other process from open to close or unlock. A line counts once its newline
 * is on disk; whatever follows the last newline is the torn end of an append that a crash cut
 * short. It was never confirmed to anybody, and goes before the next append.
 */
#ifndef IBCRED_BASE_APPEND_FILE_H
#define IBCRED_BASE_APPEND_FILE_H

#include <ibcred/secret.h>
#include <sys/types.h>

enum { APPEND_FILE_NAME_MAX = 64 /* bytes, with the NUL */ };

struct append_file {
    int fd;       /* -1 when closed */
    int state_fd; /* its directory; borrowed */
    char name[APPEND_FILE_NAME_MAX];
    off_t size;    /* bytes up to and with the last newline; the owner's to set after reading */
    off_t on_disk; /* bytes there are, torn end included */
};

#define APPEND_FILE_CLOSED ((struct append_file){.fd = -1, .state_fd = -1})

/* Write "PREFIX-<hex of the id>SUFFIX" into `out`. `id` has 16 bytes. */
void append_file_name(char out[static APPEND_FILE_NAME_MAX], const char *prefix,
                      const unsigned char id[static 16], const char *suffix);

/*
 * Open the file `name` in `state_fd` for reading and appending, creating it (0600, empty) where it
 * is missing, and wait for its lock. What is locked then is what has the name then, even where the
 * file was moved away or deleted during the wait. `size` is what is on disk. IBC_ERR_REFUSED: it is
 * a link, has a second name, is not a regular file, is somebody else's, or others can write it.
 * IBC_ERR_IO: anything else.
 */
IBC_CHECKED enum ibc_status append_file_open(int state_fd, const char *name,
                                             struct append_file *out, struct ibc_error *err);

/* Read exactly `size` bytes at `offset` into `bytes`. IBC_ERR_IO where they are not there. */
IBC_CHECKED enum ibc_status append_file_read(const struct append_file *file, off_t offset,
                                             unsigned char *bytes, size_t size,
                                             struct ibc_error *err);

/*
 * Append `line` at `size` in one write and make it durable, with the file's name where the file
 * was empty. IBC_ERR_IO: it may or may not be there; it has been cut off again where that worked,
 * and otherwise goes before the next append. `size` is unchanged then.
 */
IBC_CHECKED enum ibc_status append_file_append(struct append_file *file, struct ibc_view line,
                                               struct ibc_error *err);

/* Let go of the lock and keep the file open: it may be read up to `size`, and no longer grown. */
void append_file_unlock(const struct append_file *file);

/* Close and unlock; accepts a closed one. */
void append_file_close(struct append_file *file);

#endif
