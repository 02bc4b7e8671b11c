/*
 * expression.h - the regular expressions of the rules: POSIX extended (regex(7)), bounded.
 */
#ifndef IBCRED_GATEWAY_LOG_EXPRESSION_H
#define IBCRED_GATEWAY_LOG_EXPRESSION_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

enum { EXPRESSION_PROBLEM_MAX = 160 };

/*
 * Is `pattern` one that may be used? No back references, whose matching takes exponential time;
 * parentheses that pair up, at most 16 deep; no repetition repeated (a**), whose compiling glibc
 * doubles with each; no more than 1024 characters once repetitions are written out, since glibc
 * does that and (x+)+ in many parentheses fills the memory.
 * `*groups` becomes the number of its groups. False with what is wrong in `problem`, the end of a
 * sentence.
 */
bool expression_check(const char *pattern, size_t *groups,
                      char problem[static EXPRESSION_PROBLEM_MAX]);

/*
 * Compile `pattern`, which has passed expression_check(), to match at the beginning of a text
 * only. Its groups are one further than it counts them: group 1 is the whole. False: no memory.
 */
bool expression_compile(const char *pattern, regex_t *out);

#endif
