/*
 * sink_roundtrip.c - the sink and its reader models for tests that hold them against the readers.
 *
 *   sink_roundtrip write FORMAT CONSUMER PATH
 *
 * takes values from stdin, one a line in hex, writes them as V0001, V0002, … to the file PATH (each
 * to a file of its name in the directory PATH where the format takes one value), and prints a line
 * for each that was refused: its name and the sentence.
 *
 *   sink_roundtrip read READER
 *
 * takes texts from stdin, one a line in hex, and prints for each "refused", or name=value pairs in
 * hex ("name" without a value), with spaces between.
 */
#include <ibcred/file.h>
#include <ibcred/sink.h>

#include <fcntl.h>
#include <ibcred/dotenv.h>
#include <sodium.h>

enum { VALUES_MAX = 4096, NAME_SIZE = sizeof "V00000" };

static struct ibc_field values[VALUES_MAX]; /* as they are given to the format … */
static struct ibc_secret given[VALUES_MAX]; /* … and their bytes */
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

/* Put what ibc_sink_write() makes of the fields into the file. */
static enum ibc_status write_file(enum ibc_format format, const struct ibc_field *fields,
                                  size_t count, const char *path, struct ibc_error *err) {
    ibc_auto_secret text = {0};
    enum ibc_status status = ibc_sink_write(format, fields, count, &text, err);
    if (status != IBC_OK || !path) {
        return status;
    }
    ibc_auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || !ibc_file_write_all(fd, ibc_secret_view(&text))) {
        give_up("a file cannot be written");
    }
    return IBC_OK;
}

/*
 * Make of the sealed value what the consumer is given, and see whether the format carries it; into
 * the file `path`, if there is one.
 */
static enum ibc_status try_value(enum ibc_format format, enum ibc_consumer consumer,
                                 const struct ibc_field *sealed, struct ibc_secret *out,
                                 const char *path, struct ibc_error *err) {
    enum ibc_status status = ibc_field_check(sealed, err);
    if (status != IBC_OK) {
        give_up(err->text);
    }
    ibc_auto_secret_buffer buffer;
    ibc_secret_buffer_init(&buffer, IBC_SINK_FILE_MAX);
    status = ibc_consumer_write(consumer, sealed, &buffer, err);
    if (status == IBC_OK) {
        status = ibc_secret_buffer_finish(&buffer, "the value", out, err);
    }
    if (status == IBC_OK) {
        const struct ibc_field field = {.name = sealed->name, .value = ibc_secret_view(out)};
        status = write_file(format, &field, 1, path, err);
    }
    return status;
}

/* Where the format takes one value, each goes to a file in the directory that `path` is then. */
static char *path_of(enum ibc_format format, const char *path, const char *name) {
    char *own = NULL;
    if (format == IBC_FORMAT_SECRET_FILE && asprintf(&own, "%s/%s", path, name) < 0) {
        give_up("no memory");
    }
    return own;
}

/* Returns how many of the values of stdin were not refused; they are in `values` then. */
static size_t read_values(enum ibc_format format, enum ibc_consumer consumer, const char *path) {
    size_t kept = 0;
    unsigned char *bytes;
    size_t size;
    for (unsigned number = 1; read_hex_line(&bytes, &size); number++) {
        if (kept == VALUES_MAX) {
            give_up("too many values");
        }
        snprintf(names[kept], NAME_SIZE, "V%04u", number % 100000);
        const struct ibc_field sealed = {.name = ibc_view_of(names[kept]),
                                         .value = {.bytes = bytes, .size = size}};
        IBC_CLEANUP(ibc_free) char *own = path_of(format, path, names[kept]);
        struct ibc_error err;
        if (try_value(format, consumer, &sealed, &given[kept], own, &err) == IBC_OK) {
            values[kept] =
                (struct ibc_field){.name = sealed.name, .value = ibc_secret_view(&given[kept])};
            kept++;
        } else {
            printf("%s %s\n", names[kept], err.text);
            ibc_secret_free(&given[kept]);
        }
        free(bytes);
    }
    return kept;
}

static int write_values(const char *format_name, const char *consumer_name, const char *path) {
    enum ibc_format format;
    enum ibc_consumer consumer = IBC_CONSUMER_UNKNOWN;
    struct ibc_error err;
    if (!ibc_format_parse(format_name, &format)) {
        give_up("no such format");
    }
    if (strcmp(consumer_name, ibc_consumer_name(IBC_CONSUMER_UNKNOWN)) != 0 &&
        !ibc_consumer_parse(consumer_name, &consumer)) {
        give_up("no such consumer");
    }
    size_t count = read_values(format, consumer, path);
    if (format != IBC_FORMAT_SECRET_FILE &&
        write_file(format, values, count, path, &err) != IBC_OK) {
        give_up(err.text);
    }
    for (size_t i = 0; i < count; i++) {
        ibc_secret_free(&given[i]);
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

static enum ibc_dotenv_reader reader_of(const char *name) {
    static const struct {
        const char *name;
        enum ibc_dotenv_reader reader;
    } readers[] = {
        {"compose-v1", IBC_READER_COMPOSE_V1}, {"compose-v2", IBC_READER_COMPOSE_V2},
        {"docker", IBC_READER_DOCKER},         {"systemd", IBC_READER_SYSTEMD},
        {"shell", IBC_READER_SHELL},           {"properties", IBC_READER_PROPERTIES},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(readers); i++) {
        if (strcmp(name, readers[i].name) == 0) {
            return readers[i].reader;
        }
    }
    give_up("no such reader");
}

static int read_texts(const char *name) {
    const enum ibc_dotenv_reader reader = reader_of(name);
    unsigned char *bytes;
    size_t size;
    while (read_hex_line(&bytes, &size)) {
        print_reading(reader, (struct ibc_view){.bytes = bytes, .size = size});
        free(bytes);
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    struct ibc_error err;
    if (ibc_secret_init(&err) != IBC_OK) {
        give_up(err.text);
    }
    if (argc == 5 && strcmp(argv[1], "write") == 0) {
        return write_values(argv[2], argv[3], argv[4]);
    }
    if (argc == 3 && strcmp(argv[1], "read") == 0) {
        return read_texts(argv[2]);
    }
    give_up("usage: sink_roundtrip write FORMAT CONSUMER PATH | read READER");
}
