/*
 * yaml.h - YAML read strictly into structs, by table.
 *
 * A table names the keys of one mapping, their types, bounds and destinations. Whatever it does
 * not name is IBC_ERR_MISMATCH with `name:line:column:` and what is allowed. Values are never
 * shown in the sentence: somebody may point at the wrong file.
 *
 * Built on libyaml's events rather than its documents: only events show anchors and tags, all of
 * which are refused, and reading stops at the first fault, so that no nesting costs anything.
 * libcyaml 1.3 was not taken: it knows no ranges for numbers and tells its errors to a log.
 */
#ifndef IBCRED_YAML_YAML_H
#define IBCRED_YAML_YAML_H

#include <ibcred/secret.h>
#include <yaml.h>

enum {
    IBC_YAML_FIELDS_MAX = 32,
    IBC_YAML_PATH_MAX = 128, /* bytes of "gate.silent_drop.wait" */
};

/* The state of one reading. `event` is what was read last: the value that is to be stored. */
struct ibc_yaml {
    yaml_parser_t parser;
    yaml_event_t event;
    yaml_mark_t mark; /* where ibc_yaml_fail() points to */
    struct ibc_view text;
    const char *name; /* the file in the sentence */
    char path[IBC_YAML_PATH_MAX];
    struct ibc_error *err;
};

struct ibc_yaml_field;

/* Store the value at yaml->event, and all that belongs to it, in `target`. */
typedef enum ibc_status ibc_yaml_read(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                      void *target);

/* Look at a whole mapping, once stored, for keys that contradict one another. */
typedef enum ibc_status ibc_yaml_check(struct ibc_yaml *yaml, const void *target);

struct ibc_yaml_word {
    const char *word;
    int value;
};

struct ibc_yaml_field {
    const char *key;
    ibc_yaml_read *read;
    size_t offset;                     /* of the destination in the mapping's target */
    int64_t min, max;                  /* value, seconds, bytes or items */
    const struct ibc_yaml_word *words; /* ends with a NULL word */
    const struct ibc_yaml_table *table;
    bool required;
};

struct ibc_yaml_table {
    const struct ibc_yaml_field *fields; /* at most IBC_YAML_FIELDS_MAX */
    size_t count;
    ibc_yaml_check *check; /* or NULL */
};

/*
 * Read `text`, one document with one mapping or nothing at all, into `target`; what it leaves out
 * stays as it is. On failure `target` may be half filled.
 */
IBC_CHECKED enum ibc_status ibc_yaml_parse(struct ibc_view text, const char *name,
                                           const struct ibc_yaml_table *table, void *target,
                                           struct ibc_error *err);

/* IBC_ERR_MISMATCH at the place of the last event. The sentence follows "name:line:column: ". */
enum ibc_status ibc_yaml_fail(struct ibc_yaml *yaml, const char *fmt, ...) IBC_PRINTF(2, 3);

/* Readers for tables. The destination's type is in brackets. */
ibc_yaml_read ibc_yaml_mapping;  /* another table, its offsets from here on */
ibc_yaml_read ibc_yaml_boolean;  /* (bool) true or false */
ibc_yaml_read ibc_yaml_number;   /* (int64_t) min…max */
ibc_yaml_read ibc_yaml_duration; /* (int64_t) min…max seconds, as ibc_parse_duration() */
ibc_yaml_read ibc_yaml_word;     /* (int) the value of one of `words` */
ibc_yaml_read ibc_yaml_text;     /* (char[max + 1]) min…max bytes, printable */

/*
 * Read a list of min…max items. `item` stores the one at yaml->event, `index` from 0.
 */
typedef enum ibc_status ibc_yaml_item(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                      size_t index, void *target);
IBC_CHECKED enum ibc_status ibc_yaml_list(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                          ibc_yaml_item *item, void *target);

/* The scalar at yaml->event as text, or NULL where it is none. Owned by the event. */
const char *ibc_yaml_scalar(const struct ibc_yaml *yaml);

#endif
