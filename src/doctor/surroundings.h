/*
 * surroundings.h - what the world is asked. Nothing here changes anything; what cannot be seen is
 * as if it were fine.
 */
#ifndef IBCRED_DOCTOR_SURROUNDINGS_H
#define IBCRED_DOCTOR_SURROUNDINGS_H

#include <ibcred/common.h>

/* --- git.c ------------------------------------------------------------------------------------ */

/* Does the file lie below a directory with a .git? */
bool in_work_tree(const char *path);
enum git_answer {
    GIT_NO,
    GIT_YES,
    GIT_SILENT, /* it is not there, or refuses: another owner's repository, a damaged one */
};

/*
 * Does git have it in its index? Asks git, where it lies in a work tree; nothing that the
 * repository names is run, nothing is fetched.
 */
enum git_answer is_tracked(const char *path);
/* Does git leave it alone, because of a .gitignore? The same way. */
bool is_ignored(const char *path);

/* --- memory.c --------------------------------------------------------------------------------- */

/* Is the directory, or the nearest one above it that is there, on tmpfs or ramfs? */
bool on_tmpfs(const char *path);
/* May what lies there be swapped out? Not on ramfs, and not on a tmpfs mounted with noswap. */
bool can_be_swapped(const char *path);
/* The first swap that is neither zram nor on dm-crypt, malloc()ed; NULL: none. */
char *plain_swap(void);

/* --- times.c ---------------------------------------------------------------------------------- */

/* Milliseconds since 1970; 0 where it cannot be told. */
int64_t program_made_ms(void);
/* The newest of the last lines of the state directory's audit logs. */
int64_t last_audit_ms(const char *state);
/* Does the kernel know of nobody who keeps the clock in time? */
bool clock_is_adrift(void);

#endif
