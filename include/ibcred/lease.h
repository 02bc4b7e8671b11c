/*
 * lease.h - deliveries that end.
 *
 * A delivery lies in the runtime directory, which is on tmpfs, and its name is its lease: which
 * boot it belongs to and the CLOCK_BOOTTIME at which it ends. So a delivery and its lease come
 * into being in one step, and whoever finds one knows whether it is overdue, even when the
 * process that made it and the reaper that was to end it are long dead.
 */
#ifndef IBCRED_LEASE_H
#define IBCRED_LEASE_H

#include <ibcred/clock.h>

#pragma GCC visibility push(default)

/* "lease-<8 hex of boot id>-<end, boot ms>-<16 hex>", then ".env" or ".dir" */
enum { IBC_LEASE_NAME_MAX = 64 };

/* What the name of a delivery says it is. */
enum ibc_lease_kind {
    IBC_LEASE_FILE,      /* ".env" */
    IBC_LEASE_DIRECTORY, /* ".dir": of files, and nothing below it */
};

struct ibc_runtime;

/*
 * Open the first of the `count` directories of `candidates` that lies on tmpfs, or, with
 * `allow_disk`, the first at all; it is created (0700) when missing. IBC_ERR_REFUSED: others can
 * write it, or none lies on tmpfs. IBC_ERR_CREATE: it cannot be made. The caller frees.
 */
IBC_CHECKED enum ibc_status ibc_runtime_open(const char *const *candidates, size_t count,
                                             bool allow_disk, struct ibc_runtime **out,
                                             struct ibc_error *err);

/* As ibc_runtime_open(), but creates nothing and takes any file system: to clean up. */
IBC_CHECKED enum ibc_status ibc_runtime_open_existing(const char *path, struct ibc_runtime **out,
                                                      struct ibc_error *err);

const char *ibc_runtime_path(const struct ibc_runtime *runtime);
int ibc_runtime_fd(const struct ibc_runtime *runtime);
void ibc_runtime_free(struct ibc_runtime **runtime);
#define ibc_auto_runtime IBC_CLEANUP(ibc_runtime_free) struct ibc_runtime

/* Make a new name for a delivery that ends `ttl` seconds after `now`. */
void ibc_lease_name(const struct ibc_instant *now, int64_t ttl, enum ibc_lease_kind kind,
                    char out[static IBC_LEASE_NAME_MAX]);

/* Is this the name of a delivery of that kind? */
bool ibc_lease_is(const char *name, enum ibc_lease_kind kind);

/* Has the delivery of that name ended at `now`? A name of another boot has; what is no lease at
 * all has not. */
bool ibc_lease_overdue(const char *name, const struct ibc_instant *now);

/*
 * Wipe and remove the delivery, a directory with every file in it. What another name leads to as
 * well is not wiped, only removed. IBC_OK when it is not there (any more); IBC_ERR_USAGE when
 * `name` is no lease; IBC_ERR_IO when it cannot be removed.
 */
IBC_CHECKED enum ibc_status ibc_lease_end(const struct ibc_runtime *runtime, const char *name,
                                          struct ibc_error *err);

/*
 * End what is overdue at `now`, or with `all` every delivery, and then also remove the symbolic
 * links that led to one that is over. `*ended` counts the deliveries. Goes on after a failure and
 * returns the first one.
 */
IBC_CHECKED enum ibc_status ibc_lease_sweep(const struct ibc_runtime *runtime,
                                            const struct ibc_instant *now, bool all, size_t *ended,
                                            struct ibc_error *err);

/*
 * Sleep until the delivery's lease is over, by CLOCK_BOOTTIME, then end it. What a reaper does.
 */
IBC_CHECKED enum ibc_status ibc_lease_wait_and_end(const struct ibc_runtime *runtime,
                                                   const char *name, struct ibc_error *err);

#pragma GCC visibility pop

#endif
