/*
 * fuzz_dotenv.c - any bytes as an env file, and as a value to be written into one.
 *
 * What the readers find lies within the text; what the sink writes, its readers read back.
 */
#include <ibcred/dotenv.h>
#include <ibcred/sink.h>
#include <sodium.h>

static const enum ibc_format formats[] = {IBC_FORMAT_COMPOSE, IBC_FORMAT_COMPOSE_V1,
                                          IBC_FORMAT_COMPOSE_V2};

static void require(bool holds) {
    if (!holds) {
        abort();
    }
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
        start = entry->start;
    }
}

static void check_read_back(enum ibc_dotenv_reader reader, struct ibc_view text,
                            struct ibc_view value) {
    ibc_auto_dotenv *dotenv = NULL;
    struct ibc_error err;
    require(ibc_dotenv_parse(reader, text, "fuzz", &dotenv, &err) == IBC_OK);
    require(ibc_dotenv_count(dotenv) == 2);
    const struct ibc_dotenv_entry *entry = ibc_dotenv_find(dotenv, "IB_PASSWORD");
    require(entry != NULL && ibc_view_equal(entry->value, value));
}

static bool is_printable(struct ibc_view value) {
    for (size_t i = 0; i < value.size; i++) {
        if (value.bytes[i] < ' ' || value.bytes[i] > '~') {
            return false;
        }
    }
    return true;
}

static void check_writer(enum ibc_format format, struct ibc_view value) {
    const struct ibc_field fields[] = {
        {.name = ibc_view_of("IB_PASSWORD"), .value = value},
        {.name = ibc_view_of("OTHER"), .value = ibc_view_of("it's \"quoted\"")},
    };
    ibc_auto_secret text = {0};
    struct ibc_error err = {0};
    if (ibc_sink_write(format, fields, 2, &text, &err) != IBC_OK) {
        require(err.status == IBC_ERR_MISMATCH && text.bytes == NULL && !is_printable(value));
        return;
    }
    if (format != IBC_FORMAT_COMPOSE_V2) {
        check_read_back(IBC_READER_COMPOSE_V1, ibc_secret_view(&text), value);
    }
    if (format != IBC_FORMAT_COMPOSE_V1) {
        check_read_back(IBC_READER_COMPOSE_V2, ibc_secret_view(&text), value);
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
    check_reader(IBC_READER_COMPOSE_V1, view);
    check_reader(IBC_READER_COMPOSE_V2, view);
    if (size > IBC_FIELD_VALUE_MAX) {
        return 0;
    }
    for (size_t i = 0; i < IBC_ARRAY_SIZE(formats); i++) {
        check_writer(formats[i], view);
    }
    return 0;
}
