/*
 * match.h - which rule a line follows. Pure.
 */
#ifndef IBCRED_GATEWAY_LOG_MATCH_H
#define IBCRED_GATEWAY_LOG_MATCH_H

#include "gateway_log/line.h"

/* The first rule that the line follows, with `*out` filled; or NULL. */
const struct log_rule *log_match(const struct ibc_log_rules *rules, const struct log_line *line,
                                 struct ibc_log_match *out);

#endif
