/*
 * parts.h - what dotenv and JSON input share.
 */
#ifndef IBCRED_INPUT_PARTS_H
#define IBCRED_INPUT_PARTS_H

#include <ibcred/input.h>

/* Where in the input something is, for sentences. */
struct place {
    const char *name; /* the file */
    uint64_t line;    /* from 1; 0 when it is not known */
};

/* Fail with "name:line: why". */
enum ibc_status fail_at(const struct place *place, enum ibc_status status, const char *why,
                        struct ibc_error *err);

/* As ibc_field_check(), with IBC_ERR_DATA and the place. */
IBC_CHECKED enum ibc_status check_field(const struct place *place, const struct ibc_field *field,
                                        struct ibc_error *err);

/* Copy what the input's fields point to into its own storage. */
IBC_CHECKED enum ibc_status own_fields(struct ibc_input *input, struct ibc_error *err);

/*
 * Read one JSON object, no key twice, into input->document, which is the caller's to free.
 * IBC_ERR_DATA: as ibc_input_json().
 */
IBC_CHECKED enum ibc_status parse_object(struct ibc_view text, const struct place *place,
                                         struct ibc_input *input, struct ibc_error *err);

/* IBC_ERR_USAGE when an ibc_input cannot hold `count` fields. */
IBC_CHECKED enum ibc_status require_room(size_t count, struct ibc_error *err);

#endif
