/*
 * credentials.c - reads X or X_FILE by the image's rules (file_env in its common.sh).
 */
#include "credentials.h"

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
    whole = !ferror(file) && feof(file);
    fclose(file);
    return whole;
}

static bool text_from_string(const char *string, struct text *out) {
    out->size = strlen(string);
    if (out->size > sizeof out->bytes) {
        return false;
    }
    memcpy(out->bytes, string, out->size);
    return true;
}

static const char *environment(const char *name, const char *suffix) {
    char full[64];
    const char *value;

    snprintf(full, sizeof full, "%s%s", name, suffix);
    value = getenv(full);
    return value != NULL ? value : "";
}

bool credential_from_environment(const char *name, struct text *out) {
    const char *plain = environment(name, "");
    const char *path = environment(name, "_FILE");

    if (*plain != '\0' && *path != '\0') {
        fprintf(stderr, "error: both %s and %s_FILE are set (but are exclusive)\n", name, name);
        return false;
    }
    if (*path == '\0') {
        return text_from_string(plain, out);
    }
    if (!text_from_file(path, out)) {
        fprintf(stderr, "%s: No such file or directory\n", path);
        return false;
    }
    while (out->size > 0 && out->bytes[out->size - 1] == '\n') {
        out->size--;
    }
    return true;
}

bool text_equal(const struct text *a, const struct text *b) {
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}
