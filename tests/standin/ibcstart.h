/*
 * ibcstart.h - IBC's start script: runs the JVM, and runs it again.
 */
#ifndef STANDIN_IBCSTART_H
#define STANDIN_IBCSTART_H

#include "link.h"

/* Until the script ends, or a stop signal ends it. Returns its exit status. */
int ibcstart(const struct login *login);

#endif
