/*
 * environment.h - variables of an environment that is handed in.
 */
#ifndef IBCRED_BASE_ENVIRONMENT_H
#define IBCRED_BASE_ENVIRONMENT_H

#include <ibcred/common.h>

/* The value of `name` in `environment` (as environ(7); NULL: empty); "" where it is not there. */
const char *environment_value(char *const *environment, const char *name);

#endif
