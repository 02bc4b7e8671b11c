/*
 * systemd_environment.c - environment files as systemd itself reads them.
 *
 *   systemd_environment FILE…
 *
 * prints NAME=value of each variable, then "=good" or, where systemd refuses the file or drops a
 * variable of it, "=bad", everything with a NUL after it.
 *
 * The parser of EnvironmentFile= is in a library of systemd's own, which has no header: the two
 * functions that its service manager calls for such a file are looked up by name. Status 77 where
 * the library or one of them is missing.
 */
#include <dlfcn.h>
#include <glob.h>
#include <stdbool.h>

/* Files as of systemd 249 to 257: reads all of `file`; a negative errno on failure. */
typedef int load_env_file(FILE *file, const char *name, char ***variables);
/* Drops what is no valid assignment, and tells `invalid` of it. */
typedef char **strv_env_clean_with_callback(char **variables,
                                            void (*invalid)(const char *variable, void *data),
                                            void *data);

static load_env_file *load;
static strv_env_clean_with_callback *clean;

enum { MISSING = 77 };

static void *open_library(void) {
    static const char *const patterns[] = {
        "/usr/lib/*/systemd/libsystemd-shared-*.so",
        "/usr/lib/systemd/libsystemd-shared-*.so",
        "/lib/systemd/libsystemd-shared-*.so",
    };
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        glob_t found;
        void *library = NULL;
        if (glob(patterns[i], 0, NULL, &found) == 0) {
            library = dlopen(found.gl_pathv[0], RTLD_NOW | RTLD_LOCAL);
            globfree(&found);
        }
        if (library) {
            return library;
        }
    }
    return NULL;
}

static bool find_functions(void) {
    void *library = open_library();
    if (library) {
        load = (load_env_file *)dlsym(library, "load_env_file");
        clean = (strv_env_clean_with_callback *)dlsym(library, "strv_env_clean_with_callback");
    }
    return load && clean;
}

static void count_invalid(const char *variable, void *data) {
    (void)variable;
    *(size_t *)data += 1;
}

static void print_entry(const char *entry) {
    fwrite(entry, 1, strlen(entry) + 1, stdout);
}

static void print_file(const char *path) {
    char **variables = NULL;
    size_t invalid = 0;
    FILE *file = fopen(path, "re");
    bool good = file && load(file, path, &variables) >= 0;
    if (good) {
        variables = clean(variables, count_invalid, &invalid);
        for (char **at = variables; at && *at; at++) {
            print_entry(*at);
            free(*at);
        }
        free(variables);
    }
    print_entry(good && invalid == 0 ? "=good" : "=bad");
    if (file) {
        fclose(file);
    }
}

int main(int argc, char **argv) {
    if (!find_functions()) {
        fputs("systemd_environment: no libsystemd-shared with the functions needed\n", stderr);
        return MISSING;
    }
    for (int i = 1; i < argc; i++) {
        print_file(argv[i]);
    }
    return EXIT_SUCCESS;
}
