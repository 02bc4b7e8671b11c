/*
 * rules.h - the rules of a gateway's log as they are kept in memory.
 */
#ifndef IBCRED_GATEWAY_LOG_RULES_H
#define IBCRED_GATEWAY_LOG_RULES_H

#include "yaml/yaml.h"

#include <ibcred/gateway_log.h>
#include <regex.h>

enum {
    SOURCES_MAX = 8,
    GROUPS_MAX = 8,        /* what an expression may capture */
    CONTAINS_MAX = 64,     /* bytes */
    EXPRESSION_MAX = 400,  /* bytes */
    FOLLOWING_MAX = 8,     /* lines that a message may have to wait for */
    NUMBER_MAX = 999999999 /* a greater number in a log is taken for this */
};

/* Seven days: nothing that a gateway asks for is longer, and a forged line must not say "for ever".
 */
enum { SECONDS_MAX = 7 * 86400 };

/* A program whose lines are in the log: what stands before its messages. */
struct log_source {
    char name[IBC_LOG_RULE_NAME_MAX + 1];
    char contains[CONTAINS_MAX + 1]; /* lower case; "" where there is none */
    char prefix[EXPRESSION_MAX + 1]; /* "" where its lines begin with the message */
    regex_t compiled;
    bool is_compiled;
};

struct log_rule {
    char name[IBC_LOG_RULE_NAME_MAX + 1];
    int event; /* enum ibc_log_event */
    int source;
    char contains[CONTAINS_MAX + 1]; /* lower case */
    char pattern[EXPRESSION_MAX + 1];
    size_t groups; /* that the pattern has */
    /* Which group holds it; 0: none. */
    int64_t number, minutes, seconds, text;
    int64_t min;             /* the number's least; a smaller one is no match */
    int64_t following_lines; /* how many may come before the text; 0: it is on the line itself */
    int replaces;            /* the event whose unfinished message this line is; 0: none */
    regex_t compiled;
    bool is_compiled;
};

struct ibc_log_rules {
    size_t source_count;
    struct log_source sources[SOURCES_MAX];
    size_t rule_count;
    struct log_rule rules[IBC_LOG_RULES_MAX];
};

/* schema.c: a whole file; its target is a struct ibc_log_rules, zeroed. */
extern const struct ibc_yaml_table ibc_log_rules_table;

/* events.c: the event that `name` stands for, or 0. */
int ibc_log_event_of(const char *name);

#endif
