/* choice.c - see choice.h. */
#include "sink/choice.h"

#include <stdio.h>

struct choice choice_begin(char *text, size_t size) {
    text[0] = '\0';
    return (struct choice){.text = text, .size = size};
}

void choice_add(struct choice *choice, const char *prefix, const char *name, bool last) {
    const char *between = choice->count == 0 ? "" : last ? " or " : ", ";
    const size_t room = choice->size - choice->used;
    const int length = snprintf(choice->text + choice->used, room, "%s%s%s", between, prefix, name);
    if (length > 0) {
        choice->used += (size_t)length < room ? (size_t)length : room - 1;
    }
    choice->count++;
}
