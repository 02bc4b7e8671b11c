/*
 * credentials.c - reads X or X_FILE by the image's rules (file_env in its common.sh).
 */
#include "credentials.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool text_from_file(const char *path, struct text *out) {
    FILE *file = fopen(path, "re");
    bool whole;

    out->size = 0;
    if (file == NULL) {
        return false;
    }
    out->size = fread(out->bytes, 1, sizeof out->bytes, file);
    whole = !ferror(file) && (feof(file) || fgetc(file) == EOF);
    fclose(file);
    if (!whole) {
        errno = EIO;
    }
    return whole;
}

const char *environment(const char *name) {
    const char *value = getenv(name);

    return value != NULL ? value : "";
}

void text_from_environment(const char *name, struct text *out) {
    const char *value = environment(name);

    out->size = strlen(value);
    if (out->size > sizeof out->bytes) {
        out->size = 0;
    }
    memcpy(out->bytes, value, out->size);
}

bool text_from_secret(const char *name, struct text *out) {
    char name_of_file[64];
    const char *path;

    snprintf(name_of_file, sizeof name_of_file, "%s_FILE", name);
    path = environment(name_of_file);
    if (*path == '\0') {
        text_from_environment(name, out);
        return true;
    }
    if (*environment(name) != '\0') {
        fprintf(stderr, "error: both %s and %s are set (but are exclusive)\n", name, name_of_file);
        return false;
    }
    if (!text_from_file(path, out)) {
        fprintf(stderr, "/home/ibgateway/scripts/common.sh: line 53: %s: %s\n", path,
                strerror(errno));
        return false;
    }
    while (out->size > 0 && out->bytes[out->size - 1] == '\n') {
        out->size--;
    }
    return true;
}
