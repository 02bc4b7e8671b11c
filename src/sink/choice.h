/*
 * choice.h - "a, b or c" for a sentence. Pure.
 */
#ifndef IBCRED_SINK_CHOICE_H
#define IBCRED_SINK_CHOICE_H

#include <ibcred/common.h>

struct choice {
    char *text;
    size_t size; /* bytes that `text` has room for */
    size_t used;
    size_t count; /* added so far */
};

/* Begin in `text`, which stays the caller's; what does not fit is cut off. */
struct choice choice_begin(char *text, size_t size);

/* Add `prefix` and `name`; `last` says that nothing comes after it. */
void choice_add(struct choice *choice, const char *prefix, const char *name, bool last);

#endif
