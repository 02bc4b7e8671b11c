/*
 * schema.h - the keys of a policy file, as tables of the strict YAML reader.
 */
#ifndef IBCRED_POLICY_SCHEMA_H
#define IBCRED_POLICY_SCHEMA_H

#include "policy/yaml.h"

/* The whole file; its target is a struct ibc_policy. */
extern const struct ibc_yaml_table ibc_policy_table;

/* The list `maintenance`; its target is a struct ibc_policy. */
ibc_yaml_read ibc_policy_read_maintenance;

#endif
