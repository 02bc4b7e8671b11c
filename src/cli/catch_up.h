/*
 * catch_up.h - what follows once a staged version has logged in: its copies.
 */
#ifndef IBCRED_CLI_CATCH_UP_H
#define IBCRED_CLI_CATCH_UP_H

#include "cli/copies.h"

/* Say what became of a staged version by a report; nothing where nothing did. */
void say_staging(const struct cli *cli, const char *profile, const struct ibc_reported *reported);

/*
 * Where `profile`, in the session's open vault, has copies: start `ibcred rotate PROFILE --resume`
 * as a process of its own, for whoever follows a gateway must not wait for a forge. What fails
 * there it says on stderr, and the next run finishes it. Where a passphrase was asked for it is not
 * started, for it would ask again, but named. Waits for one that was started before in `*child` (0:
 * none).
 */
void catch_up_start(const struct session *session, const char *profile, pid_t *child);

/* Wait for it. */
void catch_up_wait(pid_t *child);

#endif
