/* expression.c - see expression.h. */
#include "gateway_log/expression.h"

#include "gateway_log/rules.h"

#include <ctype.h>

enum { DEPTH_MAX = 16, ATOMS_MAX = 1024 };

/* One walk over an expression, with how many atoms it comes to once repetitions are written out. */
struct walk {
    const char *at;
    size_t depth;
    struct {
        size_t atoms;  /* of what stands between these parentheses so far */
        size_t last;   /* of the atom that a repetition would repeat */
        bool repeated; /* it is repeated already */
    } levels[DEPTH_MAX + 1];
    const char *problem;
};

static void add_atoms(struct walk *walk, size_t atoms) {
    walk->levels[walk->depth].atoms += atoms;
    walk->levels[walk->depth].last = atoms;
    walk->levels[walk->depth].repeated = false;
    if (walk->levels[walk->depth].atoms > ATOMS_MAX) {
        walk->problem = "comes to more than 1024 characters once its repetitions are written out, "
                        "as glibc does; write * for some";
    }
}

/*
 * glibc makes aa* of a+ and aaa of a{3}, so repetitions of repetitions multiply; and though a** is
 * no more than a*, each further * doubles the work of compiling it.
 */
static void repeat(struct walk *walk, size_t times) {
    if (walk->levels[walk->depth].repeated) {
        walk->problem = "repeats a repetition, as in a** or a+{2}; one is enough";
        return;
    }
    const size_t last = walk->levels[walk->depth].last;
    walk->levels[walk->depth].atoms -= last;
    add_atoms(walk, last * times);
    walk->levels[walk->depth].repeated = true;
}

/* Behind the bracket expression that begins at `at`; its end where it has none: regcomp() tells. */
static const char *skip_brackets(const char *at) {
    at++;
    at += *at == '^';
    at += *at == ']';
    while (*at != '\0' && *at != ']') {
        if (at[0] == '[' && at[1] != '\0' && strchr(":.=", at[1]) != NULL) {
            const char end[] = {at[1], ']', '\0'};
            const char *close = strstr(at + 2, end);
            at = close != NULL ? close + 1 : at;
        }
        at++;
    }
    return *at == ']' ? at + 1 : at;
}

/* `{n}`, `{n,}` or `{n,m}` at walk->at, which then stands behind it. */
static void walk_counts(struct walk *walk) {
    size_t most = 1;
    size_t count = 0;
    for (walk->at++; *walk->at != '\0' && *walk->at != '}'; walk->at++) {
        if (!isdigit((unsigned char)*walk->at)) {
            count = 0;
        } else if (count <= ATOMS_MAX) {
            count = count * 10 + (size_t)(*walk->at - '0');
        }
        most = count > most ? count : most;
    }
    walk->at += *walk->at == '}';
    repeat(walk, most);
}

static void walk_escape(struct walk *walk) {
    if (walk->at[1] >= '0' && walk->at[1] <= '9') {
        walk->problem = "refers back to a group, which is not allowed; spell it out";
        return;
    }
    walk->at += walk->at[1] != '\0' ? 2 : 1;
    add_atoms(walk, 1);
}

static void walk_open(struct walk *walk) {
    if (walk->depth == DEPTH_MAX) {
        walk->problem = "nests parentheses deeper than 16";
        return;
    }
    walk->depth++;
    memset(&walk->levels[walk->depth], 0, sizeof walk->levels[walk->depth]);
    walk->at++;
}

static void walk_close(struct walk *walk) {
    if (walk->depth == 0) {
        walk->problem = "has a ) without its (; write \\) for the character";
        return;
    }
    const size_t inside = walk->levels[walk->depth].atoms;
    walk->depth--;
    walk->at++;
    add_atoms(walk, inside + 1);
}

static void walk_step(struct walk *walk) {
    switch (*walk->at) {
    case '\\':
        walk_escape(walk);
        break;
    case '[':
        walk->at = skip_brackets(walk->at);
        add_atoms(walk, 1);
        break;
    case '{':
        walk_counts(walk);
        break;
    case '(':
        walk_open(walk);
        break;
    case ')':
        walk_close(walk);
        break;
    case '+':
        walk->at++;
        repeat(walk, 2);
        break;
    case '*':
    case '?':
        walk->at++;
        repeat(walk, 1);
        break;
    default:
        walk->at++;
        add_atoms(walk, 1);
        break;
    }
}

bool expression_check(const char *pattern, size_t *groups,
                      char problem[static EXPRESSION_PROBLEM_MAX]) {
    struct walk walk = {.at = pattern};
    while (walk.problem == NULL && *walk.at != '\0') {
        walk_step(&walk);
    }
    if (walk.problem != NULL) {
        (void)snprintf(problem, EXPRESSION_PROBLEM_MAX, "%s", walk.problem);
        return false;
    }
    regex_t compiled;
    int result = regcomp(&compiled, pattern, REG_EXTENDED | REG_ICASE);
    if (result != 0) {
        char reason[EXPRESSION_PROBLEM_MAX / 2];
        (void)regerror(result, NULL, reason, sizeof reason);
        (void)snprintf(problem, EXPRESSION_PROBLEM_MAX, "is no regular expression: %s", reason);
        return false;
    }
    *groups = compiled.re_nsub;
    regfree(&compiled);
    if (*groups > GROUPS_MAX) {
        (void)snprintf(problem, EXPRESSION_PROBLEM_MAX, "has more than %d groups", GROUPS_MAX);
        return false;
    }
    return true;
}

bool expression_compile(const char *pattern, regex_t *out) {
    char anchored[EXPRESSION_MAX + sizeof "^()"];
    (void)snprintf(anchored, sizeof anchored, "^(%s)", pattern);
    return regcomp(out, anchored, REG_EXTENDED | REG_ICASE) == 0;
}
