/*
 * consumer.c - what happens to a value inside a gateway's image, and how to write it for that.
 *
 * An image is a chain of readers, each of which takes what the one before made of the value. A
 * writing is good for an image when the last of them makes the sealed value of it.
 */
#include <ibcred/sink.h>

#include "sink/choice.h"
#include "sink/reading.h"

/* The readings of one value; one serves for all consumers. */
struct consumption {
    struct reading reading;
    struct ibc_secret_buffer file;
};

static void consumption_free(struct consumption *consumption) {
    reading_free(&consumption->reading);
    ibc_secret_buffer_free(&consumption->file);
}

/* Turn `value` into what the reader makes of it. False where that is no value. */
typedef bool reader(struct consumption *consumption, struct ibc_view *value);

static bool read_environment(struct consumption *consumption, struct ibc_view *value) {
    (void)consumption;
    return !has_byte(*value, '\0');
}

/*
 * envsubst puts the value into the template of IBC's config.ini and does not look at it again.
 * The line behind it is there for a value to swallow.
 */
static const char substituted_line[] = "IbPassword";
static const char next_line[] = "TradingMode";
static const char next_value[] = "paper";

static bool read_envsubst(struct consumption *consumption, struct ibc_view *value) {
    struct ibc_secret_buffer *file = &consumption->file;
    file->used = 0;
    ibc_secret_buffer_append_text(file, substituted_line);
    ibc_secret_buffer_append_byte(file, '=');
    ibc_secret_buffer_append(file, value->bytes, value->size);
    ibc_secret_buffer_append_byte(file, '\n');
    ibc_secret_buffer_append_text(file, next_line);
    ibc_secret_buffer_append_byte(file, '=');
    ibc_secret_buffer_append_text(file, next_value);
    ibc_secret_buffer_append_byte(file, '\n');
    *value = buffer_view(file);
    return !file->failed;
}

static bool holds(const struct reading *reading, size_t index, const char *name,
                  struct ibc_view *value) {
    const struct binding *binding = &reading->bindings[index];
    *value = reading_span(reading, binding->value);
    return ibc_view_is(reading_span(reading, binding->name), name);
}

static bool read_config_ini(struct consumption *consumption, struct ibc_view *value) {
    struct reading *reading = &consumption->reading;
    struct ibc_error ignored;
    struct ibc_view next;
    return reading_run(reading, IBC_READER_PROPERTIES, *value, "config.ini", &ignored) == IBC_OK &&
           reading->count == 2 && holds(reading, 1, next_line, &next) &&
           ibc_view_is(next, next_value) && holds(reading, 0, substituted_line, value);
}

/* Java's String.trim(): everything up to U+0020 at both ends. */
static bool read_trimmed(struct consumption *consumption, struct ibc_view *value) {
    (void)consumption;
    size_t start = 0, end = value->size;
    while (start < end && value->bytes[start] <= ' ') {
        start++;
    }
    while (end > start && value->bytes[end - 1] <= ' ') {
        end--;
    }
    *value = slice(*value, start, end);
    return true;
}

enum { READERS_MAX = 5 };

struct consumer {
    enum ibc_consumer consumer;
    const char *name;
    reader *readers[READERS_MAX]; /* up to a NULL */
};

static const struct consumer consumers[] = {
    {IBC_CONSUMER_RAW, "raw", {read_environment}},
    {IBC_CONSUMER_GNZSNZ,
     "gnzsnz",
     {read_environment, read_envsubst, read_config_ini, read_trimmed}},
    {IBC_CONSUMER_IBG_CONTROLLER, "ibg-controller", {read_environment}},
};

/* NULL for an unknown one. */
static const struct consumer *find_consumer(enum ibc_consumer consumer) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(consumers); i++) {
        if (consumers[i].consumer == consumer) {
            return &consumers[i];
        }
    }
    return NULL;
}

const char *ibc_consumer_name(enum ibc_consumer consumer) {
    const struct consumer *found = find_consumer(consumer);
    return found ? found->name : "unknown";
}

const char *ibc_consumer_names(void) {
    static char names[IBC_ERROR_TEXT_MAX];
    if (names[0] == '\0') {
        struct choice choice = choice_begin(names, sizeof names);
        for (size_t i = 0; i < IBC_ARRAY_SIZE(consumers); i++) {
            choice_add(&choice, "", consumers[i].name, i + 1 == IBC_ARRAY_SIZE(consumers));
        }
    }
    return names;
}

bool ibc_consumer_parse(const char *text, enum ibc_consumer *out) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(consumers); i++) {
        if (strcmp(text, consumers[i].name) == 0) {
            *out = consumers[i].consumer;
            return true;
        }
    }
    return false;
}

/* Append the value as it is to be given. False where this way is not for it. */
typedef bool value_writing(struct ibc_view value, struct ibc_secret_buffer *out);

static bool write_as_it_is(struct ibc_view value, struct ibc_secret_buffer *out) {
    ibc_secret_buffer_append(out, value.bytes, value.size);
    return true;
}

static void append_unit(struct ibc_secret_buffer *out, uint32_t unit) {
    static const char digits[] = "0123456789abcdef";
    ibc_secret_buffer_append_text(out, "\\u");
    for (int shift = 12; shift >= 0; shift -= 4) {
        ibc_secret_buffer_append_byte(out, (unsigned char)digits[unit >> shift & 0xF]);
    }
}

static void append_escaped(struct ibc_secret_buffer *out, uint32_t code) {
    static const char named[] = "\\\t\n\r\f";
    static const char letters[] = "\\tnrf";
    const char *found = code < 0x80 ? strchr(named, (int)code) : NULL;
    if (found) {
        ibc_secret_buffer_append_byte(out, '\\');
        ibc_secret_buffer_append_byte(out, (unsigned char)letters[found - named]);
    } else if (code >= ' ' && code <= '~') {
        ibc_secret_buffer_append_byte(out, (unsigned char)code);
    } else if (code < 0x10000) {
        append_unit(out, code);
    } else {
        append_unit(out, 0xD800 + ((code - 0x10000) >> 10));
        append_unit(out, 0xDC00 + ((code - 0x10000) & 0x3FF));
    }
}

/* As Java's Properties want it: backslashes doubled, what is not ASCII in units of UTF-16. */
static bool write_properties(struct ibc_view value, struct ibc_secret_buffer *out) {
    for (size_t at = 0; at < value.size;) {
        struct rune rune = rune_at(value, at);
        if (rune.code == RUNE_INVALID || rune.code == 0) {
            return false;
        }
        append_escaped(out, rune.code);
        at += rune.size;
    }
    return true;
}

static value_writing *const value_writings[] = {write_as_it_is, write_properties};

static bool survives(struct consumption *consumption, const struct consumer *consumer,
                     struct ibc_view written, struct ibc_view value) {
    for (reader *const *read = consumer->readers; *read; read++) {
        if (!(*read)(consumption, &written)) {
            return false;
        }
    }
    return ibc_view_equal(written, value);
}

/* Does the one asked for make the value of it, or all, where that one is unknown? */
static bool all_read_back(struct consumption *consumption, const struct consumer *asked,
                          struct ibc_view written, struct ibc_view value) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(consumers); i++) {
        const bool is_asked = !asked || asked == &consumers[i];
        if (is_asked && !survives(consumption, &consumers[i], written, value)) {
            return false;
        }
    }
    return true;
}

/* Append the first writing that all read back. False, with nothing appended, when there is none. */
static bool write_value(const struct consumer *consumer, struct ibc_view value,
                        struct ibc_secret_buffer *out) {
    IBC_CLEANUP(consumption_free) struct consumption consumption;
    reading_init(&consumption.reading);
    ibc_secret_buffer_init(&consumption.file, IBC_DOTENV_FILE_MAX);
    const size_t start = out->used;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(value_writings); i++) {
        const bool written = value_writings[i](value, out);
        const struct ibc_view view = slice(buffer_view(out), start, out->used);
        if (out->failed || (written && all_read_back(&consumption, consumer, view, value))) {
            return true;
        }
        out->used = start;
    }
    return false;
}

static bool has_nul(struct ibc_view value) {
    return has_byte(value, '\0');
}

static bool has_edge(struct ibc_view value) {
    return value.size > 0 && (value.bytes[0] <= ' ' || value.bytes[value.size - 1] <= ' ');
}

static bool is_no_utf8(struct ibc_view value) {
    return !utf8_valid(value);
}

static bool has_backslash(struct ibc_view value) {
    return has_byte(value, '\\');
}

static bool has_foreign(struct ibc_view value) {
    for (size_t i = 0; i < value.size; i++) {
        if (value.bytes[i] >= 0x80) {
            return true;
        }
    }
    return false;
}

static bool has_anything(struct ibc_view value) {
    (void)value;
    return true;
}

/* The first that holds is what the sentence tells of. */
static const char *describe(struct ibc_view value) {
    static const struct {
        bool (*holds)(struct ibc_view value);
        const char *words;
    } faults[] = {
        {has_nul, "a NUL byte, which no environment can hold"},
        {is_no_utf8, "bytes that are not UTF-8, which the gnzsnz image has no way to take"},
        {has_edge,
         "a blank or control character at its beginning or end, which the gnzsnz image drops"},
        {has_backslash, "a backslash, which the gnzsnz image needs doubled and others do not"},
        {has_foreign, "a character outside ASCII, which the gnzsnz image needs written as \\uXXXX "
                      "and others do not"},
        {has_anything, "a control character, which the gnzsnz image needs written as an escape and "
                       "others do not"},
    };
    size_t at = 0;
    while (!faults[at].holds(value)) {
        at++;
    }
    return faults[at].words;
}

static enum ibc_status refuse_value(const struct consumer *consumer, const struct ibc_field *field,
                                    struct ibc_error *err) {
    const bool unknown = !consumer && !has_nul(field->value);
    return ibc_fail(err, IBC_ERR_MISMATCH, "%.*s has %s: %s%s", (int)field->name.size,
                    (const char *)field->name.bytes, describe(field->value),
                    unknown ? "say which image it is for, with --consumer or with "
                              "delivery.consumer in the policy, as "
                            : "change it at IBKR and seal it again",
                    unknown ? ibc_consumer_names() : "");
}

enum ibc_status ibc_consumer_write(enum ibc_consumer consumer, const struct ibc_field *field,
                                   struct ibc_secret_buffer *out, struct ibc_error *err) {
    const struct consumer *asked = find_consumer(consumer);
    return write_value(asked, field->value, out) ? IBC_OK : refuse_value(asked, field, err);
}
