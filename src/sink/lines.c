/* lines.c - files of NAME=value lines that are proven before they are handed out. */
#include "sink/format.h"

static bool holds(const struct reading *reading, size_t index, const struct ibc_field *field) {
    const struct binding *binding = &reading->bindings[index];
    return binding->has_value &&
           ibc_view_equal(reading_span(reading, binding->name), field->name) &&
           ibc_view_equal(reading_span(reading, binding->value), field->value);
}

bool lines_read_back(struct reading *reading, const struct format *format, struct ibc_view text,
                     const struct ibc_field *variables, size_t count) {
    for (size_t i = 0; i < format->reader_count; i++) {
        struct ibc_error ignored;
        if (reading_run(reading, format->reader[i], text, "env file", &ignored) != IBC_OK ||
            reading->count != count) {
            return false;
        }
        for (size_t at = 0; at < count; at++) {
            if (!holds(reading, at, &variables[at])) {
                return false;
            }
        }
    }
    return true;
}

/*
 * Read the line back with quotes of both sorts after it: a value that only closes because no
 * quote follows would not close in the whole file. The context comes off `text` again.
 */
static bool line_reads_back(struct reading *reading, const struct format *format,
                            const struct ibc_field *field, struct ibc_secret_buffer *text,
                            size_t start) {
    const struct ibc_field expected[] = {
        *field,
        {.name = ibc_view_of("A"), .value = ibc_view_of("\"")},
        {.name = ibc_view_of("B"), .value = ibc_view_of("'")},
    };
    size_t end = text->used;
    if (format->quotes) {
        ibc_secret_buffer_append_text(text, "A='\"'\nB=\"'\"\n");
    }
    bool same = !text->failed &&
                lines_read_back(reading, format, slice(buffer_view(text), start, text->used),
                                expected, format->quotes ? IBC_ARRAY_SIZE(expected) : 1);
    text->used = end;
    return same;
}

/* Append NAME=value in the first writing that reads back. False when there is none. */
static bool write_line(struct reading *reading, const struct format *format,
                       const struct ibc_field *field, struct ibc_secret_buffer *out) {
    size_t start = out->used;
    for (writing *const *way = format->writings; *way; way++) {
        ibc_secret_buffer_append(out, field->name.bytes, field->name.size);
        ibc_secret_buffer_append_byte(out, '=');
        bool written = (*way)(field, out);
        ibc_secret_buffer_append_byte(out, '\n');
        if (written && line_reads_back(reading, format, field, out, start)) {
            return true;
        }
        out->used = start;
    }
    return false;
}

size_t write_lines(struct reading *reading, const struct format *format,
                   const struct ibc_field *variables, size_t count, struct ibc_secret_buffer *out) {
    size_t written = 0;
    while (written < count && write_line(reading, format, &variables[written], out)) {
        written++;
    }
    return written;
}
