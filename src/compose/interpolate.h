/*
 * interpolate.h - the variables in the values of a compose file (compose-spec, "Interpolation").
 * Pure.
 *
 * As Docker Compose v2 does it: $NAME, ${NAME}, ${NAME op text} with - :- + :+ ? :?, whose text
 * may hold variables again, and $$. docker-compose 1.29 knows neither + nor variables in the text.
 */
#ifndef IBCRED_COMPOSE_INTERPOLATE_H
#define IBCRED_COMPOSE_INTERPOLATE_H

#include "compose/tree.h"

struct pair {
    const char *name;
    const char *value;
    size_t rank; /* of two of a name the lower one counts */
};

/* What variables stand for: Compose's own environment, then the env file. */
struct lookup {
    struct pair *pairs; /* by name, each once */
    size_t count;
};

/*
 * Of `environment`, like environ(7) and borrowed, and the bindings of the env file, of which the
 * last one of a name counts.
 */
IBC_CHECKED enum ibc_status lookup_make(struct arena *arena, char *const *environment,
                                        const struct ibc_compose_binding *bindings, size_t count,
                                        struct lookup *out, struct ibc_error *err);

/* The value, or NULL where the variable is not set. */
const char *lookup_find(const struct lookup *lookup, const char *name, size_t size);

struct interpolation {
    struct arena *arena;
    const struct lookup *lookup;
    struct ibc_secret_buffer value; /* the one at hand */
    struct ibc_error *err;
};

void interpolation_init(struct interpolation *interpolation, struct arena *arena,
                        const struct lookup *lookup, struct ibc_error *err);
void interpolation_free(struct interpolation *interpolation);

/*
 * Put the variables into text->written and set what follows from them. IBC_ERR_DATA, with the
 * place, where Compose would not know what is meant.
 */
IBC_CHECKED enum ibc_status interpolate(struct interpolation *interpolation,
                                        struct ibc_compose_text *text);

/* The same for all values below `node` and itself. */
IBC_CHECKED enum ibc_status interpolate_tree(struct interpolation *interpolation,
                                             struct node *node);

#endif
