/*
 * line.h - an audit event as one line of JSON. Pure but for the process's own ids.
 */
#ifndef IBCRED_AUDIT_LINE_H
#define IBCRED_AUDIT_LINE_H

#include "audit/chain.h"

/*
 * Write the event as the line after `last`, newline included, and yield its link. Text that is
 * not UTF-8 keeps its ASCII; `why` is cut where the line would be too long. IBC_ERR_USAGE: too
 * long even without it.
 */
IBC_CHECKED enum ibc_status audit_line_format(const struct audit_identity *identity,
                                              const struct audit_link *last,
                                              const struct ibc_audit_event *event,
                                              const struct ibc_instant *now,
                                              char out[static IBC_AUDIT_LINE_MAX + 1], size_t *size,
                                              struct audit_link *link, struct ibc_error *err);

#endif
