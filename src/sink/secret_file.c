/*
 * secret_file.c - a file that holds one value and nothing else.
 *
 * Its reader is bash: $(<FILE) loses every newline at the end, and NUL bytes wherever they are
 * (POSIX.1-2017, XCU 2.6.3; bash(1), "Command Substitution").
 */
#include "sink/format.h"

size_t write_secret_file(struct reading *reading, const struct format *format,
                         const struct ibc_field *variables, size_t count,
                         struct ibc_secret_buffer *out) {
    const size_t start = out->used;
    if (count != 1) {
        return 0;
    }
    ibc_secret_buffer_append(out, variables[0].value.bytes, variables[0].value.size);
    const struct ibc_view text = slice(buffer_view(out), start, out->used);
    return out->failed || secret_file_reads_back(reading, format, text, variables, count) ? 1 : 0;
}

bool secret_file_reads_back(struct reading *reading, const struct format *format,
                            struct ibc_view text, const struct ibc_field *variables, size_t count) {
    (void)reading;
    (void)format;
    const bool cut = text.size > 0 && text.bytes[text.size - 1] == '\n';
    const bool pierced = text.size > 0 && memchr(text.bytes, '\0', text.size);
    return count == 1 && !cut && !pierced && ibc_view_equal(text, variables[0].value);
}
