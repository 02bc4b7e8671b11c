/* environment.c - variables of an environment that is handed in. */
#include "base/environment.h"

const char *environment_value(char *const *environment, const char *name) {
    const size_t size = strlen(name);
    for (; environment && *environment; environment++) {
        if (strncmp(*environment, name, size) == 0 && (*environment)[size] == '=') {
            return *environment + size + 1;
        }
    }
    return "";
}
