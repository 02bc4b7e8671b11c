/*
 * lines.h - the lines of a file, and which of them must not be shown.
 */
#ifndef IBCRED_DOCTOR_LINES_H
#define IBCRED_DOCTOR_LINES_H

#include <ibcred/compose.h>

struct line_table {
    size_t count;
    size_t *starts; /* `count` + 1: the last is the size of the file */
    bool *secret;   /* holds, or may hold, the value of a credential */
};

/*
 * Of file `file` of the project. False without memory. A line is secret where a variable that is
 * called like a credential has literal text on it, and where it only looks so: a comment, a
 * command line, a URL with a password in it.
 */
IBC_CHECKED bool lines_make(const struct ibc_compose_project *project, size_t file,
                            struct line_table *out);
void lines_clear(struct line_table *lines);

/* The line that holds byte `at`; the last one for the end of the file. */
size_t line_of(const struct line_table *lines, size_t at);

/* Does any line that has one of the bytes `start` to `end` hold a secret? */
bool lines_secret(const struct line_table *lines, size_t start, size_t end);

/* The index of the project's file of that name; IBC_COMPOSE_FILES_MAX where it is none of them. */
size_t file_index(const struct ibc_compose_project *project, const char *name);

#endif
