/*
 * properties.h - what java.util.Properties reads out of a file (load(InputStream), JDK 17). Pure.
 */
#ifndef STANDIN_PROPERTIES_H
#define STANDIN_PROPERTIES_H

#include "wire.h"

enum { PROPERTIES_MAX = 4 * TEXT_MAX }; /* bytes of a file */

/*
 * The value of `key`, which is ASCII, in the file's `size` bytes: of the last one that is there,
 * trimmed as String.trim() does, in UTF-8 (a half of a surrogate pair alone becomes '?'); empty
 * where there is none. False where load() throws, and where file or value are too long for us.
 */
bool properties_value(const char *bytes, size_t size, const char *key, struct text *out);

#endif
