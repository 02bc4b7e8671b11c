/*
 * credentials.h - what the container was given, and what the test expects it to be given.
 */
#ifndef STANDIN_CREDENTIALS_H
#define STANDIN_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

/* A run of bytes; a test's password may hold anything but NUL. */
struct text {
    char bytes[4096];
    size_t size;
};

/*
 * The environment variable `name`, or the content of the file that `name`_FILE names without its
 * trailing newlines, as the image's shell reads it. Neither set: the empty text. False, after the
 * line the image prints, where it would exit: both are set, or the file cannot be read.
 */
bool credential_from_environment(const char *name, struct text *out);

/* The content of `path`, byte for byte. False when there is no such file. */
bool text_from_file(const char *path, struct text *out);

bool text_equal(const struct text *a, const struct text *b);

#endif
