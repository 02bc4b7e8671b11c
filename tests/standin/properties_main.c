/*
 * properties_main.c - shows the model of config.ini at work, to be held against Java's own.
 *
 * On stdin a username and a password a line, in hexadecimal with a blank between ("-": empty). On
 * stdout, for each: config.ini, and the username and the password that IBC reads, in the same way.
 */
#include "config_ini.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_text(const char *word, struct text *out) {
    out->size = 0;
    if (word == NULL || (strcmp(word, "-") != 0 && !text_from_hex(word, out))) {
        fputs("properties: a line is no username and password in hexadecimal\n", stderr);
        exit(EXIT_FAILURE);
    }
}

static void print_bytes(const char *bytes, size_t size, char end) {
    if (size == 0) {
        putchar('-');
    }
    for (size_t i = 0; i < size; i++) {
        printf("%02x", (unsigned char)bytes[i]);
    }
    putchar(end);
}

int main(void) {
    static char line[4 * TEXT_MAX + 4], file[PROPERTIES_MAX];
    static struct text username, password;

    while (fgets(line, sizeof line, stdin) != NULL) {
        char *rest = line;
        size_t size;

        line[strcspn(line, "\n")] = '\0';
        read_text(strsep(&rest, " "), &username);
        read_text(rest, &password);
        size = config_ini_write(&username, &password, file);
        config_ini_read(file, size, &username, &password);
        print_bytes(file, size, ' ');
        print_bytes(username.bytes, username.size, ' ');
        print_bytes(password.bytes, password.size, '\n');
    }
    return 0;
}
