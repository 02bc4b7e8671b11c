/*
 * default.h - policy/default.yaml without its comments, compiled in.
 */
#ifndef IBCRED_POLICY_DEFAULT_H
#define IBCRED_POLICY_DEFAULT_H

#include <ibcred/secret.h>

struct ibc_view policy_default_text(void);

#endif
