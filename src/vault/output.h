/*
 * output.h - a new vault file, written beside the one it is to become.
 */
#ifndef IBCRED_VAULT_OUTPUT_H
#define IBCRED_VAULT_OUTPUT_H

#include <ibcred/secret.h>
#include <sys/types.h>

struct vault_output;

/*
 * Create `path`, which must not be there, with exactly the permission bits `mode`.
 * IBC_ERR_CREATE: it cannot be made. Freeing removes it, unless it was published.
 */
IBC_CHECKED enum ibc_status vault_output_new(const char *path, mode_t mode,
                                             struct vault_output **out, struct ibc_error *err);

/* Append, through a buffer. An error is kept for vault_output_sync() to report. */
void vault_output_write(struct vault_output *output, struct ibc_view view);

/* Write what is buffered and make the content durable. */
IBC_CHECKED enum ibc_status vault_output_sync(struct vault_output *output, struct ibc_error *err);

/* Give the synced file the name `target`, in place of what is there, durably. */
IBC_CHECKED enum ibc_status vault_output_replace(struct vault_output *output, const char *target,
                                                 struct ibc_error *err);

/* As vault_output_replace(), but IBC_ERR_CREATE when something is there. */
IBC_CHECKED enum ibc_status vault_output_publish(struct vault_output *output, const char *target,
                                                 struct ibc_error *err);

void vault_output_free(struct vault_output **output);
#define vault_auto_output IBC_CLEANUP(vault_output_free) struct vault_output

#endif
