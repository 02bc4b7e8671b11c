/*
 * settings.c - reads the files of the stand-in's own directory.
 */
#include "settings.h"

#include "credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool standin_file(const char *name, struct text *out) {
    const char *directory = environment("STANDIN");
    char path[512];

    snprintf(path, sizeof path, "%s/%s", *directory != '\0' ? directory : "/standin", name);
    return text_from_file(path, out);
}

int64_t setting(const char *name, int64_t otherwise) {
    struct text file;
    char lines[TEXT_MAX + 2];
    char wanted[64];
    const char *found;

    if (!standin_file("settings", &file)) {
        return otherwise;
    }
    snprintf(lines, sizeof lines, "\n%.*s", (int)file.size, file.bytes);
    snprintf(wanted, sizeof wanted, "\n%s ", name);
    found = strstr(lines, wanted);
    return found != NULL ? strtoll(found + strlen(wanted), NULL, 10) : otherwise;
}
