/*
 * position.h - places in a text, as libyaml tells them and as editors and patches want them. Pure.
 */
#ifndef IBCRED_COMPOSE_POSITION_H
#define IBCRED_COMPOSE_POSITION_H

#include <ibcred/compose.h>

/* The same place of a text counted in two ways. libyaml counts characters. */
struct text_cursor {
    struct ibc_view text; /* UTF-8 */
    size_t character, byte;
};

/* The offset in bytes of a character. Cheap where it is not far from the one asked for before. */
size_t cursor_byte(struct text_cursor *cursor, size_t character);

/* Move the start of a place, its line and its column forward to the byte `to`. */
void step_to(struct ibc_view text, struct ibc_place *place, size_t to);

/* Leave out the anchor and the tag that a place begins with, and what separates them. */
void skip_properties(struct ibc_view text, struct ibc_place *place);

#endif
