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

/* Where the value of `name` begins in `lines`, which is room for the file; NULL: not set. */
static const char *find_setting(const char *name, char lines[static TEXT_MAX + 2]) {
    struct text file;
    char wanted[64];
    const char *found;

    if (!standin_file("settings", &file)) {
        return NULL;
    }
    snprintf(lines, TEXT_MAX + 2, "\n%.*s", (int)file.size, file.bytes);
    snprintf(wanted, sizeof wanted, "\n%s ", name);
    found = strstr(lines, wanted);
    return found != NULL ? found + strlen(wanted) : NULL;
}

int64_t setting(const char *name, int64_t otherwise) {
    char lines[TEXT_MAX + 2];
    const char *found = find_setting(name, lines);

    return found != NULL ? strtoll(found, NULL, 10) : otherwise;
}

void setting_word(const char *name, const char *mode, char *out, size_t size) {
    char lines[TEXT_MAX + 2], of_mode[64];
    const char *found;
    size_t length;

    snprintf(of_mode, sizeof of_mode, "%s_%s", name, mode);
    found = find_setting(of_mode, lines);
    if (found == NULL) {
        found = find_setting(name, lines);
    }
    length = found != NULL ? strcspn(found, "\n") : 0;
    if (length >= size) {
        fprintf(stderr, "stand-in: the setting %s is too long\n", name);
        abort();
    }
    memcpy(out, found != NULL ? found : "", length);
    out[length] = '\0';
}
