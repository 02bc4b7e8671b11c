/*
 * schema.h - the keys of a policy file, as tables of the strict YAML reader.
 */
#ifndef IBCRED_POLICY_SCHEMA_H
#define IBCRED_POLICY_SCHEMA_H

#include "yaml/yaml.h"

/* The whole file; its target is a struct ibc_policy. */
extern const struct ibc_yaml_table ibc_policy_table;

/* The list `maintenance`; its target is a struct ibc_policy. */
ibc_yaml_read ibc_policy_read_maintenance;

/* The list `notify`; its target is a struct ibc_policy. */
ibc_yaml_read ibc_policy_read_notify;

/* `consumer` of a delivery; its target is an enum ibc_consumer. */
ibc_yaml_read ibc_policy_read_consumer;

/* The list `images`; its target is a struct ibc_policy. */
ibc_yaml_read ibc_policy_read_images;

/* May `text` be the URL of a webhook: http or https, a host, printable ASCII without blanks? */
bool ibc_policy_is_webhook(const char *text);

#endif
