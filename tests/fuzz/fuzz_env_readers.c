/*
 * fuzz_env_readers.c - any bytes as a file that docker, systemd, a shell, Java or a reader of JSON
 * is given, and as a value to be written for each of them.
 *
 * What a reader finds lies within the text; what is written, its readers read back; what is given
 * to an image comes out of it as the value.
 */
#include <ibcred/dotenv.h>
#include <ibcred/sink.h>
#include <sodium.h>

#include "base/secret_heap.h"
#include "base/utf8.h"
#include "sink/format.h"

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static bool has(struct ibc_view view, unsigned char byte) {
    return view.size > 0 && memchr(view.bytes, byte, view.size);
}

static void check_reader(enum ibc_dotenv_reader reader, struct ibc_view text) {
    ibc_auto_dotenv *dotenv = NULL;
    struct ibc_error err = {0};
    if (ibc_dotenv_parse(reader, text, "fuzz", &dotenv, &err) != IBC_OK) {
        require(err.status == IBC_ERR_DATA && strncmp(err.text, "fuzz:", 5) == 0);
        require(dotenv == NULL);
        return;
    }
    size_t start = 0;
    for (size_t i = 0; i < ibc_dotenv_count(dotenv); i++) {
        const struct ibc_dotenv_entry *entry = ibc_dotenv_at(dotenv, i);
        require(entry->start >= start && entry->start < entry->end && entry->end <= text.size);
        require(entry->line >= 1 && (entry->has_value || entry->value.size == 0));
        require(reader == IBC_READER_SHELL || utf8_valid(entry->value));
        start = entry->start;
    }
}

/* The text as a file of JSON that should hold one variable. */
static void check_json(struct ibc_view text) {
    const struct ibc_field field = {.name = ibc_view_of("A"), .value = ibc_view_of("1")};
    (void)json_reads_back(NULL, NULL, text, &field, 1);
    require(secret_heap_live() == 0);
}

static void check_read_back(enum ibc_dotenv_reader reader, struct ibc_view text,
                            struct ibc_view value) {
    ibc_auto_dotenv *dotenv = NULL;
    struct ibc_error err;
    require(ibc_dotenv_parse(reader, text, "fuzz", &dotenv, &err) == IBC_OK);
    require(ibc_dotenv_count(dotenv) == 1 && !ibc_dotenv_at(dotenv, 0)->unbound);
    require(ibc_view_equal(ibc_dotenv_at(dotenv, 0)->value, value));
}

/* A shell and a secret file carry everything but a NUL, and newlines at the end of the latter. */
static bool must_carry(enum ibc_format format, struct ibc_view value) {
    const bool newline = value.size > 0 && value.bytes[value.size - 1] == '\n';
    if (has(value, '\0')) {
        return false;
    }
    return format == IBC_FORMAT_SHELL || (format == IBC_FORMAT_SECRET_FILE && !newline) ||
           (format == IBC_FORMAT_JSON && utf8_valid(value));
}

static void check_writer(enum ibc_format format, struct ibc_view value) {
    const struct ibc_field field = {.name = ibc_view_of("IB_PASSWORD"), .value = value};
    ibc_auto_secret text = {0};
    struct ibc_error err = {0};
    if (ibc_sink_write(format, &field, 1, &text, &err) != IBC_OK) {
        require(err.status == IBC_ERR_MISMATCH && text.bytes == NULL);
        require(!must_carry(format, value));
        return;
    }
    const struct ibc_view view = ibc_secret_view(&text);
    if (format == IBC_FORMAT_DOCKER) {
        check_read_back(IBC_READER_DOCKER, view, value);
    } else if (format == IBC_FORMAT_SYSTEMD) {
        check_read_back(IBC_READER_SYSTEMD, view, value);
    } else if (format == IBC_FORMAT_SHELL) {
        check_read_back(IBC_READER_SHELL, view, value);
    } else if (format == IBC_FORMAT_SECRET_FILE) {
        require(ibc_view_equal(view, value));
    }
}

/* What an image is given alone in a file of properties, as Java reads it. */
static void check_given(struct ibc_view given, struct ibc_view value) {
    ibc_auto_secret_buffer file;
    ibc_secret_buffer_init(&file, IBC_SINK_FILE_MAX);
    ibc_secret_buffer_append_text(&file, "P=");
    ibc_secret_buffer_append(&file, given.bytes, given.size);
    ibc_secret_buffer_append_text(&file, "\n");
    check_read_back(IBC_READER_PROPERTIES,
                    (struct ibc_view){.bytes = file.storage.bytes, .size = file.used}, value);
}

static void check_consumer(enum ibc_consumer consumer, struct ibc_view value) {
    const struct ibc_field field = {.name = ibc_view_of("IB_PASSWORD"), .value = value};
    ibc_auto_secret_buffer out;
    struct ibc_error err = {0};
    ibc_secret_buffer_init(&out, IBC_SINK_FILE_MAX);
    if (ibc_consumer_write(consumer, &field, &out, &err) != IBC_OK) {
        require(err.status == IBC_ERR_MISMATCH && out.used == 0);
        return;
    }
    const struct ibc_view given = {.bytes = out.storage.bytes, .size = out.used};
    require(!has(given, '\0'));
    require(consumer == IBC_CONSUMER_GNZSNZ || ibc_view_equal(given, value));
    if (consumer == IBC_CONSUMER_GNZSNZ || consumer == IBC_CONSUMER_UNKNOWN) {
        check_given(given, value);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    return sodium_init() < 0 ? -1 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct ibc_view view = {.bytes = data, .size = size};
    for (int reader = IBC_READER_DOCKER; reader <= IBC_READER_PROPERTIES; reader++) {
        check_reader((enum ibc_dotenv_reader)reader, view);
    }
    check_json(view);
    if (size > IBC_FIELD_VALUE_MAX) {
        return 0;
    }
    for (int format = IBC_FORMAT_DOCKER; format <= IBC_FORMAT_SECRET_FILE; format++) {
        check_writer((enum ibc_format)format, view);
    }
    for (int consumer = IBC_CONSUMER_UNKNOWN; consumer <= IBC_CONSUMER_IBG_CONTROLLER; consumer++) {
        check_consumer((enum ibc_consumer)consumer, view);
    }
    return 0;
}
