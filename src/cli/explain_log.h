/*
 * explain_log.h - ibcred watch --explain: what the log rules make of a log.
 */
#ifndef IBCRED_CLI_EXPLAIN_LOG_H
#define IBCRED_CLI_EXPLAIN_LOG_H

#include "cli/cli.h"

#include <ibcred/gateway_log.h>

/*
 * The rules in the file `path`; where that is NULL, in the one that $IBCRED_LOG_RULES names, or
 * those built in. The caller frees.
 */
IBC_CHECKED enum ibc_status load_log_rules(const char *path, struct ibc_log_rules **out,
                                           struct ibc_error *err);

/*
 * Read the log `path` ("-": standard input) to its end and print a line an event: the number of
 * the line that told it, the event, what was taken from it, and the rule; with --json an object a
 * line. The sum of it goes to stderr. Rules as load_log_rules(). Logs are no secrets, but hostile:
 * what is shown is printable. No vault, no state and no network is touched.
 */
IBC_CHECKED enum ibc_status explain_log(const struct cli *cli, const char *path,
                                        const char *rules_path, struct ibc_error *err);

#endif
