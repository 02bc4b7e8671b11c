/*
 * sink_roundtrip.c - the sink and its reader models for tests that hold them against the readers.
 *
 *   sink_roundtrip write FORMAT FILE   values on stdin, one a line in hex: writes V0001, V0002, …
 *                                      to FILE and prints the names that were refused
 *   sink_roundtrip read v1|v2          texts on stdin, one a line in hex: prints for each
 *                                      "refused", or name=value pairs in hex ("name" without a
 *                                      value), with spaces between
 */
#include <ibcred/file.h>
#include <ibcred/sink.h>

#include <fcntl.h>
#include <ibcred/dotenv.h>
#include <sodium.h>

enum { VALUES_MAX = 4096, NAME_SIZE = sizeof "V00000" };

static struct ibc_field values[VALUES_MAX];
static char names[VALUES_MAX][NAME_SIZE];

static _Noreturn void give_up(const char *why) {
    fprintf(stderr, "sink_roundtrip: %s\n", why);
    exit(EXIT_FAILURE);
}

/* The next line of stdin as bytes; false at the end. The caller frees `*out`. */
static bool read_hex_line(unsigned char **out, size_t *size) {
    IBC_CLEANUP(ibc_free) char *line = NULL;
    size_t capacity = 0;
    ssize_t length = getline(&line, &capacity, stdin);
    if (length < 0) {
        return false;
    }
    unsigned char *bytes = malloc((size_t)length + 1);
    const char *end = NULL;
    if (!bytes ||
        sodium_hex2bin(bytes, (size_t)length, line, (size_t)length, NULL, size, &end) != 0 ||
        *end != '\n') {
        give_up("a line that is not hex");
    }
    *out = bytes;
    return true;
}

static void print_hex(struct ibc_view view) {
    for (size_t i = 0; i < view.size; i++) {
        printf("%02x", view.bytes[i]);
    }
}

static size_t read_values(enum ibc_format format) {
    size_t kept = 0;
    unsigned char *bytes;
    size_t size;
    for (unsigned number = 1; read_hex_line(&bytes, &size); number++) {
        if (kept == VALUES_MAX) {
            give_up("too many values");
        }
        snprintf(names[kept], NAME_SIZE, "V%04u", number % 100000);
        values[kept] = (struct ibc_field){.name = ibc_view_of(names[kept]),
                                          .value = {.bytes = bytes, .size = size}};
        ibc_auto_secret alone = {0};
        struct ibc_error err;
        if (ibc_sink_write(format, &values[kept], 1, &alone, &err) == IBC_OK) {
            kept++;
        } else {
            printf("%s %s\n", names[kept], err.text);
            free(bytes);
        }
    }
    return kept;
}

static int write_file(const char *format_name, const char *path) {
    enum ibc_format format;
    struct ibc_error err;
    if (!ibc_format_parse(format_name, &format)) {
        give_up("no such format");
    }
    size_t count = read_values(format);
    ibc_auto_secret text = {0};
    if (ibc_sink_write(format, values, count, &text, &err) != IBC_OK) {
        give_up(err.text);
    }
    ibc_auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || !ibc_file_write_all(fd, ibc_secret_view(&text))) {
        give_up("the file cannot be written");
    }
    for (size_t i = 0; i < count; i++) {
        free((void *)values[i].value.bytes);
    }
    return EXIT_SUCCESS;
}

static void print_reading(enum ibc_dotenv_reader reader, struct ibc_view text) {
    ibc_auto_dotenv *dotenv = NULL;
    struct ibc_error err;
    if (ibc_dotenv_parse(reader, text, "text", &dotenv, &err) != IBC_OK) {
        puts("refused");
        return;
    }
    for (size_t i = 0; i < ibc_dotenv_count(dotenv); i++) {
        const struct ibc_dotenv_entry *entry = ibc_dotenv_at(dotenv, i);
        if (i > 0) {
            putchar(' ');
        }
        print_hex(entry->name);
        if (entry->has_value) {
            putchar('=');
            print_hex(entry->value);
        }
    }
    putchar('\n');
}

static int read_texts(const char *reader) {
    unsigned char *bytes;
    size_t size;
    while (read_hex_line(&bytes, &size)) {
        print_reading(strcmp(reader, "v1") == 0 ? IBC_READER_COMPOSE_V1 : IBC_READER_COMPOSE_V2,
                      (struct ibc_view){.bytes = bytes, .size = size});
        free(bytes);
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    struct ibc_error err;
    if (ibc_secret_init(&err) != IBC_OK) {
        give_up(err.text);
    }
    if (argc == 4 && strcmp(argv[1], "write") == 0) {
        return write_file(argv[2], argv[3]);
    }
    if (argc == 3 && strcmp(argv[1], "read") == 0) {
        return read_texts(argv[2]);
    }
    give_up("usage: sink_roundtrip write FORMAT FILE | read v1|v2");
}
