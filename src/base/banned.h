/*
 * banned.h - functions that are too easily misused here; using one does not compile.
 *
 * Included before everything else by the compiler's command line (see Makefile).
 */
#ifndef IBCRED_BASE_BANNED_H
#define IBCRED_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Fortified headers make macros of these two for clang. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat strtok sprintf vsprintf
#pragma GCC poison atoi atol atoll atof sscanf gets system popen
#pragma GCC poison tmpnam tempnam mktemp realloc reallocarray
#pragma GCC poison gmtime localtime ctime asctime

#endif
