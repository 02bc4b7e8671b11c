/*
 * detect.h - the variables by which runners say what they are.
 */
#ifndef IBCRED_CI_DETECT_H
#define IBCRED_CI_DETECT_H

#include <ibcred/common.h>

/* Is the variable "true"? Runners write that. */
IBC_CHECKED bool ci_says(char *const *environment, const char *name);

#endif
