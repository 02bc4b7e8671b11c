/*
 * credentials.h - what the container was given, by the rules of the image's shell scripts.
 */
#ifndef STANDIN_CREDENTIALS_H
#define STANDIN_CREDENTIALS_H

#include "wire.h"

/* The environment variable `name`; "" where it is not set. */
const char *environment(const char *name);

/* The environment variable `name`; the empty text where it is not set or too long. */
void text_from_environment(const char *name, struct text *out);

/*
 * The environment variable `name`, or the content of the file that `name`_FILE names without its
 * trailing newlines, as the image's shell reads it. Neither set: the empty text. False, after the
 * line the image prints, where it would exit: both are set, or the file cannot be read.
 */
bool text_from_secret(const char *name, struct text *out);

/* The content of `path`, byte for byte. False, with errno set, when it cannot be read. */
bool text_from_file(const char *path, struct text *out);

#endif
