/*
 * jvm.h - one run of IBC and the Gateway, from the login dialog to its end.
 */
#ifndef STANDIN_JVM_H
#define STANDIN_JVM_H

#include "link.h"

/* What IBC's start script finds when the JVM has ended. */
enum ending {
    ENDING_EXIT,         /* nothing: it is over, but for a second factor's time-out */
    ENDING_COLD_RESTART, /* IBC asks to be started again */
    ENDING_AUTO_RESTART, /* the Gateway left a file with which it is started again */
};

/* IBC's own exit status where a second factor led to no login, as the shell sees it: 1111 % 256. */
enum { STATUS_SECOND_FACTOR = 1111 % 256 };

/*
 * Play the login and what comes after it on the log. Returns when the JVM ends; `*status` is its
 * exit status, 143 when a stop signal ended it.
 */
enum ending jvm_run(const struct login *login, int *status);

#endif
