/*
 * config_ini.c - between the environment and the login: envsubst, Properties.load, trim.
 */
#include "config_ini.h"

#include <string.h>

/* Room for `size` bytes more is seen to by config_ini_write(). */
static char *add(char *to, const char *bytes, size_t size) {
    memcpy(to, bytes, size);
    return to + size;
}

/* What follows a value counts: an empty line is what a backslash at its end joins to it. */
size_t config_ini_write(const struct text *username, const struct text *password,
                        char out[static PROPERTIES_MAX]) {
    static const char head[] = "FIX=no\n\n# the username:\n\nIbLoginId=";
    static const char middle[] = "\n\n\n# the password:\n\nIbPassword=";
    static const char tail[] = "\n\n\n# of another gateway:\n\nFIXLoginId=\nFIXPassword=\n";
    char *end = out;

    if (username->size + password->size + sizeof head + sizeof middle + sizeof tail >
        PROPERTIES_MAX) {
        return 0;
    }
    end = add(end, head, sizeof head - 1);
    end = add(end, username->bytes, username->size);
    end = add(end, middle, sizeof middle - 1);
    end = add(end, password->bytes, password->size);
    end = add(end, tail, sizeof tail - 1);
    return (size_t)(end - out);
}

void config_ini_read(const char *bytes, size_t size, struct text *username, struct text *password) {
    if (!properties_value(bytes, size, "IbLoginId", username) ||
        !properties_value(bytes, size, "IbPassword", password)) {
        username->size = 0;
        password->size = 0;
    }
}
